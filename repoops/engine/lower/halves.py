"""Products of 16-bit elements with 16 rows: one matrix A with one or two tiles of eight columns in one call.

What a product costs on a CPU beside its fused multiply-adds is bringing elements to their lanes. A register
of A or B is an 8 x 8 matrix of 16-bit elements, row (of B: column) by row, over the lanes. A is widened by
quads of a row, so that the element of one k reaches its row's four lanes by a shuffle within 128 bits. B is
turned and put into memory: its eight elements of one k are two quarters there, even columns and odd ones,
and a load that repeats a quarter for all rows costs no shuffle. A's share is paid once for all tiles.

Sums are kept in float32 in the order of k, as in `matrix`.

Source: PTX ISA 9.0, "Matrix Fragments for mma.m16n8k8", "Matrix Fragments for mma.m16n8k16 with floating point type".
"""

from __future__ import annotations

import platform
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repoops.engine.builder import WARP, Builder, Value, integer
from repoops.engine.lower.fragments import Element

if TYPE_CHECKING:
    from repoops.engine.unit import Unit

CONVENTION = "x86_regcallcc" if platform.machine() in ("x86_64", "AMD64") else "fastcc"
"""Passes 16 vector registers each way: the sums of two tiles stay in registers from one call to the next."""
_ROW = 8
"""Elements of a row of a register's 8 x 8 matrix."""
_LANES = f"<{WARP} x float>"

Column = tuple[Sequence[Value], Sequence[Value]]
"""A tile's registers of B, and its four sums."""


@dataclass(frozen=True, slots=True)
class Tiles:
    """A product of `count` tiles of eight columns; `k` is 8 or 16, elements are f16 or bf16."""

    element: Element
    k: int
    count: int

    @property
    def name(self) -> str:
        """Of the function."""
        return f"mma_m16n{8 * self.count}k{self.k}_{self.element.name}"

    @property
    def result(self) -> str:
        """Its type."""
        return "{" + ", ".join([_LANES] * (4 * self.count)) + "}"


def two(b: Builder, register: Value) -> list[Value]:
    """The two f16 of a register as float32, the lower first."""
    low = b.cast("trunc", register, "i16")
    high = b.cast("trunc", b.op("lshr", register, integer(16)), "i16")
    return [b.cast("fpext", b.bits(v, "half"), "float") for v in (low, high)]


def pairs(b: Builder, values: Sequence[Value]) -> list[Value]:
    """16-bit integers, two to a register, the lower first."""
    wide = [b.cast("zext", b.spread(v), "i32") for v in values]
    return [b.op("or", x, b.op("shl", y, integer(16))) for x, y in zip(wide[::2], wide[1::2], strict=True)]


def product(
    unit: Unit, b: Builder, tiles: Tiles, a: Sequence[Value], columns: Sequence[Column]
) -> list[list[Value]]:
    """D = A B + C for each tile: four values of float32."""
    if tiles.name not in unit.helpers:
        unit.helpers[tiles.name] = _function(tiles, unit.declarations)
    values = [*(c for _, sums in columns for c in sums), *(r for given, _ in columns for r in given), *a]
    arguments = ", ".join(str(b.spread(v)) for v in values)
    found = b.emit(f"call {CONVENTION} {tiles.result} @{tiles.name}({arguments})", "float").text
    every = [
        b.emit(f"extractvalue {tiles.result} {found}, {n}", "float", lanes=True)
        for n in range(4 * tiles.count)
    ]
    return [every[n : n + 4] for n in range(0, len(every), 4)]


def _function(tiles: Tiles, declarations: dict[str, str]) -> str:
    """The function's text: sums, registers of B, registers of A in; sums out."""
    b = Builder(declarations=declarations)
    eighths = tiles.k // _ROW
    sums = [Value(f"%c{n}", "float", lanes=True) for n in range(4 * tiles.count)]
    given_b = [Value(f"%b{n}", "i32", lanes=True) for n in range(eighths * tiles.count)]
    given_a = [Value(f"%a{n}", "i32", lanes=True) for n in range(2 * eighths)]
    parameters = ", ".join(str(v) for v in (*sums, *given_b, *given_a))
    place = _kept(b, tiles.element, given_b)
    for eighth in range(eighths):
        quads = [_quads(b, tiles.element, given_a[2 * eighth + half]) for half in range(2)]
        for k in range(_ROW):
            rows = [_row(b, q, k) for q in quads]
            for n in range(tiles.count):
                first = 64 * (eighths * n + eighth) + 8 * k
                columns = [_columns(b, place, first + 4 * side) for side in range(2)]
                for at in range(4):
                    sums[4 * n + at] = b.intrinsic("fma", [rows[at // 2], columns[at % 2], sums[4 * n + at]])
    last = "poison"
    for n, value in enumerate(sums):
        last = b.emit(f"insertvalue {tiles.result} {last}, {value}, {n}", "float").text
    b.line(f"ret {tiles.result} {last}")
    head = f"define internal {CONVENTION} {tiles.result} @{tiles.name}({parameters}) noinline"
    return f"{head} {{\n" + "\n".join(b.lines) + "\n}\n"


def _kept(b: Builder, element: Element, registers: Sequence[Value]) -> str:
    """B in memory, 64 elements for each register."""
    place = b.emit(f"alloca [{len(registers)} x <64 x float>], align 64", "ptr").text
    for n, register in enumerate(registers):
        at = b.emit(f"getelementptr <64 x float>, ptr {place}, i64 {n}", "ptr").text
        b.line(f"store <64 x float> {_turned(b, element, register)}, ptr {at}, align 64")
    # Or LLVM keeps them in registers after all, and shuffles.
    b.line(f'call void asm sideeffect "", "r,~{{memory}}"(ptr {place})')
    return place


def _quads(b: Builder, element: Element, register: Value) -> str:
    """A as <64 x float>: for rows 0 to 3 the elements of k from 0 to 3, then of 4 to 7; the same for rows 4 to 7."""
    pairs = b.emit(f"bitcast {register} to <16 x i64>", "i64").text
    order = ", ".join(
        f"i32 {8 * upper + 2 * row + quad}" for upper in range(2) for quad in range(2) for row in range(4)
    )
    quads = b.emit(f"shufflevector <16 x i64> {pairs}, <16 x i64> poison, <16 x i32> <{order}>", "i64").text
    return _widened(b, element, f"<16 x i64> {quads}", 64).text


def _row(b: Builder, quads: str, k: int) -> Value:
    """A[row][k] in the four lanes of each row."""
    order = ", ".join(f"i32 {n // 16 * 32 + k // 4 * 16 + n % 16 // 4 * 4 + k % 4}" for n in range(WARP))
    return b.emit(
        f"shufflevector <64 x float> {quads}, <64 x float> poison, <{WARP} x i32> <{order}>",
        "float",
        lanes=True,
    )


def _turned(b: Builder, element: Element, register: Value) -> str:
    """B as <64 x float>: for each k the elements of columns 0, 2, 4, 6, then of 1, 3, 5, 7."""
    halves = b.emit(f"bitcast {register} to <64 x i16>", "i16").text
    order = ", ".join(
        f"i32 {(2 * j + side) * _ROW + k}" for k in range(_ROW) for side in range(2) for j in range(4)
    )
    turned = b.emit(f"shufflevector <64 x i16> {halves}, <64 x i16> poison, <64 x i32> <{order}>", "i16").text
    return _widened(b, element, f"<64 x i16> {turned}", 64).text


def _widened(b: Builder, element: Element, bits: str, count: int) -> Value:
    """16-bit elements as float32."""
    if element.name == "f16":
        halves = b.emit(f"bitcast {bits} to <{count} x half>", "half").text
        return b.emit(f"fpext <{count} x half> {halves} to <{count} x float>", "float", lanes=True)
    whole = b.emit(f"bitcast {bits} to <{count} x i16>", "i16").text
    wide = b.emit(f"zext <{count} x i16> {whole} to <{count} x i32>", "i32").text
    upper = b.emit(f"shl <{count} x i32> {wide}, splat (i32 16)", "i32").text
    return b.emit(f"bitcast <{count} x i32> {upper} to <{count} x float>", "float", lanes=True)


def _columns(b: Builder, place: str, first: int) -> Value:
    """Four elements of B, repeated for every row."""
    at = b.emit(f"getelementptr float, ptr {place}, i64 {first}", "ptr").text
    four = b.emit(f"load <4 x float>, ptr {at}, align 16", "float").text
    order = ", ".join(f"i32 {n % 4}" for n in range(WARP))
    return b.emit(
        f"shufflevector <4 x float> {four}, <4 x float> poison, <{WARP} x i32> <{order}>", "float", lanes=True
    )
