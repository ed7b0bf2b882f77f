"""How `wgmma.cu` divides its work, and its launch."""

from __future__ import annotations

from typing import Any

from repoops.kernel.model import Kernel, Launch

ARCH = "sm_90a"
"""The only one that has its instructions."""
CONSUMERS = {64: 3, 128: 2}
"""Warp groups of a thread block that multiply, 64 query rows each, by head dimension; one more brings keys and values."""
KEYS, STAGES = 128, 2
"""Keys of a tile, and tiles of keys and of values in shared memory: as in the source."""


def rows(dim: int) -> int:
    """Query rows of a thread block."""
    return 64 * CONSUMERS[dim]


def shared_bytes(dim: int) -> int:
    """Of a thread block: tiles, q, and 9 barriers."""
    return (STAGES * 2 * KEYS + rows(dim)) * dim * 2 + (4 * STAGES + 1) * 8


def steps(
    kernel: Kernel, args: tuple[Any, ...], *, heads: int, batch: int, seq_q: int, dim: int
) -> tuple[tuple[Kernel, Launch], ...]:
    """The launch; arguments as every version of the ladder takes them."""
    grid = (heads, batch, -(-seq_q // rows(dim)))
    return ((kernel, Launch(grid, (128 * (CONSUMERS[dim] + 1), 1, 1), args, shared_bytes(dim))),)
