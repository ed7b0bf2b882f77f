"""`wmma`: loads, products and stores of whole tiles, made of the tiles of `mma`.

Source: PTX ISA 9.0, "Warp Level Matrix Instructions: wmma.load, wmma.mma, wmma.store".
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from repoops.engine.builder import WARP, Value, integer
from repoops.engine.lower import fragments, matrix
from repoops.engine.lower.fragments import ELEMENTS, Element, Place
from repoops.engine.lower.frame import Results, WarpLowering
from repoops.engine.lower.space import space_of
from repoops.ptx.syntax import Instruction, Vector

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction

_SHAPES = {
    "m16n16k16": (16, 16, 16),
    "m32n8k16": (32, 8, 16),
    "m8n32k16": (8, 32, 16),
    "m16n16k8": (16, 16, 8),
}


def wmma(f: WarpFunction, i: Instruction) -> Results:
    """`wmma.load.{a,b,c}`, `wmma.store.d`, `wmma.mma`."""
    shape = next((_SHAPES[w] for w in i.modifiers if w in _SHAPES), None)
    if shape is None:
        raise f.refuse("this form is not supported")
    if i.has("load"):
        return _load(f, i, shape)
    if i.has("store"):
        return _store(f, i, shape)
    return _mma(f, i, shape)


def _tiles(rows: int) -> list[int]:
    """Rows of the tiles that a matrix of so many rows is cut into."""
    return [16] * (rows // 16) or [8]


def _a(element: Element, shape: tuple[int, int, int]) -> list[list[list[Place]]]:
    """Of A: for each register, each part of it, each lane: the place."""
    m, _, k = shape
    return [
        [
            [_moved(fragments.a_place(element, rows, r, part, n), 16 * number, 0) for n in range(WARP)]
            for part in range(element.packed)
        ]
        for number, rows in enumerate(_tiles(m))
        for r in range(fragments.a_registers(element, rows, k))
    ]


def _b(element: Element, shape: tuple[int, int, int]) -> list[list[list[Place]]]:
    _, n_all, k = shape
    return [
        [
            [_moved(fragments.b_place(element, r, part, n), 0, 8 * number) for n in range(WARP)]
            for part in range(element.packed)
        ]
        for number in range(n_all // 8)
        for r in range(fragments.b_registers(element, k))
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


def _offsets(f: WarpFunction, places: Sequence[Place], stride: Value, size: int, *, row_major: bool) -> Value:
    """Byte offsets of a lane's elements from the tile's first, i64."""
    b = f.b
    major = b.lane_constants([p[0] if row_major else p[1] for p in places], "i64")
    minor = b.lane_constants([(p[1] if row_major else p[0]) * size for p in places], "i64")
    return b.op("add", b.op("mul", major, b.op("mul", stride, integer(size, "i64"))), minor)


def _where(
    f: WarpFunction, k: int, places: Sequence[Place], stride: Value, size: int, *, row_major: bool
) -> Value:
    base = f.b.resize(f.address(k), "i64", signed=False)
    return f.b.op("add", base, _offsets(f, places, stride, size, row_major=row_major))


def _stride(
    f: WarpFunction, i: Instruction, k: int, places: Sequence[Sequence[Place]], *, row_major: bool
) -> Value:
    if len(i.operands) > k:
        return f.b.resize(f.src(k, "i32"), "i64", signed=False)
    width = 1 + max(p[1] if row_major else p[0] for one in places for p in one)
    return integer(width, "i64")


def _load(f: WarpFunction, i: Instruction, shape: tuple[int, int, int]) -> Results:
    matrix.whole(f)
    row_major = i.has("row")
    space = space_of(i)
    b = f.b
    kind = i.type
    if i.has("c"):
        places = _c(shape)
        stride = _stride(f, i, 2, places, row_major=row_major)
        size = 2 if kind == "f16" else 4
        values = [
            f.load(space, _where(f, 1, p, stride, size, row_major=row_major), f"i{8 * size}", 1, size)[0]
            for p in places
        ]
        return tuple(values) if size == 4 else tuple(_paired(f, values))
    element = ELEMENTS.get(kind)
    if element is None or not (i.has("a") or i.has("b")):
        raise f.refuse("this form is not supported")
    table = _a(element, shape) if i.has("a") else _b(element, shape)
    stride = _stride(f, i, 2, [p for r in table for p in r], row_major=row_major)
    size = element.bits // 8
    found: list[Value] = []
    along = row_major == i.has("a")
    for parts in table:
        if along and element.packed > 1:
            # A register's elements lie side by side: one load.
            where = _where(f, 1, parts[0], stride, size, row_major=row_major)
            found.append(f.load(space, where, "i32", 1, 4)[0])
            continue
        register: Value | None = None
        for n, part in enumerate(parts):
            where = _where(f, 1, part, stride, size, row_major=row_major)
            one = b.resize(b.spread(f.load(space, where, f"i{8 * size}", 1, size)[0]), "i32", signed=False)
            one = b.op("shl", one, integer(element.bits * n)) if n else one
            register = one if register is None else b.op("or", register, one)
        if register is not None:
            found.append(register)
    target = i.operands[0]
    wanted = len(target.elements) if isinstance(target, Vector) else len(found)
    return (*found, *[b.spread(integer(0))] * (wanted - len(found)))


def _paired(f: WarpFunction, values: Sequence[Value]) -> list[Value]:
    b = f.b
    wide = [b.cast("zext", b.spread(v), "i32") for v in values]
    return [b.op("or", x, b.op("shl", y, integer(16))) for x, y in zip(wide[::2], wide[1::2], strict=True)]


def _store(f: WarpFunction, i: Instruction, shape: tuple[int, int, int]) -> Results:
    matrix.whole(f)
    row_major = i.has("row")
    places = _c(shape)
    stride = _stride(f, i, 2, places, row_major=row_major)
    registers = [f.b.spread(v) for v in f.vector(1, "i32")]
    b = f.b
    if i.type == "f16":
        values = [
            b.cast("trunc", b.op("lshr", r, integer(16 * half)) if half else r, "i16")
            for r in registers for half in range(2)
        ]  # fmt: skip
        size = 2
    else:
        values, size = registers, 4
    for p, value in zip(places, values, strict=True):
        f.store(space_of(i), _where(f, 0, p, stride, size, row_major=row_major), [value], size)
    return None


def _mma(f: WarpFunction, i: Instruction, shape: tuple[int, int, int]) -> Results:
    words = [w for w in i.modifiers if w in ELEMENTS or w in ("f32", "s32")]
    if len(words) == 2:
        (d, c), a, b_ = words, "f16", "f16"
    elif len(words) == 4:
        d, a, b_, c = words
    else:
        raise f.refuse("this form is not supported")
    m, n_all, k = shape
    one, other = ELEMENTS[a], ELEMENTS[b_]
    given_a, given_b = f.vector(1, "i32"), f.vector(2, "i32")
    matrix.whole(f)
    tiles, columns = _tiles(m), n_all // 8
    wide, narrow = fragments.a_registers(one, tiles[0], k), fragments.b_registers(other, k)
    form = matrix.Form(tiles[0], k, one, other, i.has("satfinite"))
    sums = matrix.accumulators(f, f.vector(3, "i32"), c, form)
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
