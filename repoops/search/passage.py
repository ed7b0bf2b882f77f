"""What is indexed: sources, and the passages in them."""

from __future__ import annotations

from dataclasses import dataclass

KINDS = ("page", "commit", "note", "run", "report")
"""Of sources: a markdown file, a commit's message, a session's notes, a recorded run with its log, a stored report."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of text that is found as a whole: `line` is its first, from 1; `kinds` a sum of `kinds.NAMES`."""

    line: int
    heading: str
    text: str
    kinds: int = 0


@dataclass(frozen=True, slots=True)
class Source:
    """Where passages come from.

    Attributes:
        kind: one of `KINDS`.
        name: a path from the root as bytes, a commit's id, or a path below RepoOps' state.
        date: RFC 3339 or ISO date, as far as it is known; else empty.
        outcome: `done`, `partial`, `failed`, `other`; empty where it says none.
        title: a heading, a commit's subject, a command.
        passages: in order.
    """

    kind: str
    name: bytes
    date: str
    outcome: str
    title: str
    passages: tuple[Passage, ...]
