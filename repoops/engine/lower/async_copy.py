"""Asynchronous copies from global to shared memory. The data arrive when they are waited for, not before.

What a copy reads is read when it is asked for; it is kept with its group and written to shared memory
by the `wait` that covers the group: a wait that comes too late, or not at all, then shows in the results.

Source: PTX ISA 9.0, "Data Movement and Conversion Instructions: cp.async, cp.async.commit_group,
cp.async.wait_group"; "Parallel Synchronization and Communication Instructions: mbarrier".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repoops.engine import access, shadow
from repoops.engine.builder import WARP, Value, integer
from repoops.engine.context import FIBER, OFFSETS
from repoops.engine.lower.frame import Lowering, Results
from repoops.engine.records import NUMBER
from repoops.ptx.syntax import Imm, Instruction

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction

_HEAD = 16
"""Bytes before a copy's data in the warp's queue: group, lanes, bytes, site."""
_ENTRY = _HEAD + 4 * WARP + 16 * WARP
"""A copy in the queue: its head, 32 offsets in shared memory, 32 times up to 16 bytes."""


def cp(f: WarpFunction, i: Instruction) -> Results:
    """`cp.async.ca/.cg`, `commit_group`, `wait_group n`, `wait_all`."""
    if not i.modifiers or i.modifiers[0] != "async":
        raise f.refuse("is not supported")
    rest = i.modifiers[1:]
    if rest[:1] in (("ca",), ("cg",)):
        _copy(f)
    elif rest[:1] == ("commit_group",):
        f.unit.helpers["async"] = _queue(f)
        f.b.line("call void @async_commit(ptr %ctx)")
    elif rest[:1] == ("wait_group",):
        count = i.operands[0]
        if not isinstance(count, Imm):
            raise f.refuse("the number of groups is no constant")
        f.unit.helpers["async"] = _queue(f)
        f.b.line(f"call void @async_wait(ptr %ctx, i64 {int(count.value)})")
    elif rest[:1] == ("wait_all",):
        f.unit.helpers["async"] = _queue(f)
        f.b.line("call void @async_wait(ptr %ctx, i64 -1)")
    else:
        raise f.refuse("is not supported")
    return None


def _copy(f: WarpFunction) -> None:
    b = f.b
    size_operand = f.now.operands[2] if f.now and len(f.now.operands) > 2 else None
    if not isinstance(size_operand, Imm) or size_operand.value not in (4, 8, 16):
        raise f.refuse("copies 4, 8 or 16 bytes")
    size = int(size_operand.value)
    if f.now is not None and f.now.has("cg") and size != 16:
        raise f.refuse("cp.async.cg copies 16 bytes")
    to = access.normal(f, access.Access("shared", "i32", 1, size, size, store=True), b.spread(f.address(0)))
    source = b.spread(b.resize(f.address(1), "i64", signed=False))
    words = size // 4
    given: Value | None = None
    if f.now is not None and len(f.now.operands) > 3 and not f.now.has("L2::cache_hint"):
        given = b.spread(f.src(3, "i32"))
    mask = f.word()
    data = _read(f, source, words, given)
    how = access.Access("shared", "i32", words, size, size, store=True)
    if shadow.kept(f.unit.checks):
        shadow.mark(f, how, to, mask, "flight")
    f.unit.helpers["async"] = _queue(f)
    checked = mask
    if access.checked(f):
        name = access.check(f, how)
        checked = b.emit(f"call i32 @{name}(ptr %ctx, i32 {f.site(how.what)}, {to}, {mask})", "i32")
    flat = _flat(f, data)
    b.line(
        f"call void @async_put(ptr %ctx, i32 {f.site(how.what)}, i32 {size}, i32 {checked.text}, {to}, <{4 * WARP} x i32> {flat})"
    )


def _read(f: WarpFunction, source: Value, words: int, given: Value | None) -> list[Value]:
    """What is to be copied; beyond the source size that was given it is zeros."""
    b = f.b
    if given is None:
        return list(f.load("global", source, "i32", words))
    # A lane that copies nothing must not be judged by its address.
    zero = integer(0)
    guard = f._guard  # noqa: SLF001 - narrowed for this one load
    some = b.compare("ne", given, zero)
    f._guard = some if guard is None else b.op("and", b.spread(guard), some)  # noqa: SLF001
    found = []
    for n in range(words):
        f._guard = b.op("and", b.spread(some if guard is None else b.op("and", b.spread(guard), some)),
                        b.compare("ugt", given, integer(4 * n)))  # fmt: skip  # noqa: SLF001
        at = b.op("add", source, integer(4 * n, "i64"))
        (word,) = f.load("global", at, "i32", 1, 4)
        found.append(b.select(b.compare("ugt", given, integer(4 * n)), word, b.spread(zero)))
    f._guard = guard  # noqa: SLF001
    return found


def _flat(f: WarpFunction, data: list[Value]) -> str:
    """`<128 x i32>`: the words of all lanes one after the other, first words first."""
    b = f.b
    while len(data) < 4:
        data = [*data, Value("zeroinitializer", "i32", lanes=True)]
    half = ", ".join(f"i32 {n}" for n in range(2 * WARP))
    full = ", ".join(f"i32 {n}" for n in range(4 * WARP))
    low, high = (
        b.emit(f"shufflevector {data[n]}, {data[n + 1]}, <{2 * WARP} x i32> <{half}>", "i32", lanes=True).text
        for n in (0, 2)
    )
    two = f"<{2 * WARP} x i32>"
    return b.emit(f"shufflevector {two} {low}, {two} {high}, <{4 * WARP} x i32> <{full}>", "i32", lanes=True).text


def _queue(f: WarpFunction) -> str:
    """The warp's queue: what is under way, oldest first; a wait lands what is old enough and moves the rest up."""
    scatter = f"llvm.masked.scatter.v{WARP}i32.v{WARP}p0"
    vector = f"<{WARP} x i32>"
    f.unit.declarations[scatter] = f"declare void @{scatter}({vector}, <{WARP} x ptr>, <{WARP} x i1>)"
    lands = ""
    if shadow.kept(f.unit.checks):
        for size in (4, 8, 16):
            shadow.helper(f, size, "land")
        lands = "\n".join(
            f"""  %is{size} = icmp eq i32 %size, {size}
  br i1 %is{size}, label %mark{size}, label %past{size}
mark{size}:
  call i64 @shadow_land_{size}(ptr %ctx, i32 %site, {vector} %to, i32 %mask)
  br label %past{size}
past{size}:"""
            for size in (4, 8, 16)
        )
    stores = "\n".join(
        f"""  %w{n}.at = getelementptr i32, ptr %data, i64 {n * WARP}
  %w{n} = load {vector}, ptr %w{n}.at, align 4
  %has{n} = icmp ugt i32 %size, {4 * n}
  %m{n} = select i1 %has{n}, i32 %mask, i32 0
  %l{n} = bitcast i32 %m{n} to <{WARP} x i1>
  %p{n} = getelementptr i32, <{WARP} x ptr> %at, i64 {n}
  call void @{scatter}({vector} %w{n}, <{WARP} x ptr> align 4 %p{n}, <{WARP} x i1> %l{n})"""
        for n in range(4)
    )
    return f"""
define internal ptr @async_base(ptr %ctx) {{
  %base.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["async"]}
  %base = load ptr, ptr %base.at
  %size.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["async_size"]}
  %size = load i64, ptr %size.at
  %current.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["current"]}
  %current = load i64, ptr %current.at
  %o = mul i64 %current, %size
  %at = getelementptr i8, ptr %base, i64 %o
  ret ptr %at
}}
define internal void @async_put(ptr %ctx, i32 %site, i32 %size, i32 %mask, {vector} %to, <{4 * WARP} x i32> %data) noinline {{
  %fiber = call ptr @fiber(ptr %ctx)
  %used.at = getelementptr i8, ptr %fiber, i64 {FIBER["async_used"]}
  %used = load i64, ptr %used.at
  %group.at = getelementptr i8, ptr %fiber, i64 {FIBER["async_group"]}
  %group = load i64, ptr %group.at
  %room.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["async_size"]}
  %room = load i64, ptr %room.at
  %after = add i64 %used, {_ENTRY}
  %over = icmp ugt i64 %after, %room
  br i1 %over, label %full, label %put
full:
  call void @die(ptr %ctx, i32 %site, i32 {NUMBER["async-overflow"]}, i32 %mask)
  unreachable
put:
  %base = call ptr @async_base(ptr %ctx)
  %e = getelementptr i8, ptr %base, i64 %used
  %group32 = trunc i64 %group to i32
  store i32 %group32, ptr %e
  %e4 = getelementptr i8, ptr %e, i64 4
  store i32 %mask, ptr %e4
  %e8 = getelementptr i8, ptr %e, i64 8
  store i32 %size, ptr %e8
  %e12 = getelementptr i8, ptr %e, i64 12
  store i32 %site, ptr %e12
  %e16 = getelementptr i8, ptr %e, i64 {_HEAD}
  store {vector} %to, ptr %e16, align 4
  %d = getelementptr i8, ptr %e, i64 {_HEAD + 4 * WARP}
  store <{4 * WARP} x i32> %data, ptr %d, align 4
  store i64 %after, ptr %used.at
  ret void
}}
define internal void @async_commit(ptr %ctx) noinline {{
  %fiber = call ptr @fiber(ptr %ctx)
  %group.at = getelementptr i8, ptr %fiber, i64 {FIBER["async_group"]}
  %group = load i64, ptr %group.at
  %next = add i64 %group, 1
  store i64 %next, ptr %group.at
  ret void
}}
define internal void @async_land(ptr %ctx, ptr %e) noinline {{
  %e4 = getelementptr i8, ptr %e, i64 4
  %mask = load i32, ptr %e4
  %e8 = getelementptr i8, ptr %e, i64 8
  %size = load i32, ptr %e8
  %e12 = getelementptr i8, ptr %e, i64 12
  %site = load i32, ptr %e12
  %e16 = getelementptr i8, ptr %e, i64 {_HEAD}
  %to = load {vector}, ptr %e16, align 4
  %data = getelementptr i8, ptr %e, i64 {_HEAD + 4 * WARP}
  %base.at = getelementptr i8, ptr %ctx, i64 {OFFSETS["shared"]}
  %base = load ptr, ptr %base.at
  %wide = zext {vector} %to to <{WARP} x i64>
  %at = getelementptr i8, ptr %base, <{WARP} x i64> %wide
{stores}
{lands}
  ret void
}}
define internal void @async_wait(ptr %ctx, i64 %pending) noinline {{
entry:
  %fiber = call ptr @fiber(ptr %ctx)
  %used.at = getelementptr i8, ptr %fiber, i64 {FIBER["async_used"]}
  %used = load i64, ptr %used.at
  %group.at = getelementptr i8, ptr %fiber, i64 {FIBER["async_group"]}
  %group = load i64, ptr %group.at
  %base = call ptr @async_base(ptr %ctx)
  %all = icmp slt i64 %pending, 0
  %bound.0 = sub i64 %group, %pending
  %bound.1 = select i1 %all, i64 2147483647, i64 %bound.0
  br label %loop
loop:
  %at = phi i64 [0, %entry], [%at1, %next]
  %kept = phi i64 [0, %entry], [%kept1, %next]
  %more = icmp ult i64 %at, %used
  br i1 %more, label %one, label %end
one:
  %e = getelementptr i8, ptr %base, i64 %at
  %at1 = add i64 %at, {_ENTRY}
  %g32 = load i32, ptr %e
  %g = sext i32 %g32 to i64
  %due = icmp slt i64 %g, %bound.1
  br i1 %due, label %land, label %keep
land:
  call void @async_land(ptr %ctx, ptr %e)
  br label %next
keep:
  %k = getelementptr i8, ptr %base, i64 %kept
  call void @llvm.memmove.p0.p0.i64(ptr %k, ptr %e, i64 {_ENTRY}, i1 false)
  %kept2 = add i64 %kept, {_ENTRY}
  br label %next
next:
  %kept1 = phi i64 [%kept, %land], [%kept2, %keep]
  br label %loop
end:
  store i64 %kept, ptr %used.at
  ret void
}}
"""


ASYNC: dict[str, Lowering] = {"cp": cp}
