"""Asynchronous copies from global to shared memory. The data arrive when they are waited for, not before.

What a copy reads is read when it is asked for; it is kept with its group and written to shared memory
by the `wait` that covers the group: a wait that comes too late, or not at all, then shows in the results.

Source: PTX ISA 9.0, "Data Movement and Conversion Instructions: cp.async, cp.async.commit_group,
cp.async.wait_group"; "Parallel Synchronization and Communication Instructions: mbarrier".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repoops.engine import access, ir, marks, shadow, traffic
from repoops.engine.builder import WARP, Value, integer
from repoops.engine.lower.frame import Results
from repoops.engine.written import note_helpers
from repoops.ptx.syntax import Imm, Instruction

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction


def cp(f: WarpFunction, i: Instruction) -> Results:
    """`cp.async.ca/.cg`, `commit_group`, `wait_group n`, `wait_all`."""
    if not i.modifiers or i.modifiers[0] != "async":
        raise f.refuse("is not supported")
    rest = i.modifiers[1:]
    if rest[:1] in (("ca",), ("cg",)):
        _copy(f)
    elif rest[:1] == ("commit_group",):
        queue(f)
        f.b.line("call void @async_commit(ptr %ctx)")
    elif rest[:1] == ("wait_group",):
        count = i.operands[0]
        if not isinstance(count, Imm):
            raise f.refuse("the number of groups is no constant")
        queue(f)
        f.b.line(f"call void @async_wait(ptr %ctx, i64 {int(count.value)})")
    elif rest[:1] == ("wait_all",):
        queue(f)
        f.b.line("call void @async_wait(ptr %ctx, i64 -1)")
    else:
        raise f.refuse("is not supported")
    return None


def _copy(f: WarpFunction) -> None:
    b = f.b
    operands = f.now.operands if f.now else ()
    size_operand = operands[2] if len(operands) > 2 else None
    if not isinstance(size_operand, Imm) or size_operand.value not in (4, 8, 16):
        raise f.refuse("copies 4, 8 or 16 bytes")
    size = int(size_operand.value)
    if f.now is not None and f.now.has("cg") and size != 16:
        raise f.refuse("cp.async.cg copies 16 bytes")
    how = access.Access("shared", "i32", size // 4, size, size, store=True)
    to = access.normal(f, how, b.spread(f.address(0)))
    source = b.spread(b.resize(f.address(1), "i64", signed=False))
    mask = f.word()
    traffic.lanes(f, how, to, mask)  # zeros that are filled up with are written as well
    wanted = _wanted(f, size)
    lengths = _readable(f, source, size, mask, wanted)
    if shadow.kept(f.unit.checks):
        shadow.mark(f, how, to, mask, "flight")
    queue(f)
    checked = mask
    if access.checked(f):
        name = access.check(f, how)
        checked = b.emit(f"call i32 @{name}(ptr %ctx, i32 {f.site(how.what)}, {to}, {mask})", "i32")
    b.line(
        f"call void @{_take(f, size)}(ptr %ctx, i32 {f.site(how.what)}, {checked}, {to}, {source}, {lengths})"
    )


def _wanted(f: WarpFunction, size: int) -> Value | None:
    """Bytes that each lane reads, the rest is zeros: `src-size`, or none where `ignore-src` holds; None for all."""
    b = f.b
    operands = f.now.operands if f.now else ()
    if len(operands) - (f.now is not None and f.now.has("L2::cache_hint")) <= 3:
        return None
    if f.width(3) == 1:
        return b.select(b.spread(f.src(3, "i1")), integer(0), integer(size))
    return b.intrinsic("umin", [b.spread(f.src(3, "i32")), integer(size)])


def _readable(f: WarpFunction, source: Value, size: int, mask: Value, wanted: Value | None) -> Value:
    """Bytes of each lane that are wanted and may be read; 0 in lanes that take no part."""
    b = f.b
    how = access.Access("global", "i32", size // 4, size, size, store=False)
    whole = mask
    if wanted is not None:
        whole = b.op("and", mask, b.ballot(b.compare("eq", wanted, integer(size))))
    traffic.lanes(f, how, source, whole)
    left = _checked(f, how, source, whole)
    found = b.select(b.from_ballot(left), integer(size), integer(0))
    if wanted is None:
        return found
    some = b.op("and", mask, b.ballot(b.compare("ne", wanted, integer(0))))
    partly = b.op("and", some, b.inv(whole))
    slot = f.slot("i32")
    f.put(slot, found)
    few, on = b.fresh_label(), b.fresh_label()
    b.line(f"br {b.compare('ne', partly, integer(0))}, label %{few}, label %{on}, !prof !1")
    b.label(few)
    # Aligned as the whole copy would be; of what is read the first and the last byte must be there.
    first = access.Access("global", "i8", 1, size, 1, store=False)
    beyond = b.op("sub", wanted, integer(1))
    traffic.lanes(f, first, source, partly)
    traffic.more(f, first, b.select(b.from_ballot(partly), beyond, integer(0)))
    left = _checked(f, first, source, partly)
    last = b.op("add", source, b.resize(beyond, "i64", signed=False))
    left = _checked(f, access.Access("global", "i8", 1, 1, 1, store=False), last, left)
    f.put(slot, b.select(b.from_ballot(left), wanted, found))
    b.line(f"br label %{on}")
    b.label(on)
    return f.get(slot, "i32")


def _checked(f: WarpFunction, how: access.Access, address: Value, lanes: Value) -> Value:
    """The lanes that may read; what they read is looked up where that is asked for."""
    b = f.b
    site = f.site(how.what)
    left = lanes
    if access.checked(f):
        left = b.emit(f"call i32 @{access.check(f, how)}(ptr %ctx, i32 {site}, {address}, {lanes})", "i32")
    if access.watched(f, how) and "initcheck" in f.unit.checks:
        note_helpers(f)
        b.line(f"call void @noted_read(ptr %ctx, i32 {site}, {address}, {left}, i64 {how.size})")
    return left


def _take(f: WarpFunction, size: int) -> str:
    """The function that reads a copy's data into the queue: for lane n at n times its size."""
    name = f"async_take_{size}"
    if name in f.unit.helpers:
        return name
    kind = f"<{size} x i8>"
    lanes = "\n".join(
        f"""  %f{n}.at = getelementptr i64, ptr %froms, i64 {n}
  %f{n} = load volatile i64, ptr %f{n}.at
  %p{n} = inttoptr i64 %f{n} to ptr
  %x{n} = load {kind}, ptr %p{n}, align 1
  %d{n} = getelementptr i8, ptr %data, i64 {n * size}
  store {kind} %x{n}, ptr %d{n}, align 1"""
        for n in range(WARP)
    )
    f.unit.helpers[name] = ir.text(
        "take.ll", name=name, size=size, bytes=size * WARP, data=ir.COPY_HEAD + 4 * WARP, lanes=lanes
    )
    return name


def queue(f: WarpFunction) -> None:
    """The warp's queue: what is under way, oldest first; a wait lands what is old enough and moves the rest up."""
    if "async" in f.unit.helpers:
        return
    vector = f"<{WARP} x i32>"
    lands = ""
    if shadow.kept(f.unit.checks):
        for size in (4, 8, 16):
            marks.marking(f.unit, size, "land")
        lands = "\n".join(
            f"""  %is{size} = icmp eq i32 %size, {size}
  br i1 %is{size}, label %mark{size}, label %past{size}
mark{size}:
  call i64 @shadow_land_{size}(ptr %ctx, i32 %site, {vector} %to, i32 %mask)
  br label %past{size}
past{size}:"""
            for size in (4, 8, 16)
        )
    whole = "\n".join(
        f"""  %t{n}.at = getelementptr i32, ptr %tos, i64 {n}
  %t{n} = load i32, ptr %t{n}.at, align 4
  %o{n} = zext i32 %t{n} to i64
  %p{n} = getelementptr i8, ptr %base, i64 %o{n}
  %d{n} = getelementptr i8, ptr %data, i64 {16 * n}
  %x{n} = load <16 x i8>, ptr %d{n}, align 1
  store <16 x i8> %x{n}, ptr %p{n}, align 1"""
        for n in range(WARP)
    )
    arrive, start = "", "entry"
    if f.unit.phases:
        arrive = f"""  %is0 = icmp eq i32 %size, 0
  br i1 %is0, label %arrive, label %copy
arrive:
  call <{WARP} x i64> @mbarrier_arrive(ptr %ctx, i32 %site, {vector} %to, i32 %mask, {vector} splat (i32 1), i64 0)
  ret void
copy:"""
        start = "copy"
    f.unit.helpers["async"] = ir.text(
        "async.ll", arrive=arrive, data=ir.COPY_HEAD + 4 * WARP, whole=whole, lands=lands, start=start
    )
