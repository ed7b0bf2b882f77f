"""What a timeline is made of: events with their time, each from one source, and what follows from their order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Literal

Interval = tuple[float, float]
Word = Literal["passed", "failed", "not run"]


@dataclass(frozen=True, slots=True)
class Time:
    """One case's median on a GPU, microseconds, with the 95 % interval of the median where it has one.

    `against` are the baselines timed beside it: (name, the kernel's median over its, verdict).
    """

    case: str
    gpu: str
    l2: str
    p50_us: float
    ci95: Interval | None
    samples: int
    against: tuple[tuple[str, float, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Standing:
    """One version in one report.

    Attributes:
        version: which.
        passed, failed, not_run: its checks by outcome; mutants and cases that are only timed are none.
        where: what ran them: `cpu: x86_64`, `cuda: NVIDIA L4`; `compile: sm_89` where nothing was executed.
        worst: the largest error over its bound, of all cases; None where nothing was compared.
        registers, spills: what ptxas allots at most, and bytes spilled, by architecture.
        mutants: (killed, ran), where it has some that ran.
        why: of the first failure, with its first finding's place.
        times: of a GPU; none of a CPU, by construction.
    """

    version: str
    passed: int
    failed: int
    not_run: int
    where: tuple[str, ...] = ()
    worst: float | None = None
    registers: tuple[tuple[str, int], ...] = ()
    spills: tuple[tuple[str, int], ...] = ()
    mutants: tuple[int, int] | None = None
    why: str = ""
    times: tuple[Time, ...] = ()

    @property
    def word(self) -> Word:
        """One failure is a failure; nothing that ran is no pass."""
        return "failed" if self.failed else "passed" if self.passed else "not run"

    def same(self, other: Standing | None) -> bool:
        """Whether there is nothing new to tell: outcome, reason, what was allotted and killed are alike, and no time is new."""
        return (
            other is not None
            and not self.times
            and (self.word, self.failed, self.passed, self.where, self.why, self.registers, self.spills, self.mutants)
            == (other.word, other.failed, other.passed, other.where, other.why, other.registers, other.spills, other.mutants)
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Checked:
    """A report: `where` in words; `part` where it was told to run a part of the suite alone."""

    when: str
    tree: str
    commit: str
    dirty: bool
    where: str
    part: str
    standings: tuple[Standing, ...]


@dataclass(frozen=True, slots=True)
class Committed:
    """A commit that changed files of the kernel: `(A, M, D or T, path)` each."""

    when: str
    commit: str
    subject: str
    files: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Noted:
    """A note of a session that names the kernel; nobody measured it."""

    when: str
    kind: str
    text: str
    session: str


@dataclass(frozen=True, slots=True)
class Said:
    """A line of a log that names the kernel; nobody measured it. `kinds`: failed, lesson, decision, solved, next."""

    when: str
    file: str
    line: int
    heading: str
    text: str
    kinds: tuple[str, ...]


Event = Checked | Committed | Noted | Said


@dataclass(frozen=True, slots=True)
class Timeline:
    """One kernel: `folders` are where its files lie or lay, `events` come oldest first, undated ones before all."""

    kernel: str
    folders: tuple[str, ...]
    events: tuple[Event, ...]

    @property
    def reports(self) -> tuple[Checked, ...]:
        """Oldest first."""
        return tuple(event for event in self.events if isinstance(event, Checked))

    @property
    def commits(self) -> tuple[Committed, ...]:
        """Oldest first."""
        return tuple(event for event in self.events if isinstance(event, Committed))


@dataclass(frozen=True, slots=True)
class Version:
    """One version over all events.

    Attributes:
        name: which.
        first, last: the commits that brought its source and that changed it last; None where no commit did.
        gone: whether the last one removed it.
        standing: of the newest report that has it, and `report` that report.
        timed: the newest report with a time of it, and its times.
    """

    name: str
    first: Committed | None
    last: Committed | None
    gone: bool
    standing: Standing | None
    report: Checked | None
    timed: tuple[Checked, tuple[Time, ...]] | None


def ordered(kernel: str, folders: Sequence[str], events: Sequence[Event]) -> Timeline:
    """A timeline of events in any order."""
    ranks = (Committed, Checked, Noted, Said)
    return Timeline(
        kernel, tuple(folders), tuple(sorted(events, key=lambda e: (instant(e.when), ranks.index(type(e)))))
    )


def instant(when: str) -> datetime:
    """When, for the order alone: a day without an hour is its end, none at all is before everything."""
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", when):
            return datetime.fromisoformat(when).replace(tzinfo=timezone.utc) + timedelta(days=1, seconds=-1)
        found = datetime.fromisoformat(re.sub(r"[zZ]$", "+00:00", when))
    except ValueError:
        return datetime.min.replace(tzinfo=timezone.utc)
    return found if found.tzinfo else found.replace(tzinfo=timezone.utc)


def versions(timeline: Timeline) -> list[Version]:
    """Every version that a commit's file or a report names, in the order in which they came."""
    names: dict[str, None] = {}
    for event in timeline.events:
        if isinstance(event, Committed):
            names |= dict.fromkeys(
                filter(None, (source_of(path, timeline.folders) for _, path in event.files))
            )
        elif isinstance(event, Checked):
            names |= dict.fromkeys(standing.version for standing in event.standings)
    return [_version(timeline, name) for name in names]


def source_of(path: str, folders: Sequence[str]) -> str:
    """The version whose source a path is: `kernels/attention/tiled.cu` is `tiled`; empty for any other file."""
    folder, _, name = path.rpartition("/")
    return name.removesuffix(".cu") if name.endswith(".cu") and folder in folders else ""


def _version(timeline: Timeline, name: str) -> Version:
    touched = [
        (commit, status)
        for commit in timeline.commits
        for status, path in commit.files
        if source_of(path, timeline.folders) == name
    ]
    stood = [(report, s) for report in timeline.reports for s in report.standings if s.version == name]
    timed = [(report, standing.times) for report, standing in stood if standing.times]
    return Version(
        name, touched[0][0] if touched else None, touched[-1][0] if touched else None, bool(touched) and touched[-1][1] == "D",
        stood[-1][1] if stood else None, stood[-1][0] if stood else None, timed[-1] if timed else None,
    )  # fmt: skip


def news(timeline: Timeline) -> list[tuple[Event, tuple[Standing, ...]]]:
    """Events in order; of each report only the versions of which it tells something new, perhaps none."""
    known: dict[str, Standing] = {}
    found: list[tuple[Event, tuple[Standing, ...]]] = []
    for event in timeline.events:
        told: tuple[Standing, ...] = ()
        if isinstance(event, Checked):
            told = tuple(s for s in event.standings if not s.same(known.get(s.version)))
            known |= {standing.version: standing for standing in event.standings}
        found.append((event, told))
    return found
