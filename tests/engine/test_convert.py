"""`cvt` against exact fractions: all pairs of types; from 16 bits and fewer over all inputs."""

from __future__ import annotations

import re
import struct
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.engine.unit import Refused
from repoops.ptx.syntax import SIZES
from tests.engine.compare import check, edges, operands
from tests.engine.single import ir, registers
from tests.engine.test_float import same
from tests.reference.conversions import convert

_INTEGERS = ("u8", "s8", "u16", "s16", "u32", "s32", "u64", "s64")
_FLOATS = ("f16", "bf16", "f32", "f64")
_INTEGRAL = ("rni", "rzi", "rmi", "rpi")
_MODES = ("rn", "rz", "rm", "rp")


def _register(kind: str) -> str:
    return kind if kind in _FLOATS else f"b{max(16, 8 * SIZES[kind])}"


def _case(words: str, to: str, source: str, register: str = "") -> str:
    return f"cvt{words}.{to}.{source} %d0:{register or _register(to)}, %s0:{_register(source)}"


def _between_integers() -> list[str]:
    found = [_case(w, t, s) for w, t, s in product(("", ".sat"), _INTEGERS, _INTEGERS) if t != s or not w]
    # Narrow results in wider registers are extended.
    return found + [
        _case("", t, s, r)
        for t, s, r in (
            ("u8", "s32", "b32"),
            ("s8", "u32", "b32"),
            ("s16", "s32", "b32"),
            ("s8", "u64", "b64"),
        )
    ]


def _small() -> list[str]:
    """From types of at most 16 bits: tested on all inputs."""
    found = [_case(f".{w}", t, s) for w, t, s in product(("rzi", "rni"), _INTEGERS, ("f16", "bf16"))]
    found += [_case(f".{w}", t, s) for w, t, s in product(("rmi", "rpi"), ("s32", "u8"), ("f16", "bf16"))]
    found += [_case(f".{w}", s, s) for w, s in product((*_INTEGRAL, "rni.sat"), ("f16",))]
    found += [_case("", t, s) for t, s in product(("f32", "f64"), ("f16", "bf16"))]
    found += ["cvt.sat.f32.f16 %d0:f32, %s0:f16", "cvt.ftz.f32.f16 %d0:f32, %s0:f16"]
    found += ["cvt.rn.bf16.f16 %d0:bf16, %s0:f16"] + [_case(f".{m}", "f16", "bf16") for m in _MODES]
    found += [_case(f".{m}", t, s) for m, t, s in product(_MODES, ("f16", "bf16"), ("u16", "s16"))]
    found += [_case(".rn", t, s) for t, s in product(_FLOATS, ("u8", "s8", "u16", "s16"))]
    found += [
        f"cvt.rn{r}.f16x2.{k} %d0:b32, %s0:b16" for r, k in product(("", ".relu"), ("e4m3x2", "e5m2x2"))
    ]
    return found


def _large() -> list[str]:
    """From 32 and 64 bits."""
    found = [_case(f".{w}", t, s) for w, t, s in product(_INTEGRAL, _INTEGERS, ("f32", "f64"))]
    found += [_case(f".{w}.ftz", "s32", "f32") for w in _INTEGRAL]
    found += [_case(f".{m}", t, s) for m, t, s in product(_MODES, _FLOATS, ("u32", "s32", "u64", "s64"))]
    found += [_case(".rn.sat", t, "s32") for t in ("f16", "f32", "f64")]
    found += [_case(f".{m}", t, s) for m, t, s in product(_MODES, ("f16", "bf16"), ("f32", "f64"))]
    found += [_case(f".{m}", "f32", "f64") for m in _MODES] + ["cvt.f64.f32 %d0:f64, %s0:f32"]
    found += ["cvt.rn.ftz.f32.f64 %d0:f32, %s0:f64", "cvt.ftz.f64.f32 %d0:f64, %s0:f32"]
    found += [_case(f".{w}", s, s) for w, s in product((*_INTEGRAL, "rzi.sat", "sat"), ("f32", "f64"))]
    found += [_case(f".{w}", "f32", "f32") for w in ("ftz", "rni.ftz", "ftz.sat")]
    found += [
        _case(f".rn.{w}", t, "f32")
        for w, t in product(("relu", "satfinite", "relu.satfinite"), ("f16", "bf16"))
    ]
    found += ["cvt.rn.sat.f16.f32 %d0:f16, %s0:f32", "cvt.rn.ftz.f16.f32 %d0:f16, %s0:f32"]
    found += [
        f"cvt.{w}.tf32.f32 %d0:b32, %s0:f32"
        for w in ("rna", "rn", "rz", "rna.satfinite", "rn.relu", "rz.relu")
    ]
    return found


def _packed() -> list[str]:
    words = ("rn", "rz", "rn.relu", "rz.relu", "rn.satfinite", "rn.relu.satfinite")
    found = [f"cvt.{w}.{k}.f32 %d0:b32, %s0:f32, %s1:f32" for w, k in product(words, ("f16x2", "bf16x2"))]
    for kind, relu in product(("e4m3x2", "e5m2x2"), ("", ".relu")):
        found.append(f"cvt.rn.satfinite{relu}.{kind}.f32 %d0:b16, %s0:f32, %s1:f32")
        found.append(f"cvt.rn.satfinite{relu}.{kind}.f16x2 %d0:b16, %s0:b32")
    found += [f"cvt.pack.sat.{t}.s32 %d0:b32, %s0:b32, %s1:b32" for t in ("u16", "s16")]
    return found + [
        f"cvt.pack.sat.{t}.s32.b32 %d0:b32, %s0:b32, %s1:b32, %s2:b32"
        for t in ("u8", "s8", "u4", "s4", "u2", "s2")
    ]


SMALL = tuple(_small())
CASES = (*SMALL, *_between_integers(), *_large(), *_packed())
_KINDS = {"f16x2": "f16", "bf16x2": "bf16"}


def _result(case: str) -> str:
    """The case with the destination named by its type, so that NaNs compare as NaNs."""
    words = case.split(maxsplit=1)[0].split(".")
    kind = next((w for w in words if w in ("f16x2", "bf16x2")), "")
    return f"%d0:{kind}" if kind and words.index(kind) == len(words) - 2 else case


def _check(case: str, columns: list[list[int]]) -> None:
    width = 8 * SIZES[registers(case)["%d0"]]
    reference = {"cvt": lambda words, kind, *codes: (convert(words, width, *codes),)}  # noqa: ARG005
    check(case, CASES, reference, columns, same(_result(case)))


@pytest.mark.parametrize("case", SMALL)
def test_from_16_bits_over_all_inputs(case: str) -> None:
    step = 1 if case in _EXHAUSTIVE else 7
    _check(case, [list(range(0, 1 << 16, step))])


@pytest.mark.parametrize("case", [c for c in CASES if c not in SMALL])
def test_equals_the_reference(case: str) -> None:
    _check(case, _columns(case))


def test_a_double_that_is_subnormal_as_a_float_is_flushed() -> None:
    values = [
        sign * value for sign in (1.0, -1.0) for value in (1e-40, 1.1e-38, 1.17549e-38, 1.18e-38, 1.5e-45)
    ]
    codes = [int.from_bytes(struct.pack("<d", v), "little") for v in values]
    _check("cvt.rn.ftz.f32.f64 %d0:f32, %s0:f64", [codes])


def _columns(case: str) -> list[list[int]]:
    """Edge values of the source, and what lies near the numbers of the result and half-way between them."""
    source = next((w for w in reversed(case.split(maxsplit=1)[0].split(".")) if w in SIZES), "b32")
    names = [n for n in registers(case) if n[1] == "s"]
    columns = operands(case, kinds=dict.fromkeys(names, source) if source in _FLOATS else None, size=400)
    if source in _FLOATS:
        bits = 8 * SIZES[source]
        dropped = {"f32": (13, 16, 20, 21), "f64": (29, 42, 45)}[source]
        for column, n in zip(columns, range(len(columns)), strict=True):
            for row in range(n, len(column), 2):
                cut = dropped[row // 2 % len(dropped)]
                value = column[row] >> cut << cut | (1 << cut - 1)
                column[row] = value + (row // 6 % 3) - 1 & (1 << bits) - 1
                if row % 10 < 5 and source in ("f32", "f64"):
                    column[row] = _moderate(column[row], source, row)
    return columns


def _moderate(code: int, source: str, row: int) -> int:
    """The same digits with an exponent at which the narrow formats and the integers have their limits."""
    mantissa, bias, bits = {"f32": (23, 127, 32), "f64": (52, 1023, 64)}[source]
    sign = code >> bits - 1 << bits - 1
    return sign | (bias - 30 + row % 97) << mantissa | code & (1 << mantissa) - 1


@settings(max_examples=150)
@given(st.data())
def test_equals_the_reference_on_drawn_values(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(CASES))
    kinds = [k for n, k in registers(case).items() if n[1] == "s"]
    values = [st.sampled_from(edges(k)) | st.integers(0, (1 << 8 * SIZES[k]) - 1) for k in kinds]
    rows = data.draw(st.lists(st.tuples(*values), min_size=1, max_size=32))
    _check(case, [list(c) for c in zip(*rows, strict=True)])


_EXHAUSTIVE = frozenset(SMALL)


@pytest.mark.parametrize("kind", ["f16", "bf16"])
def test_narrowing_undoes_widening_for_every_number(kind: str) -> None:
    up, down = f"cvt.f32.{kind} %d0:f32, %s0:{kind}", f"cvt.rn.{kind}.f32 %d0:{kind}, %s0:f32"
    codes = np.arange(1 << 16, dtype=np.uint64)
    from tests.engine.single import compiled

    for function in compiled(CASES):
        (wide,) = function(up, codes)
        (back,) = function(down, wide)
        assert same(down)(back, codes.astype(np.uint16)).all()


@pytest.mark.parametrize(
    ("case", "named"),
    [
        ("cvt.s32.f32 %d0:b32, %s0:f32", "integer rounding"),
        ("cvt.rs.f16x2.f32 %d0:b32, %s0:f32, %s1:f32, %s2:b32", ".rs"),
        ("cvt.rn.e4m3x2.f32 %d0:b16, %s0:f32, %s1:f32", ".satfinite"),
        ("cvt.rni.f16.f32 %d0:f16, %s0:f32", ".rni"),
        ("cvt.rm.tf32.f32 %d0:b32, %s0:f32", ".rm"),
    ],
)
def test_what_is_not_known_is_refused_by_name(case: str, named: str) -> None:
    with pytest.raises(Refused, match=re.escape(named)):
        ir((case,), lanes=True)
