"""Asynchronous copies from global to shared memory. The data arrive when they are waited for, not before.

What a copy reads is read when it is asked for; it is kept with its group and written to shared memory
by the `wait` that covers the group: a wait that comes too late, or not at all, then shows in the results.

Source: PTX ISA 9.0, "Data Movement and Conversion Instructions: cp.async, cp.async.commit_group,
cp.async.wait_group"; "Parallel Synchronization and Communication Instructions: mbarrier".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repoops.engine import access, ir, shadow
from repoops.engine.builder import WARP, Value, integer
from repoops.engine.lower.frame import Results, WarpLowering
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
        _queue(f)
        f.b.line("call void @async_commit(ptr %ctx)")
    elif rest[:1] == ("wait_group",):
        count = i.operands[0]
        if not isinstance(count, Imm):
            raise f.refuse("the number of groups is no constant")
        _queue(f)
        f.b.line(f"call void @async_wait(ptr %ctx, i64 {int(count.value)})")
    elif rest[:1] == ("wait_all",):
        _queue(f)
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
    _queue(f)
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
    found = []
    for n in range(words):
        more = b.compare("ugt", given, integer(4 * n))
        # A lane that copies nothing must not be judged by its address.
        with f.only(more):
            (word,) = f.load("global", b.op("add", source, integer(4 * n, "i64")), "i32", 1, 4)
        found.append(b.select(more, b.spread(word), b.spread(integer(0))))
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
    return b.emit(
        f"shufflevector {two} {low}, {two} {high}, <{4 * WARP} x i32> <{full}>", "i32", lanes=True
    ).text


def _queue(f: WarpFunction) -> None:
    """The warp's queue: what is under way, oldest first; a wait lands what is old enough and moves the rest up."""
    if "async" in f.unit.helpers:
        return
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
    f.unit.helpers["async"] = ir.text("async.ll", data=ir.COPY_HEAD + 4 * WARP, stores=stores, lands=lands)


ASYNC: dict[str, WarpLowering] = {"cp": cp}
