from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a back end can work here; `why` names what it works with, or what is missing."""

    ok: bool
    why: str
