"""Row softmax in float64, two ways."""

from __future__ import annotations

import torch


def softmax(x: torch.Tensor) -> torch.Tensor:
    """(rows, cols) -> (rows, cols), float64."""
    return torch.softmax(x.double(), dim=-1)


def second(x: torch.Tensor) -> torch.Tensor:
    """exp(x - logsumexp(x)): no division, and the maximum is taken inside `logsumexp`."""
    wide = x.double()
    return torch.exp(wide - torch.logsumexp(wide, dim=-1, keepdim=True))
