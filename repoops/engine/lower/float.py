"""Floating-point arithmetic, lane by lane: f16, bf16 (single and packed), f32, f64.

`fma` is fused and nothing else is; no operation is reordered. Every result is rounded once.

Source: PTX ISA 9.0, "Floating Point Instructions", "Half Precision Floating Point Instructions".
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from repoops.engine.builder import BITS, Builder, Value, floating, integer
from repoops.engine.lower import approximate
from repoops.engine.lower.form import PACKED, Form, form, halves, joined
from repoops.engine.lower.frame import Frame, Results
from repoops.engine.lower.predicate import FLOAT_PREDICATE
from repoops.engine.lower.rounding import (
    FLOAT_TYPES,
    MODES,
    clamped_below,
    directed,
    flush,
    fused,
    narrowed,
    saturated,
    widened,
)
from repoops.ptx.syntax import Instruction

Operation = Callable[..., Value]
"""`(builder, PTX type, *values as float or double) -> float or double`."""


def _mode(i: Instruction) -> str:
    return next((word for word in i.modifiers if word in MODES), "rn")


def _elements(f: Frame, i: Instruction, count: int, operation: Operation) -> Value:
    """Applies an operation to the operands' elements: to one value, or to both halves of packed ones."""
    kind = i.type
    if kind in PACKED:
        wide, values = halves(f.b, tuple(f.src(k, "i32") for k in range(1, count + 1)), PACKED[kind])
        return joined(f.b, wide, operation(wide, kind[:-2], *values))
    return operation(f.b, kind, *(f.src(k, FLOAT_TYPES[kind]) for k in range(1, count + 1)))


def _arithmetic(f: Frame, i: Instruction, count: int, operation: Operation) -> Value:
    """The same with what all arithmetic has in common: narrow types in float, `.ftz`, `.sat`, `.relu`."""

    def apply(b: Builder, kind: str, *values: Value) -> Value:
        wide = [widened(b, v) for v in values]
        if i.has("ftz"):
            wide = [flush(b, v, kind) for v in wide]
        found = operation(b, kind, *wide)
        if i.has("sat"):
            found = saturated(b, found)
        if i.has("relu"):
            found = clamped_below(b, found)
        found = narrowed(b, found, kind)
        return flush(b, found, kind) if i.has("ftz") else found

    _same_type(f, i)
    return _elements(f, i, count, apply)


def _same_type(f: Frame, i: Instruction) -> None:
    if sum(word in FLOAT_TYPES or word in PACKED for word in i.modifiers) > 1:
        raise f.refuse("operands of mixed types are not supported")
    if i.type == "f64" and (i.has("ftz") or i.has("sat")) and "approx" not in i.modifiers:
        raise f.refuse(".ftz and .sat are not supported with .f64")
    if i.type not in ("f32", "f64") and _mode(i) != "rn":
        raise f.refuse(f"the modifier .{_mode(i)} is not supported with .{i.type}")


def _binary(name: str, f: Frame, i: Instruction) -> Results:
    mode = _mode(i)

    def operation(b: Builder, kind: str, x: Value, y: Value) -> Value:
        del kind
        return b.op(name, x, y) if mode == "rn" else directed(b, name, mode, [x, y])

    return _arithmetic(f, i, 2, operation)


def _fma(f: Frame, i: Instruction) -> Results:
    mode = _mode(i)
    return _arithmetic(f, i, 3, lambda b, kind, x, y, z: fused(b, kind, mode, x, y, z))


# -- division and roots


def _div(f: Frame, i: Instruction) -> Results:
    """`.approx` gives 0 for divisors beyond 2^126 (NaN for an infinite dividend), as the ISA says; else divided exactly."""
    if i.has("approx") and i.type == "f32":
        return _arithmetic(f, i, 2, _div_approx)
    return _binary("fdiv", f, i)


def _div_approx(b: Builder, kind: str, x: Value, y: Value) -> Value:
    del kind
    size = b.intrinsic("fabs", [y])
    large = b.op(
        "and", b.compare("ogt", size, floating(2.0**126)), b.compare("olt", size, floating(float("inf")))
    )
    sign = b.intrinsic("copysign", [floating(0.0), y])
    return b.select(large, b.op("fmul", x, sign), b.op("fdiv", x, y))


def _upper_word(b: Builder, a: Value) -> Value:
    """A double cut to its upper 32 bits: what `.approx.ftz.f64` gives."""
    return b.bits(b.op("and", b.bits(a, "i64"), integer(-(1 << 32), "i64")), "double")


def _flush_double(b: Builder, a: Value) -> Value:
    word = b.bits(a, "i64")
    small = b.compare("eq", b.op("and", word, integer(0x7FF << 52, "i64")), integer(0, "i64"))
    return b.bits(b.select(small, b.op("and", word, integer(1 << 63, "i64")), word), "double")


def _reciprocal(f: Frame, i: Instruction) -> Results:
    if i.type == "f64" and i.has("approx"):
        b = f.b
        a = _flush_double(b, f.src(1, "double"))
        return _upper_word(b, _flush_double(b, b.op("fdiv", floating(1.0, "double"), a)))
    mode = "rn" if i.has("approx") else _mode(i)

    def operation(b: Builder, kind: str, x: Value) -> Value:
        one = floating(1.0, FLOAT_TYPES[kind])
        return b.op("fdiv", one, x) if mode == "rn" else directed(b, "fdiv", mode, [one, x])

    return _arithmetic(f, i, 1, operation)


def _root(f: Frame, i: Instruction) -> Results:
    mode = _mode(i)

    def operation(b: Builder, kind: str, x: Value) -> Value:
        del kind
        return b.intrinsic("sqrt", [x]) if mode == "rn" else directed(b, "sqrt", mode, [x])

    return _arithmetic(f, i, 1, operation)


def _inverse_root(f: Frame, i: Instruction) -> Results:
    def operation(b: Builder, kind: str, x: Value) -> Value:
        return b.op("fdiv", floating(1.0, FLOAT_TYPES[kind]), b.intrinsic("sqrt", [x]))

    if i.type == "f64" and i.has("ftz"):
        found = operation(f.b, "f64", _flush_double(f.b, f.src(1, "double")))
        return _upper_word(f.b, found)
    return _arithmetic(f, i, 1, operation)


# -- sign, min, max


def _signed(f: Frame, i: Instruction) -> Results:
    """`neg` and `abs`: of the sign bit alone, NaN included; `.ftz` flushes first."""

    def apply(b: Builder, kind: str, a: Value) -> Value:
        a = flush(b, a, kind) if i.has("ftz") else a
        whole = f"i{BITS[a.type]}"
        sign = 1 << (BITS[a.type] - 1)
        how = ("xor", sign) if i.opcode == "neg" else ("and", sign - 1)
        return b.bits(b.op(how[0], b.bits(a, whole), integer(how[1], whole)), a.type)

    _same_type(f, i)
    return _elements(f, i, 1, apply)


def _extreme(f: Frame, i: Instruction) -> Results:
    """`min`, `max`: a NaN is passed over, or with `.NaN` passed on; -0 is less than +0."""
    name = {"min": "minimum", "max": "maximum"}[i.opcode] + ("" if i.has("NaN") else "num")

    def operation(b: Builder, kind: str, x: Value, y: Value) -> Value:
        del kind
        if not i.has("xorsign"):
            return b.intrinsic(name, [x, y])
        whole = f"i{BITS[x.type]}"
        sign = b.op("xor", b.bits(x, whole), b.bits(y, whole))
        found = b.intrinsic(name, [b.intrinsic("fabs", [x]), b.intrinsic("fabs", [y])])
        return b.intrinsic("copysign", [found, b.bits(sign, x.type)])

    if i.has("xorsign") != i.has("abs"):
        raise f.refuse(".xorsign and .abs go together")
    if len(i.operands) > 3:
        raise f.refuse("three operands are not supported")
    return _arithmetic(f, i, 2, operation)


# -- approximations


def _approximation(function: Callable[[Builder, Value], Value], f: Frame, i: Instruction) -> Results:
    _approx(f, i)
    return _arithmetic(f, i, 1, lambda b, kind, x: function(b, x))  # noqa: ARG005 - the signature of all


def _approx(f: Frame, i: Instruction) -> None:
    if not i.has("approx"):
        raise f.refuse("only .approx is supported")


def _ex2(f: Frame, i: Instruction) -> Results:
    _approx(f, i)
    if i.type == "f32" and i.has("ftz"):
        # A subnormal argument gives 1 in any case, and the result is flushed already.
        return approximate.exponential(f.b, f.src(1, "float"), ftz=True)
    # The results of f16 are all normal as float.
    return _arithmetic(f, i, 1, lambda b, kind, x: approximate.exponential(b, x, ftz=kind == "f16"))


def _lg2(f: Frame, i: Instruction) -> Results:
    _approx(f, i)
    return approximate.logarithm(f.b, f.src(1, "float"), ftz=i.has("ftz"))


# -- tests


_CLASS = {
    "notanumber": 0x003, "infinite": 0x204, "normal": 0x168, "subnormal": 0x090, "number": 0x3FC,
    "finite": 0x1F8,
}  # fmt: skip
"""What `llvm.is.fpclass` calls them."""


def _testp(f: Frame, i: Instruction) -> Results:
    """`testp.normal` and so on; zero counts as normal."""
    how = next((word for word in i.modifiers if word in _CLASS), "")
    if not how:
        raise f.refuse("what to test for is missing")
    a = f.src(1, FLOAT_TYPES[i.type])
    return f.b.intrinsic("is.fpclass", [a], "i1", tail=f", i32 {_CLASS[how]}")


def _copysign(f: Frame, i: Instruction) -> Results:
    kind = FLOAT_TYPES[i.type]
    return f.b.intrinsic("copysign", [f.src(2, kind), f.src(1, kind)])


_ALL = "f16 f16x2 bf16 bf16x2 f32 f64"
_ROUNDED = " ".join(MODES)
FLOAT: dict[str, Form] = {
    "add": form(partial(_binary, "fadd"), _ALL, f"{_ROUNDED} ftz sat"),
    "sub": form(partial(_binary, "fsub"), _ALL, f"{_ROUNDED} ftz sat"),
    "mul": form(partial(_binary, "fmul"), _ALL, f"{_ROUNDED} ftz sat"),
    "fma": form(_fma, _ALL, f"{_ROUNDED} ftz sat relu"),
    "mad": form(_fma, "f32 f64", f"{_ROUNDED} ftz sat"),
    "div": form(_div, "f32 f64", f"{_ROUNDED} ftz approx full"),
    "rcp": form(_reciprocal, "f32 f64", f"{_ROUNDED} ftz approx"),
    "sqrt": form(_root, "f32 f64", f"{_ROUNDED} ftz approx"),
    "rsqrt": form(_inverse_root, "f32 f64", "ftz approx"),
    "neg": form(_signed, _ALL, "ftz"),
    "abs": form(_signed, _ALL, "ftz"),
    "min": form(_extreme, _ALL, "ftz NaN xorsign abs"),
    "max": form(_extreme, _ALL, "ftz NaN xorsign abs"),
    "ex2": form(_ex2, "f16 f16x2 bf16 bf16x2 f32", "approx ftz"),
    "lg2": form(_lg2, "f32", "approx ftz"),
    "sin": form(partial(_approximation, approximate.sine), "f32", "approx ftz"),
    "cos": form(partial(_approximation, approximate.cosine), "f32", "approx ftz"),
    "tanh": form(partial(_approximation, approximate.tangent), "f16 f16x2 bf16 bf16x2 f32", "approx ftz"),
    "testp": form(_testp, "f32 f64", " ".join(_CLASS)),
    "copysign": form(_copysign, "f32 f64"),
    **FLOAT_PREDICATE,
}  # fmt: skip
