"""Matrix product C = A B, float16 and bfloat16, summed in float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from kernels.contract import check
from repoops import backends
from repoops.kernel.model import Kernel, Launch

HERE = Path(__file__).parent
KERNELS = {
    (version, dtype): Kernel(
        HERE / f"{version}.cu", f"gemm_{version}_{name}", include=(HERE.parent / "include",)
    )
    for version in ("tiled", "tensor_core", "pipelined")
    for dtype, name in ((torch.float16, "fp16"), (torch.bfloat16, "bf16"))
}
VERSIONS = ("tiled", "tensor_core", "pipelined")
"""The ladder; the last is the fastest by design."""
TILE = {"tiled": 64, "tensor_core": 128, "pipelined": 128}
"""Rows and columns of C that a thread block has."""
THREADS = 256
ALIGNED = {"tiled": 2, "tensor_core": 16, "pipelined": 16}
"""Bytes to whose multiples every row of a and b must begin."""


def plan(version: str, a: torch.Tensor, b: torch.Tensor, c: torch.Tensor) -> tuple[Kernel, Launch]:
    """The launch of a version for (m, k) and (k, n)."""
    (m, k), n = a.shape, b.shape[1]
    sizes = [np.int32(size) for size in (m, n, k)]
    pitches = [np.int64(tensor.stride(0)) for tensor in (a, b, c)]
    grid = (-(-m // TILE[version]), -(-n // TILE[version]), 1)
    return KERNELS[version, a.dtype], Launch(grid, (THREADS, 1, 1), (a, b, c, *sizes, *pitches))


def forward(a: torch.Tensor, b: torch.Tensor, *, version: str = "tiled") -> torch.Tensor:
    """(m, k) x (k, n) -> (m, n), where the tensors lie.

    Args:
        a: float16 or bfloat16; rows may be strided, as far as each begins at a multiple of `ALIGNED` bytes.
        b: likewise, of the same dtype.
        version: one of `VERSIONS`.

    Raises:
        ValueError: outside this contract.
    """
    if version not in VERSIONS:
        raise ValueError(f"there is no version {version!r}; there are {', '.join(VERSIONS)}")
    for name, tensor in (("a", a), ("b", b)):
        check(name, tensor, dims=2, dtypes=(torch.float16, torch.bfloat16), like=a)
        bytes_ = ALIGNED[version]
        if tensor.stride(0) * 2 % bytes_ or tensor.data_ptr() % bytes_:
            raise ValueError(
                f"{name} is not aligned to {bytes_} bytes in every row: its strides are {tensor.stride()}"
            )
    fits = max(*a.shape, b.shape[0]) < 2**31 and b.shape[1] <= 65535 * TILE[version]
    if a.shape[1] != b.shape[0] or 0 in (*a.shape, *b.shape) or not fits:
        raise ValueError(
            f"a has shape {tuple(a.shape)}, b {tuple(b.shape)}: (m, k) and (k, n) are needed, none of them 0, "
            f"n at most {65535 * TILE[version]}"
        )
    c = torch.empty(a.shape[0], b.shape[1], dtype=a.dtype, device=a.device)
    backends.run(*plan(version, a, b, c))
    return c
