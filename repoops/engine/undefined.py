"""What a shuffle takes from a lane that takes no part is undefined: it is followed until something depends on it.

`if (t < 8) for (d = 4; d; d /= 2) v += __shfl_down_sync(0xff, v, d)` reads from absent lanes all the
time, and is right: what comes of it is never used. So each register that such a value may reach has a
word with a bit for each lane; an instruction hands on the bits of what it reads, and a finding is made
where one with a bit goes into memory, an address, another lane's vote, or decides a branch. The places
told are the shuffles', which `origins` remembers: for each lane a bit for each shuffle.

Source: PTX ISA 9.0, "Data Movement and Conversion Instructions: shfl.sync".
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from repoops.engine import ir
from repoops.engine.builder import WARP, Value, integer
from repoops.ptx.cfg import Block
from repoops.ptx.operands import reads, writes
from repoops.ptx.syntax import Instruction, Reg

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction

_USES = frozenset((
    "st", "red", "atom", "ld", "ldu", "call", "cp", "vote", "match", "redux", "mma", "wmma", "ldmatrix", "stmatrix",
    "movmatrix", "bar", "barrier", "mbarrier", "bra", "brx", "ret", "exit", "trap",
))  # fmt: skip
"""Opcodes that depend on what they read; others hand it on."""
_MOST = 64
"""Shuffles of a function that are told apart; further ones are taken for the last."""


def registers(f: WarpFunction) -> frozenset[str]:
    """The registers that a value taken from an absent lane may reach; none without synccheck."""
    if "synccheck" not in f.unit.checks:
        return frozenset()
    every = [(block, i) for block in f.blocks for i in block.body]
    found = {
        name for block, i in every if i.opcode == "shfl" and _partial(f, block, i) for name in writes(i)[:1]
    }
    before = -1
    while len(found) != before:
        before = len(found)
        for _, i in every:
            if i.opcode not in _USES and any(name in found for name in reads(i)):
                found.update(writes(i))
    return frozenset(found)


def _partial(f: WarpFunction, block: Block, i: Instruction) -> bool:
    """Whether lanes may be absent where an instruction is executed."""
    return i.guard is not None or f.partial(block)


def taken(
    f: WarpFunction, i: Instruction, source: Value, inside: Value, pick: Callable[[Value], Value]
) -> None:
    """A shuffle: gives its result the bits of the lanes that it is taken from.

    Args:
        f: the function.
        i: the shuffle.
        source: the lane that each lane reads from.
        inside: whether that is another lane of its segment.
        pick: gives each lane what its source has.
    """
    name = next(iter(writes(i)), "")
    if name not in f.doubtful:
        return
    b, here = f.b, f.word()
    bit = b.op("and", b.op("lshr", b.spread(here), b.spread(source)), integer(1))
    absent = b.op("and", b.ballot(b.op("and", b.compare("eq", bit, integer(0)), b.spread(inside))), here)
    value = _operand(f, i, 1)
    index = _operand(f, i, 2)
    slot = f.slot("i32", lanes=False)
    f.put(slot, integer(0))
    some = b.compare("ne", b.op("or", b.op("or", absent, value), index), integer(0))
    follow, on = b.fresh_label(), b.fresh_label()
    b.line(f"br {some}, label %{follow}, label %{on}, !prof !1")
    b.label(follow)
    passed = b.op("and", b.op("lshr", b.spread(value), b.spread(source)), integer(1))
    handed = b.op("and", b.ballot(b.compare("ne", passed, integer(0))), here)
    _hand_on(f, absent, handed, value, pick)
    f.put(slot, b.op("or", b.op("or", absent, handed), b.op("and", index, here)))
    b.line(f"br label %{on}")
    b.label(on)
    _set(f, name, f.get(slot, "i32", lanes=False))


def _hand_on(
    f: WarpFunction, absent: Value, handed: Value, value: Value, pick: Callable[[Value], Value]
) -> None:
    """Each lane's origins: this shuffle, those of its source, and its own if what it gives is undefined already."""
    b, none = f.b, integer(0, "i64")
    number = len(f.doubt_sites)
    f.doubt_sites.append(f.site("inactive-lane"))
    sites = ", ".join(f"i32 {n}" for n in f.doubt_sites)
    f.unit.helpers[_table(f)] = f"{_table(f)} = internal constant [{len(f.doubt_sites)} x i32] [{sites}]"
    origins = f.get(_origins(f), "i64")
    own = b.select(b.from_ballot(value), origins, none)
    new = b.select(b.from_ballot(absent), integer(1 << min(number, _MOST - 1), "i64"), none)
    low, high = (pick(b.cast("trunc", b.op("lshr", origins, integer(s, "i64")), "i32")) for s in (0, 32))
    far = b.op("or", b.cast("zext", low, "i64"), b.op("shl", b.cast("zext", high, "i64"), integer(32, "i64")))
    given = b.op("or", new, b.select(b.from_ballot(handed), far, none))
    touched = b.from_ballot(b.op("or", absent, handed))
    f.put(_origins(f), b.select(touched, b.op("or", own, given), origins))


def _table(f: WarpFunction) -> str:
    return f'@"sites.{f.function.name}"'


def before(f: WarpFunction, i: Instruction) -> None:
    """Ahead of an instruction, in the lanes that execute it: reports what it must not depend on."""
    if i.opcode not in _USES or not any(name in f.doubtful for name in reads(i)):
        return
    guard = i.guard.reg if i.guard else ""
    _report(f, f.b.op("and", _any(f, [name for name in reads(i) if name != guard]), f.word()))


def decided(f: WarpFunction, i: Instruction, lanes: Value) -> None:
    """Reports lanes (an i32) whose guard depends on an undefined value."""
    if i.guard is not None and i.guard.reg in f.doubtful and i.opcode in _USES:
        _report(f, f.b.op("and", _word(f, i.guard.reg), lanes))


def after(f: WarpFunction, i: Instruction) -> None:
    """Hands on the bits of an instruction's operands to its results."""
    targets = [name for name in writes(i) if name in f.doubtful]
    if not targets or i.opcode == "shfl":
        return
    b = f.b
    if i.opcode == "selp":
        chosen = b.ballot(f.src(3, "i1"))
        one, other = _operand(f, i, 1), _operand(f, i, 2)
        bits = b.op("or", b.op("and", one, chosen), b.op("and", other, b.inv(chosen)))
        bits = b.op("or", bits, _operand(f, i, 3))
        if i.guard is not None:
            bits = b.op("or", bits, _word(f, i.guard.reg))
    elif i.opcode in _USES:
        bits = integer(0)
    else:
        bits = _any(f, list(reads(i)))
    for name in targets:
        _set(f, name, bits)


def _operand(f: WarpFunction, i: Instruction, k: int) -> Value:
    operand = i.operands[k]
    return _word(f, operand.name) if isinstance(operand, Reg) else integer(0)


def _any(f: WarpFunction, names: list[str]) -> Value:
    bits: Value = integer(0)
    for name in names:
        if name in f.doubtful:
            bits = f.b.op("or", bits, _word(f, name))
    return bits


def _slot(f: WarpFunction, name: str) -> str:
    if name not in f.doubts:
        f.doubts[name] = f.slot("i32", lanes=False)
        f.head.line(f"store i32 0, ptr {f.doubts[name]}, align 8")
    return f.doubts[name]


def _origins(f: WarpFunction) -> str:
    """The variable that holds, for each lane, the shuffles whose values it has last been given."""
    if "" not in f.doubts:
        f.doubts[""] = f.slot("i64")
        f.head.line(f"store <{WARP} x i64> zeroinitializer, ptr {f.doubts['']}, align 64")
    return f.doubts[""]


def _word(f: WarpFunction, name: str) -> Value:
    if name not in f.doubtful:
        return integer(0)
    return f.get(_slot(f, name), "i32", lanes=False)


def _set(f: WarpFunction, name: str, bits: Value) -> None:
    b = f.b
    if f.mask() is not None:
        here = f.word()
        kept = b.op("and", _word(f, name), b.inv(here))
        bits = b.op("or", b.op("and", bits, here), kept)
    f.put(_slot(f, name), bits)


def _report(f: WarpFunction, bad: Value) -> None:
    b = f.b
    b.declarations["llvm.cttz.i64"] = "declare i64 @llvm.cttz.i64(i64, i1)"
    reduce = f"llvm.vector.reduce.or.v{WARP}i64"
    b.declarations[reduce] = f"declare i64 @{reduce}(<{WARP} x i64>)"
    f.unit.helpers["undefined"] = ir.text("undefined.ll")
    some = b.compare("ne", bad, integer(0))
    tell, on = b.fresh_label(), b.fresh_label()
    b.line(f"br {some}, label %{tell}, label %{on}, !prof !1")
    b.label(tell)
    b.line(f"call void @undefined(ptr %ctx, {bad}, {f.get(_origins(f), 'i64')}, ptr {_table(f)})")
    b.line(f"br label %{on}")
    b.label(on)
