"""New keys and values into a paged cache, each at the slot that a block table says; 16- and 32-bit numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from kernels.contract import check
from repoops import backends
from repoops.kernel.model import Kernel, Launch

HERE = Path(__file__).parent
KERNELS = {
    bits: Kernel(
        HERE / "block_per_token.cu", f"paged_kv_append_{bits}bit", include=(HERE.parent / "include",)
    )
    for bits in (16, 32)
}
"""By the size of a number: it is only moved."""
DTYPES = (torch.float32, torch.float16, torch.bfloat16)
THREADS = 128


def plan(
    k: torch.Tensor,
    v: torch.Tensor,
    table: torch.Tensor,
    sequences: torch.Tensor,
    positions: torch.Tensor,
    k_cache: torch.Tensor,
    v_cache: torch.Tensor,
) -> tuple[Kernel, Launch]:
    """The launch for (tokens, heads, dim): a thread block a token."""
    tokens, heads, dim = k.shape
    sizes = (np.int32(heads), np.int32(dim), np.int32(k_cache.shape[1]), np.int64(table.stride(0)))
    steps = (*k.stride()[:2], *v.stride()[:2], *k_cache.stride()[:3], *v_cache.stride()[:3])
    args = (k, v, table, sequences, positions, k_cache, v_cache, *sizes, *map(np.int64, steps))
    launch = Launch((tokens, 1, 1), (THREADS, 1, 1), args, outputs=(5, 6))
    return KERNELS[8 * k.element_size()], launch


def append(
    k: torch.Tensor,
    v: torch.Tensor,
    table: torch.Tensor,
    sequences: torch.Tensor,
    positions: torch.Tensor,
    k_cache: torch.Tensor,
    v_cache: torch.Tensor,
) -> None:
    """Writes token t's keys and values to slot positions[t] of sequence sequences[t], where the tensors lie.

    Slot p of sequence s is `cache[table[s, p // page], p % page]`. No two tokens may have the same slot.

    Args:
        k: (tokens, heads, dim), float32, float16 or bfloat16; tokens and heads may be strided.
        v: likewise.
        table: (sequences, pages of the longest), int32: numbers of the cache's blocks.
        sequences: (tokens,), int32.
        positions: (tokens,), int32; below 0 for a token that is padding, of which nothing is written.
        k_cache: (blocks, page, heads, dim), as k; blocks, slots and heads may be strided.
        v_cache: likewise.

    Raises:
        ValueError: outside this contract. Sequences, positions and blocks that there are not are found where
            the tensors lie in the computer's memory; on a GPU they are not looked for, for that would wait for it.
    """
    for name, tensor, dims in (("k", k, 3), ("v", v, 3), ("k_cache", k_cache, 4), ("v_cache", v_cache, 4)):
        check(name, tensor, dims=dims, dtypes=DTYPES, like=k)
    for name, tensor, dims in (("table", table, 2), ("sequences", sequences, 1), ("positions", positions, 1)):
        check(name, tensor, dims=dims, dtypes=(torch.int32,))
        if tensor.device != k.device:
            raise ValueError(f"{name} is on {tensor.device}, k on {k.device}")
    tokens = k.shape[:1]
    same = k.shape == v.shape and k_cache.shape == v_cache.shape and k_cache.shape[2:] == k.shape[1:]
    if not same or 0 in (*k.shape, *k_cache.shape) or not sequences.shape == positions.shape == tokens:
        raise ValueError(
            f"shapes do not fit: k {tuple(k.shape)}, v {tuple(v.shape)}, k_cache {tuple(k_cache.shape)}, "
            f"v_cache {tuple(v_cache.shape)}, sequences {tuple(sequences.shape)}, positions {tuple(positions.shape)}"
        )
    if not k.is_cuda:
        _check_slots(table, sequences, positions, k_cache)
    backends.run(*plan(k, v, table, sequences, positions, k_cache, v_cache))


def _check_slots(
    table: torch.Tensor, sequences: torch.Tensor, positions: torch.Tensor, cache: torch.Tensor
) -> None:
    blocks, page = cache.shape[:2]
    taken: dict[tuple[int, int], int] = {}
    for token, (sequence, position) in enumerate(zip(sequences.tolist(), positions.tolist(), strict=True)):
        if position < 0:
            continue
        if not (0 <= sequence < table.shape[0] and position // page < table.shape[1]):
            raise ValueError(
                f"token {token}: the table has no place for position {position} of sequence {sequence}"
            )
        block = int(table[sequence, position // page])
        if not 0 <= block < blocks:
            raise ValueError(f"token {token}: the table says block {block}, the cache has {blocks}")
        if (other := taken.setdefault((block, position % page), token)) != token:
            raise ValueError(
                f"tokens {other} and {token} have the same slot, {position % page} of block {block}"
            )
