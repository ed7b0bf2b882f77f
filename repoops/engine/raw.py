"""Loads and stores that nobody checks: of the engine's own memory, and of addresses that were checked before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from repoops.engine import access
from repoops.engine.builder import WARP, Value

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction


def raw_load(
    f: WarpFunction, address: Value, kind: str, count: int, *, invariant: bool, masked: bool = False
) -> tuple[Value, ...]:
    """A load of memory that is the engine's own: parameters. Lanes lie one after the other or share one address."""
    b = f.b
    at = b.cast("inttoptr", address, "ptr")
    if not address.lanes:
        never = ", !invariant.load !0" if invariant else ""
        return tuple(
            b.emit(
                f"load {kind}, {b.emit(f'getelementptr {kind}, {at}, i64 {n}', 'ptr')}, align 1{never}", kind
            )
            for n in range(count)
        )
    overload = f"llvm.masked.gather.v{WARP}{access.short(kind)}.v{WARP}p0"
    vector = f"<{WARP} x {kind}>"
    b.declarations[overload] = f"declare {vector} @{overload}(<{WARP} x ptr>, <{WARP} x i1>, {vector})"
    found = []
    mask = (f.mask() if masked else None) or Value("splat (i1 true)", "i1", lanes=True)
    for n in range(count):
        place = b.emit(f"getelementptr {kind}, {at}, i64 {n}", "ptr", lanes=True)
        found.append(
            b.emit(
                f"call {vector} @{overload}(<{WARP} x ptr> align 1 {place.text}, {mask}, {vector} zeroinitializer)",
                kind,
                lanes=True,
            )
        )
    return tuple(found)


def raw_store(f: WarpFunction, address: Value, values: Sequence[Value]) -> None:
    """The same the other way, in the lanes that execute it."""
    b = f.b
    at = b.cast("inttoptr", b.spread(address), "ptr")
    mask = f.mask() or Value("splat (i1 true)", "i1", lanes=True)
    for n, value in enumerate(values):
        place = b.emit(f"getelementptr {value.type}, {at}, i64 {n}", "ptr", lanes=True)
        overload = f"llvm.masked.scatter.v{WARP}{access.short(value.type)}.v{WARP}p0"
        vector = f"<{WARP} x {value.type}>"
        b.declarations[overload] = f"declare void @{overload}({vector}, <{WARP} x ptr>, <{WARP} x i1>)"
        b.line(f"call void @{overload}({b.spread(value)}, <{WARP} x ptr> align 1 {place.text}, {mask})")
