"""Where new keys and values go in a paged cache, two ways; values in float64, zeros where nothing is written."""

from __future__ import annotations

import torch


def append(
    k: torch.Tensor,
    v: torch.Tensor,
    table: torch.Tensor,
    sequences: torch.Tensor,
    positions: torch.Tensor,
    *,
    blocks: int,
    page: int,
) -> torch.Tensor:
    """(tokens, heads, dim) twice -> (2, blocks, page, heads, dim), token by token."""
    caches = torch.zeros(2, blocks, page, *k.shape[1:], dtype=torch.float64)
    for token, position in enumerate(positions.tolist()):
        if position >= 0:
            block = int(table[int(sequences[token]), position // page])
            caches[0, block, position % page] = k[token].double()
            caches[1, block, position % page] = v[token].double()
    return caches


def second(
    k: torch.Tensor,
    v: torch.Tensor,
    table: torch.Tensor,
    sequences: torch.Tensor,
    positions: torch.Tensor,
    *,
    blocks: int,
    page: int,
) -> torch.Tensor:
    """From the cache's side: every slot looks up whose it is and takes what there is for it."""
    caches = torch.zeros(2, blocks, page, *k.shape[1:], dtype=torch.float64)
    for block in range(blocks):
        for sequence, at in (table == block).nonzero().tolist():
            first = at * page
            mine = (sequences == sequence) & (positions >= first) & (positions < first + page)
            for token in mine.nonzero().flatten().tolist():
                slot = int(positions[token]) - first
                caches[:, block, slot] = torch.stack((k[token], v[token])).double()
    return caches
