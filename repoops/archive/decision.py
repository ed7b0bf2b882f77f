"""What is to become of a file, and why; made by `classify`, carried out by `plan`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from repoops.files import RelPath


@dataclass(frozen=True, slots=True)
class Reason:
    """Why, as a person can read and check it: `signal` names the rule; the line counts from 1."""

    signal: str
    detail: str
    file: RelPath | None = None
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Decision:
    """One file's fate; never without a reason."""

    path: RelPath
    action: Literal["keep", "archive"]
    reasons: tuple[Reason, ...]
