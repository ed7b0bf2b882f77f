"""`wmma`: loads, products and stores of whole tiles, made of the tiles of `mma`.

Source: PTX ISA 9.0, "Warp Level Matrix Instructions: wmma.load, wmma.mma, wmma.store"; of alignment also
"Matrix Storage for WMMA: Address Alignment", and CUDA C++ Programming Guide, "Warp Matrix Functions".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from repoops.engine import access, ir
from repoops.engine.builder import WARP, Value, integer
from repoops.engine.fields import report
from repoops.engine.lower import fragments, halves, matrix
from repoops.engine.lower.fragments import ELEMENTS, Element, Place
from repoops.engine.lower.frame import Results, WarpLowering
from repoops.engine.lower.space import space_of
from repoops.ptx.syntax import SIZES, Instruction, Operand, Vector

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction

_SHAPES = {
    "m16n16k16": (16, 16, 16),
    "m32n8k16": (32, 8, 16),
    "m8n32k16": (8, 32, 16),
    "m16n16k8": (16, 16, 8),
    "m8n8k4": (8, 8, 4),
    "m8n8k32": (8, 8, 32),
    "m8n8k128": (8, 8, 128),
}
_TYPES = {
    **dict.fromkeys(("m16n16k16", "m32n8k16", "m8n32k16"), ("f16", "bf16", "s8", "u8")), "m16n16k8": ("tf32",),
    "m8n8k4": ("f64",), "m8n8k32": ("s4", "u4"), "m8n8k128": ("b1",),
}  # fmt: skip
"""Of A and B, for each shape."""


def wmma(f: WarpFunction, i: Instruction) -> Results:
    """`wmma.load.{a,b,c}`, `wmma.store.d`, `wmma.mma`."""
    name = next((w for w in i.modifiers if w in _SHAPES), None)
    if name is None:
        raise f.refuse("this form is not supported")
    if i.has("load"):
        return _load_sums(f, i, _SHAPES[name]) if i.has("c") else _load(f, i, name)
    if i.has("store"):
        return _store(f, i, _SHAPES[name])
    return _mma(f, i, name)


def _element(kind: str) -> Element:
    """A type of A or B; words of single bits are the same however they are combined."""
    return fragments.BITWISE["xor"] if kind == "b1" else ELEMENTS[kind]


def _tiles(rows: int) -> list[int]:
    """Rows of the tiles that a matrix of so many rows is cut into."""
    return [16] * (rows // 16) or [8]


def _a(element: Element, shape: tuple[int, int, int]) -> list[list[list[Place]]]:
    """Of A: for each register, each part of it, each lane: the place."""
    m, _, k = shape
    unit = _unit(element)
    return [
        [
            [_moved(fragments.a_place(element, rows, r, part, n), 16 * number, 0) for n in range(WARP)]
            for part in range(element.packed)
        ]
        for number, rows in enumerate(_tiles(m))
        for r in range(fragments.a_registers(element, rows, k // unit))
    ]


def _unit(element: Element) -> int:
    """How many of a shape's elements along k it stands for."""
    return element.bits if element.name[:2] == "b1" else 1


def _b(element: Element, shape: tuple[int, int, int]) -> list[list[list[Place]]]:
    _, n_all, k = shape
    return [
        [
            [_moved(fragments.b_place(element, r, part, n), 0, 8 * number) for n in range(WARP)]
            for part in range(element.packed)
        ]
        for number in range(n_all // 8)
        for r in range(fragments.b_registers(element, k // _unit(element)))
    ]


def _c(shape: tuple[int, int, int]) -> list[list[Place]]:
    """Of C and D: for each element of a lane its place; tile by tile, along a row of tiles first."""
    m, n_all, _ = shape
    return [
        [_moved(fragments.c_place(r, n), 16 * down, 8 * across) for n in range(WARP)]
        for down, rows in enumerate(_tiles(m))
        for across in range(n_all // 8)
        for r in range(rows // 4)
    ]


def _moved(place: Place, down: int, across: int) -> Place:
    return place[0] + down, place[1] + across


def _where(
    f: WarpFunction, k: int, places: Sequence[Place], stride: Value, bits: int, *, row_major: bool
) -> Value:
    """The address of an element of each lane; the stride is in elements of so many bits."""
    b = f.b
    major = b.lane_constants([p[0] if row_major else p[1] for p in places], "i64")
    minor = b.lane_constants([(p[1] if row_major else p[0]) * bits for p in places], "i64")
    offset = b.op("add", b.op("mul", major, b.op("mul", stride, integer(bits, "i64"))), minor)
    return b.op("add", b.resize(f.address(k), "i64", signed=False), b.op("lshr", offset, integer(3, "i64")))


def _stride(
    f: WarpFunction, i: Instruction, k: int, places: Sequence[Sequence[Place]], *, row_major: bool
) -> Value:
    if len(i.operands) > k:
        return f.b.resize(f.src(k, "i32"), "i64", signed=False)
    width = 1 + max(p[1] if row_major else p[0] for one in places for p in one)
    return integer(width, "i64")


_LEAST_STRIDE = 16
"""Bytes that a stride must be a multiple of. The ISA asks for a fragment's size, the guide for these: rows of 24 halves are usual."""


def _aligned(f: WarpFunction, i: Instruction, k: int, fragment: Operand, stride: Value, bits: int) -> None:
    """Reports a matrix that does not begin at a multiple of its fragment's size, or whose stride is not one of 16 bytes.

    Args:
        f: the function.
        i: the instruction.
        k: the operand with the address.
        fragment: the registers.
        stride: between rows (columns), i64, in elements.
        bits: of an element.
    """
    if not access.checked(f):
        return
    b = f.b
    count = len(fragment.elements) if isinstance(fragment, Vector) else 1
    size = count * max(32, bits) // 8
    space = "shared" if space_of(i).startswith("shared") else space_of(i)
    what = f"{'store of a matrix to' if i.has('store') else 'load of a matrix from'} {space} memory"
    start = b.resize(f.address(k), "i64", signed=False)
    lanes = _odd(f, start, size)
    if space != "shared":
        # A tensor from numpy begins where the card's would not: then it counts from there.
        f.unit.helpers["unaligned"] = ir.text("unaligned.ll")
        slot, look, on = f.slot("i32", lanes=False), b.fresh_label(), b.fresh_label()
        f.put(slot, lanes)
        b.line(f"br {b.compare('ne', lanes, integer(0))}, label %{look}, label %{on}, !prof !1")
        b.label(look)
        at = b.extract(start, 0)
        f.put(slot, b.emit(f"call i32 @unaligned(ptr %ctx, {at}, {lanes}, i64 {size})", "i32"))
        b.line(f"br label %{on}")
        b.label(on)
        lanes = f.get(slot, "i32", lanes=False)
    report(f, "misaligned", lanes, start, what, size)
    step = b.op("lshr", b.op("mul", stride, integer(bits, "i64")), integer(3, "i64"))
    least = min(size, _LEAST_STRIDE)
    report(f, "misaligned", _odd(f, step, least), b.op("add", start, step), what, least)


def _odd(f: WarpFunction, value: Value, least: int) -> Value:
    """The executing lanes to which a value is no multiple of so many bytes."""
    b = f.b
    odd = b.compare("ne", b.op("and", value, integer(least - 1, "i64")), integer(0, "i64"))
    return b.op("and", b.ballot(odd), f.word())


def _load_sums(f: WarpFunction, i: Instruction, shape: tuple[int, int, int]) -> Results:
    matrix.whole(f)
    row_major, places = i.has("row"), _c(shape)
    stride = _stride(f, i, 2, places, row_major=row_major)
    bits = 8 * SIZES[i.type]
    _aligned(f, i, 1, i.operands[0], stride, bits)
    values = [
        f.load(space_of(i), _where(f, 1, p, stride, bits, row_major=row_major), f"i{bits}", 1, bits // 8)[0]
        for p in places
    ]
    return tuple(halves.pairs(f.b, values)) if bits == 16 else tuple(values)


def _load(f: WarpFunction, i: Instruction, name: str) -> Results:
    matrix.whole(f)
    kind, row_major, space, b = i.modifiers[-1], i.has("row"), space_of(i), f.b
    if kind not in _TYPES[name] or i.has("a") == i.has("b"):
        raise f.refuse("this form is not supported")
    element = _element(kind)
    table = _a(element, _SHAPES[name]) if i.has("a") else _b(element, _SHAPES[name])
    stride = _stride(f, i, 2, [p for r in table for p in r], row_major=row_major)
    _aligned(f, i, 1, i.operands[0], stride, 1 if kind == "b1" else element.bits)
    if kind == "b1" and len(i.operands) > 2:
        stride = b.op("lshr", stride, integer(5, "i64"))
    register_bits = max(32, element.bits)
    if row_major == i.has("a"):
        # A register's elements lie side by side: one load.
        return _filled(i, f, [
            f.load(space, _where(f, 1, parts[0], stride, element.bits, row_major=row_major), f"i{register_bits}", 1)[0]
            for parts in table
        ])  # fmt: skip
    if element.bits < 8 or kind == "b1":
        raise f.refuse("this layout is not supported with less than 8 bits")
    found: list[Value] = []
    for parts in table:
        register: Value | None = None
        for n, part in enumerate(parts):
            where = _where(f, 1, part, stride, element.bits, row_major=row_major)
            one = b.resize(f.load(space, where, f"i{element.bits}", 1)[0], f"i{register_bits}", signed=False)
            one = b.op("shl", one, integer(element.bits * n)) if n else one
            register = one if register is None else b.op("or", register, one)
        if register is not None:
            found.append(register)
    return _filled(i, f, found)


def _filled(i: Instruction, f: WarpFunction, found: list[Value]) -> Results:
    """Registers of the fragment; those that our layout does not need are zero (f16 has each element twice on the card)."""
    target = i.operands[0]
    wanted = len(target.elements) if isinstance(target, Vector) else 1
    return (*found, *[f.b.spread(integer(0))] * (wanted - len(found)))


def _store(f: WarpFunction, i: Instruction, shape: tuple[int, int, int]) -> Results:
    matrix.whole(f)
    row_major, places = i.has("row"), _c(shape)
    stride = _stride(f, i, 2, places, row_major=row_major)
    bits = 8 * SIZES[i.type]
    _aligned(f, i, 0, i.operands[1], stride, bits)
    registers = [f.b.spread(v) for v in f.vector(1, f"i{max(32, bits)}")]
    b = f.b
    values = registers if bits > 16 else [
        b.cast("trunc", b.op("lshr", r, integer(16 * half)) if half else r, "i16")
        for r in registers for half in range(2)
    ]  # fmt: skip
    if len(values) != len(places):
        raise f.refuse("the number of registers does not fit its shape")
    for p, value in zip(places, values, strict=True):
        f.store(space_of(i), _where(f, 0, p, stride, bits, row_major=row_major), [value], bits // 8)
    return None


def _mma(f: WarpFunction, i: Instruction, name: str) -> Results:
    words = [w for w in i.modifiers if w in ELEMENTS or w in ("f32", "s32", "b1")]
    if len(words) == 2:
        (d, c), a, b_ = words, "f16", "f16"
    elif len(words) == 4:
        d, a, b_, c = words
    else:
        raise f.refuse("this form is not supported")
    if a != b_ or a not in _TYPES[name] or (d, c) not in matrix.SUMS[a]:
        raise f.refuse("this form is not supported")
    if i.has("satfinite") and a[0] not in "su":
        raise f.refuse(".satfinite is supported with integers alone")
    m, n_all, k = _SHAPES[name]
    tiles, columns = _tiles(m), n_all // 8
    form = (
        matrix.bits(f, i, tiles[0], k) if a == "b1"
        else matrix.Form(tiles[0], k, ELEMENTS[a], ELEMENTS[a], i.has("satfinite"))
    )  # fmt: skip
    storage = "i64" if a == "f64" else "i32"
    given_a, given_b = f.vector(1, storage), f.vector(2, storage)
    matrix.whole(f)
    wide, narrow = fragments.a_registers(form.a, tiles[0], form.k), fragments.b_registers(form.b, form.k)
    sums = matrix.accumulators(f, f.vector(3, storage), c, form)
    each = tiles[0] // 4
    found: list[Value] = []
    for down in range(len(tiles)):
        for across in range(columns):
            at = (down * columns + across) * each
            found += matrix.product(
                f, form, given_a[down * wide : (down + 1) * wide], given_b[across * narrow : (across + 1) * narrow],
                sums[at : at + each],
            )  # fmt: skip
    return matrix.packed(f, found, d)


WMMA: dict[str, WarpLowering] = {"wmma": wmma}
