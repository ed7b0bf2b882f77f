"""Products of a warpgroup, `wgmma`: asynchronous, with matrices in shared memory that descriptors describe.

A warpgroup is four warps whose first one's number is a multiple of 4. Its warp w owns rows 16 w to 16 w + 15
of A and D, so that each warp carries out its own share. It does so when the product's group is waited for,
not before: shared memory that is overwritten too early then shows in the result. Until then the registers of
D hold *tokens*, signalling NaNs that name the sums they stand for. A `mov` hands a token on; arithmetic makes
a quiet NaN of it; the wait puts the sums in place of those that it finds (`engine/products`).

What a descriptor's layout comes down to is core matrices of 8 rows of 16 bytes, which `ldmatrix` reads as
well: eight row addresses for each (`matrix_rows` in `ir/wgmma.ll`), turned where the matrix is MN-major.
A swizzle exchanges bits of the whole address, so that a start that was advanced inside a pattern is right.

Source: PTX ISA 9.0, "Asynchronous Warpgroup Level Matrix Instructions"; the layouts in units of bytes as
CUTLASS gives them, `cute/atom/mma_traits_sm90_gmma.hpp`, "make_gmma_desc".
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repoops.engine import access, ir, products
from repoops.engine.builder import WARP, Builder, Value, integer
from repoops.engine.context import OFFSETS
from repoops.engine.lower import halves, matrix
from repoops.engine.lower.fragments import ELEMENTS, Element
from repoops.engine.lower.frame import Results, WarpLowering
from repoops.ptx.syntax import Imm, Instruction, Operand, Vector

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction
    from repoops.engine.unit import Unit

_SHAPE = re.compile(r"m64n(\d+)k16")
_FROM_ZERO, _NEGATIVE = 1, 2
"""Flags of a product under way."""
_MATRICES = access.Access("shared", "i32", 4, 16, 16, store=False)


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


def wgmma(f: WarpFunction, i: Instruction) -> Results:
    """`wgmma.fence`, `wgmma.mma_async`, `wgmma.commit_group`, `wgmma.wait_group n`."""
    if not f.function.entry:
        raise f.refuse("in a device function that is not inlined is not supported")
    if i.modifiers[1:3] != ("sync", "aligned"):
        raise f.refuse("this form is not supported")
    matrix.whole(f)
    _helpers(f.unit)
    if i.modifiers == ("fence", "sync", "aligned"):
        return None
    if i.modifiers == ("commit_group", "sync", "aligned"):
        f.b.line("call void @product_commit(ptr %ctx)")
        return None
    if i.modifiers == ("wait_group", "sync", "aligned"):
        count = i.operands[0] if i.operands else None
        if not isinstance(count, Imm):
            raise f.refuse("the number of groups is no constant")
        done = f.b.emit(f"call i64 @product_wait(ptr %ctx, i64 {int(count.value)})", "i64")
        products.restore(f, i, done)
        return None
    if i.modifiers[0] == "mma_async":
        return _issue(f, i, _form(f, i))
    raise f.refuse("this form is not supported")


def _form(f: WarpFunction, i: Instruction) -> Form:
    """What the modifiers and the constant operands say; the rest of them is refused by name."""
    shape = _SHAPE.fullmatch(i.modifiers[3]) if len(i.modifiers) == 7 else None
    columns = int(shape[1]) if shape else 0
    if not 8 <= columns <= 256 or columns % 8 or i.modifiers[4:] not in (
        ("f32", "f16", "f16"), ("f32", "bf16", "bf16")
    ):  # fmt: skip
        raise f.refuse("this form is not supported")
    d, a = i.operands[:2] if len(i.operands) > 1 else (None, None)
    in_registers = isinstance(a, Vector)
    if len(i.operands) != 8 - in_registers or not isinstance(d, Vector) or len(d.elements) != columns // 2:
        raise f.refuse("the number of operands does not fit its shape")
    if isinstance(a, Vector) and len(a.elements) != 4:
        raise f.refuse("the number of registers does not fit its shape")
    majors = [("k", "mn")[_constant(f, o, (0, 1))] for o in i.operands[6:]]
    return Form(columns, ELEMENTS[i.modifiers[5]], "registers" if in_registers else majors[0], majors[-1])


def _constant(f: WarpFunction, operand: Operand, among: tuple[int, int]) -> int:
    value = operand.value if isinstance(operand, Imm) else None
    if value not in among:
        raise f.refuse(f"{among[0]} or {among[1]} is needed where it scales or transposes")
    return int(value)


def _issue(f: WarpFunction, i: Instruction, form: Form) -> Results:
    """Notes the product with its group; the registers of D stand for the sums from now on."""
    b = f.b
    site = f.site(_MATRICES.what)
    entry = b.emit(f"call ptr @product_entry(ptr %ctx, i32 {site})", "ptr")
    given = [b.spread(v) for v in f.vector(0, "float")]
    first = b.extract(b.bits(given[0], "i32"), 0)
    both = b.emit(f"call i32 @product_sums(ptr %ctx, i32 {site}, {first})", "i32")
    number = b.op("and", both, integer(7))
    _keep_sums(f, given, number, b.compare("ne", both, number))
    negative = _constant(f, i.operands[4], (-1, 1)) * _constant(f, i.operands[5], (-1, 1)) < 0
    adds = b.extract(f.src(3, "i1"), 0)
    flags = b.select(adds, integer(0), integer(_FROM_ZERO))
    flags = b.op("or", flags, integer(_NEGATIVE)) if negative else flags
    if form.a == "registers":
        for n, register in enumerate(f.vector(1, "i32")):
            _put(b, entry, products.A + 4 * WARP * n, b.spread(register))
    else:
        _put(b, entry, products.AT["a"], b.extract(f.src(1, "i64"), 0))
    _put(b, entry, products.AT["b"], b.extract(f.src(2, "i64"), 0))
    _put(b, entry, products.AT["sums"], number)
    _put(b, entry, products.AT["flags"], flags)
    _put(b, entry, products.AT["run"], Value(f"@{_carried_out(f.unit, form)}", "ptr"))
    token = b.op("or", integer(products.TAG), b.op("shl", number, integer(8)))
    return tuple(b.bits(b.op("or", token, integer(k)), "float") for k in range(len(given)))


def _keep_sums(f: WarpFunction, given: list[Value], number: Value, new: Value) -> None:
    """What the sums start from, unless the registers stand for sums that a product under way adds to."""
    b = f.b
    keep, on = b.fresh_label(), b.fresh_label()
    b.line(f"br {new}, label %{keep}, label %{on}")
    b.label(keep)
    place = b.emit(f"call ptr @product_place(ptr %ctx, {number})", "ptr")
    for k, value in enumerate(given):
        _put(b, place, 4 * WARP * k, value)
    b.line(f"br label %{on}")
    b.label(on)


def _put(b: Builder, base: Value, offset: int, value: Value) -> None:
    at = b.emit(f"getelementptr i8, {base}, i64 {offset}", "ptr")
    b.line(f"store {value}, {at}, align {64 if value.lanes else 4}")


def _get(b: Builder, base: str, offset: int, kind: str, *, lanes: bool = False) -> Value:
    at = b.emit(f"getelementptr i8, ptr {base}, i64 {offset}", "ptr")
    to = f"<{WARP} x {kind}>" if lanes else kind
    return b.emit(f"load {to}, {at}, align {64 if lanes else 4}", kind, lanes=lanes)


def _helpers(unit: Unit) -> None:
    if "wgmma" not in unit.helpers:
        unit.helpers["wgmma"] = ir.text(
            "wgmma.ll", CONVENTION=halves.CONVENTION, ROWS=", ".join(f"i32 {n % 8}" for n in range(WARP)),
            **products.sizes(),
        )  # fmt: skip


# -- what a wait calls


def _carried_out(unit: Unit, form: Form) -> str:
    """The function that carries a warp's share of a product out: two tiles of eight columns at a time."""
    if form.name in unit.helpers:
        return form.name
    b = Builder(declarations=unit.declarations, helpers=unit.helpers)
    flags = _get(b, "%e", products.AT["flags"], "i32")
    zero = b.compare("ne", b.op("and", flags, integer(_FROM_ZERO)), integer(0))
    a = _signed(b, _rows_of_a(unit, b, form), flags)
    other = _get(b, "%e", products.AT["b"], "i64")
    b.line("br label %loop")
    b.label("loop")
    b.line("%j = phi i32 [0, %entry], [%j1, %pair]")
    b.line("%j1 = add i32 %j, 2")
    b.line(f"%more = icmp sle i32 %j1, {form.columns // 8}")
    b.line("br i1 %more, label %pair, label %rest")
    b.label("pair")
    _tiles(unit, b, form, a, other, zero, 2)
    b.line("br label %loop")
    b.label("rest")
    if form.columns % 16:
        _tiles(unit, b, form, a, other, zero, 1)
    b.line("ret void")
    unit.helpers[form.name] = (
        f"define internal void @{form.name}(ptr %ctx, ptr %e, ptr %sums) noinline {{\nentry:\n"
        + "\n".join(b.lines) + "\n}\n"
    )  # fmt: skip
    return form.name


def _rows_of_a(unit: Unit, b: Builder, form: Form) -> list[Value]:
    """A's four registers, rows 16 w to 16 w + 15, as `mma.m16n8k16` takes them."""
    if form.a == "registers":
        return [_get(b, "%e", products.A + 4 * WARP * n, "i32", lanes=True) for n in range(4)]
    warp = b.cast("trunc", _get(b, "%ctx", OFFSETS["current"], "i64"), "i32")
    first = b.op("shl", b.op("and", warp, integer(3)), integer(1))
    chunks = b.op("add", first, b.lane_constants([n // 8 % 2 for n in range(WARP)]))
    steps = b.lane_constants([n // 16 for n in range(WARP)])
    where = _get(b, "%e", products.AT["a"], "i64")
    return _read(unit, b, where, chunks, steps, 4, turned=form.a == "mn")


def _signed(b: Builder, a: list[Value], flags: Value) -> list[Value]:
    """A with the sign of both scales."""
    turn = b.op("and", b.op("shl", flags, integer(14)), integer(1 << 15))
    signs = b.op("or", turn, b.op("shl", turn, integer(16)))
    return [b.op("xor", register, signs) for register in a]


def _tiles(unit: Unit, b: Builder, form: Form, a: list[Value], other: Value, zero: Value, count: int) -> None:
    """Adds the product of the tiles from `%j` on to their sums."""
    chunks = b.op("add", Value("%j", "i32"), b.lane_constants([n // 16 % count for n in range(WARP)]))
    steps = b.lane_constants([n // 8 % 2 for n in range(WARP)])
    registers = _read(unit, b, other, chunks, steps, 2 * count, turned=form.b == "mn")
    offset = b.emit(f"mul i32 %j, {4 * 4 * WARP}", "i32")
    place = b.emit(f"getelementptr i8, ptr %sums, {b.cast('zext', offset, 'i64')}", "ptr")
    nothing = Value("zeroinitializer", "float", lanes=True)
    before = [_get(b, place.text, 4 * WARP * n, "float", lanes=True) for n in range(4 * count)]
    before = [b.select(zero, nothing, v) for v in before]
    columns = [(registers[2 * n : 2 * n + 2], before[4 * n : 4 * n + 4]) for n in range(count)]
    found = halves.product(unit, b, halves.Tiles(form.element, 16, count), a, columns)
    for n, value in enumerate(v for tile in found for v in tile):
        _put(b, place, 4 * WARP * n, value)


def _read(
    unit: Unit, b: Builder, where: Value, chunks: Value, steps: Value, count: int, *, turned: bool
) -> list[Value]:
    """Core matrices, one to a register: matrix m lies at the chunk and the half of k that lanes 8 m to 8 m + 7 name."""
    at = b.emit(
        f"call <{WARP} x i32> @matrix_rows({where}, {chunks}, {steps}, i1 {str(turned).lower()})", "i32", lanes=True
    )  # fmt: skip
    kind = "{" + ", ".join([f"<{WARP} x i32>"] * count) + "}"
    name = matrix.rows(unit, _MATRICES, count, turned=turned)
    found = b.emit(f"call {halves.CONVENTION} {kind} @{name}(ptr %ctx, {at})", "i32")
    return [b.emit(f"extractvalue {kind} {found.text}, {n}", "i32", lanes=True) for n in range(count)]


WGMMA: dict[str, WarpLowering] = {"wgmma": wgmma}
