"""Loads and stores that nobody checks: of the engine's own memory, and of addresses that were checked before."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from repoops.engine import access, ir
from repoops.engine.builder import WARP, Value

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction


_NARROW = ("i8", "i16")
"""No CPU has gathers and scatters of these: LLVM writes one out as 32 branches, which takes it 40 ms for each."""


def _narrow(f: WarpFunction, kind: str, what: str) -> str:
    """The function that does it lane by lane, made once."""
    name = f"{what}_{kind}"
    f.b.declarations["llvm.cttz.i32"] = "declare i32 @llvm.cttz.i32(i32, i1)"
    if name not in f.unit.helpers:
        f.unit.helpers[name] = ir.text(f"{what}.ll", kind=kind)
    return name


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
    vector = f"<{WARP} x {kind}>"
    found = []
    mask = (f.mask() if masked else None) or Value("splat (i1 true)", "i1", lanes=True)
    if kind in _NARROW:
        name = _narrow(f, kind, "gather")
        places = (b.emit(f"getelementptr {kind}, {at}, i64 {n}", "ptr", lanes=True) for n in range(count))
        return tuple(b.emit(f"call {vector} @{name}({place}, {mask})", kind, lanes=True) for place in places)
    overload = f"llvm.masked.gather.v{WARP}{access.short(kind)}.v{WARP}p0"
    b.declarations[overload] = f"declare {vector} @{overload}(<{WARP} x ptr>, <{WARP} x i1>, {vector})"
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
        if value.type in _NARROW:
            b.line(f"call void @{_narrow(f, value.type, 'scatter')}({b.spread(value)}, {place}, {mask})")
            continue
        overload = f"llvm.masked.scatter.v{WARP}{access.short(value.type)}.v{WARP}p0"
        vector = f"<{WARP} x {value.type}>"
        b.declarations[overload] = f"declare void @{overload}({vector}, <{WARP} x ptr>, <{WARP} x i1>)"
        b.line(f"call void @{overload}({b.spread(value)}, <{WARP} x ptr> align 1 {place.text}, {mask})")
