"""LayerNorm (Ba et al. 2016, eq. 4) in float64, two ways."""

from __future__ import annotations

import torch


def layernorm(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, eps: float) -> torch.Tensor:
    """(rows, cols), (cols,), (cols,) -> (rows, cols), float64."""
    wide = x.double()
    centred = wide - wide.mean(dim=-1, keepdim=True)
    variance = centred.square().mean(dim=-1, keepdim=True)
    return centred / torch.sqrt(variance + eps) * weight.double() + bias.double()


def second(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, eps: float) -> torch.Tensor:
    """Through the mean squared difference of all pairs, which is twice the variance: no mean is subtracted for it."""
    wide = x.double()
    pairs = (wide[:, :, None] - wide[:, None, :]).square().mean(dim=(1, 2)) / 2
    scale = weight.double() * torch.rsqrt(pairs + eps)[:, None]
    return wide * scale - wide.sum(dim=-1, keepdim=True) / x.shape[-1] * scale + bias.double()
