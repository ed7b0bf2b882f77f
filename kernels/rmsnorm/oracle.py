"""RMSNorm (Zhang and Sennrich 2019, eq. 4) in float64, two ways."""

from __future__ import annotations

import torch


def rmsnorm(x: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
    """(rows, cols) and (cols,) -> (rows, cols), float64."""
    wide = x.double()
    return wide / torch.sqrt(wide.square().mean(dim=-1, keepdim=True) + eps) * weight.double()


def second(x: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
    """Through the Euclidean norm: x * sqrt(cols) / sqrt(|x|^2 + cols * eps)."""
    wide = x.double()
    cols = x.shape[-1]
    norm = torch.linalg.vector_norm(wide, dim=-1, keepdim=True)
    return wide * cols**0.5 / torch.sqrt(norm**2 + cols * eps) * weight.double()


def add_and_norm(x: torch.Tensor, residual: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
    """(rows, cols) twice and (cols,) -> (2, rows, cols), float64: the sum, and its norm."""
    total = x.double() + residual.double()
    return torch.stack((total, rmsnorm(total, weight, eps)))
