"""Approximate instructions: the exact result in float64, and the error that the ISA allows.

Float64 has at least 29 bits more than the types here, so its own rounding is of no account.

Source: PTX ISA 9.0, "Floating Point Instructions: div, rcp, sqrt, rsqrt, sin, cos, lg2, ex2, tanh", the tables of special
values and the errors stated; "Half Precision Floating Point Instructions: tanh, ex2".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


@dataclass(frozen=True)
class Approximation:
    """What an instruction approximates.

    Attributes:
        exact: of float64 operands.
        relative: allowed error as a share of the result.
        absolute: allowed error besides; a function of the operand.
        units: allowed error in units in the last place of the result.
    """

    exact: Callable[..., Array]
    relative: float = 0.0
    absolute: Callable[[Array], Array] = np.zeros_like
    units: float = 0.0


def _log2(x: Array) -> Array:
    return np.where(x == 0, -np.inf, np.log2(np.where(x < 0, np.nan, x)))


def _angle_error(x: Array) -> Array:
    """2^-20.5 within a turn; up to 100 pi 2^-14.7. Nothing is stated further out: we hold to the latter up to 2^30."""
    size = np.abs(x)
    return np.where(size <= 2 * np.pi, 2**-20.5, np.where(size <= 2.0**30, 2**-14.7, 2.0))


def _divided(x: Array, y: Array) -> Array:
    """`div.approx`: for divisors beyond 2^126 zero, and NaN for an infinite dividend."""
    large = (np.abs(y) > 2.0**126) & np.isfinite(y)
    return np.where(large, x * np.copysign(0.0, y), x / y)


APPROXIMATIONS: dict[str, Approximation] = {
    "div.approx.f32": Approximation(_divided, units=2),
    "div.full.f32": Approximation(lambda x, y: x / y, units=2),
    "rcp.approx.f32": Approximation(lambda x: 1 / x, units=1),
    "sqrt.approx.f32": Approximation(np.sqrt, relative=2**-23),
    "rsqrt.approx.f32": Approximation(lambda x: 1 / np.sqrt(x), relative=2**-22.9),
    "sin.approx.f32": Approximation(np.sin, absolute=_angle_error),
    "cos.approx.f32": Approximation(np.cos, absolute=_angle_error),
    "lg2.approx.f32": Approximation(
        _log2, relative=2**-22, absolute=lambda x: np.where((x > 0.5) & (x < 2), 2**-22.0, 0.0)
    ),
    "ex2.approx.f32": Approximation(np.exp2, relative=2**-22),
    "tanh.approx.f32": Approximation(np.tanh, relative=2**-11),
    "ex2.approx.f16": Approximation(np.exp2, relative=2**-9.9),
    "ex2.approx.bf16": Approximation(np.exp2, relative=2**-7),
    "tanh.approx.f16": Approximation(np.tanh, absolute=lambda x: np.full_like(x, 2**-10.987)),
    "tanh.approx.bf16": Approximation(np.tanh, absolute=lambda x: np.full_like(x, 2**-8.0)),
}  # fmt: skip
"""By name without `.ftz`."""
