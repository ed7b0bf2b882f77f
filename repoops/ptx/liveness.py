"""Which registers are still needed where a block begins, and which may be read before they are written."""

from __future__ import annotations

from collections.abc import Sequence

from repoops.ptx.cfg import Block
from repoops.ptx.operands import reads, writes


def live_in(blocks: Sequence[Block]) -> list[frozenset[str]]:
    """For each block the registers whose value at its beginning may be read later.

    Special registers (`%tid.x`) are among them where they are read; they are never written.
    """
    used, made = zip(*map(_summary, blocks), strict=True) if blocks else ((), ())
    live: list[frozenset[str]] = [frozenset()] * len(blocks)
    changed = True
    while changed:
        changed = False
        for block in reversed(blocks):
            after = frozenset().union(*(live[s] for s in block.successors))
            now = used[block.index] | (after - made[block.index])
            if now != live[block.index]:
                live[block.index] = now
                changed = True
    return live


def _summary(block: Block) -> tuple[frozenset[str], frozenset[str]]:
    """What a block reads before it writes it, and what it surely writes (a guarded write is not sure)."""
    used: set[str] = set()
    made: set[str] = set()
    for i in block.instructions:
        used.update(name for name in reads(i) if name not in made)
        if i.guard is None:
            made.update(writes(i))
        else:
            used.update(name for name in writes(i) if name not in made)
    return frozenset(used), frozenset(made)
