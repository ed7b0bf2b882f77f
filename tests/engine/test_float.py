"""Floating-point instructions against exact fractions: edge values, drawn values, lanes and uniform."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.engine.unit import Refused
from repoops.ptx.syntax import SIZES
from tests.engine.compare import check, edges, operands
from tests.engine.single import ir, registers
from tests.reference.floats import REFERENCE
from tests.reference.formats import FORMATS, encode, number_of

_ALL = ("f16", "bf16", "f32", "f64")
_PACKED = ("f16x2", "bf16x2")
_MODES = ("rn", "rz", "rm", "rp")
_HOW = ("eq", "ne", "lt", "le", "gt", "ge", "equ", "neu", "ltu", "leu", "gtu", "geu", "num", "nan")


def _case(name: str, kind: str, count: int) -> str:
    return f"{name}.{kind} %d0:{kind}" + "".join(f", %s{n}:{kind}" for n in range(count))


def _cases() -> list[str]:
    found = [_case(n, k, 2) for n, k in product(("add", "sub", "mul"), (*_ALL, *_PACKED))]
    found += [_case("fma.rn", k, 3) for k in (*_ALL, *_PACKED)]
    found += [
        _case(f"{n}.{m}", k, 2) for n, m, k in product(("add", "sub", "mul", "div"), _MODES, ("f32", "f64"))
    ]
    found += [_case(f"{n}.{m}", k, 3) for n, m, k in product(("fma", "mad"), _MODES[1:], ("f32", "f64"))]
    found += [_case(f"{n}.{m}", k, 1) for n, m, k in product(("rcp", "sqrt"), _MODES, ("f32", "f64"))]
    found += [
        _case(f"{n}.{w}", k, 2)
        for n, w, k in product(("add", "sub", "mul"), ("rn.ftz", "rn.sat"), ("f16", "f16x2", "f32"))
    ]
    found += [_case(f"{n}.rz.ftz.sat", "f32", 2) for n in ("add", "mul")]
    found += [
        _case(f"fma.rn.{w}", k, 3)
        for w, k in product(("ftz", "sat", "ftz.sat", "ftz.relu", "relu"), ("f16", "f16x2"))
    ]
    found += [_case(f"fma.rn.{w}", "f32", 3) for w in ("ftz", "sat", "ftz.sat")]
    found += [_case("fma.rn.relu", k, 3) for k in ("bf16", "bf16x2")]
    found += [_case(f"{n}.rn.ftz", "f32", 2) for n in ("div",)] + [
        _case("sqrt.rn.ftz", "f32", 1),
        _case("rcp.rn.ftz", "f32", 1),
    ]
    found += [_case(n, k, 1) for n, k in product(("neg", "abs"), (*_ALL, *_PACKED))]
    found += [_case(f"{n}.ftz", k, 1) for n, k in product(("neg", "abs"), ("f16", "f16x2", "f32"))]
    found += [_case(n, k, 2) for n, k in product(("min", "max"), (*_ALL, *_PACKED))]
    found += [
        _case(f"{n}.{w}", k, 2)
        for n, w, k in product(
            ("min", "max"), ("NaN", "xorsign.abs", "NaN.xorsign.abs"), ("f16", "bf16x2", "f32")
        )
    ]
    found += [_case(f"{n}.ftz.NaN", k, 2) for n, k in product(("min", "max"), ("f16x2", "f32"))]
    found += [_case("copysign", k, 2) for k in ("f32", "f64")]
    found += [f"setp.{h}.{k} %d0:pred, %s0:{k}, %s1:{k}" for h, k in product(_HOW, ("f16", "f32", "f64"))]
    found += [f"setp.{h}.bf16 %d0:pred, %s0:bf16, %s1:bf16" for h in ("lt", "neu")]
    found += [
        f"setp.{h}.{w}ftz.f32 %d0:pred|%d1:pred, %s0:f32, %s1:f32{c}"
        for h, (w, c) in product(("lt", "geu"), (("", ""), ("and.", ", !%s2:pred")))
    ]
    found += [f"setp.{h}.{k} %d0:pred|%d1:pred, %s0:{k}, %s1:{k}" for h, k in product(("gt", "equ"), _PACKED)]
    found += ["setp.le.or.ftz.f16x2 %d0:pred|%d1:pred, %s0:f16x2, %s1:f16x2, %s2:pred"]
    found += [
        f"set.{h}.{to}.f32 %d0:b32, %s0:f32, %s1:f32"
        for h, to in (("lt", "u32"), ("geu", "f32"), ("nan", "s32"))
    ]
    found += [
        "set.gt.xor.ftz.s32.f32 %d0:b32, %s0:f32, %s1:f32, %s2:pred",
        "set.le.f32.f64 %d0:f32, %s0:f64, %s1:f64",
    ]
    found += [f"set.{h}.{to}.f16 %d0:b16, %s0:f16, %s1:f16" for h, to in (("eq", "f16"), ("ltu", "u16"))]
    found += [
        f"set.{h}.{to}.{k} %d0:b32, %s0:{k}, %s1:{k}"
        for h, to, k in (("eq", "f16x2", "f16x2"), ("lt", "u32", "f16x2"), ("neu", "bf16x2", "bf16x2"))
    ]
    found += [f"selp.{k} %d0:{k}, %s0:{k}, %s1:{k}, %s2:pred" for k in ("f32", "f64")]
    found += [
        "slct.f32.f32 %d0:f32, %s0:f32, %s1:f32, %s2:f32",
        "slct.ftz.b64.f32 %d0:b64, %s0:b64, %s1:b64, %s2:f32",
    ]
    return found + [
        f"testp.{w}.{k} %d0:pred, %s0:{k}"
        for w, k in product(
            ("finite", "infinite", "number", "notanumber", "normal", "subnormal"), ("f32", "f64")
        )
    ]


CASES = tuple(_cases())


def same(case: str) -> object:
    """Equal, or both NaN: which NaN it is the ISA leaves open for most instructions."""
    kind = registers(case)["%d0"]

    def function(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        if kind not in (*_ALL, *_PACKED):
            return a == b
        return (a == b) | _same_nan(a, b, kind)

    return function


def _same_nan(a: np.ndarray, b: np.ndarray, kind: str) -> np.ndarray:
    if kind.endswith("x2"):
        one = kind[:-2]
        pairs = [((a >> s) & 0xFFFF, (b >> s) & 0xFFFF) for s in (0, 16)]
        return np.logical_and(*((x == y) | _same_nan(x, y, one) for x, y in pairs))
    infinite = edges(kind)[13]
    mask = 2 ** (8 * SIZES[kind] - 1) - 1
    return ((a & mask) > infinite) & ((b & mask) > infinite)


@pytest.mark.parametrize("case", CASES)
def test_equals_the_reference(case: str) -> None:
    check(case, CASES, REFERENCE, float_operands(case, 400), same(case))


def float_operands(case: str, size: int) -> list[list[int]]:
    """Operands near each other as well: sums that cancel, products at the edge of what a format holds."""
    columns = operands(case, size=size)
    kinds = [k for n, k in registers(case).items() if n[1] == "s"]
    for n in range(1, len(columns)):
        if kinds[n] == kinds[0] and kinds[n] != "pred":
            for row in range(0, size, 5):
                columns[n][row] = columns[0][row] ^ (1 << (row // 5) % (8 * SIZES[kinds[n]]))
    return columns


@settings(max_examples=150)
@given(st.data())
def test_equals_the_reference_on_drawn_values(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(CASES))
    kinds = [k for n, k in registers(case).items() if n[1] == "s"]
    values = [
        st.sampled_from(edges(k)) | st.integers(0, 1 if k == "pred" else (1 << 8 * SIZES[k]) - 1)
        for k in kinds
    ]
    rows = data.draw(st.lists(st.tuples(*values), min_size=1, max_size=32))
    check(case, CASES, REFERENCE, list(zip(*rows, strict=True)), same(case))


@pytest.mark.parametrize(
    ("case", "named"),
    [
        ("add.rz.f16 %d0:f16, %s0:f16, %s1:f16", ".rz"),
        ("add.ftz.f64 %d0:f64, %s0:f64, %s1:f64", ".ftz"),
        ("fma.rn.oob.f16 %d0:f16, %s0:f16, %s1:f16, %s2:f16", ".oob"),
        ("add.rn.f32.f16 %d0:f32, %s0:f16, %s1:f32", "mixed"),
        ("sin.f32 %d0:f32, %s0:f32", ".approx"),
        ("ex2.approx.f64 %d0:f64, %s0:f64", ".f64"),
        ("min.f32 %d0:f32, %s0:f32, %s1:f32, %s2:f32", "three operands"),
    ],
)
def test_what_is_not_known_is_refused_by_name(case: str, named: str) -> None:
    with pytest.raises(Refused, match=re.escape(named)):
        ir((case,), lanes=True)


@pytest.mark.parametrize("kind", ["f16", "bf16"])
def test_fma_sees_a_trace_beside_a_tie(kind: str) -> None:
    # Odd products with one bit more than the format holds lie between two numbers; the smallest addend decides.
    bits = FORMATS[kind].mantissa + 1
    rows = []
    for a in range(3, 1 << bits // 2, 2):
        for b in range((1 << bits) // a | 1, (2 << bits) // a, 8):
            x, y = (encode(number_of(v), kind) for v in (a, b | 1))
            rows += [(x, y, c | sign) for c in (0, 1, 3, 0x400) for sign in (0, 0x8000)]
    case = _case("fma.rn", kind, 3)
    check(case, CASES, REFERENCE, list(zip(*rows, strict=True)), same(case))
