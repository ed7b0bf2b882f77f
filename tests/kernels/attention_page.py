"""What the pages about attention's speed on a card are computed with: its rates, shapes, how blocks divide, tables."""

from __future__ import annotations

import heapq
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from repoops.bench.floors import CARDS, floor
from repoops.kernel.work import attention
from repoops.report.speed import Work

(H100,) = (card for card in CARDS if card.name == "H100 SXM")
(L4,) = (card for card in CARDS if card.name == "L4")
PARTITIONS = 4
OF_PRODUCT = 4096
"""Flop of one m16n8k16."""
CYCLES = {"sm_90": 4, "sm_89": 16}
"""Of a tensor core for one, at the data sheet's peak."""
CLOCKS = {
    card.arch: card.tensor16 / (card.multiprocessors * PARTITIONS * OF_PRODUCT / CYCLES[card.arch])
    for card in (H100, L4)
}
"""Hz at which the data sheet's peak is what so many tensor cores do."""
L2 = 32
"""Bytes a cycle for one multiprocessor: assumed."""


@dataclass(frozen=True, slots=True)
class Shape:
    batch: int
    heads: int
    heads_k: int
    seq: int
    dim: int
    causal: bool

    @property
    def work(self) -> Work:
        return attention(
            batch=self.batch, heads=self.heads, kv_heads=self.heads_k, seq_q=self.seq, seq_k=self.seq, dim=self.dim,
            width=2, causal=self.causal,
        )  # fmt: skip

    def blocks(self, rows: int, keys: int) -> list[int]:
        """Tiles of each block, in the order in which they begin: the last rows first."""
        every = [
            -(-(min(first + rows, self.seq) if self.causal else self.seq) // keys)
            for first in range(0, self.seq, rows)
        ]
        return [tiles for tiles in reversed(every) for _ in range(self.batch * self.heads)]


def busiest(blocks: Iterable[int], slots: int) -> int:
    """Tiles of the slot that ends last, if each block goes to the first slot that is free."""
    ends = [0] * slots
    for tiles in blocks:
        heapq.heapreplace(ends, ends[0] + tiles)
    return max(ends)


def number(value: float) -> str:
    return f"{value:,.0f}"


def line(name: str, *cells: str) -> str:
    return f"| {' | '.join((name, *cells))} |"


def work(shapes: Sequence[Shape]) -> list[str]:
    """What they compute and move, and how long an H100 takes for it at the least."""
    floors = [floor(shape.work, H100) for shape in shapes]
    return [
        line("arithmetic", *(f"{number(shape.work.flops)} flop" for shape in shapes)),
        line("bytes to and from memory, each once", *(number(shape.work.bytes) for shape in shapes)),
        line("floor of the arithmetic at 989 TFLOP/s", *(f"{least.compute_us:.0f} µs" for least in floors)),
        line("floor of memory at 3.35 TB/s", *(f"{least.memory_us:.0f} µs" for least in floors)),
        line("60 % of the peak", *(f"{least.compute_us / 0.6:.0f} µs" for least in floors)),
    ]


def mix(kinds: Sequence[str], bodies: Sequence[Sequence[str]], product: str) -> list[str]:
    """How many of which instructions there are on each way, and how many in all."""
    rest = [len(body) - sum(body.count(kind) for kind in kinds) for body in bodies]
    return [
        *(line(kind, *(str(body.count(kind)) for body in bodies)) for kind in kinds),
        line("addresses, branches, barriers, all else", *map(str, rest)),
        line("all", *(str(len(body)) for body in bodies)),
        line(f"all, for one {product}", *(f"{len(body) / body.count(product):.1f}" for body in bodies)),
    ]


def rows_of_table(page: str) -> set[str]:
    lines = page.splitlines()
    heads = {above for above, below in itertools.pairwise(lines) if below.startswith("|---")}
    return {each for each in lines if each.startswith("| ")} - heads
