"""Integer instructions against the reference: edge values, drawn values, lanes and uniform."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.engine.unit import Refused
from repoops.ptx.syntax import SIZES
from tests.engine.compare import check, operands
from tests.engine.single import compiled, ir, registers
from tests.reference.integers import REFERENCE

_ALL = ("u16", "s16", "u32", "s32", "u64", "s64")
_BITS = ("b16", "b32", "b64")


def _size(kind: str) -> str:
    return f"b{8 * SIZES[kind]}"


def _uniform(name: str, kind: str, count: int) -> str:
    b = _size(kind)
    return f"{name}.{kind} %d0:{b}" + "".join(f", %s{n}:{b}" for n in range(count))


def _cases() -> list[str]:
    found = [
        _uniform(n, k, 2)
        for n, k in product(("add", "sub", "mul.lo", "mul.hi", "div", "rem", "min", "max"), _ALL)
    ]
    found += [_uniform(n, k, 3) for n, k in product(("mad.lo", "mad.hi", "sad"), _ALL)]
    found += [_uniform(n, k, 1) for n, k in product(("abs", "neg"), ("s16", "s32", "s64"))]
    found += [_uniform(n, "s32", 2) for n in ("add.sat", "sub.sat", "min.relu", "max.relu")]
    for kind, wide in (("u16", "b32"), ("s16", "b32"), ("u32", "b64"), ("s32", "b64")):
        found.append(f"mul.wide.{kind} %d0:{wide}, %s0:{_size(kind)}, %s1:{_size(kind)}")
        found.append(f"mad.wide.{kind} %d0:{wide}, %s0:{_size(kind)}, %s1:{_size(kind)}, %s2:{wide}")
    found += [_uniform(f"mul24.{h}", k, 2) for h, k in product(("lo", "hi"), ("u32", "s32"))]
    found += [_uniform(f"mad24.{h}", k, 3) for h, k in product(("lo", "hi"), ("u32", "s32"))]
    found += [_uniform(n, "s32", 3) for n in ("mad.hi.sat", "mad24.hi.sat")]
    found += [
        f"{n}.{k} %d0:b32, %s0:b32, %s1:b32" for n, k in product(("add", "min", "max"), ("u16x2", "s16x2"))
    ]
    found += [f"{n}.relu.s16x2 %d0:b32, %s0:b32, %s1:b32" for n in ("min", "max")]
    found += [f"div.u32 %d0:b32, %s0:b32, {n}" for n in (1, 3, 7, 0)] + ["rem.s32 %d0:b32, %s0:b32, 10"]
    found += [
        f"dp4a.{a}.{b} %d0:b32, %s0:b32, %s1:b32, %s2:b32" for a, b in product(("u32", "s32"), repeat=2)
    ]
    found += [
        f"dp2a.{h}.{a}.{b} %d0:b32, %s0:b32, %s1:b32, %s2:b32"
        for h, a, b in product(("lo", "hi"), ("u32", "s32"), ("u32", "s32"))
    ]
    return [*found, *_bit_cases(), *_shift_cases(), *_predicate_cases()]


def _bit_cases() -> list[str]:
    found = [f"{n}.{k} %d0:b32, %s0:{k}" for n, k in product(("popc", "clz"), ("b32", "b64"))]
    found += [_uniform("brev", k, 1) for k in ("b32", "b64")]
    for kind in ("u32", "s32", "u64", "s64"):
        b = _size(kind)
        found += [f"bfind{w}.{kind} %d0:b32, %s0:{b}" for w in ("", ".shiftamt")]
        found.append(f"bfe.{kind} %d0:{b}, %s0:{b}, %s1:b32, %s2:b32")
    found += [f"bfe.u32 %d0:b32, %s0:b32, 4, 8", "bfe.s32 %d0:b32, %s0:b32, 31, 5"]  # noqa: F541
    found += [f"bfi.{b} %d0:{b}, %s0:{b}, %s1:{b}, %s2:b32, %s3:b32" for b in ("b32", "b64")]
    found += [f"bmsk.{m}.b32 %d0:b32, %s0:b32, %s1:b32" for m in ("clamp", "wrap")]
    found += [
        f"szext.{m}.{k} %d0:b32, %s0:b32, %s1:b32" for m, k in product(("clamp", "wrap"), ("u32", "s32"))
    ]
    found += [f"fns.b32 %d0:b32, %s0:b32, {base}, %s1:b32" for base in (0, 13, 31)]
    return found


def _shift_cases() -> list[str]:
    found = [_uniform(n, k, 2) for n, k in product(("and", "or", "xor"), _BITS)]
    found += [f"{n}.pred %d0:pred, %s0:pred, %s1:pred" for n in ("and", "or", "xor")]
    found += ["not.pred %d0:pred, %s0:pred"] + [_uniform(n, k, 1) for n, k in product(("not", "cnot"), _BITS)]
    for name, kind in [*product(("shl",), _BITS), *product(("shr",), (*_BITS, *_ALL))]:
        b = _size(kind)
        found.append(f"{name}.{kind} %d0:{b}, %s0:{b}, %s1:b32")
        found += [f"{name}.{kind} %d0:{b}, %s0:{b}, {n}" for n in (0, 5, 64)]
    found += [
        f"shf.{d}.{m}.b32 %d0:b32, %s0:b32, %s1:b32, %s2:b32" for d, m in product("lr", ("clamp", "wrap"))
    ]
    found += ["shf.l.wrap.b32 %d0:b32, %s0:b32, %s1:b32, 7", "shf.r.clamp.b32 %d0:b32, %s0:b32, %s1:b32, 32"]
    found += [
        f"prmt.b32{m} %d0:b32, %s0:b32, %s1:b32, %s2:b32"
        for m in ("", ".f4e", ".b4e", ".rc8", ".ecl", ".ecr", ".rc16")
    ]
    found += [
        f"prmt.b32 %d0:b32, %s0:b32, %s1:b32, {s}" for s in ("0x5410", "0x7632", "0x3210", "0x0f8b", "0x7774")
    ]
    found += [f"prmt.b32.{m} %d0:b32, %s0:b32, %s1:b32, {n}" for m, n in (("f4e", 3), ("b4e", 1), ("ecr", 2))]
    found += [f"lop3.b32 %d0:b32, %s0:b32, %s1:b32, %s2:b32, {table}" for table in range(0, 256, 5)]
    found += [
        f"lop3.{w}.b32 %d0:b32|%d1:pred, %s0:b32, %s1:b32, %s2:b32, 0x96, %s3:pred" for w in ("and", "or")
    ]
    return found


def _predicate_cases() -> list[str]:
    found = []
    for kind in (*_BITS, *_ALL):
        known = (
            ["eq", "ne"]
            + ["lt", "le", "gt", "ge"] * (kind[0] != "b")
            + ["lo", "ls", "hi", "hs"] * (kind[0] == "u")
        )
        found += [f"setp.{how}.{kind} %d0:pred, %s0:{_size(kind)}, %s1:{_size(kind)}" for how in known]
    found += [
        f"setp.lt.{w}.s32 %d0:pred|%d1:pred, %s0:b32, %s1:b32, {n}%s2:pred"
        for w, n in product(("and", "or", "xor"), ("", "!"))
    ]
    found += [f"setp.gt.u64 %d0:pred|%d1:pred, %s0:b64, 5"]  # noqa: F541
    found += [
        f"set.{h}.{to}.{k} %d0:b32, %s0:b32, %s1:b32"
        for h, to, k in (("lt", "u32", "s32"), ("hi", "f32", "u32"))
    ]
    found += ["set.ge.or.s32.s64 %d0:b32, %s0:b64, %s1:b64, %s2:pred"]
    found += [f"selp.{k} %d0:{k}, %s0:{k}, %s1:{k}, %s2:pred" for k in _BITS]
    found += ["slct.u64.s32 %d0:b64, %s0:b64, %s1:b64, %s2:b32"]
    return found


CASES = tuple(_cases())


@pytest.mark.parametrize("case", CASES)
def test_equals_the_reference(case: str) -> None:
    check(case, CASES, REFERENCE, operands(case, size=600))


@settings(max_examples=150)
@given(st.data())
def test_equals_the_reference_on_drawn_values(data: st.DataObject) -> None:
    case = data.draw(st.sampled_from(CASES))
    kinds = [k for n, k in registers(case).items() if n[1] == "s"]
    tops = [1 if k == "pred" else (1 << 8 * SIZES[k]) - 1 for k in kinds]
    rows = data.draw(st.lists(st.tuples(*(st.integers(0, top) for top in tops)), min_size=1, max_size=32))
    check(case, CASES, REFERENCE, list(zip(*rows, strict=True)))


_CARRY = (
    "add.cc.{t} %d0:{b}, %s0:{b}, %s1:{b};addc.cc.{t} %d1:{b}, %s2:{b}, %s3:{b};addc.{t} %d2:{b}, %s0:{b}, %s3:{b}",
    "sub.cc.{t} %d0:{b}, %s0:{b}, %s1:{b};subc.cc.{t} %d1:{b}, %s2:{b}, %s3:{b};subc.{t} %d2:{b}, %s0:{b}, %s3:{b}",
    (
        "mad.lo.cc.{t} %d0:{b}, %s0:{b}, %s1:{b}, %s2:{b};madc.hi.cc.{t} %d1:{b}, %s0:{b}, %s1:{b}, %s3:{b};"
        "addc.{t} %d2:{b}, 0, 0"
    ),
)


@pytest.mark.parametrize("kind", ["u32", "u64", "s32"])
@pytest.mark.parametrize("form", range(3))
def test_carry_goes_from_word_to_word(kind: str, form: int) -> None:
    case = _CARRY[form].format(t=kind, b=_size(kind))
    if kind == "s32" and form == 2:
        case = case.replace(".s32", ".u32")
    bits = 8 * SIZES[kind]
    mask = (1 << bits) - 1
    columns = operands(case, size=500)
    for function in compiled((case,)):
        given_words = function(case, *(np.array(c, dtype=np.uint64) for c in columns))
        for a, c, d, e, *got in zip(*columns, *given_words, strict=True):
            if form == 0:
                whole = (d << bits | a) + (e << bits | c)
                last = (whole >> 2 * bits) + a + e
            elif form == 1:
                whole = (d << bits | a) - (e << bits | c)
                last = a - e - int(whole < 0)
            else:
                whole = a * c + (e << bits | d)
                last = whole >> 2 * bits
            assert [int(g) for g in got] == [whole & mask, whole >> bits & mask, last & mask]


@pytest.mark.parametrize(
    ("case", "rows"),
    [
        ("mov.b64 %d0:b64, {%s0:b32, %s1:f32}", [(0x89ABCDEF, 0x3F800000, 0x3F80000089ABCDEF)]),
        ("mov.b32 %d0:f32, {%s0:b16, %s1:f16}", [(0x1234, 0x8765, 0x87651234)]),
        ("mov.b64 %d0:b64, {%s0:b16, %s1:b16, %s2:b16, %s3:b16}", [(1, 2, 3, 0xFFFF, 0xFFFF000300020001)]),
        ("mov.b64 {%d0:b32, %d1:f32}, %s0:b64", [(0x3F80000089ABCDEF, 0x89ABCDEF, 0x3F800000)]),
        ("mov.b64 {_, %d0:b32}, %s0:f64", [(0x3F80000089ABCDEF, 0x3F800000)]),
        ("mov.b32 {%d0:b16, %d1:f16}, %s0:b32", [(0x87651234, 0x1234, 0x8765)]),
        ("mov.u32 %d0:b32, %s0:f32", [(0x7FC00001, 0x7FC00001)]),
        ("mov.f32 %d0:f32, 0f3F800000", [(0x3F800000,)]),
        ("mov.f64 %d0:f64, 0d3FF8000000000000", [(0x3FF8000000000000,)]),
        ("mov.u32 %d0:b32, -1", [(0xFFFFFFFF,)]),
        ("mov.u64 %d0:b64, 4294967296", [(1 << 32,)]),
        ("mov.pred %d0:pred, %s0:pred", [(1, 1), (0, 0)]),
    ],
)
def test_mov_packs_and_unpacks(case: str, rows: list[tuple[int, ...]]) -> None:
    sources = sum(name[1] == "s" for name in registers(case))
    for function in compiled((case,)):
        for row in rows:
            given_words = function(case, *(np.array([v], dtype=np.uint64) for v in row[:sources]))
            assert [int(g[0]) for g in given_words] == list(row[sources:])


@pytest.mark.parametrize(
    ("case", "named"),
    [
        ("add.sat.u32 %d0:b32, %s0:b32, %s1:b32", ".sat"),
        ("add.u8 %d0:b16, %s0:b16, %s1:b16", ".u8"),
        ("mul.lo.sat.s32 %d0:b32, %s0:b32, %s1:b32", ".sat"),
        ("mul.u32 %d0:b32, %s0:b32, %s1:b32", ".lo"),
        ("shf.l.b32 %d0:b32, %s0:b32, %s1:b32, %s2:b32", ".clamp"),
        ("setp.lo.s32 %d0:pred, %s0:b32, %s1:b32", ".lo"),
        ("lop3.b32 %d0:b32, %s0:b32, %s1:b32, %s2:b32, %s3:b32", "constant"),
        ("mov.b32 %d0:b32, {%s0:b16, %s1:b16, %s2:b16}", "elements"),
    ],
)
def test_what_is_not_known_is_refused_by_name(case: str, named: str) -> None:
    with pytest.raises(Refused, match=re.escape(named)):
        ir((case,), lanes=True)
