"""LayerNorm over the last dimension with scale and shift, float32, float16 and bfloat16."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from kernels.contract import check
from repoops import backends
from repoops.kernel.model import Kernel, Launch

HERE = Path(__file__).parent
KERNELS = {
    dtype: Kernel(HERE / "warp_per_row.cu", f"layernorm_{name}", include=(HERE.parent / "include",))
    for dtype, name in ((torch.float32, "fp32"), (torch.float16, "fp16"), (torch.bfloat16, "bf16"))
}
WARPS = 8


def plan(
    x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, y: torch.Tensor, eps: float
) -> tuple[Kernel, Launch]:
    """The launch for (rows, cols): a warp a row, `WARPS` rows a thread block."""
    rows, cols = x.shape
    sizes = (np.int32(rows), np.int32(cols), np.int64(x.stride(0)), np.int64(y.stride(0)), np.float32(eps))
    grid = (-(-rows // WARPS), 1, 1)
    return KERNELS[x.dtype], Launch(grid, (32 * WARPS, 1, 1), (x, weight, bias, y, *sizes))


def forward(x: torch.Tensor, weight: torch.Tensor, bias: torch.Tensor, eps: float = 1e-5) -> torch.Tensor:
    """(rows, cols), (cols,), (cols,) -> (rows, cols), where the tensors lie; rows may be strided. Raises ValueError outside this contract."""
    check("x", x, dims=2, dtypes=tuple(KERNELS))
    check("weight", weight, dims=1, dtypes=tuple(KERNELS), like=x)
    check("bias", bias, dims=1, dtypes=tuple(KERNELS), like=x)
    if 0 in x.shape or max(x.shape) >= 2**31 or not weight.shape == bias.shape == x.shape[1:]:
        raise ValueError(
            f"x has shape {tuple(x.shape)}, weight {tuple(weight.shape)}, bias {tuple(bias.shape)}: "
            "cols must agree, and nothing be empty"
        )
    y = torch.empty(x.shape, dtype=x.dtype, device=x.device)
    backends.run(*plan(x, weight, bias, y, eps))
    return y
