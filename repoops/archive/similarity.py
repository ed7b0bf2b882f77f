"""Whether git will see a rename: its own measure of how much of a file is left, computed beforehand."""

from __future__ import annotations

from collections import Counter

SEEN_FROM = 0.5
"""git's default: at least half must be left for delete and add to be shown as a rename."""

_CHUNK = 64


def similarity(old: bytes, new: bytes) -> float:
    """The part of the larger file, 0 to 1, that stands in both: pieces that end at a line's end or after 64 bytes.

    Source: git, diffcore-delta.c (`hash_chars`) and diffcore-rename.c (`estimate_similarity`).
    """
    if old == new:
        return 1.0
    largest, smallest = max(len(old), len(new)), min(len(old), len(new))
    if largest * (1 - SEEN_FROM) < largest - smallest:
        return 0.0
    before, after = _pieces(old), _pieces(new)
    shared = sum(min(size, after[piece]) for piece, size in before.items() if piece in after)
    return shared / largest


def _pieces(data: bytes) -> Counter[bytes]:
    """Bytes by piece: a text file's CR before LF does not count."""
    if b"\0" not in data[:8000]:
        data = data.replace(b"\r\n", b"\n")
    sizes: Counter[bytes] = Counter()
    *whole, rest = data.split(b"\n")
    for line in (*(part + b"\n" for part in whole), rest):
        for at in range(0, len(line), _CHUNK):
            piece = line[at : at + _CHUNK]
            sizes[piece] += len(piece)
    return sizes
