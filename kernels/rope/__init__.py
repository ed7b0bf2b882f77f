"""Rotary position embedding, neighbours or halves paired; float32, float16 and bfloat16."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from kernels.contract import check
from repoops import backends
from repoops.kernel.model import Kernel, Launch

HERE = Path(__file__).parent
VERSIONS = ("interleaved", "half_split", "half_split_staged")
"""Which numbers of a head are turned together: 2 i and 2 i + 1 (GPT-J), or i and i + d / 2 (GPT-NeoX).

The last has the table's row in shared memory. Which of the two ways to turn halves is the faster has not been
measured: `forward` takes the simpler.
"""
KERNELS = {
    (version, dtype): Kernel(
        HERE / f"{version}.cu", f"rope_{version}_{name}", include=(HERE.parent / "include",)
    )
    for version in VERSIONS
    for dtype, name in ((torch.float32, "fp32"), (torch.float16, "fp16"), (torch.bfloat16, "bf16"))
}
THREADS = 128


def table(length: int, dim: int, base: float = 10000.0) -> torch.Tensor:
    """(length, dim), float32: the cosines of each position, then its sines.

    Computed in float64: at position 100,000 an angle in float32 has four digits left behind the point.
    Source: Su et al. 2021, eq. 15.
    """
    turns = base ** (-torch.arange(0, dim, 2, dtype=torch.float64) / dim)
    angles = torch.arange(length, dtype=torch.float64)[:, None] * turns
    return torch.cat((angles.cos(), angles.sin()), dim=1).float()


def plan(
    version: str, x: torch.Tensor, positions: torch.Tensor, turns: torch.Tensor, y: torch.Tensor
) -> tuple[Kernel, Launch]:
    """The launch for (tokens, heads, dim): a thread block a token, so that all its heads find the same turns in the cache."""
    tokens, heads, dim = x.shape
    steps = (np.int64(step) for tensor in (x, y) for step in tensor.stride()[:2])
    args = (x, positions, turns, y, np.int32(heads), np.int32(dim), *steps)
    return KERNELS[version, x.dtype], Launch((tokens, 1, 1), (THREADS, 1, 1), args)


def forward(
    x: torch.Tensor, positions: torch.Tensor, turns: torch.Tensor, *, interleaved: bool = False
) -> torch.Tensor:
    """Turns each pair of a head's numbers by its token's angle, where the tensors lie.

    Args:
        x: (tokens, heads, dim), dim even; tokens and heads may be strided.
        positions: (tokens,), int32; each a row of `turns`. They are looked at where they lie in the
            computer's memory; on a GPU they are not, for that would wait for it.
        turns: (length, dim), float32, contiguous, as `table` makes it.
        interleaved: which numbers are a pair, see `VERSIONS`.

    Raises:
        ValueError: outside this contract.
    """
    check("x", x, dims=3, dtypes=(torch.float32, torch.float16, torch.bfloat16))
    check("positions", positions, dims=1, dtypes=(torch.int32,))
    check("turns", turns, dims=2, dtypes=(torch.float32,))
    tokens, heads, dim = x.shape
    if (
        0 in x.shape
        or dim % 2
        or heads * dim >= 2**31
        or positions.shape != (tokens,)
        or turns.shape[1] != dim
    ):
        raise ValueError(
            f"x has shape {tuple(x.shape)}, positions {tuple(positions.shape)}, turns {tuple(turns.shape)}: "
            "(tokens, heads, dim), (tokens,) and (length, dim) are needed, dim even, and nothing empty"
        )
    if not turns.is_contiguous() or not x.device == positions.device == turns.device:
        raise ValueError("positions and turns must lie where x does, and turns be contiguous")
    if not x.is_cuda and not 0 <= int(positions.min()) <= int(positions.max()) < turns.shape[0]:
        raise ValueError(f"positions must be from 0 to {turns.shape[0] - 1}: turns has no other rows")
    y = torch.empty(x.shape, dtype=x.dtype, device=x.device)
    backends.run(*plan("interleaved" if interleaved else "half_split", x, positions, turns, y))
    return y
