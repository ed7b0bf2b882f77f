"""Attention forward of 8-bit numbers (E4M3) with a scale a tensor or a head, to fp16 or bf16; accumulated in float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from kernels.attention import aligned
from kernels.contract import check, check_kind
from repoops import backends
from repoops.kernel.model import Kernel, Launch

HERE = Path(__file__).parent
OUTPUTS = {torch.float16: "__half", torch.bfloat16: "__nv_bfloat16"}
DIMS = (64, 128)
ROWS = 64
"""Query rows of a thread block."""
KEYS = 64
"""Of a tile."""
E4M3 = torch.float8_e4m3fn
LARGEST = torch.finfo(E4M3).max


def quantise(x: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Rounds to E4M3, each head by a scale of its own that makes its largest number 448.

    Args:
        x: (batch, heads, seq, d), of any floating type.

    Returns:
        The numbers, and the scales, (heads), float32: `x` is about `numbers * scales[:, None, None]`. A head of
        zeros has the scale 1.
    """
    largest = x.float().abs().amax(dim=(0, 2, 3))
    scale = torch.where(largest > 0, largest / LARGEST, 1.0)
    return (x.float() / scale[:, None, None]).clamp(-LARGEST, LARGEST).to(E4M3), scale


def plan(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    scale_q: torch.Tensor,
    scale_k: torch.Tensor,
    scale_v: torch.Tensor,
    out: torch.Tensor,
    *,
    scale: float,
    causal: bool,
) -> tuple[Kernel, Launch]:
    """The launch; arguments as `forward` has them once they are checked, scales one a head."""
    batch, heads, seq_q, dim = q.shape
    kernel = Kernel(
        HERE / "tensor_core.cu",
        f"attention_fp8_tensor_core<{dim}, {OUTPUTS[out.dtype]}>",
        include=(HERE.parent / "include",),
    )
    integers = (seq_q, k.shape[2], heads // k.shape[1], int(causal))
    args = (
        q, k, v, scale_q, scale_k, scale_v, out, *map(np.int32, integers), np.float32(scale),
        *(np.int64(step) for tensor in (q, k, v, out) for step in tensor.stride()[:3]),
    )  # fmt: skip
    # Two stages of k and of v, rows 16 bytes further apart than they are long.
    return kernel, Launch((-(-seq_q // ROWS), heads, batch), (128, 1, 1), args, 4 * KEYS * (dim + 16))


def forward(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    *,
    scale_q: float | torch.Tensor,
    scale_k: float | torch.Tensor,
    scale_v: float | torch.Tensor,
    causal: bool = False,
    scale: float | None = None,
    dtype: torch.dtype = torch.float16,
) -> torch.Tensor:
    """Softmax(q k^T * scale) v of what the 8-bit numbers stand for; on a GPU (sm_89 or later) if they lie there, else on the CPU.

    Args:
        q: (batch, heads, seq_q, 64 or 128), float8_e4m3fn, finite; batch, heads and rows may be strided, as far as
            every row begins at a multiple of 16 bytes.
        k: (batch, heads_k, seq_k, d), likewise; heads_k divides heads: query heads h * heads / heads_k and the
            following ones share head h.
        v: as k.
        scale_q: what a number of q is to be multiplied with to get what it stands for, positive: of all of q, or
            (heads), float32, one a head.
        scale_k: likewise of k, or (heads_k).
        scale_v: likewise of v, or (heads_k).
        causal: query i sees keys up to i + seq_k - seq_q.
        scale: of the scores; 1 / sqrt(d) if None.
        dtype: of the output, float16 or bfloat16.

    Returns:
        (batch, heads, seq_q, d), contiguous; a row that sees no key is zeros.

    Raises:
        ValueError: outside this contract. Whether numbers are finite and scales positive is not looked at where they
            are tensors: a GPU would have to be waited for.
    """
    for name, tensor in (("q", q), ("k", k), ("v", v)):
        check(name, tensor, dims=4, dtypes=(E4M3,), like=q)
        if not aligned(tensor, 16):
            raise ValueError(
                f"{name} is not aligned to 16 bytes in every row: its strides are {tensor.stride()}"
            )
    if k.shape != v.shape:
        raise ValueError(f"v has shape {tuple(v.shape)}, k {tuple(k.shape)}: they must agree")
    if (k.shape[0], k.shape[3]) != (q.shape[0], q.shape[3]):
        raise ValueError(
            f"k has batch {k.shape[0]} and head dimension {k.shape[3]}, q {q.shape[0]} and {q.shape[3]}"
        )
    if not k.shape[1] or q.shape[1] % k.shape[1]:
        raise ValueError(f"k has {k.shape[1]} heads, which do not divide q's {q.shape[1]}")
    if q.shape[3] not in DIMS:
        raise ValueError(
            f"q has head dimension {q.shape[3]}; this kernel is written for {', '.join(map(str, DIMS))}"
        )
    if dtype not in OUTPUTS:
        raise ValueError(f"dtype is {dtype}; this kernel gives {', '.join(map(str, OUTPUTS))}")
    given = (("scale_q", scale_q, q), ("scale_k", scale_k, k), ("scale_v", scale_v, v))
    scales = [_per_head(*each) for each in given]
    out = torch.empty(q.shape, dtype=dtype, device=q.device)
    if q.numel():
        scale = q.shape[3] ** -0.5 if scale is None else scale
        backends.run(*plan(q, k, v, *scales, out, scale=scale, causal=causal))
    return out


def _per_head(name: str, scale: float | torch.Tensor, of: torch.Tensor) -> torch.Tensor:
    """A scale as one float32 for each head; raises ValueError if it is none."""
    heads = of.shape[1]
    if isinstance(scale, (int, float, np.number)):
        if not 0 < scale < float("inf"):
            raise ValueError(f"{name} is {scale}: it must be positive and finite")
        return torch.full((heads,), scale, dtype=torch.float32, device=of.device)
    check_kind(name, scale, needed="a number or a torch.Tensor")
    if scale.dtype != torch.float32 or scale.device != of.device or scale.shape not in {(), (heads,)}:
        raise ValueError(
            f"{name} is {scale.dtype} {tuple(scale.shape)} on {scale.device}; a number, or a float32 () or ({heads},) on {of.device} is needed"
        )
    return scale.expand(heads).contiguous()
