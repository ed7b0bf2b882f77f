"""Other ways to attention on a card: torch's by each of its backends, and those of other packages where they are installed.

Causal masks of all of them but the textbook's are aligned at the top left or the bottom right as each has
it, so the benchmark's cases have as many keys as queries, where the two agree.
"""

from __future__ import annotations

from functools import cache, partial
from typing import Any

import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from repoops.suite.spec import Baseline, Case


def _sdpa(backend: SDPBackend, case: Case, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    with sdpa_kernel(backend):
        return torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=case["causal"])


def _flash_attn(case: Case, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """It takes (batch, seq, heads, dim)."""
    from flash_attn import flash_attn_func

    out: torch.Tensor = flash_attn_func(
        *(tensor.transpose(1, 2) for tensor in (q, k, v)), causal=case["causal"]
    )
    return out.transpose(1, 2)


def _xformers(case: Case, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """It takes (batch, seq, heads, dim)."""
    from xformers.ops import LowerTriangularMask, memory_efficient_attention

    mask = LowerTriangularMask() if case["causal"] else None
    out: torch.Tensor = memory_efficient_attention(
        *(tensor.transpose(1, 2) for tensor in (q, k, v)), attn_bias=mask
    )
    return out.transpose(1, 2)


@cache
def _flex() -> Any:
    """FlashAttention as torch generates it in Triton; compiled at the first call, per shape."""
    from torch.nn.attention.flex_attention import flex_attention

    return torch.compile(flex_attention, dynamic=False)


@cache
def _mask(length: int, device: torch.device) -> Any:
    from torch.nn.attention.flex_attention import create_block_mask

    return create_block_mask(lambda b, h, q, k: q >= k, None, None, length, length, device=str(device))  # noqa: ARG005


def _triton(case: Case, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    mask = _mask(q.shape[2], q.device) if case["causal"] else None
    out: torch.Tensor = _flex()(q, k, v, block_mask=mask)
    return out


BASELINES = (
    *(
        Baseline(f"SDPA ({name})", "torch", partial(_sdpa, backend))
        for name, backend in (
            ("flash", SDPBackend.FLASH_ATTENTION),
            ("mem-efficient", SDPBackend.EFFICIENT_ATTENTION),
            ("cuDNN", SDPBackend.CUDNN_ATTENTION),
            ("math", SDPBackend.MATH),
        )
    ),
    Baseline("flash-attn", "flash-attn", _flash_attn),
    Baseline("xformers", "xformers", _xformers),
    Baseline("flex_attention (Triton)", "triton", _triton),
)
