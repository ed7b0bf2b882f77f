"""Counts in words."""

from __future__ import annotations

from collections.abc import Mapping


def many(count: int, what: str, plural: str = "") -> str:
    """`1 commit`, `2 commits`; `plural` where that is not made with an s."""
    return f"{count} {what if count == 1 else plural or what + 's'}"


def counted(counts: Mapping[str, int]) -> str:
    """What an operation did, by the kinds that its receipt counts: `1 folder, 2 moved, 3 index entries`; empty where it did nothing."""
    words = {"folders": ("folder", ""), "refs": ("ref", ""), "index": ("index entry", "index entries")}
    return ", ".join(
        many(n, *words[kind]) if kind in words else f"{n} {kind}" for kind, n in counts.items() if n
    )
