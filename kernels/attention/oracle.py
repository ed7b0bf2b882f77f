"""Attention forward in float64, two ways: with the whole score matrix, and by online softmax over key tiles."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import Any

import torch

Window = tuple[int | None, int | None]


def visible(
    seq_q: int,
    seq_k: int,
    *,
    causal: bool = False,
    diagonal: str = "bottom_right",
    window: Window = (None, None),
) -> torch.Tensor:
    """(seq_q, seq_k) of bool: which keys a query sees, by the distance of each from the query's own."""
    own = torch.arange(seq_q)[:, None] + (seq_k - seq_q if diagonal == "bottom_right" else 0)
    distance = torch.arange(seq_k) - own
    left, right = window
    seen = torch.ones(seq_q, seq_k, dtype=torch.bool)
    if left is not None:
        seen &= distance >= -left
    if right is not None:
        seen &= distance <= right
    return seen & (distance <= 0) if causal else seen


def band(
    seq_q: int,
    seq_k: int,
    *,
    causal: bool = False,
    diagonal: str = "bottom_right",
    window: Window = (None, None),
) -> torch.Tensor:
    """The same by cutting triangles off."""
    shift = seq_k - seq_q if diagonal == "bottom_right" else 0
    left, right = window
    seen = torch.ones(seq_q, seq_k, dtype=torch.int8)
    if left is not None:
        seen = seen.triu(shift - left)
    for above in [right] * (right is not None) + [0] * causal:
        seen = seen.tril(shift + above)
    return seen.bool()


def attention(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float, **mask: Any
) -> torch.Tensor:
    """(b, h, seq_q, d), (b, h / group, seq_k, d), likewise -> (b, h, seq_q, d), float64.

    A row that sees no key is zeros; `mask` is what `visible` takes.
    """
    group = q.shape[1] // k.shape[1]
    k, v = (tensor.double().repeat_interleave(group, dim=1) for tensor in (k, v))
    seen = visible(q.shape[-2], k.shape[-2], **mask)
    scores = (q.double() @ k.transpose(-1, -2) * scale).masked_fill(~seen, float("-inf"))
    return torch.where(seen.any(-1)[:, None], torch.softmax(scores, dim=-1), 0.0) @ v


def second(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float, tile: int = 7, **mask: Any
) -> torch.Tensor:
    """The same by the recurrence of Dao et al. 2022, alg. 1: maximum, sum and output updated tile by tile."""
    batch, heads, seq_q, dim = q.shape
    heads_k, seq_k = k.shape[1:3]
    seen = band(seq_q, seq_k, **mask)
    grouped = q.double().reshape(batch, heads_k, heads // heads_k, seq_q, dim)
    rows = grouped.shape[:-1]
    maximum = torch.full(rows, float("-inf"), dtype=torch.float64)
    total = torch.zeros(rows, dtype=torch.float64)
    out = torch.zeros(*rows, v.shape[-1], dtype=torch.float64)
    for first in range(0, seq_k, tile):
        part = slice(first, first + tile)
        scores = torch.einsum("bhgqd,bhkd->bhgqk", grouped, k[:, :, part].double()) * scale
        scores = scores.masked_fill(~seen[:, part], float("-inf"))
        higher = torch.maximum(maximum, scores.amax(dim=-1))
        finite = torch.where(
            higher.isinf(), 0.0, higher
        )  # nothing seen yet: exp(-inf - 0) is the zero that is meant
        rescale = torch.exp(maximum - finite)
        weights = torch.exp(scores - finite[..., None])
        total = total * rescale + weights.sum(dim=-1)
        out = out * rescale[..., None] + torch.einsum("bhgqk,bhkd->bhgqd", weights, v[:, :, part].double())
        maximum = higher
    return (out / torch.where(total == 0.0, 1.0, total)[..., None]).reshape(batch, heads, seq_q, -1)


def packed(
    attend: Callable[..., torch.Tensor],
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    cu_q: torch.Tensor,
    cu_k: torch.Tensor,
    **how: Any,
) -> torch.Tensor:
    """(1, h, all queries, d), (1, h / group, all keys, d), likewise -> (1, h, all queries, d): each sequence by itself."""
    pairs = zip(spans(cu_q), spans(cu_k), strict=True)
    alone = [attend(q[:, :, mine], k[:, :, theirs], v[:, :, theirs], **how) for mine, theirs in pairs]
    return torch.cat(alone, dim=2)


def spans(offsets: torch.Tensor) -> Iterator[slice]:
    """The rows of each sequence."""
    return (slice(first, end) for first, end in pairwise(offsets.tolist()))
