"""Special registers: where a thread is, and how large the launch.

Source: PTX ISA 9.0, "Special Registers".
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repoops.engine.builder import WARP, Value, integer
from repoops.engine.context import OFFSETS

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction

_FIELDS = {
    "%ctaid.x": "ctaid_x", "%ctaid.y": "ctaid_y", "%ctaid.z": "ctaid_z",
    "%nctaid.x": "nctaid_x", "%nctaid.y": "nctaid_y", "%nctaid.z": "nctaid_z",
}  # fmt: skip
_MASKS = {
    "%lanemask_eq": lambda n: 1 << n, "%lanemask_lt": lambda n: (1 << n) - 1, "%lanemask_le": lambda n: (2 << n) - 1,
    "%lanemask_gt": lambda n: -(2 << n), "%lanemask_ge": lambda n: -(1 << n),
}  # fmt: skip
_CONSTANT = {"%clusterid.y": 0, "%clusterid.z": 0, "%nclusterid.y": 1, "%nclusterid.z": 1, "%cluster_ctaid.x": 0,
             "%cluster_ctaid.y": 0, "%cluster_ctaid.z": 0, "%cluster_nctaid.x": 1, "%cluster_nctaid.y": 1,
             "%cluster_nctaid.z": 1, "%cluster_ctarank": 0, "%cluster_nctarank": 1, "%is_explicit_cluster": 0,
             "%smid": 0, "%nsmid": 1, "%gridid": 0, "%reserved_smem_offset_begin": 0,
             "%reserved_smem_offset_end": 1024, "%reserved_smem_offset_cap": 1024, **{f"%envreg{n}": 0 for n in range(32)}}  # fmt: skip

_CLOCKS = ("%clock", "%clock_hi", "%clock64", "%globaltimer", "%globaltimer_lo", "%globaltimer_hi")
READING = 32
"""Ticks of the clocks from one reading to the next, of the order of what a loop that reads them takes on a card."""


def uniform(block: tuple[int, int, int]) -> frozenset[str]:
    """Which parts of the thread's index are the same for a whole warp in blocks of this shape."""
    x, y, z = block
    found = set()
    if y == 1 or x % WARP == 0:
        found.add("%tid.y")
    if z == 1 or (x * y) % WARP == 0:
        found.add("%tid.z")
    return frozenset(found)


def rows(block: tuple[int, int, int]) -> bool:
    """Whether a warp's 32 threads stand side by side in x."""
    x, y, z = block
    return y == z == 1 or x % WARP == 0


def read(f: WarpFunction, name: str) -> Value | None:
    """A special register's value, computed once at the function's beginning; None for one that is not known.

    A clock is read where it stands.
    """
    if name in _CLOCKS:
        return _clock(f, name)
    if name not in f.cached:
        body, f.b = f.b, f.head
        try:
            found = _value(f, name)
        finally:
            f.b = body
        if found is None:
            return None
        f.cached[name] = found
    return f.cached[name]


def _field(f: WarpFunction, name: str) -> Value:
    at = f.b.emit(f"getelementptr i8, ptr %ctx, i64 {OFFSETS[name]}", "ptr")
    return f.b.cast("trunc", f.b.emit(f"load i64, {at}, !invariant.load !0", "i64"), "i32")


def _value(f: WarpFunction, name: str) -> Value | None:
    b = f.b
    if name in _FIELDS:
        # The block's index changes between calls of the function, never during one.
        return _field(f, _FIELDS[name])
    if name in ("%ntid.x", "%ntid.y", "%ntid.z"):
        return integer(f.unit.block["xyz".index(name[-1])])
    if name in _CONSTANT:
        return integer(_CONSTANT[name])
    if name == "%laneid":
        return b.lane_constants(range(WARP))
    if name in _MASKS:
        return b.lane_constants([_MASKS[name](n) for n in range(WARP)])
    if name == "%warpid":
        return warp(f)
    if name == "%nwarpid":
        return integer(-(-f.unit.threads // WARP))
    if name in ("%tid.x", "%tid.y", "%tid.z"):
        return _tid(f, name[-1])
    if name == "%dynamic_smem_size":
        return b.op("sub", _field(f, "shared_size"), integer(f.unit.layout.shared_static))
    if name in ("%total_smem_size", "%aggr_smem_size"):
        return _field(f, "shared_size")
    if name in ("%clusterid.x", "%nclusterid.x"):
        return _field(f, "ctaid_x" if name == "%clusterid.x" else "nctaid_x")
    return None


def _clock(f: WarpFunction, name: str) -> Value:
    """How often the block's clocks were read before, times `READING`.

    A CPU has no GPU time to give; this moves on, so that a kernel that waits for it ends, and is the same in every run.
    """
    b = f.b
    at = b.emit(f"getelementptr i8, ptr %ctx, i64 {OFFSETS['clock']}", "ptr")
    now = b.emit(f"load i64, {at}", "i64")
    b.line(f"store {b.op('add', now, integer(READING, 'i64'))}, {at}")
    if name.endswith("_hi"):
        now = b.op("lshr", now, integer(32, "i64"))
    return b.resize(now, "i64" if name in ("%clock64", "%globaltimer") else "i32", signed=False)


def warp(f: WarpFunction) -> Value:
    """The warp's number in its block, i32."""
    if f.function.entry:
        return f.b.emit("trunc i64 %index to i32", "i32")
    return current(f)


def current(f: WarpFunction) -> Value:
    """The same, wherever the function stands."""
    at = f.b.emit(f"getelementptr i8, ptr %ctx, i64 {OFFSETS['current']}", "ptr")
    return f.b.cast("trunc", f.b.emit(f"load i64, {at}", "i64"), "i32")


def linear(f: WarpFunction) -> Value:
    """The thread's number in its block, one for each lane."""
    base = f.b.op("mul", warp(f), integer(WARP))
    return f.b.op("add", base, f.b.lane_constants(range(WARP)))


def _tid(f: WarpFunction, axis: str) -> Value:
    b = f.b
    x, y, z = f.unit.block
    if {"x": x, "y": y, "z": z}[axis] == 1:
        return integer(0)
    same = f"%tid.{axis}" in uniform(f.unit.block)
    number = b.op("mul", warp(f), integer(WARP)) if same else linear(f)
    if axis == "x":
        return number if y == z == 1 else b.op("urem", number, integer(x))
    if axis == "y":
        rows = b.op("udiv", number, integer(x))
        return rows if z == 1 else b.op("urem", rows, integer(y))
    return b.op("udiv", number, integer(x * y))
