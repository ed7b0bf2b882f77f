"""RMSNorm over the last dimension, float32, float16 and bfloat16."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from kernels.contract import check
from repoops import backends
from repoops.kernel.model import Kernel, Launch

SOURCE = Path(__file__).parent / "warp_per_row.cu"
KERNELS = {
    torch.float32: Kernel(SOURCE, "rmsnorm_fp32"),
    torch.float16: Kernel(SOURCE, "rmsnorm_fp16"),
    torch.bfloat16: Kernel(SOURCE, "rmsnorm_bf16"),
}
WARPS = 8


def plan(x: torch.Tensor, weight: torch.Tensor, y: torch.Tensor, eps: float) -> tuple[Kernel, Launch]:
    """The launch for (rows, cols): a warp a row, `WARPS` rows a thread block."""
    rows, cols = x.shape
    args = (
        x,
        weight,
        y,
        np.int32(rows),
        np.int32(cols),
        np.int64(x.stride(0)),
        np.int64(y.stride(0)),
        np.float32(eps),
    )
    return KERNELS[x.dtype], Launch((-(-rows // WARPS), 1, 1), (32 * WARPS, 1, 1), args)


def forward(x: torch.Tensor, weight: torch.Tensor, eps: float = 1e-6) -> torch.Tensor:
    """(rows, cols), (cols,) -> (rows, cols), where the tensors lie; rows may be strided. Raises ValueError outside this contract."""
    check("x", x, dims=2, dtypes=tuple(KERNELS))
    check("weight", weight, dims=1, dtypes=tuple(KERNELS), like=x)
    if 0 in x.shape or max(x.shape) >= 2**31 or weight.shape[0] != x.shape[1]:
        raise ValueError(
            f"x has shape {tuple(x.shape)}, weight {tuple(weight.shape)}: cols must agree, and nothing be empty"
        )
    y = torch.empty(x.shape, dtype=x.dtype, device=x.device)
    backends.run(*plan(x, weight, y, eps))
    return y
