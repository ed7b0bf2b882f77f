"""`ex2 lg2 sin cos tanh` on vectors of float: range reduction and a polynomial, within the ISA's stated error.

The coefficients minimise the greatest relative error (weighted least squares, repeated), rounded to float.

Source: PTX ISA 9.0, "Floating Point Instructions", for the error each may have.
"""

from __future__ import annotations

import math

from repoops.engine.builder import Builder, Value, floating, integer

_EX2 = (0.6931471824645996, 0.24022647738456726, 0.055503323674201965, 0.00961843691766262,
        0.0013398873852565885, 0.00015353361959569156)  # fmt: skip
"""2^f = 1 + f·P(f) for |f| ≤ 1/2, relative error 2^-28.9."""
_LG2 = (1.4426950216293335, -0.7213473320007324, 0.48091062903404236, -0.3607036769390106, 0.28791624307632446,
        -0.23894482851028442, 0.21571560204029083, -0.20726974308490753, 0.12583701312541962)  # fmt: skip
"""log2(1 + f) = f·P(f) for √½ ≤ 1 + f ≤ √2, relative error 2^-25.2."""
_SIN = (6.2831854820251465, -41.341678619384766, 81.60223388671875, -76.57499694824219, 39.7109489440918)
"""sin 2πr = r·P(r²) for |r| ≤ 1/4, relative error 2^-27.5."""
_TANH = (1.0, -1 / 3, 2 / 15, -17 / 315, 62 / 2835)
"""tanh x = x·P(x²), Taylor's series: relative error below 2^-18 for |x| ≤ 0.4."""
_ROUND = 12582912.0
"""1.5·2^23: added and taken away again it rounds to an integer, which then stands in the lowest bits."""


def polynomial(b: Builder, x: Value, coefficients: tuple[float, ...]) -> Value:
    """By Horner's rule, fused."""
    total = floating(coefficients[-1])
    for one in reversed(coefficients[:-1]):
        total = b.intrinsic("fma", [total, x, floating(one)])
    return total


def exponential(b: Builder, x: Value, *, ftz: bool) -> Value:
    """2^x; with ftz results below 2^-126 are 0. Error below 1 unit in the last place."""
    if ftz:
        return _exponential(b, x)
    # Where the result is subnormal, 2^(x + 64) · 2^-64: the product rounds once, to what fits.
    small = b.compare("olt", x, floating(-126.0))
    found = _exponential(b, b.select(small, b.op("fadd", x, floating(64.0)), x))
    return b.select(small, b.op("fmul", found, floating(2.0**-64)), found)


def _exponential(b: Builder, x: Value) -> Value:
    shifted = b.op("fadd", x, floating(_ROUND))
    rest = b.op("fsub", x, b.op("fsub", shifted, floating(_ROUND)))
    power = polynomial(b, rest, (1.0, *_EX2))
    exponent = b.op("shl", b.bits(shifted, "i32"), integer(23))
    found = b.bits(b.op("add", b.bits(power, "i32"), exponent), "float")
    # Beyond 2^128, and for NaN, x + inf; below 2^-126 zero.
    beyond = b.compare("uge", x, floating(128.0))
    found = b.select(beyond, b.op("fadd", x, floating(math.inf)), found)
    return b.select(b.compare("olt", x, floating(-126.0)), floating(0.0), found)


def logarithm(b: Builder, x: Value, *, ftz: bool) -> Value:
    """log2 x; subnormal numbers are taken for zero with ftz."""
    lowest = floating(2.0**-126)
    small = b.compare("olt", x, lowest)
    scaled = x if ftz else b.select(small, b.op("fmul", x, floating(2.0**24)), x)
    word = b.bits(scaled, "i32")
    # The exponent that leaves a mantissa between √½ and √2.
    exponent = b.op("ashr", b.op("sub", word, integer(0x3F3504F3)), integer(23))
    mantissa = b.bits(b.op("sub", word, b.op("shl", exponent, integer(23))), "float")
    whole = b.cast("sitofp", exponent, "float")
    if not ftz:
        whole = b.select(small, b.op("fsub", whole, floating(24.0)), whole)
    rest = b.op("fsub", mantissa, floating(1.0))
    found = b.intrinsic("fma", [rest, polynomial(b, rest, _LG2), whole])
    zero = b.compare("olt", b.intrinsic("fabs", [x]), lowest if ftz else floating(2.0**-149))
    special = b.select(b.compare("ult", x, floating(0.0)), floating(math.nan), x)
    fine = b.op("and", b.compare("ogt", x, floating(0.0)), b.compare("olt", x, floating(math.inf)))
    return b.select(zero, floating(-math.inf), b.select(fine, found, special))


def _turns(b: Builder, x: Value) -> Value:
    """The angle x as turns of a circle, between -1/2 and 1/2, in double: exact enough for any float that has a fraction."""
    turns = b.op("fmul", b.cast("fpext", x, "double"), floating(1 / (2 * math.pi), "double"))
    return b.op("fsub", turns, b.intrinsic("roundeven", [turns]))


def _sine(b: Builder, turns: Value) -> Value:
    r = b.cast("fptrunc", turns, "float")
    return b.op("fmul", r, polynomial(b, b.op("fmul", r, r), _SIN))


def sine(b: Builder, x: Value) -> Value:
    """The sine of x, absolute error below 2^-22 up to 2^30; -0 stays -0."""
    turns = _turns(b, x)
    half = b.intrinsic("copysign", [floating(0.5, "double"), turns])
    far = b.compare("ogt", b.intrinsic("fabs", [turns]), floating(0.25, "double"))
    found = _sine(b, b.select(far, b.op("fsub", half, turns), turns))
    return b.select(b.compare("olt", b.intrinsic("fabs", [x]), floating(2.0**-13)), x, found)


def cosine(b: Builder, x: Value) -> Value:
    """The cosine of x, a sine a quarter turn on; absolute error as `sine`."""
    return _sine(b, b.op("fsub", floating(0.25, "double"), b.intrinsic("fabs", [_turns(b, x)])))


def tangent(b: Builder, x: Value) -> Value:
    """The hyperbolic tangent, relative error below 2^-17."""
    size = b.intrinsic("fabs", [x])
    near = b.op("fmul", x, polynomial(b, b.op("fmul", x, x), _TANH))
    power = _exponential(b, b.op("fmul", size, floating(2 / math.log(2))))
    far = b.op("fsub", floating(1.0), b.op("fdiv", floating(2.0), b.op("fadd", power, floating(1.0))))
    far = b.intrinsic("copysign", [far, x])
    return b.select(b.compare("olt", size, floating(0.4)), near, far)
