"""The two launches of `split_kv.cu`, and the workspace between them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import torch

from repoops.kernel.model import Kernel, Launch

ROWS, WARPS = 4, 4
"""Rows of a block that splits, rows of one that combines; as in the source."""
BLOCKS = 232
"""Aimed at: four for each of an L4's 58 multiprocessors. Not asked of the card, so that every card adds in the same order."""
LEAST = 64
"""Keys of a split: two turns of a block's 16 groups of lanes. With fewer, the parts are no smaller than what they are of."""


def splits(blocks: int, longest_k: int) -> int:
    """Into how many parts the keys are divided where there are so many blocks without."""
    return max(1, min(-(-BLOCKS // max(1, blocks)), longest_k // LEAST))


def steps(
    kernel: Kernel,
    tensors: Sequence[torch.Tensor],
    offsets: Sequence[torch.Tensor | np.uint64],
    integers: Sequence[int],
    strides: Sequence[Sequence[int]],
    *,
    batch: int,
    scale: float,
) -> tuple[tuple[Kernel, Launch], ...]:
    """Split, then combine.

    Args:
        kernel: the one that splits.
        tensors: q, k, v and the output, (batch, heads, seq, d).
        offsets: of packed sequences in q and in k, or null pointers.
        integers: longest seq_q, longest seq_k, query heads to a head of k, left, right, bottom_right.
        strides: of the tensors: batch, head, row.
        batch: how many sequences.
        scale: of the scores.
    """
    q, k, v, out = tensors
    longest_q, longest_k, group = integers[:3]
    heads, dim = q.shape[1], q.shape[3]
    tiles = -(-group * longest_q // ROWS)
    parts = splits(tiles * heads // group * batch, longest_k)
    outputs = torch.empty(batch, heads, longest_q, parts, dim, dtype=torch.float32, device=q.device)
    sums = torch.empty(batch, heads, longest_q, parts, 2, dtype=torch.float32, device=q.device)
    steps_of = [np.int64(step) for each in strides for step in each]
    split = Launch(
        (tiles * parts, heads // group, batch),
        (128, 1, 1),
        (
            q, k, v, *offsets, outputs, sums, *map(np.int32, integers), np.float32(scale), np.int32(parts),
            *steps_of[:9],
        ),
        outputs=(5, 6),
    )  # fmt: skip
    combine = Launch(
        (-(-longest_q // WARPS), heads, batch),
        (128, 1, 1),
        (outputs, sums, offsets[0], out, np.int32(longest_q), np.int32(parts), *steps_of[9:]),
    )
    name = kernel.name.replace("split_kv<", "split_kv_combine<")
    return (kernel, split), (replace(kernel, name=name), combine)
