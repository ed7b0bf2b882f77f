"""Attention's gradients in float64, two ways: by the formulas of Dao 2023, and by torch's autograd through the forward pass."""

from __future__ import annotations

import torch

Gradients = tuple[torch.Tensor, torch.Tensor, torch.Tensor]
"""Of q, k and v, shaped as they are."""


def scores(q: torch.Tensor, k: torch.Tensor, *, scale: float, causal: bool) -> torch.Tensor:
    """(b, h, seq_q, d), (b, h, seq_k, d) -> (b, h, seq_q, seq_k); -inf where a query does not see a key."""
    found = q @ k.transpose(-1, -2) * scale
    seen = torch.ones(found.shape[-2:], dtype=torch.bool).tril(k.shape[-2] - q.shape[-2])
    return found.masked_fill(~seen, float("-inf")) if causal else found


def forward(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float, causal: bool
) -> tuple[torch.Tensor, torch.Tensor]:
    """What the backward pass is handed: the output, (b, h, seq_q, d), and the scores' log-sum-exp, (b, h, seq_q); float64."""
    found = scores(q.double(), k.double(), scale=scale, causal=causal)
    return torch.softmax(found, dim=-1).nan_to_num(0.0) @ v.double(), found.logsumexp(dim=-1)


def gradients(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, d_o: torch.Tensor, *, scale: float, causal: bool
) -> Gradients:
    """Dao 2023, section 2.1: dV = P^T dO, dS = P (dP - rowsum(P dP)), dQ = dS K, dK = dS^T Q."""
    q, k, v, d_o = (tensor.double() for tensor in (q, k, v, d_o))
    weights = torch.softmax(scores(q, k, scale=scale, causal=causal), dim=-1).nan_to_num(0.0)
    d_p = d_o @ v.transpose(-1, -2)
    d_s = weights * (d_p - (weights * d_p).sum(dim=-1, keepdim=True)) * scale
    return d_s @ k, d_s.transpose(-1, -2) @ q, weights.transpose(-1, -2) @ d_o


def second(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, d_o: torch.Tensor, *, scale: float, causal: bool
) -> Gradients:
    """Autograd through exp and a sum that leaves out what is not seen."""
    leaves = [tensor.detach().double().requires_grad_() for tensor in (q, k, v)]
    found = leaves[0] @ leaves[1].transpose(-1, -2) * scale
    seen = torch.ones(found.shape[-2:], dtype=torch.float64)
    seen = seen.tril(k.shape[-2] - q.shape[-2]) if causal else seen
    weights = (found - found.detach().amax(dim=-1, keepdim=True)).exp() * seen
    out = weights / weights.sum(dim=-1, keepdim=True).clamp(min=1e-300) @ leaves[2]
    d_q, d_k, d_v = torch.autograd.grad(out, leaves, d_o.double())
    return d_q, d_k, d_v
