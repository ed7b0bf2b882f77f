"""Floating-point formats as exact fractions: what a code means, and the code that a number is rounded to."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction


@dataclass(frozen=True, slots=True)
class Format:
    """Widths in bits; e4m3 has no infinity, and its largest exponent holds numbers."""

    exponent: int
    mantissa: int
    infinity: bool = True

    @property
    def bits(self) -> int:
        return 1 + self.exponent + self.mantissa

    @property
    def bias(self) -> int:
        return (1 << self.exponent - 1) - 1

    @property
    def largest(self) -> int:
        """The code of the largest finite number."""
        top = ((1 << self.exponent) - 1) << self.mantissa
        return top - 1 if self.infinity else top + (1 << self.mantissa) - 2

    @property
    def nan(self) -> int:
        return (1 << self.bits - 1) - 1


FORMATS = {
    "f16": Format(5, 10), "bf16": Format(8, 7), "f32": Format(8, 23), "f64": Format(11, 52), "tf32": Format(8, 10),
    "e4m3": Format(4, 3, infinity=False), "e5m2": Format(5, 2),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Number:
    """A number, an infinity or a NaN; the sign tells zeros apart."""

    negative: bool
    size: Fraction = Fraction(0)
    infinite: bool = False
    nan: bool = False

    @property
    def value(self) -> Fraction:
        return -self.size if self.negative else self.size

    @property
    def finite(self) -> bool:
        return not (self.infinite or self.nan)

    @property
    def zero(self) -> bool:
        return self.finite and not self.size


NAN = Number(negative=False, nan=True)


def decode(code: int, kind: str, *, ftz: bool = False) -> Number:
    """What a code stands for; with ftz subnormal numbers stand for zero."""
    form = FORMATS[kind]
    negative = bool(code >> form.bits - 1 & 1)
    code &= (1 << form.bits - 1) - 1
    exponent, mantissa = code >> form.mantissa, code & (1 << form.mantissa) - 1
    if code > form.largest:
        return Number(negative, infinite=True) if form.infinity and not mantissa else NAN
    if exponent == 0:
        mantissa = 0 if ftz else mantissa
        return Number(negative, Fraction(mantissa, 1 << form.bias - 1 + form.mantissa))
    shift = exponent - form.bias - form.mantissa
    whole = mantissa | 1 << form.mantissa
    return Number(negative, Fraction(whole << shift) if shift >= 0 else Fraction(whole, 1 << -shift))


def encode(number: Number, kind: str, mode: str = "rn", *, ftz: bool = False, satfinite: bool = False) -> int:
    """The code a number is rounded to."""
    form = FORMATS[kind]
    sign = int(number.negative) << form.bits - 1
    if number.nan:
        return form.nan
    if number.infinite:
        return sign | (form.largest if satfinite else form.largest + 1)
    if not number.size:
        return sign
    top, bottom = number.size.numerator, number.size.denominator
    power = top.bit_length() - bottom.bit_length()
    if (top << -power if power < 0 else top) < (bottom << power if power > 0 else bottom):
        power -= 1
    power = max(power, 1 - form.bias)
    shift = form.mantissa - power
    whole, rest = divmod(top << shift, bottom) if shift >= 0 else divmod(top, bottom << -shift)
    unit = bottom if shift >= 0 else bottom << -shift
    if _up(mode, whole, rest, unit, negative=number.negative):
        whole += 1
    code = (power + form.bias - 1 << form.mantissa) + whole
    if code > form.largest:
        away = mode in ("rn", "rna") or mode == ("rm" if number.negative else "rp")
        code = form.largest + 1 if away and not satfinite else form.largest
    if ftz and code < 1 << form.mantissa:
        code = 0
    return sign | code


def _up(mode: str, whole: int, rest: int, unit: int, *, negative: bool) -> bool:
    if mode == "rz" or not rest:
        return False
    if mode == "rn":
        return 2 * rest > unit or (2 * rest == unit and whole & 1 == 1)
    if mode == "rna":
        return 2 * rest >= unit
    return negative == (mode == "rm")


def number_of(value: Fraction | int, *, negative_zero: bool = False) -> Number:
    """A fraction as a number."""
    return Number(value < 0 if value else negative_zero, abs(Fraction(value)))
