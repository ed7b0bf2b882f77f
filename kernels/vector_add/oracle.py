"""a + b in float64, two ways."""

from __future__ import annotations

import torch


def vector_add(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """(n,) and (n,) -> (n,), float64."""
    return a.double() + b.double()


def second(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """The same as a product with a matrix of ones: another path through torch."""
    return torch.stack([a.double(), b.double()], dim=1) @ torch.ones(2, dtype=torch.float64)
