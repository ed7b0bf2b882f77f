"""What one fresh process does: check, time all contenders in turn, cold and warm, check again.

Whoever is timed, and by which clock, comes in as values; nothing here knows of kernels or cards.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from repoops.bench.statistics import median
from repoops.bench.timers import SHORT_US, Take, Timer
from repoops.kernel.contest import Contender, Contest
from repoops.nvidia.clocks import State

BLOCK = 10
"""Samples of one contender before the next has its turn."""
CACHES = ("cold", "warm")
CONTROL = "the kernel against itself"
_MOST_COPIES = 4096


@dataclass(slots=True)
class Series:
    """Samples of one contender under one state of the cache: valid ones, microseconds, and how many were dropped."""

    samples: list[float] = field(default_factory=list)
    dropped: int = 0


@dataclass(frozen=True, slots=True)
class Process:
    """What one process found.

    Attributes:
        where: as `Timer.where`.
        method: how it was timed.
        series: (contender, `cold` or `warm`) -> its samples.
        lacking: contender -> why it was not timed, or why its times do not count.
        versions: contender -> of what it comes with.
        clocks: lowest and highest clock in MHz that was read, where one could be.
        notes: what else is to be known: what throttled, or that nothing could be read.
    """

    where: str
    method: str
    series: Mapping[tuple[str, str], Series]
    lacking: Mapping[str, str]
    versions: Mapping[str, str]
    clocks: tuple[int, int] | None
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """Plain data, for the process that asked."""
        return {
            "where": self.where, "method": self.method, "lacking": dict(self.lacking), "versions": dict(self.versions),
            "clocks": self.clocks, "notes": self.notes,
            "series": [[*key, found.samples, found.dropped] for key, found in self.series.items()],
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Process:
        """Takes back what `to_json` gave; raises KeyError, TypeError or ValueError for anything else."""
        series = {(name, l2): Series(samples, dropped) for name, l2, samples, dropped in data["series"]}
        clocks = tuple(data["clocks"]) if data["clocks"] else None
        return cls(
            data["where"],
            data["method"],
            series,
            data["lacking"],
            data["versions"],
            clocks,
            tuple(data["notes"]),
        )


def run(contest: Contest, timer: Timer, *, samples: int, seed: int) -> Process:
    """Times the candidate, itself once more as a control, and every baseline that can be timed here.

    Blocks of samples take turns in an order that is drawn anew for each round, so that a drift of the
    card falls on all alike. Times of a contender that is wrong before or after do not count.

    Args:
        contest: who, on what.
        timer: by which clock.
        samples: of each contender, cold and warm each.
        seed: of the order and of the inputs.
    """
    everyone = {CONTROL: contest.candidate, contest.candidate.name: contest.candidate}
    everyone |= {one.name: one for one in contest.baselines}
    lacking = {name: one.lacking for name, one in everyone.items() if one.lacking}
    able = {name: one for name, one in everyone.items() if not one.lacking}
    lacking |= _wrong(able, seed, "before it was timed")
    able = {name: one for name, one in able.items() if name not in lacking}
    order = random.Random(seed)  # noqa: S311 - no secret is drawn
    series: dict[tuple[str, str], Series] = {}
    states: list[State | str] = []
    if contest.candidate.name in lacking:
        able = {}
    short = bool(able) and _short(contest.candidate, timer, seed)
    for l2 in CACHES:
        takes = _prepared(able, contest, timer, lacking, l2=l2, short=short, seed=seed)
        series |= {(name, l2): Series() for name in takes}
        for take in takes.values():
            take(BLOCK)  # thrown away: clocks rise and lazy set-up is done
        for _ in range(-(-samples // BLOCK)):
            for name in order.sample(sorted(takes), len(takes)):
                before = timer.state()
                taken = takes[name](BLOCK)
                after = timer.state()
                states += [before, after]
                _keep(series[name, l2], taken, before, after)
    lacking |= _wrong(
        {name: able[name] for name in able if name not in lacking}, seed + 1, "after it was timed"
    )
    series = {key: found for key, found in series.items() if key[0] not in lacking}
    versions = {name: one.version for name, one in everyone.items()}
    return Process(timer.where, timer.method, series, lacking, versions, *_seen(states))


def _wrong(able: Mapping[str, Contender], seed: int, when: str) -> dict[str, str]:
    """Contender -> what is wrong with its output on fresh inputs; the control is the candidate, and is checked with it."""
    found = {}
    for name, one in able.items():
        try:
            fault = one.check(seed * 2 + 1)
        except Exception as error:  # noqa: BLE001 - a package's own refusal of a case has any class
            found[name] = f"does not take this case: {_first(error)}"
            continue
        if fault:
            found[name] = f"wrong {when}: {fault}"
    return found


def _short(candidate: Contender, timer: Timer, seed: int) -> bool:
    """Whether the candidate is over so soon that launching it would show."""
    return median(timer.prepare([candidate.bind(seed)], short=False)(BLOCK)) < SHORT_US


def _prepared(
    able: Mapping[str, Contender], contest: Contest, timer: Timer, lacking: dict[str, str], *, l2: str, short: bool,
    seed: int,
) -> dict[str, Take]:  # fmt: skip
    """Contenders ready to be timed; who cannot be is added to `lacking`."""
    copies = copies_for(contest.footprint, timer.l2_bytes) if l2 == "cold" else 1
    takes = {}
    for name, one in able.items():
        if name in lacking:
            continue
        try:
            takes[name] = timer.prepare([one.bind(seed) for _ in range(copies)], short=short)
        except Exception as error:  # noqa: BLE001 - a package may refuse to be captured, with any class
            lacking[name] = f"cannot be timed by {timer.method}: {_first(error)}"
    return takes


def copies_for(footprint: int, l2_bytes: int) -> int:
    """Sets of buffers that together are at least twice the cache, and two at least."""
    return min(_MOST_COPIES, max(2, -(-2 * l2_bytes // max(footprint, 1))))


def _keep(series: Series, taken: Sequence[float], before: State | str, after: State | str) -> None:
    """A block counts only if the card was not throttled on either side of it."""
    if any(isinstance(state, State) and state.throttled for state in (before, after)):
        series.dropped += len(taken)
    else:
        series.samples += taken


def _seen(states: Sequence[State | str]) -> tuple[tuple[int, int] | None, tuple[str, ...]]:
    """Lowest and highest clock, and what was the matter."""
    read = [state for state in states if isinstance(state, State)]
    clocks = (min(s.sm_mhz for s in read), max(s.sm_mhz for s in read)) if read else None
    unread = {state: None for state in states if isinstance(state, str)}
    held = {word: None for state in read if state.throttled for word in state.words}
    return clocks, (*unread, *(f"throttled: {word}" for word in held))


def _first(error: Exception) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
