"""Who is timed against whom, as plain data: what the suite knows of a kernel, and what a benchmark needs of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

Call = Callable[[], object]
"""Does the work once, or queues it on torch's current stream."""


@dataclass(frozen=True, slots=True)
class Contender:
    """One way to do a piece of work.

    Attributes:
        name: `attention tensor_core`, `SDPA (flash)`.
        version: of what it comes with; empty for a kernel of this tree.
        bind: seed -> a call on buffers of its own.
        check: seed -> what is wrong with its output on fresh inputs, or None.
        lacking: why it cannot be timed here; empty where it can.
    """

    name: str
    version: str
    bind: Callable[[int], Call]
    check: Callable[[int], str | None]
    lacking: str = ""


@dataclass(frozen=True, slots=True)
class Contest:
    """A kernel and its baselines on one case; `footprint` is the bytes of one set of buffers."""

    candidate: Contender
    baselines: tuple[Contender, ...]
    footprint: int
