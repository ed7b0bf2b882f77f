# ruff: noqa: ARG001, ARG005 - all opcodes have one signature
"""Floating-point PTX instructions on exact fractions, one lane at a time, each rounded once at its end.

Source: PTX ISA 9.0, "Floating Point Instructions", "Half Precision Floating Point Instructions",
"Comparison and Selection Instructions".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import isqrt

from tests.reference.formats import FORMATS, NAN, Number, decode, encode, number_of
from tests.reference.integers import combined

Words = Sequence[str]
MODES = ("rn", "rz", "rm", "rp")
Function = Callable[..., Number]


def mode_of(words: Words) -> str:
    return next((w for w in words if w in MODES), "rn")


def _sum(mode: str, x: Number, y: Number) -> Number:
    if x.nan or y.nan or (x.infinite and y.infinite and x.negative != y.negative):
        return NAN
    if x.infinite or y.infinite:
        return x if x.infinite else y
    negative_zero = x.negative and y.negative if x.negative == y.negative else mode == "rm"
    return number_of(x.value + y.value, negative_zero=negative_zero)


def _product(x: Number, y: Number) -> Number:
    negative = x.negative != y.negative
    if x.nan or y.nan or (x.infinite and y.zero) or (x.zero and y.infinite):
        return NAN
    if x.infinite or y.infinite:
        return Number(negative, infinite=True)
    return Number(negative, x.size * y.size)


def _quotient(x: Number, y: Number) -> Number:
    negative = x.negative != y.negative
    if x.nan or y.nan or (x.infinite and y.infinite) or (x.zero and y.zero):
        return NAN
    if x.infinite or y.zero:
        return Number(negative, infinite=True)
    return Number(negative, Fraction(0) if y.infinite else x.size / y.size)


def _root(x: Number) -> Number:
    if x.nan or (x.negative and not x.zero):
        return NAN
    if x.infinite or x.zero:
        return x
    # Enough digits for any rounding, and a half at the end if that is not all.
    scaled = (x.size.numerator << 4400) // x.size.denominator
    root = isqrt(scaled)
    return Number(negative=False, size=Fraction(2 * root + (root * root != scaled), 1 << 2201))


def _negated(x: Number) -> Number:
    return Number(not x.negative, x.size, x.infinite, x.nan)


_ARITHMETIC: dict[str, Function] = {
    "add": _sum,
    "sub": lambda mode, x, y: _sum(mode, x, _negated(y)) if not y.nan else NAN,
    "mul": lambda mode, x, y: _product(x, y),
    "fma": lambda mode, x, y, z: _sum(mode, _product(x, y), z),
    "mad": lambda mode, x, y, z: _sum(mode, _product(x, y), z),
    "div": lambda mode, x, y: _quotient(x, y),
    "rcp": lambda mode, x: _quotient(number_of(1), x),
    "sqrt": lambda mode, x: _root(x),
}


def halves(function: Callable[..., int], kind: str, *codes: int) -> int:
    """A function of 16-bit codes on both halves."""
    low = function(kind[:-2], *(c & 0xFFFF for c in codes))
    return low | function(kind[:-2], *(c >> 16 for c in codes)) << 16


def _saturated(x: Number) -> Number:
    if x.nan or x.negative:
        return number_of(0)
    return number_of(1) if x.infinite or x.size > 1 else x


def _relu(x: Number) -> Number:
    return number_of(0) if x.negative and not x.nan else x


def arithmetic(function: Function) -> Callable[..., tuple[int, ...]]:
    """An instruction that computes exactly, limits and rounds."""

    def run(words: Words, kind: str, *codes: int) -> tuple[int, ...]:
        mode, ftz = mode_of(words), "ftz" in words

        def one(kind: str, *codes: int) -> int:
            found = function(mode, *(decode(c, kind, ftz=ftz) for c in codes))
            code = encode(found, kind, mode, ftz=ftz)
            if "sat" in words:
                code = encode(_saturated(decode(code, kind)), kind)
            if "relu" in words:
                code = encode(_relu(decode(code, kind)), kind)
            return code

        return (halves(one, kind, *codes) if kind.endswith("x2") else one(kind, *codes),)

    return run


def _flushed(code: int, kind: str, words: Words) -> int:
    form = FORMATS[kind]
    size = code & (1 << form.bits - 1) - 1
    return code - size if "ftz" in words and size < 1 << form.mantissa else code


def _sign(how: str) -> Callable[..., tuple[int, ...]]:
    def run(words: Words, kind: str, code: int) -> tuple[int, ...]:
        def one(kind: str, code: int) -> int:
            top = 1 << FORMATS[kind].bits - 1
            code = _flushed(code, kind, words)
            return code ^ top if how == "neg" else code & ~top

        return (halves(one, kind, code) if kind.endswith("x2") else one(kind, code),)

    return run


def _extreme(largest: bool) -> Callable[..., tuple[int, ...]]:
    def run(words: Words, kind: str, a: int, b: int) -> tuple[int, ...]:
        def one(kind: str, a: int, b: int) -> int:
            top = 1 << FORMATS[kind].bits - 1
            a, b = _flushed(a, kind, words), _flushed(b, kind, words)
            sign = (a ^ b) & top
            if "xorsign" in words:
                a, b = a & ~top, b & ~top
            x, y = decode(a, kind), decode(b, kind)
            if x.nan or y.nan:
                chosen = FORMATS[kind].nan if (x.nan and y.nan) or "NaN" in words else b if x.nan else a
            else:
                chosen = a if (order(x) > order(y)) == largest else b
            return (chosen & ~top) | sign if "xorsign" in words else chosen

        return (halves(one, kind, a, b) if kind.endswith("x2") else one(kind, a, b),)

    return run


def order(x: Number) -> tuple[Fraction, bool]:
    """Numbers in order, -0 before +0."""
    huge = Fraction(1 << 2000)
    size = huge if x.infinite else x.size
    return (-size if x.negative else size, not x.negative)


def holds(how: str, x: Number, y: Number) -> bool:
    """Whether a comparison holds; the names that end in u do for NaN too."""
    unordered = x.nan or y.nan
    if how in ("num", "nan"):
        return unordered == (how == "nan")
    if unordered:
        return how.endswith("u")
    a, b = order(x)[0], order(y)[0]
    return {"eq": a == b, "ne": a != b, "lt": a < b, "le": a <= b, "gt": a > b, "ge": a >= b}[how[:2]]


def _comparison(words: Words, kind: str, a: int, b: int) -> bool:
    ftz = "ftz" in words
    return holds(words[0], decode(a, kind, ftz=ftz), decode(b, kind, ftz=ftz))


def setp(words: Words, kind: str, a: int, b: int, c: int | None = None) -> tuple[int, ...]:
    if kind.endswith("x2"):
        low, high = (_comparison(words, kind[:-2], a >> s & 0xFFFF, b >> s & 0xFFFF) for s in (0, 16))
        return combined(words, low, c), combined(words, high, c)
    found = _comparison(words, kind, a, b)
    return combined(words, found, c), combined(words, not found, c)


_ONE = {
    "f16": 0x3C00,
    "bf16": 0x3F80,
    "f32": 0x3F800000,
    "u32": 0xFFFFFFFF,
    "s32": 0xFFFFFFFF,
    "u16": 0xFFFF,
    "s16": 0xFFFF,
}


def set_(words: Words, kind: str, a: int, b: int, c: int | None = None) -> tuple[int, ...]:
    to = words[-2]
    if kind.endswith("x2"):
        one = _ONE[kind[:-2]] if to == kind else 0xFFFF
        low, high = setp(words, kind, a, b, c)
        return (one * low | one * high << 16,)
    return (_ONE[to] * combined(words, _comparison(words, kind, a, b), c),)


def slct(words: Words, kind: str, a: int, b: int, c: int) -> tuple[int, ...]:
    x = decode(c, "f32", ftz="ftz" in words)
    return (a if not x.nan and (x.zero or not x.negative) else b,)


def testp(words: Words, kind: str, a: int) -> tuple[int, ...]:
    x, form = decode(a, kind), FORMATS[kind]
    subnormal = x.finite and not x.zero and x.size < Fraction(1, 1 << form.bias - 1)
    return (int({
        "finite": x.finite, "infinite": x.infinite, "number": not x.nan, "notanumber": x.nan,
        "normal": x.finite and not subnormal, "subnormal": subnormal,
    }[words[0]]),)  # fmt: skip


def copysign(words: Words, kind: str, a: int, b: int) -> tuple[int, ...]:
    top = 1 << FORMATS[kind].bits - 1
    return (a & top | b & ~top,)


REFERENCE: dict[str, Callable[..., tuple[int, ...]]] = {
    **{name: arithmetic(function) for name, function in _ARITHMETIC.items()},
    "neg": _sign("neg"), "abs": _sign("abs"), "min": _extreme(largest=False), "max": _extreme(largest=True),
    "setp": setp, "set": set_, "selp": lambda words, kind, a, b, p: (a if p else b,), "slct": slct, "testp": testp,
    "copysign": copysign,
}  # fmt: skip
"""For each opcode `(modifiers, last type, *operands' codes) -> results`."""


def is_nan(code: int, kind: str) -> bool:
    """Whether a code is a NaN; of packed types, whether any half is."""
    if kind.endswith("x2"):
        return is_nan(code & 0xFFFF, kind[:-2]) or is_nan(code >> 16, kind[:-2])
    return decode(code, kind).nan
