"""Counts in words."""

from __future__ import annotations


def many(count: int, what: str) -> str:
    """`1 commit`, `2 commits`."""
    return f"{count} {what}{'' if count == 1 else 's'}"
