"""What every back end offers: a module with `available` and `run`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from repoops.kernel.model import Kernel, Launch, Outcome
from repoops.nvidia.cache import default_folder

ARCHS = ("sm_80", "sm_89", "sm_90")
"""Compiled for where nothing else is asked: A100, L4, H100."""


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a back end can work here; `why` names what it works with, or exactly what is missing."""

    ok: bool
    why: str


@dataclass(frozen=True, slots=True)
class Options:
    """How to run.

    Attributes:
        archs: what the `compile` back end compiles for; the others take the card's, or the engine's.
        keep: the compilers' cache folder; None compiles anew.
    """

    archs: tuple[str, ...] = ARCHS
    keep: Path | None = field(default_factory=default_folder)


class Backend(Protocol):
    """Satisfied by the modules of this package."""

    def available(self) -> Availability:
        """Never raises."""

    def run(self, kernel: Kernel, launch: Launch, options: Options) -> Outcome:
        """Runs a launch, or checks of it what can be checked; raises RepoOpsError where it is refused."""
