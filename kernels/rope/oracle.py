"""Rotary position embedding (Su et al. 2021, eq. 34) in float64, two ways."""

from __future__ import annotations

import torch


def rope(x: torch.Tensor, positions: torch.Tensor, turns: torch.Tensor, *, interleaved: bool) -> torch.Tensor:
    """(tokens, heads, dim), (tokens,), (length, dim) -> (tokens, heads, dim), float64."""
    return turned(x.double(), turns.double()[positions.long()], interleaved=interleaved)


def turned(x: torch.Tensor, turns: torch.Tensor, *, interleaved: bool) -> torch.Tensor:
    """The textbook's two lines in the dtype of x, for the oracle and for what the dtype alone costs."""
    cos, sin = turns[:, None].chunk(2, dim=-1)
    a, b = (x[..., ::2], x[..., 1::2]) if interleaved else x.chunk(2, dim=-1)
    pair = (a * cos - b * sin, a * sin + b * cos)
    return torch.stack(pair, dim=-1).flatten(-2) if interleaved else torch.cat(pair, dim=-1)


def second(
    x: torch.Tensor, positions: torch.Tensor, turns: torch.Tensor, *, interleaved: bool
) -> torch.Tensor:
    """As a product of complex numbers, (a + b i) (cos + sin i)."""
    half = x.shape[-1] // 2
    at = torch.arange(x.shape[-1])
    pairs = at.reshape(half, 2) if interleaved else at.reshape(2, half).t()
    angle = turns.double()[positions.long()]
    turn = torch.complex(angle[:, None, :half], angle[:, None, half:])
    product = torch.view_as_complex(x.double()[..., pairs].contiguous()) * turn
    out = torch.empty(x.shape, dtype=torch.float64)
    out[..., pairs.flatten()] = torch.view_as_real(product).flatten(-2)
    return out
