"""The bytes that each version must move for a problem, by the way in which it divides the work; exact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from kernels.attention import split_kv, tuned_s512, wgmma
from repoops.suite.gates import Bytes

THREADS = 128
"""Of a block of the ladder, 4 warps."""
KEYS = {"naive": 1, "tiled": 32, "vectorised": 64, "pipelined": 64, "tensor_core": 64}
"""Of a tile."""
ROWS = {"naive": 1, "tiled": 4, "vectorised": 64, "pipelined": 64, "tensor_core": 128}
"""Queries that share the keys that are read: of a block, or of a warp."""
NONE = Bytes(0, 0)


@dataclass(frozen=True, slots=True)
class Problem:
    """A case's sizes.

    Attributes:
        sequences: seq_q and seq_k of each; more than one are packed, the longest of either decides the grid.
        batch: how many entries there are of a sequence that is not packed.
        window: keys to the left and to the right that a query sees; None is no bound.
        bottom_right: whether the last query meets the last key, and not the first the first.
    """

    sequences: tuple[tuple[int, int], ...]
    batch: int
    heads: int
    heads_k: int
    dim: int
    window: tuple[int | None, int | None]
    bottom_right: bool

    @property
    def packed(self) -> bool:
        """Whether there are offsets to be read."""
        return len(self.sequences) > 1

    def tiles(self, sequence: tuple[int, int], rows: range, keys: int) -> tuple[int, int]:
        """How many tiles a block of these rows walks over, and how many keys there are in them."""
        seq_q, seq_k = sequence
        shift = seq_k - seq_q if self.bottom_right else 0
        left, right = self.window
        first = 0 if left is None else max(0, rows[0] + shift - left) // keys * keys
        last = seq_k if right is None else min(seq_k, rows[-1] + shift + right + 1)
        count = max(0, -(-(last - first) // keys))
        return count, max(0, min(seq_k, first + count * keys) - first)


def moved(version: str, of: Problem) -> Bytes:
    """Of all launches of a version."""
    if version == "tuned_s512":
        return _tuned_s512(of)
    if version == "wgmma":
        return _wgmma(of)
    return _split_kv(of) if version == "split_kv" else _ladder(version, of)


def _blocks(of: Problem, rows: int) -> Iterator[tuple[tuple[int, int], range]]:
    """Every block that has a query, as often as there are heads and batch entries."""
    for sequence in of.sequences:
        for first in range(0, sequence[0], rows):
            for _ in range(of.heads * of.batch):
                yield sequence, range(first, min(first + rows, sequence[0]))


def _ladder(version: str, of: Problem) -> Bytes:
    """Q and the output once, keys and values once for each block."""
    row = 2 * of.dim
    total = NONE
    for sequence, rows in _blocks(of, ROWS[version]):
        tiles, keys = of.tiles(sequence, rows, KEYS[version])
        tensor_core = version == "tensor_core"
        shared = _tensor_core(of, sequence, rows, tiles) if tensor_core else SHARED[version](of.dim, tiles)
        again = THREADS * 4 if tensor_core and of.packed else 0  # where the sequence begins in the output
        total += Bytes(len(rows) * row + 2 * keys * row + again, len(rows) * row, *shared)
    if of.packed:  # every thread of the grid reads where its sequence begins and ends in q and in k
        blocks = -(-max(seq_q for seq_q, _ in of.sequences) // (4 if version == "naive" else ROWS[version]))
        total += Bytes(blocks * of.heads * len(of.sequences) * THREADS * 4 * 4, 0)
    return total


def _tiled(dim: int, tiles: int) -> tuple[int, int]:
    """Q as float32, then tiles. A warp reads, for each pair of dimensions, q's and 32 keys'; for each key the value's pairs."""
    warps, keys, pairs = 4, KEYS["tiled"], dim // 2
    read = warps * tiles * (pairs * 32 * (8 + 4) + keys * pairs * 4)
    return read, warps * pairs * 8 + tiles * 2 * keys * pairs * 4


def _register_tile(dim: int, tiles: int) -> tuple[int, int]:
    """Q as float32, then tiles and weights, 16 rows of them a warp.

    A lane reads, for each pair of dimensions, those of its two keys and of 16 rows of q twice; for each key
    its pairs of the value, and 16 weights.
    """
    warps, rows, keys = 4, 16, KEYS["vectorised"]
    of_warp = dim // 2 * (2 * 4 + 2 * rows * 4) * 32 + keys * (dim * 2 + rows * 4 * 32)
    written = warps * rows * dim * 4 + tiles * (2 * keys * dim * 2 + warps * keys * rows * 4)
    return warps * tiles * of_warp, written


def _tensor_core(of: Problem, sequence: tuple[int, int], rows: range, tiles: int) -> tuple[int, int]:
    """Q and tiles are written; a warp reads its 32 rows of Q, K and V for each tile of which they see something.

    Rows are filled up to a multiple of 16 dimensions.
    """
    keys, mine, row = KEYS["tensor_core"], 32, -(-of.dim // 16) * 16 * 2
    warps = [range(top, min(top + mine, rows.stop)) for top in range(rows.start, rows.stop, mine)]
    seen = sum(of.tiles(sequence, warp, keys)[0] for warp in warps)
    return seen * (mine + 2 * keys) * row, (ROWS["tensor_core"] + tiles * 2 * keys) * row


SHARED: dict[str, Callable[[int, int], tuple[int, int]]] = {
    "naive": lambda dim, tiles: (0, 0),  # noqa: ARG005 - it has none
    "tiled": _tiled,
    "vectorised": _register_tile,
    "pipelined": _register_tile,
}
"""(head dimension, tiles) -> bytes of shared memory that a block reads and writes."""


def _split_kv(of: Problem) -> Bytes:
    """Keys and values once for each 4 rows; the parts are written, and read by the launch that combines them."""
    longest_q, longest_k = (max(each) for each in zip(*of.sequences, strict=True))
    entries = of.batch * len(of.sequences)
    group, row = of.heads // of.heads_k, 2 * of.dim
    tiles = -(-group * longest_q // split_kv.ROWS)
    parts = split_kv.splits(tiles * of.heads_k * entries, longest_k)
    lanes = 8 if of.dim <= 64 else 16  # of a key
    groups = 4 * 32 // lanes
    queries = sum(seq_q for seq_q, _ in of.sequences) * of.batch
    keys = sum(
        min(seq_k, (split + 1) * -(-seq_k // parts)) - min(seq_k, split * -(-seq_k // parts))
        for _, seq_k in of.sequences
        for split in range(parts)
    )
    rows = entries * of.heads * longest_q  # of the workspace
    part = of.dim * 4 + 8
    offsets = tiles * parts * of.heads_k * entries * THREADS * 4 * 4 if of.packed else 0
    split = Bytes(
        # Every group of lanes holds all rows of q.
        queries * of.heads * row * groups * parts + keys * of.batch * of.heads_k * tiles * 2 * row + offsets,
        rows * parts * part,
        # 4 columns of 4 warps, and of each warp maximum and sum, for every 4 columns of a row.
        rows * parts * (of.dim // 4) * 4 * (16 + 8),
        tiles * of.heads_k * entries * parts * 4 * 4 * (2 * lanes * 16 + 8),
    )
    written = queries * of.heads * row
    pairs = of.dim // 2
    read = queries * of.heads * parts * (3 * 4 + pairs * (4 + 8))
    offsets = -(-longest_q // split_kv.WARPS) * of.heads * entries * THREADS * 2 * 4 if of.packed else 0
    return split + Bytes(read + offsets, written)


def _wgmma(of: Problem) -> Bytes:
    """Q and the output once, keys and values once for each block, where it sees any.

    No warp reads shared memory: what products read by their descriptors is not counted.
    """
    row, rows = 2 * of.dim, wgmma.rows(of.dim)
    total = NONE
    for sequence, block in _blocks(of, rows):
        tiles, keys = of.tiles(sequence, block, wgmma.KEYS)
        if tiles:
            total += Bytes((len(block) + 2 * keys) * row, 0, 0, (rows + tiles * 2 * wgmma.KEYS) * row)
        total += Bytes(0, len(block) * row)
    if of.packed:  # every thread of the grid reads where its sequence begins and ends in q and in k, a consumer's once more
        blocks = -(-max(seq_q for seq_q, _ in of.sequences) // rows) * of.heads * len(of.sequences)
        threads = 128 * (wgmma.CONSUMERS[of.dim] + 1)
        total += Bytes(blocks * (threads * 4 * 4 + (threads - 128) * 4), 0)
    return total


def _tuned_s512(of: Problem) -> Bytes:
    """Q once, all keys and values for each block of 80 rows; then each of 4 key groups' part of a row by way of shared memory."""
    ((seq_q, seq_k),) = of.sequences
    heads, row = of.batch * of.heads, 2 * of.dim
    blocks = -(-seq_q // tuned_s512.ROWS)
    of_keys = blocks * 2 * seq_k * row
    groups = seq_q // 16  # of rows
    part = of.dim * 4 + 8  # a row's output as float32, its maximum and its sum
    return Bytes(
        heads * (seq_q * row + of_keys),
        heads * seq_q * row,
        heads * (seq_q * row * 4 + groups * 2 * seq_k * row + seq_q * 4 * (of.dim // 4) * (16 + 8)),
        heads * (seq_q * row + of_keys + seq_q * 4 * part),
    )
