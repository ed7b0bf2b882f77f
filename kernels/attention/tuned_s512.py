"""Where `tuned_s512.cu` may be used, and its launch."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from repoops.kernel.model import Kernel, Launch

HERE = Path(__file__).parent
KERNEL = Kernel(HERE / "tuned_s512.cu", "attention_tuned_s512", include=(HERE.parent / "include",))
ROWS, KEYS, STAGES = 80, 128, 3
"""Query rows of a thread block, keys of a tile, tiles of keys and of values in shared memory: as in the source."""


def check(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float, masked: bool) -> None:
    """Raises ValueError, naming what is in the way, unless this is a problem that the kernel is written for.

    Args:
        q: (batch, heads, 512, 64), float16, contiguous, aligned to 16 bytes.
        k: as q.
        v: as q.
        scale: zero or more.
        masked: whether a query sees less than all keys.
    """
    for name, tensor in (("q", q), ("k", k), ("v", v)):
        if tensor.shape != q.shape or tensor.shape[2:] != (512, 64) or tensor.dtype != torch.float16:
            raise ValueError(
                f"tuned_s512 is written for (batch, heads, 512, 64) in float16, the same for q, k and v; "
                f"{name} is {tuple(tensor.shape)} in {tensor.dtype}: take version='tensor_core'"
            )
        if not tensor.is_contiguous() or tensor.data_ptr() % 16:
            raise ValueError(
                f"tuned_s512 needs contiguous tensors aligned to 16 bytes; {name} has strides {tensor.stride()} "
                f"and begins {tensor.data_ptr() % 16} bytes after a multiple: call .contiguous() or .clone()"
            )
    if masked:
        raise ValueError("tuned_s512 has no mask: take version='tensor_core'")
    if scale < 0:
        raise ValueError(
            f"tuned_s512 takes no negative scale, and this is {scale}: take version='tensor_core'"
        )


def plan(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, out: torch.Tensor, *, scale: float
) -> tuple[Kernel, Launch]:
    """The launch for tensors that `check` lets through."""
    batch, heads, seq, dim = q.shape
    return KERNEL, Launch(
        (-(-seq // ROWS), batch * heads, 1),
        (640, 1, 1),
        (q, k, v, out, np.float32(scale)),
        shared_bytes=STAGES * 2 * KEYS * dim * q.element_size(),
    )
