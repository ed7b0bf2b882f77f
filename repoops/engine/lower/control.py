"""Barriers, fences and what only costs time.

Source: PTX ISA 9.0, "Parallel Synchronization and Communication Instructions: bar, barrier, membar".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repoops.engine import ir, shadow
from repoops.engine.builder import Value, integer
from repoops.engine.context import OFFSETS
from repoops.engine.fields import field, report
from repoops.engine.lower import members
from repoops.engine.lower.frame import Results, WarpLowering
from repoops.ptx.syntax import Instruction

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction


def bar(f: WarpFunction, i: Instruction) -> Results:
    """`bar{.cta}.sync a{, b}`, `bar.arrive`, `bar.red`, `bar.warp.sync mask`; `barrier` is the same for us."""
    words = [w for w in i.modifiers if w not in ("cta", "aligned")]
    if not words:
        raise f.refuse("this form is not supported")
    if words[0] == "warp":
        return _warp(f)
    if words[0] == "sync":
        _sync(f, 0)
        return None
    if words[0] == "arrive":
        return _arrive(f)
    if words[0] == "red":
        return _reduce(f, words[1])
    raise f.refuse("this form is not supported")


def _warp(f: WarpFunction) -> Results:
    """`bar.warp.sync` where all lanes are: there is nobody to wait for; it orders memory between them (else: `meeting`)."""
    named = f.src(0, "i32")
    members.check(f, named)
    shadow.warp_barrier(f, named, f.word())
    return None


def _sync(f: WarpFunction, first: int) -> None:
    b = f.b
    operands = f.now.operands if f.now else ()
    number = f.src(first, "i32") if len(operands) > first else integer(0)
    expected: Value = integer(0, "i64")
    if len(operands) > first + 1:
        expected = b.resize(b.extract(f.src(first + 1, "i32"), 0), "i64", signed=False)
    _check(f)
    wide = b.resize(b.extract(number, 0), "i64", signed=False)
    b.line(f"call void @barrier(ptr %ctx, {wide}, {expected}, i64 {f.site('barrier')})")


def _arrive(f: WarpFunction) -> Results:
    """`bar.arrive a, b`: counted among those that have come, and goes on."""
    b = f.b
    _check(f)
    number = b.op("and", b.resize(b.extract(f.src(0, "i32"), 0), "i64", signed=False), integer(15, "i64"))
    at = b.emit(f"getelementptr i64, {field(f, 'arrivals', 'ptr')}, {number}", "ptr")
    b.line(f"store {b.op('add', b.emit(f'load i64, {at}', 'i64'), integer(32, 'i64'))}, {at}")
    return None


def _check(f: WarpFunction) -> None:
    """Lanes that are alive and elsewhere diverge from the barrier; that some have exited is only told."""
    if "synccheck" not in f.unit.checks:
        return
    b = f.b
    here = f.word()
    live = f.live()
    report(f, "divergent-barrier", b.op("and", live, b.inv(here)), what="barrier")
    report(f, "exited-at-barrier", b.op("and", f.begun, b.inv(live)), what="barrier")


def _reduce(f: WarpFunction, how: str) -> Value:
    """`bar.red.{popc,and,or}`: three counters in turn, so that none is cleared while somebody still reads it."""
    b = f.b
    value = f.src(len(f.now.operands) - 1 if f.now else 0, "i1")
    lanes = b.op("and", b.ballot(b.inv(value) if how == "and" else value), f.word())
    count = b.resize(b.emit(f"call i32 @llvm.ctpop.i32({lanes})", "i32"), "i64", signed=False)
    b.line(f"call void @reduce_in(ptr %ctx, {count})")
    f.unit.helpers["reduce"] = ir.text("reduce.ll")
    _sync_plain(f)
    total = b.emit("call i64 @reduce_out(ptr %ctx)", "i64")
    if how == "popc":
        return b.cast("trunc", total, "i32")
    return b.compare("eq" if how == "and" else "ne", total, integer(0, "i64"))


def _sync_plain(f: WarpFunction) -> None:
    _check(f)
    f.b.line(f"call void @barrier(ptr %ctx, i64 0, i64 0, i64 {f.site('barrier')})")


def nothing(f: WarpFunction, i: Instruction) -> Results:  # noqa: ARG001 - the signature of all
    """Fences order what already happens in order here; sleeping changes no result."""
    return None


def fence(f: WarpFunction, i: Instruction) -> Results:
    """`fence`: of those of the asynchronous proxy it is noted when there was one (`ir/products_raced.ll`)."""
    if i.modifiers[:2] == ("proxy", "async") and not i.has("global") and f.unit.products:
        b = f.b
        epoch, last = (
            b.emit(f"getelementptr i8, ptr %ctx, i64 {OFFSETS[name]}", "ptr")
            for name in ("epoch", "proxy_epoch")
        )
        b.line(f"store {b.emit(f'load i64, {epoch}', 'i64')}, {last}")
    return None


def activemask(f: WarpFunction, i: Instruction) -> Results:  # noqa: ARG001 - the signature of all
    """`activemask.b32 d`: the lanes that execute it."""
    return f.word()


def elect(f: WarpFunction, i: Instruction) -> Results:  # noqa: ARG001 - the signature of all
    """`elect.sync d|p, mask`: the lowest lane that executes it leads."""
    b = f.b
    leader = b.emit(f"call i32 @llvm.cttz.i32({f.word()}, i1 false)", "i32")
    lanes = b.lane_constants(range(32))
    return b.spread(leader), b.compare("eq", lanes, leader)


CONTROL: dict[str, WarpLowering] = {
    "bar": bar, "barrier": bar, "membar": nothing, "fence": fence, "nanosleep": nothing, "pmevent": nothing,
    "activemask": activemask, "elect": elect, "griddepcontrol": nothing, "setmaxnreg": nothing,
}  # fmt: skip
