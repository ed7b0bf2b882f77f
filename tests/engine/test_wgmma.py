"""`wgmma`: every swizzle and major dimension against CUTLASS's layouts, A in memory and in registers, scales, types.

Elements are small integers, so that results must be equal.
"""

from __future__ import annotations

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


def _tile(image: Array, start: int, matrix: Array, wide: int) -> None:
    """A tile of rows and columns, as ThunderKittens addresses its elements: subtiles of `wide` bytes a row, one after the other."""
    rows, each = len(matrix), wide // 2
    codes = _halves(matrix, "f16")
    for r, c in np.ndindex(matrix.shape):
        at = start + 2 * (c // each * rows * each + r * each + c % each)
        at ^= at % (8 * wide) >> 7 << 4
        image[at : at + 2] = np.frombuffer(int(codes[r, c]).to_bytes(2, "little"), np.uint8)


@pytest.mark.parametrize("wide", [32, 64, 128])
@pytest.mark.parametrize("turned", [0, 1])
def test_tiles_of_a_library_that_runs_on_the_card(wide: int, turned: int) -> None:
    """Its element addresses, descriptors and steps along k, in both major dimensions; two subtiles side by side.

    Source: ThunderKittens, `include/types/shared/st.cuh`, `idx`; `include/ops/group/mma/warpgroup`, `st_descriptor`,
    `chunk_descriptor`.
    """
    depth, form = wide, Product(wide, a_turned=turned, b_turned=turned)
    a, b, c = _integers(64, depth), _integers(wide, depth), np.zeros((64, wide))
    image = np.zeros(2 * ROOM, np.uint8)
    mode = {32: 3, 64: 2, 128: 1}[wide]
    words = []
    for matrix, start in ((a, 0), (b, ROOM)):
        tile = matrix.T if turned else matrix
        _tile(image, start, tile, wide)
        lead = wide * len(tile) if turned else 16
        words.append(start >> 4 | lead >> 4 << 16 | 8 * wide >> 4 << 32 | mode << 62)
    for chunk in range(depth // 16):
        steps = [
            16 * wide * chunk if turned else chunk % (wide // 32) * 32 + chunk // (wide // 32) * wide * len(m)
            for m in (a, b)
        ]
        c, _ = run(form, image, (words[0] + (steps[0] >> 4), words[1] + (steps[1] >> 4)), c)
    assert (c == a @ b.T).all()


@pytest.mark.parametrize("form", CASES[:1] + CASES[4:5] + CASES[-1:], ids=str)
def test_the_assembler_takes_what_is_tested(form: Product) -> None:
    assert ptxas.assemble(ptx(form, 4096), "sm_90a")[0]
