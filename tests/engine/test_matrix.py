"""`mma`, `wmma`, `ldmatrix`, `stmatrix`, `movmatrix`: every shape and type against the ISA's tables.

Elements are small integers that every type and every sum holds exactly, so results must be equal; and each
element of A, then of B, is once the only one that is not zero, so that one in a wrong place shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from repoops import engine
from repoops.engine.lower.matrix import SHAPES
from repoops.engine.unit import Refused
from repoops.kernel.model import Launch
from tests.engine.warps import HEAD, run
from tests.reference import fragments as tables
from tests.reference.formats import encode, number_of

Matrix = np.ndarray[Any, Any]
BITS = {"f16": 16, "bf16": 16, "tf32": 32, "f64": 64, "f32": 32, "s32": 32, "s8": 8, "u8": 8, "s4": 4, "u4": 4,
        "e4m3": 8, "e5m2": 8, "b1": 1}  # fmt: skip
_SMALL = {"b1": (0, 1), "u4": (0, 1, 7, 8, 15), "s4": (-8, -7, -1, 0, 3, 7), "u8": (0, 1, 127, 128, 255),
          "s8": (-128, -127, -1, 0, 5, 127)}  # fmt: skip
_FLOAT = (-4, -3, -2, -1, 0, 1, 2, 3, 4)


@pytest.fixture(scope="module")
def keep(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def _code(value: int, kind: str) -> int:
    if kind in ("s32", "s8", "u8", "s4", "u4", "b1"):
        return value & (1 << BITS[kind]) - 1
    return encode(number_of(int(value)), "f32" if kind == "tf32" else kind)


def _registers(
    matrices: Sequence[Matrix] | Matrix, kind: str, where: tables.Fragment, count: int
) -> list[Matrix]:
    """Matrices as fragments: for each register an array (matrices, 32)."""
    places = np.array([[where(lane, i) for i in range(count)] for lane in range(32)])
    return _packed(np.asarray(matrices)[:, places[..., 0], places[..., 1]], kind)


def _packed(values: Matrix, kind: str) -> list[Matrix]:
    """Elements (trials, 32, count) as registers, each (trials, 32)."""
    each = max(32, BITS[kind]) // BITS[kind]
    known, number = np.unique(values, return_inverse=True)
    codes = np.array([_code(int(v), kind) for v in known], np.uint64)[number].reshape(values.shape)
    shifts = (BITS[kind] * np.arange(each)).astype(np.uint64)
    return [
        (codes[..., r : r + each] << shifts).sum(-1, dtype=np.uint64) for r in range(0, values.shape[2], each)
    ]


def _matrices(shape: str, a: str, b: str, seed: int) -> tuple[list[Matrix], list[Matrix]]:
    m, n, k = map(int, re.findall(r"\d+", shape))
    draw = np.random.default_rng(seed)

    def any_of(rows: int, columns: int, kind: str) -> Matrix:
        return draw.choice(_SMALL.get(kind, _FLOAT), (rows, columns))

    def alone(rows: int, columns: int) -> list[Matrix]:
        """One element at a time; of large matrices every seventh, so that each row and column has some."""
        step = 1 if rows * columns <= 256 else 7
        found = []
        for at in range(seed % step, rows * columns, step):
            one = np.zeros((rows, columns), int)
            one[at // columns, at % columns] = 1
            found.append(one)
        return found

    ones_a, ones_b = alone(m, k), alone(k, n)
    first = [*ones_a, *(any_of(m, k, a) for _ in ones_b), *(any_of(m, k, a) for _ in range(8))]
    other = [*(any_of(k, n, b) for _ in ones_a), *ones_b, *(any_of(k, n, b) for _ in range(8))]
    return first, other


def _vector(letter: str, start: int, count: int, bits: int) -> str:
    return "{" + ", ".join(f"%{letter}{start + n}:b{bits}" for n in range(count)) + "}"


def _forms() -> list[tuple[str, ...]]:
    found = []
    for shape, a in sorted(SHAPES):
        others = {"s": "su", "u": "su", "e": "e"}.get(a[0], "")
        b_all = [
            o for o in ("s8", "u8", "s4", "u4", "e4m3", "e5m2") if o[0] in others and BITS[o] == BITS[a]
        ] or [a]
        if a[0] in "sub" and a != "bf16":
            sums = [("s32", "s32")]
        elif a == "f64":
            sums = [("f64", "f64")]
        else:
            sums = (
                list(product(("f32", "f16"), repeat=2)) if a in ("f16", "e4m3", "e5m2") else [("f32", "f32")]
            )
        ways = ("xor", "and") if a == "b1" else ("", "satfinite") if a[0] in "su" else ("",)
        found += [(shape, a, b, d, c, how) for b in b_all for (d, c), how in product(sums, ways)]
    return found


def _product(a: Matrix, b: Matrix, how: str) -> Matrix:
    if not how:
        return a @ b
    function: Callable[..., Matrix] = np.bitwise_xor if how == "xor" else np.bitwise_and
    return function(a[:, :, None], b[None, :, :]).sum(1)


def _sums_fit(matrix: Matrix, kind: str) -> bool:
    return bool(np.abs(matrix).max() <= 2048) if kind == "f16" else True


@pytest.mark.parametrize(("shape", "a", "b", "d", "c", "how"), _forms())
def test_mma_follows_the_tables(keep: Path, shape: str, a: str, b: str, d: str, c: str, how: str) -> None:
    m, n, k = map(int, re.findall(r"\d+", shape))
    first, other = _matrices(shape, a, b, seed=3)
    draw = np.random.default_rng(4)
    start = [draw.integers(-9, 10, (m, n)) for _ in first]
    if how == "satfinite":
        start[-4:] = [np.full((m, n), v) for v in (2**31 - 1, -(2**31), 2**31 - 40, 9 - 2**31)]
    table_c = tables.c_m8n8 if m == 8 else tables.c_m16n8
    key_a, key_b = (shape, BITS[a]), (shape, BITS[b])
    parts = [
        _registers(first, a, tables.A[key_a], m * k // 32), _registers(other, b, tables.B[key_b], k * n // 32),
        _registers(start, c, table_c, m * n // 32),
    ]  # fmt: skip
    bits = 64 if a == "f64" else 32
    starts = [0, len(parts[0]), len(parts[0]) + len(parts[1])]
    given = ", ".join(_vector("s", s, len(p), bits) for s, p in zip(starts, parts, strict=True))
    count_d = m * n * BITS[d] // 32 // max(32, BITS[d])
    middle = ".satfinite" if how == "satfinite" else ""
    end = f".{how}.popc" if how in ("xor", "and") else ""
    text = f"mma.sync.aligned.{shape}.row.col{middle}.{d}.{a}.{b}.{c}{end} {_vector('d', 0, count_d, bits)}, {given}"
    have = run(text, [r for p in parts for r in p], keep=keep)
    truth = [
        _product(x, y, how if how != "satfinite" else "") + z
        for x, y, z in zip(first, other, start, strict=True)
    ]
    if d == "s32":
        truth = [np.clip(t, -(2**31), 2**31 - 1) for t in truth]
    assert all(_sums_fit(t, d) for t in truth)
    want = _registers(truth, d, table_c, m * n // 32)
    for r, (x, y) in enumerate(zip(have, want, strict=True)):
        assert (x == y).all(), f"register {r}: {np.argwhere(x != y)[:5].tolist()} (trial, lane)"


@pytest.mark.parametrize(("left", "right"), list(product(("row", "col"), repeat=2)))
@pytest.mark.parametrize(("d", "c"), list(product(("f16", "f32"), repeat=2)))
def test_four_products_of_quads(keep: Path, left: str, right: str, d: str, c: str) -> None:
    draw = np.random.default_rng(5)
    trials = 40
    first, other = (draw.integers(-4, 5, (trials, 4, *s)) for s in ((8, 4), (4, 8)))
    start = draw.integers(-9, 10, (trials, 4, 8, 8))

    def registers(matrices: Matrix, kind: str, where: tables.Fragment, count: int) -> list[Matrix]:
        places = np.array([[where(lane, i) for i in range(count)] for lane in range(32)])
        quads = np.array([[tables.quad(lane)] * count for lane in range(32)])
        return _packed(matrices[:, quads, places[..., 0], places[..., 1]], kind)

    parts = [
        registers(first, "f16", tables.QUAD_A[left], 4), registers(other, "f16", tables.QUAD_B[right], 4),
        registers(start, c, tables.QUAD_C[c], 8),
    ]  # fmt: skip
    text = (
        f"mma.sync.aligned.m8n8k4.{left}.{right}.{d}.f16.f16.{c} {_vector('d', 0, 8 if d == 'f32' else 4, 32)}, "
        f"{_vector('s', 0, 2, 32)}, {_vector('s', 2, 2, 32)}, {_vector('s', 4, len(parts[2]), 32)}"
    )
    have = run(text, [r for p in parts for r in p], keep=keep)
    want = registers(first @ other + start, d, tables.QUAD_C[d], 8)
    assert all((x == y).all() for x, y in zip(have, want, strict=True))


_WMMA = [
    *(("m16n16k16", k) for k in ("f16", "bf16", "s8", "u8")), *(("m32n8k16", k) for k in ("f16", "bf16", "s8", "u8")),
    *(("m8n32k16", k) for k in ("f16", "bf16", "s8", "u8")), ("m16n16k8", "tf32"), ("m8n8k4", "f64"),
    ("m8n8k32", "s4"), ("m8n8k32", "u4"), ("m8n8k128", "b1"),
]  # fmt: skip
_COUNTS = {"f16": (8, 8), "tf32": (4, 4), "f64": (1, 1), "s4": (1, 1), "u4": (1, 1), "b1": (1, 1)}


def _wmma_forms() -> list[tuple[str, ...]]:
    found = []
    for shape, kind in _WMMA:
        sums = {"f16": ("f16", "f32"), "f64": ("f64",)}.get(
            kind, ("s32",) if kind[0] in "sub" and kind != "bf16" else ("f32",)
        )
        narrow = kind in ("s4", "u4", "b1")
        ways = {"b1": ("xor.popc", "and.popc"), "s8": ("", "satfinite")}.get(kind, ("",))
        layouts = [("row", "col")] if narrow else list(product(("row", "col"), repeat=2))
        forms = product(product(sums, repeat=2), layouts, ways)
        found += [
            (shape, kind, d, c, left, right, "row" if n % 2 else "col", how)
            for n, ((d, c), (left, right), how) in enumerate(forms)
        ]
    return found


def _in_memory(matrix: Matrix, kind: str, layout: str, stride: int) -> Matrix:
    """Bytes of a matrix whose rows (columns) are `stride` elements apart; the gaps hold ones."""
    rows = matrix if layout == "row" else matrix.T
    codes = np.full((len(rows), stride), _code(1, kind), np.uint64)
    codes[:, : rows.shape[1]] = np.vectorize(lambda v: _code(int(v), kind), otypes=[np.uint64])(rows)
    if BITS[kind] >= 8:
        return codes.astype(f"u{BITS[kind] // 8}").reshape(-1).view(np.uint8).copy()
    bits = codes[..., None] >> np.arange(BITS[kind], dtype=np.uint64) & np.uint64(1)
    return np.packbits(bits.astype(np.uint8).reshape(-1), bitorder="little")


def _fragment(letter: str, count: int, bits: int) -> str:
    return "{" + ", ".join(f"%{letter}{bits}{n}" for n in range(count)) + "}"


@pytest.mark.parametrize(("shape", "kind", "d", "c", "left", "right", "out", "how"), _wmma_forms())
def test_wmma_in_all_layouts(
    keep: Path, shape: str, kind: str, d: str, c: str, left: str, right: str, out: str, how: str
) -> None:
    m, n, k = map(int, re.findall(r"\d+", shape))
    draw = np.random.default_rng(6)
    a, b = (draw.choice(_SMALL.get(kind, _FLOAT), s) for s in ((m, k), (k, n)))
    start = draw.integers(-9, 10, (m, n))
    if how == "satfinite":
        start[0], start[1] = 2**31 - 5, -(2**31)
    truth = _product(a, b, how[:-5] if kind == "b1" else "") + start
    truth = np.clip(truth, -(2**31), 2**31 - 1) if how == "satfinite" else truth
    gap = 128 // BITS[kind] if BITS[kind] < 64 else 2
    strides = [(k if left == "row" else m) + gap, (n if right == "row" else k) + gap,
               (n if out == "row" else m) + 16]  # fmt: skip
    memory = [_in_memory(a, kind, left, strides[0]), _in_memory(b, kind, right, strides[1]),
              _in_memory(start, c, out, strides[2])]  # fmt: skip
    blank = _in_memory(np.ones_like(truth), d, out, strides[2])
    wide = {"a": max(32, BITS[kind]), "b": max(32, BITS[kind]), "c": max(32, BITS[c]), "d": max(32, BITS[d])}
    counts = {"c": m * n * BITS[c] // 32 // wide["c"], "d": m * n * BITS[d] // 32 // wide["d"]}
    counts["a"], counts["b"] = _COUNTS.get(kind) or (m * k * BITS[kind] // 1024, k * n * BITS[kind] // 1024)
    form = f"{d}.{c}" if kind == "f16" else f"{d}.{kind}.{kind}.{c}"
    middle, end = (f".{how}", "") if kind == "b1" else ("", f".{how}" if how else "")
    fragments = {x: _fragment(x, counts[x], wide[x]) for x in "abcd"}
    declared = "".join(f".reg .b{w} %{x}{w}<64>;\n" for x, w in wide.items())
    text = f"""{HEAD}.visible .entry k(.param .u64 a, .param .u64 b, .param .u64 c, .param .u64 d) {{
.reg .b64 %p<4>;
{declared}ld.param.u64 %p0, [a]; ld.param.u64 %p1, [b]; ld.param.u64 %p2, [c]; ld.param.u64 %p3, [d];
wmma.load.a.sync.aligned.{left}.{shape}.global.{kind} {fragments["a"]}, [%p0], {strides[0]};
wmma.load.b.sync.aligned.{right}.{shape}.global.{kind} {fragments["b"]}, [%p1], {strides[1]};
wmma.load.c.sync.aligned.{out}.{shape}.global.{c} {fragments["c"]}, [%p2], {strides[2]};
wmma.mma{middle}.sync.aligned.{left}.{right}.{shape}.{form}{end} {fragments["d"]}, {fragments["a"]}, {fragments["b"]}, {fragments["c"]};
wmma.store.d.sync.aligned.{out}.{shape}.global.{d} [%p3], {fragments["d"]}, {strides[2]};
ret; }}"""
    launch = Launch((1, 1, 1), (32, 1, 1), (*memory, blank))
    assert not engine.run(text, "k", launch, checks=("memcheck", "synccheck"), keep=keep).findings
    assert (blank == _in_memory(truth, d, out, strides[2])).all()


_SHARED = ".shared .align 16 .b8 sh[512];"


def _row_addresses(seed: int) -> tuple[Matrix, Matrix]:
    """For 4 trials 32 rows of 8 elements of 16 bits, and the order in which the lanes ask for them."""
    draw = np.random.default_rng(seed)
    return draw.integers(0, 1 << 16, (4, 32, 8)), np.array([draw.permutation(32) for _ in range(4)])


def _eights(rows: Matrix, order: Matrix, transposed: str) -> list[Matrix]:
    """Register m of each lane by the ISA's figure for ldmatrix: row g, elements 2 t and 2 t + 1 of matrix m."""
    found = []
    for number in range(4):
        matrices = np.stack([rows[n][order[n][8 * number : 8 * number + 8]] for n in range(len(rows))])
        if transposed:
            matrices = matrices.transpose(0, 2, 1)
        pairs = matrices.reshape(len(rows), 32, 2).astype(np.uint64)
        found.append(pairs[..., 0] | pairs[..., 1] << np.uint64(16))
    return found


def _words(rows: Matrix) -> list[Matrix]:
    pairs = rows.reshape(len(rows), 32, 4, 2).astype(np.uint64)
    return [pairs[:, :, n, 0] | pairs[:, :, n, 1] << np.uint64(16) for n in range(4)]


_PREPARED = (
    "{.reg .b32 %la, %lb; mov.u32 %la, sh; mov.u32 %lb, %laneid; shl.b32 %lb, %lb, 4; add.u32 %la, %la, %lb; "
    "st.shared.v4.b32 [%la], {%s0:b32, %s1:b32, %s2:b32, %s3:b32}; bar.warp.sync -1; "
    "shl.b32 %lb, %s4:b32, 4; mov.u32 %la, sh; add.u32 %la, %la, %lb; "
)


@pytest.mark.parametrize("transposed", ["", ".trans"])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_ldmatrix_gives_eight_by_eight_matrices(keep: Path, count: int, transposed: str) -> None:
    rows, order = _row_addresses(7)
    text = f"{_PREPARED}ldmatrix.sync.aligned.m8n8.x{count}{transposed}.shared.b16 {_vector('d', 0, count, 32)}, [%la]; }}"
    have = run(
        text, [*_words(rows), order], head=_SHARED, keep=keep, checks=("memcheck", "racecheck", "initcheck")
    )
    assert all((x == y).all() for x, y in zip(have, _eights(rows, order, transposed), strict=False))


@pytest.mark.parametrize("transposed", ["", ".trans"])
@pytest.mark.parametrize("count", [1, 2, 4])
def test_stmatrix_puts_back_what_ldmatrix_gives(keep: Path, count: int, transposed: str) -> None:
    rows, order = _row_addresses(8)
    registers = _eights(rows, order, transposed)
    text = (
        f"{_PREPARED}stmatrix.sync.aligned.m8n8.x{count}{transposed}.shared.b16 [%la], {_vector('s', 5, count, 32)}; "
        "bar.warp.sync -1; mov.u32 %la, sh; mov.u32 %lb, %laneid; shl.b32 %lb, %lb, 4; add.u32 %la, %la, %lb; "
        "ld.shared.v4.b32 {%d0:b32, %d1:b32, %d2:b32, %d3:b32}, [%la]; }"
    )
    before = np.zeros_like(rows)
    have = run(text, [*_words(before), order, *registers[:count]], head=_SHARED, keep=keep,
               checks=("memcheck", "racecheck", "initcheck"))  # fmt: skip
    for trial in range(len(rows)):
        before[trial][order[trial][: 8 * count]] = rows[trial][order[trial][: 8 * count]]
    assert all((x == y).all() for x, y in zip(have, _words(before), strict=True))


def test_movmatrix_transposes(keep: Path) -> None:
    draw = np.random.default_rng(9)
    matrices = draw.integers(0, 1 << 16, (4, 8, 8)).astype(np.uint64)
    pairs = [m.reshape(4, 32, 2) for m in (matrices, matrices.transpose(0, 2, 1))]
    given, want = (p[..., 0] | p[..., 1] << np.uint64(16) for p in pairs)
    (have,) = run("movmatrix.sync.aligned.m8n8.trans.b16 %d0:b32, %s0:b32", [given], keep=keep)
    assert (have == want).all()


@pytest.mark.parametrize(
    "form",
    [
        "mma.sync.aligned.m16n8k16.row.row.f32.f16.f16.f32", "mma.sync.aligned.m16n8k8.row.col.f32.f16.bf16.f32",
        "mma.sync.aligned.m16n8k16.row.col.f16.bf16.bf16.f32", "mma.sync.aligned.m8n8k128.row.col.s32.b1.b1.s32",
        "mma.sync.aligned.m16n8k16.row.col.satfinite.f32.f16.f16.f32", "mma.sync.aligned.m16n8k32.row.col.s32.s8.s4.s32",
        "mma.sp.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32", "wgmma.mma_async.sync.aligned.m64n8k16.f32.f16.f16",
    ],
)  # fmt: skip
def test_other_forms_are_refused_by_name(form: str) -> None:
    text = f"{form} {_vector('d', 0, 4, 32)}, {_vector('s', 0, 4, 32)}, {_vector('s', 4, 2, 32)}, {_vector('s', 6, 4, 32)}"
    with pytest.raises(Refused, match=re.escape(form)):
        run(text, [np.zeros((1, 32))] * 10)
