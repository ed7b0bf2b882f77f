"""Attention's gradients, fp16 and bf16, head dimensions 64 and 128; accumulated in float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from kernels.contract import check, check_kind
from repoops import backends
from repoops.kernel.model import Kernel, Launch

HERE = Path(__file__).parent
ELEMENTS = {torch.float16: "__half", torch.bfloat16: "__nv_bfloat16"}
DIMS = (64, 128)
ROWS = 4
"""Of a thread block, one a warp."""


def kernel(name: str, q: torch.Tensor) -> Kernel:
    """One of `delta`, `queries` and `keys`, for a tensor's head dimension and type."""
    entry = f"attention_backward_{name}<{q.shape[3]}, {ELEMENTS[q.dtype]}>"
    return Kernel(HERE / "two_passes.cu", entry, include=(HERE.parent / "include",))


def plan(
    inputs: tuple[torch.Tensor, ...],
    d_q: torch.Tensor,
    d_k: torch.Tensor,
    d_v: torch.Tensor,
    *,
    scale: float,
    causal: bool,
) -> tuple[tuple[Kernel, Launch], ...]:
    """The three launches for q, k, v, o, dO and lse; arguments as `backward` has them once they are checked."""
    q, k, v, o, d_o, lse = inputs
    batch, heads, seq_q, _ = q.shape
    seq_k = k.shape[2]
    by_query, by_key = ((-(-seq // ROWS), batch * heads, 1) for seq in (seq_q, seq_k))
    delta = torch.empty_like(lse)
    numbers = (np.int32(seq_q), np.int32(seq_k), np.float32(scale), np.int32(causal))
    return (
        (kernel("delta", q), Launch((-(-seq_q // 128), batch * heads, 1), (128, 1, 1), (o, d_o, delta, np.int32(seq_q)), outputs=(2,))),
        (kernel("queries", q),
         Launch(by_query, (128, 1, 1), (q, k, v, d_o, lse, delta, d_q, *numbers), outputs=(6,))),
        (kernel("keys", q),
         Launch(by_key, (128, 1, 1), (q, k, v, d_o, lse, delta, d_k, d_v, *numbers), outputs=(6, 7))),
    )  # fmt: skip


def backward(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    o: torch.Tensor,
    d_o: torch.Tensor,
    lse: torch.Tensor,
    *,
    causal: bool = False,
    scale: float | None = None,
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """The gradients of q, k and v; on a GPU if the tensors lie there, else on the CPU.

    Args:
        q: (batch, heads, seq_q, 64 or 128), float16 or bfloat16, contiguous.
        k: (batch, heads, seq_k, d), likewise.
        v: as k.
        o: what the forward pass gave, as q.
        d_o: the gradient of o, as q.
        lse: (batch, heads, seq_q), float32, contiguous: the logarithm of the sum of exp(scores) of each row; -inf
            where a query sees no key.
        causal: query i sees keys up to i + seq_k - seq_q.
        scale: of the scores; 1 / sqrt(d) if None.

    Returns:
        Contiguous, shaped and typed as q, k and v.

    Raises:
        ValueError: outside this contract.
    """
    named = {"q": q, "k": k, "v": v, "o": o, "d_o": d_o}
    for name, tensor in named.items():
        check(name, tensor, dims=4, dtypes=tuple(ELEMENTS), like=q)
        like = q if name in {"q", "o", "d_o"} else k
        if tensor.shape != like.shape or tensor.shape[:2] != q.shape[:2] or tensor.shape[3] != q.shape[3]:
            raise ValueError(
                f"{name} has shape {tuple(tensor.shape)}, which does not fit q {tuple(q.shape)}, k {tuple(k.shape)}"
            )
        if not tensor.is_contiguous() or tensor.data_ptr() % 4:
            raise ValueError(f"{name} must be contiguous and aligned to 4 bytes: call .contiguous()")
    if q.shape[3] not in DIMS:
        raise ValueError(
            f"q has head dimension {q.shape[3]}; this kernel is written for {', '.join(map(str, DIMS))}"
        )
    check_kind("lse", lse)
    if (
        lse.shape != q.shape[:3]
        or lse.dtype != torch.float32
        or not lse.is_contiguous()
        or lse.device != q.device
    ):
        raise ValueError(
            f"lse is {lse.dtype} {tuple(lse.shape)} on {lse.device}; a contiguous float32 {tuple(q.shape[:3])} on {q.device} is needed"
        )
    gradients = torch.zeros_like(q), torch.zeros_like(k), torch.zeros_like(v)
    if q.numel() and k.numel():
        scale = q.shape[3] ** -0.5 if scale is None else scale
        for step in plan((q, k, v, o, d_o, lse), *gradients, scale=scale, causal=causal):
            backends.run(*step)
    return gradients
