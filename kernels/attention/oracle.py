"""Attention forward in float64, two ways: with the whole score matrix, and by online softmax over key tiles."""

from __future__ import annotations

import torch


def visible(seq_q: int, seq_k: int, *, causal: bool) -> torch.Tensor:
    """(seq_q, seq_k) of bool: which keys a query sees; causal is aligned at the bottom right."""
    everything = torch.ones(seq_q, seq_k, dtype=torch.bool)
    return everything.tril(seq_k - seq_q) if causal else everything


def attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float, causal: bool = False
) -> torch.Tensor:
    """(b, h, seq_q, d), (b, h, seq_k, d), (b, h, seq_k, d) -> (b, h, seq_q, d), float64.

    A row that sees no key is zeros.
    """
    scores = q.double() @ k.double().transpose(-1, -2) * scale
    seen = visible(q.shape[-2], k.shape[-2], causal=causal)
    weights = torch.softmax(scores.masked_fill(~seen, float("-inf")), dim=-1)
    return torch.where(seen.any(-1)[:, None], weights, 0.0).nan_to_num(0.0) @ v.double()


def second(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float, causal: bool = False, tile: int = 7
) -> torch.Tensor:
    """The same by the recurrence of Dao et al. 2022, alg. 1: maximum, sum and output updated tile by tile."""
    seen = visible(q.shape[-2], k.shape[-2], causal=causal)
    rows = q.shape[:-1]
    maximum = torch.full(rows, float("-inf"), dtype=torch.float64)
    total = torch.zeros(rows, dtype=torch.float64)
    out = torch.zeros(*rows, v.shape[-1], dtype=torch.float64)
    for first in range(0, k.shape[-2], tile):
        part = slice(first, first + tile)
        scores = torch.einsum("bhqd,bhkd->bhqk", q.double(), k[:, :, part].double()) * scale
        scores = scores.masked_fill(~seen[:, part], float("-inf"))
        higher = torch.maximum(maximum, scores.amax(dim=-1))
        finite = torch.where(
            higher.isinf(), 0.0, higher
        )  # nothing seen yet: exp(-inf - 0) is the zero that is meant
        rescale = torch.exp(maximum - finite)
        weights = torch.exp(scores - finite[..., None])
        total = total * rescale + weights.sum(dim=-1)
        out = out * rescale[..., None] + torch.einsum("bhqk,bhkd->bhqd", weights, v[:, :, part].double())
        maximum = higher
    return out / torch.where(total == 0.0, 1.0, total)[..., None]
