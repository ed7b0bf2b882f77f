# ruff: noqa: ARG001 - figures of one element have one signature too
"""Which element of a matrix which lane holds: the ISA's tables, one formula a figure, written from its text.

Each function gives `(row, column)` of element i of a lane's fragment.

Source: PTX ISA 9.0, "Matrix Fragments for mma.m8n8k4 with .f16", "... mma.m8n8k4 with .f64", "... mma.m8n8k16",
"... mma.m8n8k32", "... mma.m8n8k128", "... mma.m16n8k4", "... m16n8k8", "... m16n8k16 with floating point type",
"... m16n8k16 with integer type", "... m16n8k32", "... m16n8k64", "... m16n8k128", "... m16n8k256", "ldmatrix".
"""

from __future__ import annotations

from collections.abc import Callable

Place = tuple[int, int]
Fragment = Callable[[int, int], Place]


def _g(lane: int) -> int:
    return lane >> 2


def _t(lane: int) -> int:
    return lane % 4


# -- A, by shape and bits of an element


def _a_m8n8k4_f64(lane: int, i: int) -> Place:
    return _g(lane), _t(lane)


def _a_m8n8k16(lane: int, i: int) -> Place:
    return _g(lane), _t(lane) * 4 + i


def _a_m8n8k32(lane: int, i: int) -> Place:
    return _g(lane), _t(lane) * 8 + i


def _a_m8n8k128(lane: int, i: int) -> Place:
    return _g(lane), _t(lane) * 32 + i


def _a_m16n8k4(lane: int, i: int) -> Place:
    """Both tf32 and f64."""
    return (_g(lane) if i == 0 else _g(lane) + 8), _t(lane)


def _a_m16n8k8_16(lane: int, i: int) -> Place:
    return (_g(lane) if i in (0, 1) else _g(lane) + 8), _t(lane) * 2 + (i & 1)


def _a_m16n8k8_32(lane: int, i: int) -> Place:
    """Both tf32 and f64."""
    return (_g(lane) if i in (0, 2) else _g(lane) + 8), (_t(lane) if i in (0, 1) else _t(lane) + 4)


def _a_m16n8k16_16(lane: int, i: int) -> Place:
    row = _g(lane) if 0 <= i < 2 or 4 <= i < 6 else _g(lane) + 8
    return row, (_t(lane) * 2 + (i & 1) if i < 4 else _t(lane) * 2 + (i & 1) + 8)


def _a_m16n8k16_f64(lane: int, i: int) -> Place:
    return (_g(lane) if i % 2 == 0 else _g(lane) + 8), (i * 2) - (i * 2) % 4 + _t(lane)


def _a_m16n8k16_8(lane: int, i: int) -> Place:
    return (_g(lane) if i < 4 else _g(lane) + 8), _t(lane) * 4 + (i & 3)


def _a_m16n8k32_8(lane: int, i: int) -> Place:
    row = _g(lane) if 0 <= i < 4 or 8 <= i < 12 else _g(lane) + 8
    return row, (_t(lane) * 4 + (i & 3) if i < 8 else _t(lane) * 4 + (i & 3) + 16)


def _a_m16n8k32_4(lane: int, i: int) -> Place:
    return (_g(lane) if i < 8 else _g(lane) + 8), _t(lane) * 8 + (i & 7)


def _a_m16n8k64_4(lane: int, i: int) -> Place:
    row = _g(lane) if 0 <= i < 8 or 16 <= i < 24 else _g(lane) + 8
    return row, (_t(lane) * 8 + (i & 7) if i < 16 else _t(lane) * 8 + (i & 7) + 32)


def _a_m16n8k128_1(lane: int, i: int) -> Place:
    return (_g(lane) if i < 32 else _g(lane) + 8), _t(lane) * 32 + (i & 31)


def _a_m16n8k256_1(lane: int, i: int) -> Place:
    row = _g(lane) if 0 <= i < 32 or 64 <= i < 96 else _g(lane) + 8
    return row, (_t(lane) * 32 + i % 32 if i < 64 else _t(lane) * 32 + i % 32 + 128)


A: dict[tuple[str, int], Fragment] = {
    ("m8n8k4", 64): _a_m8n8k4_f64, ("m8n8k16", 8): _a_m8n8k16, ("m8n8k32", 4): _a_m8n8k32,
    ("m8n8k128", 1): _a_m8n8k128, ("m16n8k4", 32): _a_m16n8k4, ("m16n8k4", 64): _a_m16n8k4,
    ("m16n8k8", 16): _a_m16n8k8_16, ("m16n8k8", 32): _a_m16n8k8_32, ("m16n8k8", 64): _a_m16n8k8_32,
    ("m16n8k16", 16): _a_m16n8k16_16, ("m16n8k16", 64): _a_m16n8k16_f64, ("m16n8k16", 8): _a_m16n8k16_8,
    ("m16n8k32", 8): _a_m16n8k32_8, ("m16n8k32", 4): _a_m16n8k32_4, ("m16n8k64", 4): _a_m16n8k64_4,
    ("m16n8k128", 1): _a_m16n8k128_1, ("m16n8k256", 1): _a_m16n8k256_1,
}  # fmt: skip

# -- B


def _b_first(wide: int) -> Fragment:
    """Fragments of one register of `wide` elements side by side."""
    return lambda lane, i: (_t(lane) * wide + i, _g(lane))


def _b_m16n8k8_32(lane: int, i: int) -> Place:
    return (_t(lane) if i == 0 else _t(lane) + 4), _g(lane)


def _b_m16n8k16_16(lane: int, i: int) -> Place:
    return (_t(lane) * 2 + (i & 1) if i < 2 else _t(lane) * 2 + (i & 1) + 8), _g(lane)


def _b_m16n8k16_f64(lane: int, i: int) -> Place:
    return _t(lane) + i * 4, _g(lane)


def _b_m16n8k32_8(lane: int, i: int) -> Place:
    return (_t(lane) * 4 + (i & 3) if i < 4 else _t(lane) * 4 + (i & 3) + 16), _g(lane)


def _b_m16n8k64_4(lane: int, i: int) -> Place:
    return (_t(lane) * 8 + (i & 7) if i < 8 else _t(lane) * 8 + (i & 7) + 32), _g(lane)


def _b_m16n8k256_1(lane: int, i: int) -> Place:
    return (_t(lane) * 32 + (i & 31) if i < 32 else _t(lane) * 32 + (i & 31) + 128), _g(lane)


B: dict[tuple[str, int], Fragment] = {
    ("m8n8k4", 64): _b_first(1), ("m8n8k16", 8): _b_first(4), ("m8n8k32", 4): _b_first(8),
    ("m8n8k128", 1): _b_first(32), ("m16n8k4", 32): _b_first(1), ("m16n8k4", 64): _b_first(1),
    ("m16n8k8", 16): _b_first(2), ("m16n8k8", 32): _b_m16n8k8_32, ("m16n8k8", 64): _b_m16n8k8_32,
    ("m16n8k16", 16): _b_m16n8k16_16, ("m16n8k16", 64): _b_m16n8k16_f64, ("m16n8k16", 8): _b_first(4),
    ("m16n8k32", 8): _b_m16n8k32_8, ("m16n8k32", 4): _b_first(8), ("m16n8k64", 4): _b_m16n8k64_4,
    ("m16n8k128", 1): _b_first(32), ("m16n8k256", 1): _b_m16n8k256_1,
}  # fmt: skip

# -- C and D


def c_m8n8(lane: int, i: int) -> Place:
    return _g(lane), _t(lane) * 2 + (i & 1)


def c_m16n8(lane: int, i: int) -> Place:
    return (_g(lane) if i < 2 else _g(lane) + 8), _t(lane) * 2 + (i & 1)


# -- the four products of mma.m8n8k4 with .f16: lanes 4 q to 4 q + 3 and 4 q + 16 to 4 q + 19 make product q


def quad(lane: int) -> int:
    return lane % 16 // 4


QUAD_A: dict[str, Fragment] = {
    "row": lambda lane, i: ((lane % 4 if lane < 16 else lane % 4 + 4), i),
    "col": lambda lane, i: ((i % 4 if lane < 16 else i % 4 + 4), lane % 4),
}
QUAD_B: dict[str, Fragment] = {
    "row": lambda lane, i: (lane % 4, (i if lane < 16 else i + 4)),
    "col": lambda lane, i: (i, (lane % 4 if lane < 16 else lane % 4 + 4)),
}


def _quad_c_f32(lane: int, i: int) -> Place:
    x = (lane & 0b1) + (i & 0b10)
    return (x if lane < 16 else x + 4), (i & 0b100) + (lane & 0b10) + (i & 0b1)


QUAD_C: dict[str, Fragment] = {
    "f16": lambda lane, i: ((lane % 4 if lane < 16 else lane % 4 + 4), i),
    "f32": _quad_c_f32,
}
