"""`wgmma`: every swizzle and major dimension against CUTLASS's layouts, A in memory and in registers, scales, types.

Elements are small integers, so that results must be equal.
"""

from __future__ import annotations

from itertools import product as every
from typing import Any

import numpy as np
import pytest

from repoops.backends.interface import CHECKS
from repoops.nvidia import ptxas
from tests.engine.warpgroups import Product, ptx, run
from tests.reference.descriptors import Descriptor
from tests.reference.formats import encode, number_of

Array = np.ndarray[Any, Any]
ROOM = 64 << 10
_DRAW = np.random.default_rng(11)


def _integers(rows: int, columns: int) -> Array:
    return _DRAW.integers(-4, 5, (rows, columns))


def _halves(values: Array, kind: str) -> Array:
    known, number = np.unique(values, return_inverse=True)
    return np.array([encode(number_of(int(v)), kind) for v in known], np.uint16)[number].reshape(values.shape)


def _described(mode: str, start: int, rows: int, *, turned: bool) -> Descriptor:
    """A layout with gaps, so that no two strides are the same by chance."""
    width = {"none": 16, "32": 32, "64": 64, "128": 128}[mode]
    if mode == "none":
        return Descriptor(mode, start, 128 + 16 * 3, 2 * 128 + 16 * 9)
    pattern = 8 * width
    if not turned:
        return Descriptor(mode, start, 16, 2 * pattern)
    return (
        Descriptor(mode, start, 2 * pattern * 2, pattern)
        if rows > width // 2
        else Descriptor(mode, start, 16, pattern)
    )


def _put(image: Array, where: Descriptor, matrix: Array, kind: str, *, turned: bool) -> None:
    codes = _halves(matrix, kind)
    taken: set[int] = set()
    for mn, k in np.ndindex(matrix.shape):
        at = where.place(mn, k, turned=turned)
        assert at not in taken
        taken.add(at)
        image[at : at + 2] = np.frombuffer(int(codes[mn, k]).to_bytes(2, "little"), np.uint8)


CASES = [
    *(Product(n) for n in (8, 24, 256)), *(Product(n, registers=True) for n in (8, 40)),
    Product(16, "bf16", a_turned=1, b_turned=1), Product(72, b_turned=1), Product(16, a_turned=1),
    Product(24, "bf16", registers=True, b_turned=1), Product(16, a_sign=-1), Product(16, b_sign=-1),
    Product(16, "bf16", registers=True, a_sign=-1, b_sign=-1),
]  # fmt: skip


@pytest.mark.parametrize("form", CASES, ids=str)
def test_products_follow_the_layouts(form: Product) -> None:
    a, b, c = _integers(64, 16), _integers(form.columns, 16), _integers(64, form.columns)
    for mode, adds in (("none", 1), ("32", 1), ("64", 0), ("128", 1)):
        image = np.full(2 * ROOM, 0x7F, np.uint8)
        a_at = _described(mode, 0, 64, turned=bool(form.a_turned))
        b_at = _described(mode, ROOM, form.columns, turned=bool(form.b_turned))
        _put(image, a_at, a, form.kind, turned=bool(form.a_turned))
        _put(image, b_at, b, form.kind, turned=bool(form.b_turned))
        given = _halves(a, form.kind) if form.registers else None
        have = run(form, image, (a_at.word, b_at.word), c, a=given, adds=adds)[0]
        assert (have == form.a_sign * form.b_sign * (a @ b.T) + adds * c).all(), mode


@pytest.mark.parametrize("form", [Product(24, b_turned=1), Product(16, a_turned=1)], ids=str)
def test_the_checks_change_no_result_and_find_nothing(form: Product) -> None:
    a, b, c = _integers(64, 16), _integers(form.columns, 16), _integers(64, form.columns)
    image = np.zeros(2 * ROOM, np.uint8)
    a_at = _described("64", 0, 64, turned=bool(form.a_turned))
    b_at = _described("128", ROOM, form.columns, turned=bool(form.b_turned))
    _put(image, a_at, a, form.kind, turned=bool(form.a_turned))
    _put(image, b_at, b, form.kind, turned=bool(form.b_turned))
    have, result = run(form, image, (a_at.word, b_at.word), c, checks=(*CHECKS, "counters"))
    assert (have == a @ b.T + c).all()
    assert not result.findings
    assert result.counters["tensor_ops"] == 4


def test_a_base_offset_ends_the_launch() -> None:
    word = Descriptor("128", 0, 16, 1024).word
    _, result = run(Product(8), np.zeros(ROOM, np.uint8), (word, word | 1 << 49), np.zeros((64, 8)))
    assert [found.rule for found in result.findings] == ["base-offset"]


def test_a_start_inside_a_pattern_is_a_step_along_k() -> None:
    """Tiles of 64 in k: the descriptor's start goes on by 32 bytes, and the swizzle still follows the whole address."""
    form = Product(16)
    a, b, c = _integers(64, 64), _integers(16, 64), np.zeros((64, 16))
    image = np.zeros(2 * ROOM, np.uint8)
    for (matrix, start), step in every(((a, 0), (b, ROOM)), range(64)):
        for row in range(len(matrix)):
            at = start + 128 * row + (2 * step ^ row % 8 * 16)
            image[at : at + 2] = np.frombuffer(
                int(_halves(matrix[row : row + 1, step], "f16")[0]).to_bytes(2, "little"), np.uint8
            )
    for step in range(0, 64, 16):
        a_at, b_at = (Descriptor("128", start + 2 * step, 16, 1024) for start in (0, ROOM))
        c, _ = run(form, image, (a_at.word, b_at.word), c)
    assert (c == a @ b.T).all()


@pytest.mark.parametrize("form", CASES[:1] + CASES[4:5] + CASES[-1:], ids=str)
def test_the_assembler_takes_what_is_tested(form: Product) -> None:
    assert ptxas.assemble(ptx(form, 4096), "sm_90a")[0]
