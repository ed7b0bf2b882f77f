"""Operations across the lanes of a warp: shuffles, votes, matches, reductions.

Source: PTX ISA 9.0, "Data Movement and Conversion Instructions: shfl.sync"; "Parallel Synchronization
and Communication Instructions: vote.sync, match.sync, redux.sync".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repoops.engine import undefined
from repoops.engine.builder import WARP, Value, integer
from repoops.engine.lower import members
from repoops.engine.lower.frame import Results, WarpLowering
from repoops.ptx.syntax import SIZES, Instruction

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction


def shfl(f: WarpFunction, i: Instruction) -> Results:
    """`shfl.sync.mode.b32 d{|p}, a, b, c, mask`: lane j of a segment, or the lane's own value where j is out of it."""
    mode = next((w for w in i.modifiers if w in ("up", "down", "bfly", "idx")), "")
    if not mode or i.type != "b32":
        raise f.refuse("this form is not supported")
    b = f.b
    a = b.spread(f.src(1, "i32"))
    offset, control = f.literal(2), f.literal(3)
    if offset is not None and control is not None:
        lanes, valid = _constant(mode, offset, control)
        found = b.extract(a, lanes[0]) if len(set(lanes)) == 1 else b.shuffle(a, lanes)
        source: Value = b.lane_constants(lanes)
        inside = Value("<" + ", ".join(f"i1 {str(v).lower()}" for v in valid) + ">", "i1", lanes=True)
    else:
        source, inside = _variable(f, mode, f.src(2, "i32"), f.src(3, "i32"))
        one = b.extract(source, 0) if not source.lanes else None
        found = _pick_one(f, a, one) if one is not None else _pick(f, a, source)
    if len(i.operands) > 4:
        members.check(f, f.src(4, "i32"))
    undefined.taken(f, i, source, inside, lambda a: _pick(f, a, b.spread(source)))
    return found, inside


def _constant(mode: str, offset: int, control: int) -> tuple[list[int], list[bool]]:
    segment, clamp = control >> 8 & 31, control & 31
    lanes, valid = [], []
    for lane in range(WARP):
        top = lane & segment | clamp & ~segment & 31
        low = lane & segment
        j = {"up": lane - (offset & 31), "down": lane + (offset & 31), "bfly": lane ^ offset & 31,
             "idx": low | offset & ~segment & 31}[mode]  # fmt: skip
        ok = j >= top if mode == "up" else j <= top
        lanes.append(j if ok else lane)
        valid.append(ok)
    return lanes, valid


def _variable(f: WarpFunction, mode: str, offset: Value, control: Value) -> tuple[Value, Value]:
    b = f.b
    lane = b.lane_constants(range(WARP))
    five = integer(31)
    offset = b.op("and", offset, five)
    segment = b.op("and", b.op("lshr", control, integer(8)), five)
    free = b.op("and", b.inv(segment), five)
    clamp = b.op("and", control, five)
    low = b.op("and", lane, segment)
    top = b.op("or", low, b.op("and", clamp, free))
    if mode == "up":
        j = b.op("sub", lane, offset)
        ok = b.compare("sge", j, top)
    else:
        j = (
            b.op("add", lane, offset) if mode == "down" else b.op("xor", lane, offset) if mode == "bfly"
            else b.op("or", low, b.op("and", offset, free))
        )  # fmt: skip
        ok = b.compare("sle", j, top)
    return b.select(ok, j, lane), ok


def _pick_one(f: WarpFunction, a: Value, lane: Value) -> Value:
    return f.b.emit(f"extractelement {a}, {lane}", a.type)


def _pick(f: WarpFunction, a: Value, lanes: Value) -> Value:
    """Each lane's element by a lane number of its own: through memory, which costs less than 32 extractions."""
    b = f.b
    slot = f.slot("i32")
    f.put(slot, a)
    at = b.emit(f"getelementptr i32, ptr {slot}, {lanes}", "ptr", lanes=True)
    overload = f"llvm.masked.gather.v{WARP}i32.v{WARP}p0"
    vector = f"<{WARP} x i32>"
    b.declarations[overload] = f"declare {vector} @{overload}(<{WARP} x ptr>, <{WARP} x i1>, {vector})"
    return b.emit(
        f"call {vector} @{overload}(<{WARP} x ptr> align 4 {at.text}, <{WARP} x i1> splat (i1 true), {vector} poison)",
        "i32",
        lanes=True,
    )


def vote(f: WarpFunction, i: Instruction) -> Results:
    """`vote.sync.{all,any,uni}.pred p, a, mask`; `vote.sync.ballot.b32 d, a, mask`."""
    b = f.b
    a = b.spread(f.src(1, "i1"))
    named = f.src(2, "i32")
    members.check(f, named)
    here = members.group(f, named)
    lanes = b.op("and", b.ballot(a), here)
    if i.has("ballot"):
        return lanes
    if i.has("any"):
        return b.compare("ne", lanes, integer(0))
    every = b.compare("eq", lanes, here)
    if i.has("all"):
        return every
    if i.has("uni"):
        return b.op("or", every, b.compare("eq", lanes, integer(0)))
    raise f.refuse("this form is not supported")


def match(f: WarpFunction, i: Instruction) -> Results:
    """`match.any.sync.b32 d, a, mask`: the lanes with the same value; `match.all`: all of them or none."""
    b = f.b
    kind = f"i{8 * SIZES[i.type]}"
    a = b.spread(f.src(1, kind))
    named = f.src(2, "i32")
    members.check(f, named)
    here = members.group(f, named)
    if i.has("all"):
        whole = _match_all(f, a, kind, named)
        return whole, b.compare("ne", whole, integer(0))
    found: Value = integer(0)
    for lane in range(WARP):
        same = b.ballot(b.compare("eq", a, b.extract(a, lane)))
        chosen = b.lane_constants([-1 if n == lane else 0 for n in range(WARP)])
        found = b.op("or", found, b.op("and", chosen, b.op("and", same, here)))
    return found


def _match_all(f: WarpFunction, a: Value, kind: str, named: Value) -> Value:
    """For each lane its whole group if that holds one value, else 0."""
    vector = f"<{WARP} x {kind}>"
    name = members.for_each_group(f, f"match_all_{kind}", kind, "i32", f"""
  %first = call i32 @llvm.cttz.i32(i32 %group, i1 false)
  %first.5 = and i32 %first, 31
  %held = extractelement {vector} %value, i32 %first.5
  %held.1 = insertelement {vector} poison, {kind} %held, i64 0
  %held.v = shufflevector {vector} %held.1, {vector} poison, <{WARP} x i32> zeroinitializer
  %equal = icmp eq {vector} %value, %held.v
  %equal.w = bitcast <{WARP} x i1> %equal to i32
  %agree = and i32 %equal.w, %group
  %whole = icmp eq i32 %agree, %group
  %one = select i1 %whole, i32 %group, i32 0
""")  # fmt: skip
    given = f"{a}, {f.b.spread(named)}, {f.word()}"
    return f.b.emit(f"call <{WARP} x i32> @{name}({given})", "i32", lanes=True)


def redux(f: WarpFunction, i: Instruction) -> Results:
    """`redux.sync.op.type d, a, mask` over the lanes that execute it."""
    b = f.b
    if i.type not in ("u32", "s32", "b32"):
        raise f.refuse("this form is not supported")
    op = next((w for w in i.modifiers if w in ("add", "min", "max", "and", "or", "xor")), "")
    signed = i.type == "s32"
    word, neutral = {
        "add": ("add", 0), "and": ("and", -1), "or": ("or", 0), "xor": ("xor", 0),
        "min": ("smin" if signed else "umin", 0x7FFFFFFF if signed else -1),
        "max": ("smax" if signed else "umax", -0x80000000 if signed else 0),
    }[op]  # fmt: skip
    a = b.spread(f.src(1, "i32"))
    named = f.src(2, "i32")
    members.check(f, named)
    reduce = f"llvm.vector.reduce.{word}.v{WARP}i32"
    b.declarations[reduce] = f"declare i32 @{reduce}(<{WARP} x i32>)"
    if not named.lanes:
        a = b.select(b.from_ballot(members.group(f, named)), a, integer(neutral))
        return b.emit(f"call i32 @{reduce}({a})", "i32")
    name = members.for_each_group(f, f"redux_{word}", "i32", "i32", f"""
  %kept = select <{WARP} x i1> %lanes, <{WARP} x i32> %value, <{WARP} x i32> splat (i32 {neutral})
  %one = call i32 @{reduce}(<{WARP} x i32> %kept)
""")  # fmt: skip
    return b.emit(f"call <{WARP} x i32> @{name}({a}, {named}, {f.word()})", "i32", lanes=True)


SHUFFLE: dict[str, WarpLowering] = {"shfl": shfl, "vote": vote, "match": match, "redux": redux}
