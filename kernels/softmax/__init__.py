"""Softmax over the last dimension, float32 and float16, with the online normaliser."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from kernels.contract import check
from repoops import backends
from repoops.kernel.model import Kernel, Launch

HERE = Path(__file__).parent
KERNELS = {
    dtype: Kernel(HERE / "online.cu", f"softmax_{name}", include=(HERE.parent / "include",))
    for dtype, name in ((torch.float32, "fp32"), (torch.float16, "fp16"))
}


def threads(cols: int) -> int:
    """Of a row's block: as many warps as the row can feed."""
    return min(1024, -(-cols // 32) * 32)


def plan(x: torch.Tensor, y: torch.Tensor) -> tuple[Kernel, Launch]:
    """The launch for (rows, cols): a thread block a row."""
    rows, cols = x.shape
    args = (x, y, np.int32(cols), np.int64(x.stride(0)), np.int64(y.stride(0)))
    return KERNELS[x.dtype], Launch((rows, 1, 1), (threads(cols), 1, 1), args)


def forward(x: torch.Tensor) -> torch.Tensor:
    """(rows, cols) -> (rows, cols), where the tensors lie; rows may be strided. Raises ValueError outside this contract."""
    check("x", x, dims=2, dtypes=tuple(KERNELS))
    if 0 in x.shape or x.shape[1] >= 2**31:
        raise ValueError(
            f"x has shape {tuple(x.shape)}: at least one row, and 1 to 2^31 - 1 columns are needed"
        )
    y = torch.empty(x.shape, dtype=x.dtype, device=x.device)
    backends.run(*plan(x, y))
    return y
