"""Element-wise sum of two vectors, float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from kernels.contract import check
from repoops import backends
from repoops.kernel.model import Kernel, Launch

KERNEL = Kernel(Path(__file__).parent / "grid_stride.cu", "vector_add")
THREADS = 256
BLOCKS = 1024
"""Enough to fill any card; the grid-stride loop does the rest."""


def plan(a: torch.Tensor, b: torch.Tensor, out: torch.Tensor) -> tuple[Kernel, Launch]:
    """The launch for vectors of any length."""
    blocks = max(1, min(BLOCKS, -(-a.numel() // THREADS)))
    return KERNEL, Launch((blocks, 1, 1), (THREADS, 1, 1), (a, b, out, np.int64(a.numel())))


def forward(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """(n,) + (n,) -> (n,), float32, where the tensors lie; raises ValueError outside this contract."""
    check("a", a, dims=1, dtypes=(torch.float32,))
    check("b", b, dims=1, dtypes=(torch.float32,), like=a)
    if a.shape != b.shape:
        raise ValueError(f"a has {a.numel()} elements, b {b.numel()}")
    out = torch.empty_like(a)
    backends.run(*plan(a, b, out))
    return out
