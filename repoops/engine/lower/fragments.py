"""Which element of a matrix each lane holds in which register, for `mma` and, as we choose it, for `wmma`.

A lane is `4 * g + t`. The layout of `wmma` fragments is not specified: ours puts tiles of `mma` side by
side, so that both run on the same product.

Source: PTX ISA 9.0, "Matrix Fragments for mma.m16n8k4 ... mma.m16n8k256", "Matrix Fragments for
mma.m8n8k4 with .f64", "... mma.m8n8k16", "... mma.m8n8k32", "... mma.m8n8k128".
"""

from __future__ import annotations

from dataclasses import dataclass

from repoops.engine.builder import WARP

Place = tuple[int, int]
"""Row and column."""


@dataclass(frozen=True, slots=True)
class Element:
    """A type of matrix elements: bits, how many a register of 32 bits (64 for f64) holds, what it is computed in."""

    name: str
    bits: int
    packed: int
    compute: str


ELEMENTS = {
    "f16": Element("f16", 16, 2, "float"), "bf16": Element("bf16", 16, 2, "float"),
    "tf32": Element("tf32", 32, 1, "float"), "f64": Element("f64", 64, 1, "double"),
    "s8": Element("s8", 8, 4, "i32"), "u8": Element("u8", 8, 4, "i32"),
    "s4": Element("s4", 4, 8, "i32"), "u4": Element("u4", 4, 8, "i32"),
    "e4m3": Element("e4m3", 8, 4, "float"), "e5m2": Element("e5m2", 8, 4, "float"),
}  # fmt: skip
BITWISE = {"xor": Element("b1xor", 32, 1, "i32"), "and": Element("b1and", 32, 1, "i32")}
"""Single bits, 32 at a time: a word counts as one element, and a shape's k is in words."""


def lane(number: int) -> tuple[int, int]:
    """G and t of a lane."""
    return number // 4, number % 4


def a_place(element: Element, rows: int, register: int, part: int, number: int) -> Place:
    """Row and column of A (rows x k) that a lane holds in part `part` of a register."""
    g, t = lane(number)
    half = rows // 8
    return g + 8 * (register % half), t * element.packed + part + 4 * element.packed * (register // half)


def b_place(element: Element, register: int, part: int, number: int) -> Place:
    """Row (k) and column (n, of 8) of B."""
    g, t = lane(number)
    return t * element.packed + part + 4 * element.packed * register, g


def c_place(register: int, number: int) -> Place:
    """Row and column of C or D with one element a register: 16 x 8 has four, 8 x 8 two."""
    g, t = lane(number)
    return g + 8 * (register // 2), 2 * t + register % 2


def a_registers(element: Element, rows: int, k: int) -> int:
    """Registers of A."""
    return rows * k // (WARP * element.packed)


def b_registers(element: Element, k: int) -> int:
    """Registers of B with 8 columns."""
    return 8 * k // (WARP * element.packed)
