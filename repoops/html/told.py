"""What the page tells: values that were read and measured elsewhere, in the order in which they are shown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from repoops.report.verdict import Verdict
from repoops.report.verification import VerificationReport


@dataclass(frozen=True, slots=True)
class Session:
    """One that ended.

    Attributes:
        ended: when, in words; `date` its day.
        outcome: `done`, `partial`, `failed` or `not measured`.
        duration: in words.
        folder: of its evidence, from the root.
        items: (`measured`, `failed`, `partial` or `stated`, what, the file of its evidence or empty).
        commits: (short id, subject).
        notes: (kind, text).
    """

    date: str
    ended: str
    outcome: str
    duration: str
    folder: str
    items: Sequence[tuple[str, str, str]]
    commits: Sequence[tuple[str, str]]
    notes: Sequence[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Told:
    """All of the page.

    Attributes:
        name: of the repository.
        built: when, in words.
        state: of the repository, as (what, value).
        sessions: the newest first.
        reports: the newest first.
        about: of the newest report, which tree it is about, in words.
        claims: the text that each stands in, and what came of it.
        map_text: the code map as markdown; empty where there is none.
        map_path: where it lies.
    """

    name: str
    built: str
    state: Sequence[tuple[str, str]]
    sessions: Sequence[Session]
    reports: Sequence[VerificationReport]
    about: str
    claims: Sequence[tuple[str, Verdict]]
    map_text: str
    map_path: str
