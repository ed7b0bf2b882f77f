"""`mma.m8n8k4` of f16: four products of 8 x 4 and 4 x 8 at once, each by eight lanes, four of each half warp.

Source: PTX ISA 9.0, "Matrix Fragments for mma.m8n8k4 with .f16 floating point type".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from repoops.engine.builder import WARP, Builder, Value
from repoops.engine.lower import halves
from repoops.ptx.syntax import Instruction

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction

Where = Callable[[int, int], tuple[int, int]]
"""`(lane, element) -> (row, column)`."""


def _own(lane: int) -> int:
    """A lane's own row or column of eight."""
    return lane % 4 + 4 * (lane // 16)


def _wide(lane: int, n: int) -> tuple[int, int]:
    row = (lane & 1) + (n & 2) + 4 * (lane // 16)
    return row, (n & 4) + (lane & 2) + (n & 1)


_A: dict[str, Where] = {
    "row": lambda lane, n: (_own(lane), n),
    "col": lambda lane, n: (n + 4 * (lane // 16), lane % 4),
}
_B: dict[str, Where] = {
    "row": lambda lane, n: (lane % 4, n + 4 * (lane // 16)),
    "col": lambda lane, n: (n, _own(lane)),
}
_C: dict[str, Where] = {"f16": lambda lane, n: (_own(lane), n), "f32": _wide}


def product(f: WarpFunction, i: Instruction) -> list[Value]:
    """`mma.sync.aligned.m8n8k4.alayout.blayout.dtype.f16.f16.ctype d, a, b, c`: D's eight elements of each lane."""
    words = i.modifiers[3:]
    if (
        len(words) != 6
        or words[0] not in _A
        or words[1] not in _B
        or words[2] not in _C
        or words[5] not in _C
    ):
        raise f.refuse("this form is not supported")
    b = f.b
    d, c = words[2], words[5]
    a = _joined(b, _halves(b, f.vector(1, "i32")), _A[words[0]], 4)
    other = _joined(b, _halves(b, f.vector(2, "i32")), _B[words[1]], 4)
    given = f.vector(3, "i32")
    start = [b.spread(b.bits(r, "float")) for r in given] if c == "f32" else _halves(b, given)
    if (len(f.vector(1, "i32")), len(f.vector(2, "i32")), len(start)) != (2, 2, 8):
        raise f.refuse("the number of registers does not fit its shape")
    sums = _joined(b, start, _C[c], 8)
    return [_sum(b, a, other, sums, [_C[d](lane, n) for lane in range(WARP)]) for n in range(8)]


def _halves(b: Builder, registers: Sequence[Value]) -> list[Value]:
    """The f16 of registers as float32, each over the lanes."""
    return [half for register in registers for half in halves.two(b, b.spread(register))]


class _Matrix:
    """Fragments of four matrices as one vector, and where in it each element stands."""

    def __init__(self, vector: str, size: int, where: Where, count: int) -> None:
        self.vector, self.size = vector, size
        self.index = {
            (lane % 16 // 4, *where(lane, n)): n * WARP + lane for lane in range(WARP) for n in range(count)
        }

    def at(self, b: Builder, places: Sequence[tuple[int, int]]) -> Value:
        """For each lane an element of its own matrix."""
        picks = [self.index[lane % 16 // 4, row, column] for lane, (row, column) in enumerate(places)]
        kind = f"<{self.size} x float>"
        pattern = ", ".join(f"i32 {n}" for n in picks)
        return b.emit(
            f"shufflevector {kind} {self.vector}, {kind} poison, <{WARP} x i32> <{pattern}>",
            "float",
            lanes=True,
        )


def _joined(b: Builder, planes: Sequence[Value], where: Where, count: int) -> _Matrix:
    parts, width = [v.text for v in planes], WARP
    while len(parts) > 1:
        kind, order = f"<{width} x float>", ", ".join(f"i32 {n}" for n in range(2 * width))
        parts = [
            b.emit(f"shufflevector {kind} {x}, {kind} {y}, <{2 * width} x i32> <{order}>", "float").text
            for x, y in zip(parts[::2], parts[1::2], strict=True)
        ]
        width *= 2
    return _Matrix(parts[0], width, where, count)


def _sum(b: Builder, a: _Matrix, other: _Matrix, sums: _Matrix, places: Sequence[tuple[int, int]]) -> Value:
    total = sums.at(b, places)
    for k in range(4):
        x = a.at(b, [(row, k) for row, _ in places])
        y = other.at(b, [(k, column) for _, column in places])
        total = b.intrinsic("fma", [x, y, total])
    return total
