"""FP8 attention in float64 on the same 8-bit numbers, two ways: scales on the inputs, and scales on scores and output."""

from __future__ import annotations

import torch

from kernels.attention import oracle

Inputs = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]
"""q, k, v of E4M3, and float32 scales, one a head of each."""


def attention(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    scale_q: torch.Tensor,
    scale_k: torch.Tensor,
    scale_v: torch.Tensor,
    *,
    scale: float,
    causal: bool,
) -> torch.Tensor:
    """(b, h, seq_q, d), (b, h / group, seq_k, d), likewise, (h), (h / group), likewise -> (b, h, seq_q, d), float64.

    What the numbers stand for is computed with; nothing is rounded.
    """
    wide = [
        tensor.double() * its.double()[:, None, None]
        for tensor, its in zip((q, k, v), (scale_q, scale_k, scale_v), strict=True)
    ]
    return oracle.attention(*wide, scale=scale, causal=causal)


def second(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    scale_q: torch.Tensor,
    scale_k: torch.Tensor,
    scale_v: torch.Tensor,
    *,
    scale: float,
    causal: bool,
) -> torch.Tensor:
    """The same head by head, by the recurrence over key tiles: one factor for the scores, another for the output."""
    group = q.shape[1] // k.shape[1]
    heads = []
    for h in range(q.shape[1]):
        mine = [tensor[:, n : n + 1].double() for tensor, n in ((q, h), (k, h // group), (v, h // group))]
        factor = scale * float(scale_q[h]) * float(scale_k[h // group])
        heads.append(oracle.second(*mine, scale=factor, causal=causal) * float(scale_v[h // group]))
    return torch.cat(heads, dim=1)
