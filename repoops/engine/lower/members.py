"""Member masks: which lanes an operation of a warp is for. Lanes with masks of their own form groups.

Source: PTX ISA 9.0, "Parallel Synchronization and Communication Instructions: bar.warp.sync, vote.sync":
every lane that executes the operation is named in its mask, and waits for all the others that are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repoops.engine import ir
from repoops.engine.builder import WARP, Value
from repoops.engine.fields import report

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction


def check(f: WarpFunction, named: Value) -> None:
    """Reports, under synccheck, lanes that are not named themselves, or are named, alive and somewhere else.

    Args:
        f: the function.
        named: the mask, i32, of the warp or of each lane.
    """
    if "synccheck" not in f.unit.checks:
        return
    b, here, live = f.b, f.word(), f.live()
    if named.lanes:
        f.unit.helpers["members"] = ir.text("members.ll")
        bad = b.emit(f"call i32 @members({named}, {here}, {live})", "i32")
    else:
        unnamed = b.op("and", here, b.inv(named))
        bad = b.op("or", unnamed, b.op("and", b.op("and", named, live), b.inv(here)))
    report(f, "member-mask", bad)


def check_own(f: WarpFunction, named: Value) -> None:
    """Reports, under synccheck, lanes that are not named by their own mask (i32, of the warp or of each lane)."""
    if "synccheck" in f.unit.checks:
        b = f.b
        each = b.op("lshr", b.spread(named), b.lane_constants(range(WARP)))
        report(f, "member-mask", b.op("and", b.inv(b.ballot(b.cast("trunc", each, "i1"))), f.word()))


def group(f: WarpFunction, named: Value) -> Value:
    """The lanes that do the operation together: of the warp, or, where masks differ, of each lane."""
    return f.b.op("and", named, f.word())


def for_each_group(f: WarpFunction, name: str, kind: str, result: str, body: str) -> str:
    """A function that does an operation once for each group of lanes with the same mask.

    Args:
        f: the function that calls it, as `RESULT @name(<32 x kind> %value, <32 x i32> %named, i32 %here)`.
        name: its name.
        kind: the type of the lanes' values.
        result: the type of an element of what it gives.
        body: IR that computes `%one` of that type from `%group` (an i32 of lanes), `%lanes` (the same,
            as i1) and `%value`.

    Returns:
        Its name.
    """
    if name not in f.unit.helpers:
        f.unit.helpers[name] = ir.text("groups.ll", name=name, kind=kind, result=result, body=body)
    return name
