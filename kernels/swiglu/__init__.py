"""SwiGLU: silu(a) * b, element by element, float32, float16 and bfloat16."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from kernels.contract import check
from repoops import backends
from repoops.kernel.model import Kernel, Launch

HERE = Path(__file__).parent
KERNELS = {
    dtype: Kernel(HERE / "vectorised.cu", f"swiglu_{name}", include=(HERE.parent / "include",))
    for dtype, name in ((torch.float32, "fp32"), (torch.float16, "fp16"), (torch.bfloat16, "bf16"))
}
THREADS = 256


def plan(a: torch.Tensor, b: torch.Tensor, y: torch.Tensor) -> tuple[Kernel, Launch]:
    """The launch for (rows, cols): a thread 16 bytes, a row's thread blocks side by side."""
    rows, cols = a.shape
    blocks = min(-(-cols * a.element_size() // (16 * THREADS)), 65535)  # the most along y; the rest is a loop
    args = (a, b, y, np.int32(cols), *(np.int64(t.stride(0)) for t in (a, b, y)))
    return KERNELS[a.dtype], Launch((rows, blocks, 1), (THREADS, 1, 1), args)


def forward(a: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
    """silu(a) * b, (rows, cols) each, where the tensors lie.

    Rows may be strided, as those of the two halves of one projection are. Raises ValueError outside this contract.
    """
    check("a", a, dims=2, dtypes=tuple(KERNELS))
    check("b", b, dims=2, dtypes=tuple(KERNELS), like=a)
    if a.shape != b.shape or 0 in a.shape or max(a.shape) >= 2**31 - 2**24:
        raise ValueError(
            f"a has shape {tuple(a.shape)}, b {tuple(b.shape)}: they must agree, and nothing be empty"
        )
    y = torch.empty(a.shape, dtype=a.dtype, device=a.device)
    backends.run(*plan(a, b, y))
    return y
