"""Matrix products of a warp: `mma.sync` and the tiles that `wmma.mma` is made of.

A product is one function for each form: for every k the lanes of a row get its element of A by a shuffle
within groups of four, and the two elements of B for their columns; four fused multiply-adds follow. That
of 16-bit elements with 16 rows, the most used, is in `halves`.
Sums are kept in float32 in the order of k: the card's own order is not specified, so tests compare
within the error that any order has.

Source: PTX ISA 9.0, "Warp Level Matrix Instructions: mma, ldmatrix, movmatrix".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repoops.engine import access, shadow, traffic
from repoops.engine.builder import WARP, Builder, Value, floating, integer
from repoops.engine.context import OFFSETS
from repoops.engine.fields import report
from repoops.engine.lower import fragments, halves, quads
from repoops.engine.lower.fragments import ELEMENTS, Element
from repoops.engine.lower.frame import Results, WarpLowering
from repoops.engine.lower.halves import CONVENTION
from repoops.ptx.syntax import Instruction

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction
    from repoops.engine.unit import Unit

SHAPES = {
    ("m16n8k8", "f16"), ("m16n8k16", "f16"), ("m16n8k8", "bf16"), ("m16n8k16", "bf16"), ("m16n8k4", "tf32"),
    ("m16n8k8", "tf32"), ("m16n8k16", "s8"), ("m16n8k32", "s8"), ("m16n8k16", "u8"), ("m16n8k32", "u8"),
    ("m8n8k16", "s8"), ("m8n8k16", "u8"), ("m16n8k32", "e4m3"), ("m16n8k32", "e5m2"), ("m8n8k4", "f64"),
    ("m16n8k16", "e4m3"), ("m16n8k16", "e5m2"), ("m16n8k4", "f64"), ("m16n8k8", "f64"), ("m16n8k16", "f64"),
    ("m8n8k32", "s4"), ("m8n8k32", "u4"), ("m16n8k32", "s4"), ("m16n8k32", "u4"), ("m16n8k64", "s4"),
    ("m16n8k64", "u4"), ("m8n8k128", "b1"), ("m16n8k128", "b1"), ("m16n8k256", "b1"),
}  # fmt: skip
_ASIDE = ("sync", "aligned", "row", "col", "satfinite", "kind::f8f6f4", "xor", "and", "popc")
_PARTNERS = {"s8": ("s8", "u8"), "u8": ("s8", "u8"), "s4": ("s4", "u4"), "u4": ("s4", "u4"), "e4m3": ("e4m3", "e5m2"),
             "e5m2": ("e4m3", "e5m2")}  # fmt: skip
"""Types that B may have; all others must be A's."""
_HALF = (("f16", "f16"), ("f16", "f32"), ("f32", "f16"), ("f32", "f32"))
SUMS = {"f16": _HALF, "e4m3": _HALF, "e5m2": _HALF, "bf16": _HALF[3:], "tf32": _HALF[3:], "f64": (("f64", "f64"),),
         **dict.fromkeys(("s8", "u8", "s4", "u4", "b1"), (("s32", "s32"),))}  # fmt: skip
"""Types of D and C."""


@dataclass(frozen=True, slots=True)
class Form:
    """A product rows x 8 x k of two element types; `saturate` clamps integer sums."""

    rows: int
    k: int
    a: Element
    b: Element
    saturate: bool = False

    @property
    def name(self) -> str:
        """Of the helper function."""
        return f"mma_m{self.rows}n8k{self.k}_{self.a.name}_{self.b.name}{'_sat' if self.saturate else ''}"


def mma(f: WarpFunction, i: Instruction) -> Results:
    """`mma.sync.aligned.shape.row.col{.satfinite}.dtype.atype.btype.ctype{.xor.popc} d, a, b, c`."""
    if i.modifiers[:3] == ("sync", "aligned", "m8n8k4") and i.modifiers[-3:-1] == ("f16", "f16"):
        whole(f)
        return packed(f, quads.product(f, i), i.modifiers[5])
    words = [w for w in i.modifiers if w not in _ASIDE]
    if len(words) != 5 or i.modifiers[:1] != ("sync",) or (words[0], words[2]) not in SHAPES:
        raise f.refuse("this form is not supported")
    shape, d, a, b_, c = words
    if (d, c) not in SUMS[a] or b_ not in _PARTNERS.get(a, (a,)) or i.modifiers[3:5] != ("row", "col"):
        raise f.refuse("this form is not supported")
    if i.has("satfinite") and a[0] not in "su":
        raise f.refuse(".satfinite is supported with integers alone")
    rows, _, k = (int(n) for n in shape.replace("m", "").replace("n", " ").replace("k", " ").split())
    form = bits(f, i, rows, k) if a == "b1" else Form(rows, k, ELEMENTS[a], ELEMENTS[b_], i.has("satfinite"))
    storage = "i64" if a == "f64" else "i32"
    sums = accumulators(f, f.vector(3, storage if a == "f64" else "i32"), c, form)
    found = product(f, form, f.vector(1, storage), f.vector(2, storage), sums)
    whole(f)
    return packed(f, found, d)


def pair(f: WarpFunction, first: Instruction, second: Instruction) -> None:
    """Two products of 16-bit elements with the same A at once; their sums are float32."""
    element = ELEMENTS[first.modifiers[-2]]
    columns = []
    for i in (first, second):
        f.now = i
        columns.append((f.vector(2, "i32"), f.vector(3, "float")))
    tiles = halves.Tiles(element, 16 if first.has("m16n8k16") else 8, 2)
    found = halves.product(f.unit, f.b, tiles, f.vector(1, "i32"), columns)
    for i, values in zip((first, second), found, strict=True):
        f.now = i
        whole(f)
        f.results(i.operands[0], values)


def bits(f: WarpFunction, i: Instruction, rows: int, k: int) -> Form:
    """A product of single bits: the bits that the rows of A and columns of B have in common, or differ in."""
    how = next((w for w in ("xor", "and") if i.has(w)), "")
    if not how or not i.has("popc"):
        raise f.refuse("either .xor.popc or .and.popc is needed")
    return Form(rows, k // 32, fragments.BITWISE[how], fragments.BITWISE[how])


def whole(f: WarpFunction) -> None:
    """All lanes of the warp must take part."""
    if "synccheck" in f.unit.checks and f.mask() is not None:
        report(f, "member-mask", f.b.op("and", f.live(), f.b.inv(f.word())))


def accumulators(f: WarpFunction, registers: Sequence[Value], kind: str, form: Form) -> list[Value]:
    """C as one value for each element of a lane."""
    b = f.b
    if kind == "f16":
        return [half for r in registers for half in halves.two(b, b.spread(r))]
    return [b.spread(b.bits(r, form.a.compute)) for r in registers]


def packed(f: WarpFunction, values: Sequence[Value], kind: str) -> tuple[Value, ...]:
    """D in registers: for f16 rounded and two to a register."""
    if kind != "f16":
        return tuple(values)
    b = f.b
    return tuple(halves.pairs(b, [b.bits(b.cast("fptrunc", v, "half"), "i16") for v in values]))


def _planes(b: Builder, element: Element, register: Value) -> list[Value]:
    """A register's elements, each over the lanes, as what they are computed in."""
    if element.name == "f16":
        return halves.two(b, register)
    if element.name == "bf16":
        return [
            b.bits(b.op("shl", register, integer(16)), "float"),
            b.bits(b.op("and", register, integer(-65536)), "float"),
        ]
    if element.name == "tf32":
        # The card reads 10 bits of the mantissa and ignores the others.
        return [b.bits(b.op("and", register, integer(-8192)), "float")]
    if element.name == "f64":
        return [b.bits(register, "double")]
    if element.name[:2] == "b1":
        return [register]
    if element.compute == "i32":
        return [_piece(b, element, register, n) for n in range(element.packed)]
    return [
        _eight(b, b.cast("trunc", b.op("lshr", register, integer(8 * n)), "i8"), element.name)
        for n in range(4)
    ]


def _piece(b: Builder, element: Element, register: Value, n: int) -> Value:
    """The n-th integer of a register."""
    top = b.op("shl", register, integer(32 - element.bits * (n + 1)))
    return b.op("ashr" if element.name[0] == "s" else "lshr", top, integer(32 - element.bits))


def _eight(b: Builder, byte: Value, name: str) -> Value:
    """An FP8 number as float32: e5m2 is the upper half of an f16, e4m3 is scaled into place."""
    wide = b.cast("zext", byte, "i16")
    if name == "e5m2":
        return b.cast("fpext", b.bits(b.op("shl", wide, integer(8, "i16")), "half"), "float")
    sign = b.op("shl", b.op("and", wide, integer(128, "i16")), integer(8, "i16"))
    size = b.op("and", wide, integer(127, "i16"))
    scaled = b.bits(b.op("or", sign, b.op("shl", size, integer(7, "i16"))), "half")
    # The exponent's bias is 7, not 15; subnormals come out right too.
    value = b.op("fmul", b.cast("fpext", scaled, "float"), floating(256.0))
    return b.select(b.compare("eq", size, integer(127, "i16")), floating(float("nan")), value)


def product(
    f: WarpFunction, form: Form, a: Sequence[Value], b: Sequence[Value], c: Sequence[Value]
) -> list[Value]:
    """D = A B + C, one value for each element of a lane."""
    if (len(a), len(b), len(c)) != (
        fragments.a_registers(form.a, form.rows, form.k), fragments.b_registers(form.b, form.k), form.rows // 4
    ):  # fmt: skip
        raise f.refuse("the number of registers does not fit its shape")
    if form.rows == 16 and form.a.name in ("f16", "bf16") and form.a == form.b:
        return halves.product(f.unit, f.b, halves.Tiles(form.a, form.k, 1), a, [(b, c)])[0]
    if form.name not in f.unit.helpers:
        f.unit.helpers[form.name] = _function(f, form, [v.type for v in (*a, *b, *c)])
    result = "{" + ", ".join([f"<{WARP} x {form.a.compute}>"] * len(c)) + "}"
    arguments = ", ".join(str(f.b.spread(v)) for v in (*a, *b, *c))
    found = f.b.emit(f"call fastcc {result} @{form.name}({arguments})", form.a.compute)
    return [
        f.b.emit(f"extractvalue {result} {found.text}, {n}", form.a.compute, lanes=True)
        for n in range(len(c))
    ]


def _function(f: WarpFunction, form: Form, types: Sequence[str]) -> str:
    b = Builder(declarations=f.unit.declarations, helpers=f.unit.helpers)
    given = [Value(f"%p{n}", kind, lanes=True) for n, kind in enumerate(types)]
    count = fragments.a_registers(form.a, form.rows, form.k)
    other = fragments.b_registers(form.b, form.k)
    a = [_planes(b, form.a, v) for v in given[:count]]
    b_planes = [_planes(b, form.b, v) for v in given[count : count + other]]
    start = given[count + other :]
    # What is clamped is the result: the products are summed first, and that sum cannot overflow.
    sums = [b.spread(integer(0))] * len(start) if form.saturate else list(start)
    for k in range(form.k):
        rows = [_row(b, form, a, k, half) for half in range(form.rows // 8)]
        columns = [_column(b, form, b_planes, k, side) for side in range(2)]
        for n in range(len(sums)):
            sums[n] = _add(b, form, rows[n // 2], columns[n % 2], sums[n])
    if form.saturate:
        sums = [b.intrinsic("sadd.sat", [x, y]) for x, y in zip(start, sums, strict=True)]
    kind = f"<{WARP} x {form.a.compute}>"
    result = "{" + ", ".join([kind] * len(sums)) + "}"
    last = "poison"
    for n, value in enumerate(sums):
        last = b.emit(f"insertvalue {result} {last}, {value}, {n}", form.a.compute).text
    b.line(f"ret {result} {last}")
    parameters = ", ".join(str(v) for v in given)
    return (
        f"define internal fastcc {result} @{form.name}({parameters}) noinline {{\n"
        + "\n".join(b.lines)
        + "\n}\n"
    )


def _row(b: Builder, form: Form, planes: Sequence[Sequence[Value]], k: int, half: int) -> Value:
    """A[g + 8 * half][k] in every lane of group g."""
    packed_, blocks = form.a.packed, form.rows // 8
    register, t, part = k // (4 * packed_) * blocks + half, k // packed_ % 4, k % packed_
    return b.shuffle(planes[register][part], [4 * (n // 4) + t for n in range(WARP)])


def _column(b: Builder, form: Form, planes: Sequence[Sequence[Value]], k: int, side: int) -> Value:
    """B[k][2 t + side] in every lane with that t."""
    packed_ = form.b.packed
    register, t, part = k // (4 * packed_), k // packed_ % 4, k % packed_
    return b.shuffle(planes[register][part], [4 * (2 * (n % 4) + side) + t for n in range(WARP)])


def _add(b: Builder, form: Form, x: Value, y: Value, total: Value) -> Value:
    if form.a.compute != "i32":
        return b.intrinsic("fma", [x, y, total])
    if form.a.name[:2] == "b1":
        return b.op("add", total, b.intrinsic("ctpop", [b.op(form.a.name[2:], x, y)]))
    return b.op("add", total, b.op("mul", x, y))


# -- loads


def ldmatrix(f: WarpFunction, i: Instruction) -> Results:
    """`ldmatrix.sync.aligned.m8n8.x{1,2,4}{.trans}.shared.b16 r, [p]`: lanes 8 m to 8 m + 7 give the rows of matrix m."""
    if not {"sync", "m8n8", "b16"} <= set(i.modifiers):
        raise f.refuse("this form is not supported")
    count = next((int(w[1]) for w in i.modifiers if w in ("x1", "x2", "x4")), 0)
    if not count:
        raise f.refuse("this form is not supported")
    b = f.b
    space = "shared" if any(w.startswith("shared") for w in i.modifiers) else "generic"
    how = access.Access(space, "i32", 4, 16, 16, store=False)
    address = b.spread(access.normal(f, how, f.address(1)))
    whole(f)
    wanted = integer((1 << 8 * count) - 1)
    traffic.lanes(f, how, address, wanted)
    sure = shadow.sure(f, how, address, wanted)
    if shadow.wanted(f, how) and (sure is not None or not access.checked(f)):
        # Rows of which one is refused are not read at all.
        shadow.read(f, how, address, wanted if sure is None else b.select(sure, wanted, integer(0)))
    wide = "{" + ", ".join([f"<{WARP} x i32>"] * count) + "}"
    call = f"call {CONVENTION} {wide} @{rows(f.unit, how, count, turned=i.has('trans'))}(ptr %ctx, {address})"
    if not access.checked(f):
        found = b.emit(call, "i32")
        return tuple(
            b.emit(f"extractvalue {wide} {found.text}, {n}", "i32", lanes=True) for n in range(count)
        )
    slots = [f.slot("i32") for _ in range(count)]
    ask, go, end = b.fresh_label(), b.fresh_label(), b.fresh_label()
    for slot in slots:
        f.put(slot, b.spread(integer(0)))
    b.line(f"br {sure or 'i1 false'}, label %{go}, label %{ask}")
    b.label(ask)
    name = access.check(f, how)
    left = b.emit(f"call i32 @{name}(ptr %ctx, i32 {f.site(how.what)}, {address}, {wanted})", "i32")
    good = b.compare("eq", left, wanted)
    if shadow.wanted(f, how):
        shadow.read_again(f, how, address, b.select(good, wanted, integer(0)))
    b.line(f"br {good}, label %{go}, label %{end}")
    b.label(go)
    found = b.emit(call, "i32")
    for n, slot in enumerate(slots):
        f.put(slot, b.emit(f"extractvalue {wide} {found.text}, {n}", "i32", lanes=True))
    b.line(f"br label %{end}")
    b.label(end)
    return tuple(f.get(slot, "i32") for slot in slots)


def rows(unit: Unit, how: access.Access, count: int, *, turned: bool) -> str:
    """The function that reads 8 rows of 16 bytes for each matrix: lane `4 r + w` gets word w of row r."""
    name = f"ldmatrix_{'shared' if how.shared else 'generic'}_x{count}{'_trans' if turned else ''}"
    if name in unit.helpers:
        return name
    b = Builder()
    kind = "i32" if how.shared else "i64"
    b.line(f"%rows = alloca <{WARP} x {kind}>")
    b.line(f"store <{WARP} x {kind}> %address, ptr %rows")
    if how.shared:
        b.line(f"%base.at = getelementptr i8, ptr %ctx, i64 {OFFSETS['shared']}")
        b.line("%base = load ptr, ptr %base.at")
    found = []
    for number in range(count):
        parts = []
        for row in range(8):
            # Volatile, lest LLVM takes the addresses out of the vector register one by one: dearer than from the stack.
            at = b.emit(f"getelementptr {kind}, ptr %rows, i64 {8 * number + row}", "ptr")
            place = b.emit(f"load volatile {kind}, {at}", kind)
            where = (
                b.emit(f"getelementptr i8, ptr %base, {b.cast('zext', place, 'i64')}", "ptr") if how.shared
                else b.cast("inttoptr", place, "ptr")
            )  # fmt: skip
            parts.append(b.emit(f"load <4 x i32>, {where}, align 1", "i32").text)
        words = _side_by_side(b, parts)
        found.append(transposed(b, words) if turned else words)
    result = "{" + ", ".join([f"<{WARP} x i32>"] * count) + "}"
    last = "poison"
    for n, value in enumerate(found):
        last = b.emit(f"insertvalue {result} {last}, {value}, {n}", "i32").text
    b.line(f"ret {result} {last}")
    unit.helpers[name] = (
        f"define internal {CONVENTION} {result} @{name}(ptr %ctx, <{WARP} x {kind}> %address) noinline {{\n"
        + "\n".join(b.lines) + "\n}\n"
    )  # fmt: skip
    return name


def _side_by_side(b: Builder, parts: list[str]) -> Value:
    """Eight `<4 x i32>` as one value of 32 lanes."""
    width = 4
    while len(parts) > 1:
        order = ", ".join(f"i32 {n}" for n in range(2 * width))
        kind = f"<{width} x i32>"
        parts = [
            b.emit(f"shufflevector {kind} {x}, {kind} {y}, <{2 * width} x i32> <{order}>", "i32").text
            for x, y in zip(parts[::2], parts[1::2], strict=True)
        ]
        width *= 2
    return Value(parts[0], "i32", lanes=True)


def transposed(b: Builder, words: Value) -> Value:
    """An 8 x 8 matrix of 16-bit elements, two to a lane, with rows and columns exchanged."""
    halves = b.emit(f"bitcast {words} to <64 x i16>", "i16").text
    order = ", ".join(f"i32 {8 * (n % 8) + n // 8}" for n in range(64))
    turned = b.emit(f"shufflevector <64 x i16> {halves}, <64 x i16> poison, <64 x i32> <{order}>", "i16").text
    return b.emit(f"bitcast <64 x i16> {turned} to <{WARP} x i32>", "i32", lanes=True)


def stmatrix(f: WarpFunction, i: Instruction) -> Results:
    """`stmatrix.sync.aligned.m8n8.x{1,2,4}{.trans}.shared.b16 [p], r`: rows are where `ldmatrix` would read them."""
    count = next((int(w[1]) for w in i.modifiers if w in ("x1", "x2", "x4")), 0)
    if not count or not {"sync", "m8n8", "b16"} <= set(i.modifiers):
        raise f.refuse("this form is not supported")
    b = f.b
    space = "shared" if any(w.startswith("shared") for w in i.modifiers) else "generic"
    how = access.Access(space, "i32", 4, 16, 16, store=True)
    address = b.spread(access.normal(f, how, f.address(0)))
    registers = [b.spread(v) for v in f.vector(1, "i32")]
    whole(f)
    good: Value | None = None
    if access.checked(f):
        wanted = integer((1 << 8 * count) - 1)
        name = access.check(f, how)
        good = b.from_ballot(
            b.emit(f"call i32 @{name}(ptr %ctx, i32 {f.site(how.what)}, {address}, {wanted})", "i32")
        )
    for number, register in enumerate(registers[:count]):
        rows = [8 * number + n // 4 for n in range(WARP)]
        words = b.op(
            "add",
            b.shuffle(address, rows),
            b.lane_constants([4 * (n % 4) for n in range(WARP)], address.type),
        )
        value = transposed(b, register) if i.has("trans") else register
        with f.only(None if good is None else b.shuffle(good, rows)):
            f.store(space, words, [value], 4)
    return None


def movmatrix(f: WarpFunction, i: Instruction) -> Results:
    """`movmatrix.sync.aligned.m8n8.trans.b16 d, a`."""
    if not i.has("trans"):
        raise f.refuse("this form is not supported")
    whole(f)
    return transposed(f.b, f.b.spread(f.src(1, "i32")))


MATRIX: dict[str, WarpLowering] = {
    "mma": mma,
    "ldmatrix": ldmatrix,
    "stmatrix": stmatrix,
    "movmatrix": movmatrix,
}
