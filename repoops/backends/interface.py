"""What every back end offers: a module with `available` and `run`."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from repoops.cache import default_folder
from repoops.kernel.model import Kernel, Launch, Outcome

ARCHS = ("sm_80", "sm_89", "sm_90")
"""Compiled for where nothing else is asked: A100, L4, H100."""
CHECKS = ("memcheck", "racecheck", "initcheck", "synccheck", "coverage")
"""What the CPU back end can watch while a kernel runs."""
LIMIT = 2**31
"""Turns of loops after which they count as endless: minutes of work, and no real kernel's."""


@dataclass(frozen=True, slots=True)
class Availability:
    """Whether a back end can work here; `why` names what it works with, or exactly what is missing."""

    ok: bool
    why: str


@dataclass(frozen=True, slots=True)
class Options:
    """How to run. All but `archs` and `keep` speak to the CPU back end alone.

    Attributes:
        archs: what the `compile` back end compiles for; on the CPU the first that its engine
            executes counts, and a card has its own.
        keep: the compilers' cache folder; None compiles anew.
        checks: which of `CHECKS` watch.
        order: in which the warps of a block take their turns between barriers: `forward`, `reverse`,
            or `seed:N` for a shuffle.
        jobs: host threads that run blocks; None takes all cores.
        limit: turns of loops, all warps of a block together, after which the run is ended as endless.
        counters: whether to count.
        optimise: whether LLVM optimises what it compiles: a launch of a few microseconds is over sooner
            without, as compiling takes a quarter of the time.
    """

    archs: tuple[str, ...] = ARCHS
    keep: Path | None = field(default_factory=default_folder)
    checks: tuple[str, ...] = CHECKS
    order: str = "forward"
    jobs: int | None = None
    limit: int = LIMIT
    counters: bool = True
    optimise: bool = True


class Backend(Protocol):
    """Satisfied by the modules of this package."""

    def available(self) -> Availability:
        """Never raises."""

    def run(self, kernel: Kernel, launch: Launch, options: Options) -> Outcome:
        """Runs a launch, or checks of it what can be checked; raises RepoOpsError where it is refused."""
