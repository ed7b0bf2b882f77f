"""Sum over the last dimension, float32, the same bits every time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from kernels.contract import check
from repoops import backends
from repoops.kernel.model import Kernel, Launch

HERE = Path(__file__).parent
KERNEL = Kernel(HERE / "block_per_row.cu", "block_reduce", include=(HERE.parent / "include",))


def threads(cols: int) -> int:
    """Of a row's block: as many warps as the row can feed with 16 bytes a lane."""
    return min(1024, -(-cols // 128) * 32)


def plan(x: torch.Tensor, y: torch.Tensor) -> tuple[Kernel, Launch]:
    """The launch for (rows, cols): a thread block a row."""
    rows, cols = x.shape
    args = (x, y, np.int32(cols), np.int64(x.stride(0)))
    return KERNEL, Launch((rows, 1, 1), (threads(cols), 1, 1), args)


def forward(x: torch.Tensor) -> torch.Tensor:
    """(rows, cols) -> (rows,), float32, where the tensors lie; rows may be strided. Raises ValueError outside this contract."""
    check("x", x, dims=2, dtypes=(torch.float32,))
    if 0 in x.shape or x.shape[1] >= 2**31 - 2**12:
        raise ValueError(
            f"x has shape {tuple(x.shape)}: at least one row, and 1 to 2^31 - 4097 columns are needed"
        )
    y = torch.empty(x.shape[0], dtype=x.dtype, device=x.device)
    backends.run(*plan(x, y))
    return y
