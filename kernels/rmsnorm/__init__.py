"""RMSNorm over the last dimension, of a tensor or of its sum with a residual; float32, float16 and bfloat16."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from kernels.contract import check
from repoops import backends
from repoops.kernel.model import Kernel, Launch

HERE = Path(__file__).parent
NAMES = {torch.float32: "fp32", torch.float16: "fp16", torch.bfloat16: "bf16"}
KERNELS = {dtype: Kernel(HERE / "warp_per_row.cu", f"rmsnorm_{name}") for dtype, name in NAMES.items()}
WITH_RESIDUAL = {
    dtype: Kernel(HERE / "residual.cu", f"rmsnorm_residual_{name}", include=(HERE.parent / "include",))
    for dtype, name in NAMES.items()
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


def plan_with_residual(
    x: torch.Tensor,
    residual: torch.Tensor,
    weight: torch.Tensor,
    total: torch.Tensor,
    y: torch.Tensor,
    eps: float,
) -> tuple[Kernel, Launch]:
    """As `plan`; `total` gets x + residual, `y` its norm."""
    rows, cols = x.shape
    pitches = (np.int64(tensor.stride(0)) for tensor in (x, residual, total, y))
    args = (x, residual, weight, total, y, np.int32(rows), np.int32(cols), *pitches, np.float32(eps))
    grid = (-(-rows // WARPS), 1, 1)
    return WITH_RESIDUAL[x.dtype], Launch(grid, (32 * WARPS, 1, 1), args, outputs=(3, 4))


def forward(x: torch.Tensor, weight: torch.Tensor, eps: float = 1e-6) -> torch.Tensor:
    """(rows, cols), (cols,) -> (rows, cols), where the tensors lie; rows may be strided. Raises ValueError outside this contract."""
    _check(x, weight)
    y = torch.empty(x.shape, dtype=x.dtype, device=x.device)
    backends.run(*plan(x, weight, y, eps))
    return y


def add_and_norm(
    x: torch.Tensor, residual: torch.Tensor, weight: torch.Tensor, eps: float = 1e-6
) -> tuple[torch.Tensor, torch.Tensor]:
    """X + residual, and the RMSNorm of that sum; shapes and errors as `forward`, residual as x."""
    _check(x, weight)
    check("residual", residual, dims=2, dtypes=tuple(KERNELS), like=x)
    if residual.shape != x.shape:
        raise ValueError(f"x has shape {tuple(x.shape)}, residual {tuple(residual.shape)}: they must agree")
    total, y = (torch.empty(x.shape, dtype=x.dtype, device=x.device) for _ in range(2))
    backends.run(*plan_with_residual(x, residual, weight, total, y, eps))
    return total, y


def _check(x: torch.Tensor, weight: torch.Tensor) -> None:
    check("x", x, dims=2, dtypes=tuple(KERNELS))
    check("weight", weight, dims=1, dtypes=tuple(KERNELS), like=x)
    if 0 in x.shape or max(x.shape) >= 2**31 or weight.shape[0] != x.shape[1]:
        raise ValueError(
            f"x has shape {tuple(x.shape)}, weight {tuple(weight.shape)}: cols must agree, and nothing be empty"
        )
