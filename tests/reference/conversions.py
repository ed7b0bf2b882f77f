"""`cvt` on exact fractions, one lane at a time.

Source: PTX ISA 9.0, "Data Movement and Conversion Instructions: cvt, cvt.pack".
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import ceil, floor

from repoops.ptx.syntax import SIZES
from tests.reference.floats import MODES, _relu, _saturated
from tests.reference.formats import FORMATS, Number, decode, encode, number_of
from tests.reference.integers import as_signed, clamp

Words = Sequence[str]


def _mode(words: Words) -> str:
    return next((w for w in words if w in (*MODES, "rna")), "rn")


def _nearest_even(x: Fraction) -> int:
    return round(x)


_INTEGRAL = {"rni": _nearest_even, "rzi": int, "rmi": floor, "rpi": ceil}


def _range(kind: str) -> tuple[int, int]:
    bits = 8 * SIZES[kind]
    return (-(1 << bits - 1), (1 << bits - 1) - 1) if kind[0] == "s" else (0, (1 << bits) - 1)


def _register(value: int, kind: str, width: int) -> int:
    """An integer result in its register: extended as its type says."""
    bits = 8 * SIZES[kind]
    value &= (1 << bits) - 1
    return (as_signed(value, bits) if kind[0] == "s" else value) & (1 << width) - 1


def _rounded_integral(x: Number, words: Words) -> Number:
    how = next((w for w in words if w in _INTEGRAL), "")
    if not how or not x.finite:
        return x
    found = _INTEGRAL[how](x.value)
    return number_of(found, negative_zero=x.negative)


def _to_integer(words: Words, to: str, source: str, code: int) -> int:
    x = _rounded_integral(decode(code, source, ftz="ftz" in words and source == "f32"), words)
    low, high = _range(to)
    bits = 8 * SIZES[to]
    if x.nan:
        return 1 << bits - 1 if bits == 64 or source == "f64" else 0
    if x.infinite:
        return low if x.negative else high
    return clamp(int(x.value), low, high)


def _limited(x: Number, words: Words) -> Number:
    x = _relu(x) if "relu" in words else x
    return _saturated(x) if "sat" in words else x


def float_code(words: Words, to: str, x: Number) -> int:
    """A number as a code of a floating-point type."""
    ftz = "ftz" in words and to == "f32"
    code = encode(_limited(x, words), to, _mode(words), ftz=ftz, satfinite="satfinite" in words)
    return code << 13 if to == "tf32" and not x.nan else 0x7FFFFFFF if to == "tf32" else code


def convert(words: Words, width: int, *codes: int) -> int:
    """The result in a register of `width` bits."""
    if "pack" in words:
        return _pack(words, *codes)
    to, source = (w for w in words if w in SIZES)
    if to.endswith("x2"):
        return _packed(words, to, source, *codes)
    (code,) = codes
    if source in FORMATS:
        if to not in FORMATS:
            return _register(_to_integer(words, to, source, code), to, width)
        x = decode(code, source, ftz="ftz" in words and source == "f32")
        return float_code(words, to, _rounded_integral(x, words))
    bits = 8 * SIZES[source]
    value = code & (1 << bits) - 1
    value = as_signed(value, bits) if source[0] == "s" else value
    if to in FORMATS:
        return float_code(words, to, number_of(value))
    return _register(clamp(value, *_range(to)) if "sat" in words else value, to, width)


def _packed(words: Words, to: str, source: str, *codes: int) -> int:
    if source == "f32":
        high, low = (decode(c, source, ftz="ftz" in words) for c in codes)
    else:
        wide = FORMATS[source[:-2]].bits
        low, high = (decode(codes[0] >> s & (1 << wide) - 1, source[:-2]) for s in (0, wide))
    one = to[:-2]
    return float_code(words, one, low) | float_code(words, one, high) << FORMATS[one].bits


def _pack(words: Words, a: int, b: int, c: int = 0) -> int:
    to = next(w for w in words if w[1:].isdigit())
    bits = int(to[1:])
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if to[0] == "s" else (0, (1 << bits) - 1)
    x, y = (clamp(as_signed(v, 32), low, high) & (1 << bits) - 1 for v in (a, b))
    return (c << 2 * bits | x << bits | y) & 0xFFFFFFFF
