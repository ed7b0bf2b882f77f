"""Attention forward, float16, head dimension 64; accumulated in float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from kernels.attention import tuned_s512
from kernels.contract import check
from repoops import backends
from repoops.kernel.model import Kernel, Launch

HERE = Path(__file__).parent
VERSIONS = {
    name: Kernel(HERE / f"{name}.cu", f"attention_{name}_d64", include=(HERE.parent / "include",))
    for name in ("naive", "tiled", "vectorised", "tensor_core")
}
"""The ladder, one contract but for `ALIGNED`; the last is the fastest by design."""
SPECIAL = ("tuned_s512",)
"""Written for a part of that contract."""
ROWS = {"naive": 4, "tiled": 4, "vectorised": 64, "tensor_core": 64}
"""Query rows of a thread block; each has 4 warps."""
ALIGNED = {"naive": 4, "tiled": 4, "vectorised": 16, "tensor_core": 16}
"""Bytes to whose multiples every row of q, k and v must begin."""


def plan(
    version: str,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    out: torch.Tensor,
    *,
    scale: float,
    causal: bool,
) -> tuple[Kernel, Launch]:
    """The launch of a version for (batch, heads, seq, 64)."""
    batch, heads, seq_q, _ = q.shape
    strides = [np.int64(step) for tensor in (q, k, v, out) for step in tensor.stride()[:3]]
    sizes = (np.int32(seq_q), np.int32(k.shape[2]))
    args = (q, k, v, out, *sizes, *strides, np.float32(scale), np.int32(causal))
    return VERSIONS[version], Launch((-(-seq_q // ROWS[version]), heads, batch), (128, 1, 1), args)


def forward(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    *,
    causal: bool = False,
    scale: float | None = None,
    version: str = "tiled",
) -> torch.Tensor:
    """Softmax(q k^T * scale) v; on a GPU if the tensors lie there, else on the CPU.

    Args:
        q: (batch, heads, seq_q, 64), float16; batch, heads and rows may be strided, as far as every row
            begins at a multiple of `ALIGNED` bytes.
        k: (batch, heads, seq_k, 64), likewise.
        v: as k.
        causal: query i sees keys up to i + seq_k - seq_q.
        scale: 1/8, that is 1/sqrt(64), if None.
        version: one of `VERSIONS` or `SPECIAL`.

    Returns:
        (batch, heads, seq_q, 64), float16; a row that sees no key is zeros.

    Raises:
        ValueError: outside this contract.
    """
    if version not in (*VERSIONS, *SPECIAL):
        raise ValueError(f"there is no version {version!r}; there are {', '.join((*VERSIONS, *SPECIAL))}")
    scale = 0.125 if scale is None else scale
    for name, tensor in (("q", q), ("k", k), ("v", v)):
        check(name, tensor, dims=4, dtypes=(torch.float16,), like=q)
        if tensor.shape[3] != 64:
            raise ValueError(f"{name} has head dimension {tensor.shape[3]}; this kernel is written for 64")
        bytes_ = ALIGNED.get(version, 16)
        if any(step * 2 % bytes_ for step in tensor.stride()[:3]) or tensor.data_ptr() % bytes_:
            raise ValueError(
                f"{name} is not aligned to {bytes_} bytes in every row: its strides are {tensor.stride()}"
            )
    if k.shape != v.shape or q.shape[:2] != k.shape[:2]:
        raise ValueError(f"shapes do not fit: q {tuple(q.shape)}, k {tuple(k.shape)}, v {tuple(v.shape)}")
    out = torch.empty_like(q)
    if version == "tuned_s512":
        tuned_s512.check(q, k, v, scale=scale, masked=causal)
        step = tuned_s512.plan(q, k, v, out, scale=scale)
    else:
        step = plan(version, q, k, v, out, scale=scale, causal=causal)
    if q.numel():
        backends.run(*step)
    return out
