"""SwiGLU (Shazeer 2020, eq. 5, without its matrices) in float64, two ways."""

from __future__ import annotations

import torch


def swiglu(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """silu(a) * b = a / (1 + exp(-a)) * b, float64."""
    wide = a.double()
    return wide / (1 + torch.exp(-wide)) * b.double()


def second(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """Through the hyperbolic tangent: sigmoid(a) = (1 + tanh(a / 2)) / 2."""
    wide = a.double()
    return (1 + torch.tanh(wide / 2)) / 2 * wide * b.double()
