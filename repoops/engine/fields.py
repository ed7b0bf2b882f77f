"""What generated code reads of the context, and how it writes a finding down."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repoops.engine.builder import Value, integer
from repoops.engine.context import OFFSETS
from repoops.engine.records import NUMBER

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction


def field(f: WarpFunction, name: str, kind: str) -> Value:
    """A field that does not change while the function runs: read once, at its beginning."""
    key = f"field {name} {kind}"
    if key not in f.cached:
        at = f.head.emit(f"getelementptr i8, ptr %ctx, i64 {OFFSETS[name]}", "ptr")
        f.cached[key] = f.head.emit(f"load {kind}, {at}, !invariant.load !0", kind)
    return f.cached[key]


def report(
    f: WarpFunction, rule: str, lanes: Value, address: Value | None = None, what: str = "", other: int = 0
) -> None:
    """Writes a finding down for the lanes of an i32, if there are any; `other` is the number that its message holds."""
    b = f.b
    some = b.compare("ne", lanes, integer(0))
    say, on = b.fresh_label(), b.fresh_label()
    b.line(f"br {some}, label %{say}, label %{on}, !prof !1")
    b.label(say)
    where = (
        b.spread(b.resize(address, "i64", signed=False)) if address is not None
        else Value("zeroinitializer", "i64", lanes=True)
    )  # fmt: skip
    site = f.site(what or rule)
    b.line(f"call void @report(ptr %ctx, i32 {site}, i32 {NUMBER[rule]}, {lanes}, {where}, i64 {other})")
    b.line(f"br label %{on}")
    b.label(on)
