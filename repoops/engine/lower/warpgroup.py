"""A warp's share of a product 64 x n x 16: its matrices read from shared memory, looked at by the checks, multiplied.

A matrix in shared memory is made of core matrices of 8 rows of 16 bytes. They are read as `ldmatrix` reads them,
turned where the matrix is MN-major, at the rows that its descriptor gives (`matrix_rows` in `ir/wgmma.ll`). A
swizzle exchanges bits of the whole address, so that a start that was advanced inside a pattern is right.

Source: PTX ISA 9.0, "Asynchronous Warpgroup Level Matrix Instructions"; the layouts in units of bytes as
CUTLASS gives them, `cute/atom/mma_traits_sm90_gmma.hpp`, "make_gmma_desc".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repoops.engine import access, products, shadow
from repoops.engine.builder import WARP, Builder, Value, integer
from repoops.engine.context import OFFSETS
from repoops.engine.lower import halves, matrix
from repoops.engine.lower.fragments import Element

if TYPE_CHECKING:
    from repoops.engine.unit import Unit

FROM_ZERO, NEGATIVE, LEFT_OUT = 1, 2, 4
"""Flags of a product under way; one whose matrices do not lie in shared memory is left out."""
MATRICES = access.Access("shared", "i32", 4, 16, 16, store=False)


@dataclass(frozen=True, slots=True)
class Form:
    """A product 64 x columns x 16; `a` is `registers`, or `k` or `mn` for the matrix's major dimension, as is `b`."""

    columns: int
    element: Element
    a: str
    b: str

    @property
    def name(self) -> str:
        """Of the function that carries it out."""
        return f"wgmma_n{self.columns}_{self.element.name}_{self.a}_{self.b}"


@dataclass(frozen=True, slots=True)
class Part:
    """Up to four core matrices that are read at once: lanes 8 m to 8 m + 7 name the chunk and the half of k of matrix m.

    Attributes:
        where: the matrix's descriptor.
        chunks: of each lane.
        steps: the half of k of each lane, 0 or 1.
        count: core matrices.
        turned: whether the matrix is MN-major.
        before: where it is kept as it was when the product was asked for.
    """

    where: Value
    chunks: Value
    steps: Value
    count: int
    turned: bool
    before: Value


def watched(unit: Unit) -> bool:
    """Whether a check asks what a product reads."""
    return "memcheck" in unit.checks or shadow.kept(unit.checks)


def looking(unit: Unit, form: Form, name: str, check: str) -> str:
    """The function that looks at a product's matrices when it is asked for; `check` is memcheck's, or empty."""
    b = Builder(declarations=unit.declarations, helpers=unit.helpers)
    b.line("%wrong = alloca i32")
    b.line("store i32 0, ptr %wrong")

    def look(part: Part) -> None:
        at = _rows(b, part)
        wanted = integer((1 << 8 * part.count) - 1)
        left = wanted
        if check:
            left = b.emit(f"call i32 @{check}(ptr %ctx, i32 %site, {at}, {wanted})", "i32")
        if shadow.kept(unit.checks):
            table = get(b, "%e", products.AT["table"], "ptr")
            b.line(f"call void @journal_alone(ptr %ctx, {table}, {at}, {left})")
        if "racecheck" in unit.checks:
            b.line(f"call void @product_unfenced(ptr %ctx, i32 %site, {at}, {left})")
        keep, out, on = b.fresh_label(), b.fresh_label(), b.fresh_label()
        b.line(f"br {b.compare('eq', left, wanted)}, label %{keep}, label %{out}")
        b.label(keep)
        if "racecheck" in unit.checks:
            for n, register in enumerate(_read(unit, b, part, at)):
                put(b, part.before, 4 * WARP * n, register)
        b.line(f"br label %{on}")
        b.label(out)
        b.line(f"store i32 {LEFT_OUT}, ptr %wrong")
        b.line(f"br label %{on}")
        b.label(on)

    if form.a != "registers":
        look(_a(b, form))
    _each_pair(b, form, lambda count: look(_b(b, form, count)))
    b.line("%found = load i32, ptr %wrong")
    b.line("ret i32 %found")
    body = "\n".join(b.lines)
    return f"define internal i32 @{name}(ptr %ctx, ptr %e, i32 %site) noinline {{\nentry:\n{body}\n}}\n"


def carried_out(unit: Unit, form: Form) -> str:
    """The function that carries a warp's share of a product out: two tiles of eight columns at a time."""
    if form.name in unit.helpers:
        return form.name
    b = Builder(declarations=unit.declarations, helpers=unit.helpers)
    flags = get(b, "%e", products.AT["flags"], "i32")
    if watched(unit):
        b.line(f"br {_flag(b, flags, LEFT_OUT)}, label %nothing, label %do")
        b.label("nothing")
        b.line("ret void")
        b.label("do")
    zero = _flag(b, flags, FROM_ZERO)
    if form.a == "registers":
        a = [get(b, "%e", products.A + 4 * WARP * n, "i32", lanes=True) for n in range(4)]
    else:
        a = _matrices(unit, b, _a(b, form))
    a = _signed(b, a, flags)
    _each_pair(b, form, lambda count: _tiles(unit, b, form, a, zero, count))
    b.line("ret void")
    unit.helpers[form.name] = (
        f"define internal void @{form.name}(ptr %ctx, ptr %e, ptr %sums) noinline {{\nentry:\n"
        + "\n".join(b.lines) + "\n}\n"
    )  # fmt: skip
    return form.name


def _flag(b: Builder, flags: Value, bit: int) -> Value:
    return b.compare("ne", b.op("and", flags, integer(bit)), integer(0))


def _each_pair(b: Builder, form: Form, do: Callable[[int], None]) -> None:
    """A loop over pairs of tiles from `%j` on, and the last one alone where their number is odd."""
    before = b.fresh_label()
    b.line(f"br label %{before}")
    b.label(before)
    b.line("br label %loop")
    b.label("loop")
    b.line(f"%j = phi i32 [0, %{before}], [%j1, %again]")
    b.line("%j1 = add i32 %j, 2")
    b.line(f"%more = icmp sle i32 %j1, {form.columns // 8}")
    b.line("br i1 %more, label %pair, label %rest")
    b.label("pair")
    do(2)
    b.line("br label %again")
    b.label("again")
    b.line("br label %loop")
    b.label("rest")
    if form.columns % 16:
        do(1)


def _a(b: Builder, form: Form) -> Part:
    """The warp's rows of A, 16 w to 16 w + 15, as `mma.m16n8k16` takes them."""
    warp = b.cast("trunc", get(b, "%ctx", OFFSETS["current"], "i64"), "i32")
    first = b.op("shl", b.op("and", warp, integer(3)), integer(1))
    chunks = b.op("add", first, b.lane_constants([n // 8 % 2 for n in range(WARP)]))
    steps = b.lane_constants([n // 16 for n in range(WARP)])
    before = b.emit(f"getelementptr i8, ptr %e, i64 {products.MATRICES}", "ptr")
    return Part(get(b, "%e", products.AT["a"], "i64"), chunks, steps, 4, form.a == "mn", before)


def _b(b: Builder, form: Form, count: int) -> Part:
    """The columns of B of `count` tiles from `%j` on: of each tile the halves of k, one after the other."""
    chunks = b.op("add", Value("%j", "i32"), b.lane_constants([n // 16 % count for n in range(WARP)]))
    steps = b.lane_constants([n // 8 % 2 for n in range(WARP)])
    offset = b.emit(f"mul i32 %j, {2 * 4 * WARP}", "i32")
    offset = b.op("add", offset, integer(products.MATRICES + 4 * 4 * WARP))
    before = b.emit(f"getelementptr i8, ptr %e, {b.cast('zext', offset, 'i64')}", "ptr")
    return Part(get(b, "%e", products.AT["b"], "i64"), chunks, steps, 2 * count, form.b == "mn", before)


def _signed(b: Builder, a: list[Value], flags: Value) -> list[Value]:
    """A with the sign of both scales."""
    turn = b.op("and", b.op("shl", flags, integer(14)), integer(1 << 15))
    signs = b.op("or", turn, b.op("shl", turn, integer(16)))
    return [b.op("xor", register, signs) for register in a]


def _tiles(unit: Unit, b: Builder, form: Form, a: list[Value], zero: Value, count: int) -> None:
    """Adds the product of the tiles from `%j` on to their sums."""
    registers = _matrices(unit, b, _b(b, form, count))
    offset = b.emit(f"mul i32 %j, {4 * 4 * WARP}", "i32")
    place = b.emit(f"getelementptr i8, ptr %sums, {b.cast('zext', offset, 'i64')}", "ptr")
    nothing = Value("zeroinitializer", "float", lanes=True)
    before = [get(b, place.text, 4 * WARP * n, "float", lanes=True) for n in range(4 * count)]
    before = [b.select(zero, nothing, v) for v in before]
    columns = [(registers[2 * n : 2 * n + 2], before[4 * n : 4 * n + 4]) for n in range(count)]
    found = halves.product(unit, b, halves.Tiles(form.element, 16, count), a, columns)
    for n, value in enumerate(v for tile in found for v in tile):
        put(b, place, 4 * WARP * n, value)


def _matrices(unit: Unit, b: Builder, part: Part) -> list[Value]:
    """A part's registers at the wait, which must hold what they held when the product was asked for."""
    at = _rows(b, part)
    found = _read(unit, b, part, at)
    if shadow.kept(unit.checks):
        # A barrier since then has dropped what was noted of the reads; they may have been as late as now.
        then, now = get(b, "%e", products.AT["epoch"], "i64"), get(b, "%ctx", OFFSETS["epoch"], "i64")
        late, on = b.fresh_label(), b.fresh_label()
        b.line(f"br {b.compare('ne', then, now)}, label %{late}, label %{on}")
        b.label(late)
        table = get(b, "%e", products.AT["table"], "ptr")
        b.line(f"call void @journal_alone(ptr %ctx, {table}, {at}, i32 {(1 << 8 * part.count) - 1})")
        b.line(f"br label %{on}")
        b.label(on)
    if "racecheck" in unit.checks:
        site = get(b, "%e", products.AT["site"], "i32")
        for n, register in enumerate(found):
            old = b.emit(f"getelementptr i8, {part.before}, i64 {4 * WARP * n}", "ptr")
            b.line(
                f"call void @product_same(ptr %ctx, {site}, i32 {n}, {at}, {register}, {old}, i1 {_bit(part.turned)})"
            )
    return found


def _rows(b: Builder, part: Part) -> Value:
    """Offsets in shared memory, one row of a core matrix to a lane."""
    return b.emit(
        f"call <{WARP} x i32> @matrix_rows({part.where}, {part.chunks}, {part.steps}, i1 {_bit(part.turned)})",
        "i32", lanes=True,
    )  # fmt: skip


def _bit(value: bool) -> str:
    return str(value).lower()


def _read(unit: Unit, b: Builder, part: Part, at: Value) -> list[Value]:
    """Core matrices, one to a register."""
    kind = "{" + ", ".join([f"<{WARP} x i32>"] * part.count) + "}"
    name = matrix.rows(unit, MATRICES, part.count, turned=part.turned)
    found = b.emit(f"call {halves.CONVENTION} {kind} @{name}(ptr %ctx, {at})", "i32")
    return [b.emit(f"extractvalue {kind} {found.text}, {n}", "i32", lanes=True) for n in range(part.count)]


def put(b: Builder, base: Value, offset: int, value: Value) -> None:
    """Stores at so many bytes from a pointer."""
    at = b.emit(f"getelementptr i8, {base}, i64 {offset}", "ptr")
    b.line(f"store {value}, {at}, align {64 if value.lanes else 4}")


def get(b: Builder, base: str, offset: int, kind: str, *, lanes: bool = False) -> Value:
    """Loads from there; `base` is a pointer's name."""
    at = b.emit(f"getelementptr i8, ptr {base}, i64 {offset}", "ptr")
    to = f"<{WARP} x {kind}>" if lanes else kind
    return b.emit(f"load {to}, {at}, align {64 if lanes else 4}", kind, lanes=lanes)
