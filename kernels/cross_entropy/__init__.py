"""Cross-entropy of each row of logits against a class, float32, float16 and bfloat16; losses in float32."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from kernels.contract import check
from repoops import backends
from repoops.kernel.model import Kernel, Launch

HERE = Path(__file__).parent
KERNELS = {
    dtype: Kernel(HERE / "online.cu", f"cross_entropy_{name}", include=(HERE.parent / "include",))
    for dtype, name in ((torch.float32, "fp32"), (torch.float16, "fp16"), (torch.bfloat16, "bf16"))
}


def threads(cols: int, width: int) -> int:
    """Of a row's block: as many warps as a row of numbers of so many bytes can feed with 16 bytes a lane."""
    return min(256, -(-cols * width // 512) * 32)


def plan(
    logits: torch.Tensor, classes: torch.Tensor, loss: torch.Tensor, ignore_index: int
) -> tuple[Kernel, Launch]:
    """The launch for (rows, cols): a thread block a row."""
    rows, cols = logits.shape
    args = (logits, classes, loss, np.int32(cols), np.int64(logits.stride(0)), np.int64(ignore_index))
    return KERNELS[logits.dtype], Launch((rows, 1, 1), (threads(cols, logits.element_size()), 1, 1), args)


def forward(logits: torch.Tensor, classes: torch.Tensor, *, ignore_index: int = -100) -> torch.Tensor:
    """log(sum(exp(row))) - row[class] of each row, where the tensors lie: torch's `cross_entropy` with reduction "none".

    Args:
        logits: (rows, cols); rows may be strided.
        classes: (rows,), int64. What is neither from 0 to cols - 1 nor `ignore_index` has a loss of NaN:
            refusing it would need a look at the numbers, which on a GPU waits for it.
        ignore_index: the class of rows whose loss is 0.

    Returns:
        (rows,), float32.

    Raises:
        ValueError: outside this contract.
    """
    check("logits", logits, dims=2, dtypes=tuple(KERNELS))
    check("classes", classes, dims=1, dtypes=(torch.int64,))
    if 0 in logits.shape or max(logits.shape) >= 2**31 - 2**12 or classes.shape[0] != logits.shape[0]:
        raise ValueError(
            f"logits has shape {tuple(logits.shape)}, classes {tuple(classes.shape)}: rows must agree, and nothing be empty"
        )
    if classes.device != logits.device:
        raise ValueError(f"classes is on {classes.device}, logits on {logits.device}")
    loss = torch.empty(logits.shape[0], dtype=torch.float32, device=logits.device)
    backends.run(*plan(logits, classes, loss, ignore_index))
    return loss
