"""Matrix product in float64, two ways."""

from __future__ import annotations

import torch


def gemm(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """(m, k) and (k, n) -> (m, n), float64."""
    return a.double() @ b.double()


def second(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """As the sum of k outer products: no library's matrix product, and another order."""
    return (a.double().t()[:, :, None] * b.double()[:, None, :]).sum(0)
