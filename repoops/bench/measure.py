"""From samples to what a report says: each baseline judged, and GPU times only from a GPU."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from repoops.bench import floors, processes, statistics
from repoops.bench.processes import Measurement, Task
from repoops.bench.protocol import CACHES, CONTROL
from repoops.bench.statistics import IMPLAUSIBLE, NOT_MEASURED, Ratio, Samples, Spread
from repoops.errors import RepoOpsError
from repoops.nvidia import driver
from repoops.nvidia.limits import baseline
from repoops.progress import Progress, silent
from repoops.report.speed import CHECK, Floor, Rival, Timing, case_id
from repoops.report.verification import CaseResult, Failed, NotRun, Passed, VerificationReport


@dataclass(frozen=True, slots=True)
class Judged:
    """The candidate under one state of the cache, wherever it ran.

    Attributes:
        spread: its own samples.
        samples: its valid ones.
        control: it against itself.
        rivals: every baseline, measured or not.
    """

    l2: str
    spread: Spread
    samples: Samples
    control: Ratio
    rivals: tuple[Rival, ...]


def judged(found: Measurement, candidate: str, *, l2: str, floor_us: float, seed: int) -> Judged | str:
    """What the samples say, or why they say nothing of the candidate.

    Args:
        found: of all processes.
        candidate: its name among the contenders.
        l2: `cold` or `warm`.
        floor_us: below which no median can be; 0 where none is known.
        seed: of the bootstrap.
    """
    own, control = found.series.get((candidate, l2)), found.series.get((CONTROL, l2))
    if own is None or control is None:
        return found.lacking.get(candidate) or found.lacking.get(CONTROL) or "no sample was taken"
    if lacking := own.lacking or control.lacking:
        return lacking
    rivals = tuple(
        _rival(found, name, l2=l2, candidate=own, control=control, floor_us=floor_us, seed=seed)
        for name in found.versions
        if name not in (candidate, CONTROL)
    )
    return Judged(l2, statistics.spread(own, seed), own, statistics.ratio(own, control, seed), rivals)


def _rival(
    found: Measurement,
    name: str,
    *,
    l2: str,
    candidate: Samples,
    control: Samples,
    floor_us: float,
    seed: int,
) -> Rival:
    version, theirs = found.versions[name], found.series.get((name, l2))
    if theirs is None:
        return Rival(name, version, NOT_MEASURED, found.lacking.get(name, "no sample was taken"))
    ratio, said = statistics.verdict(candidate, theirs, control, floor_us=floor_us, seed=seed)
    if ratio is None:
        return Rival(name, version, said.name, said.why)
    own = statistics.spread(theirs, seed)
    return Rival(name, version, said.name, said.why, own.p50, own.ci95, ratio.value, ratio.ci95)


def timing(said: Judged, found: Measurement, floor_us: float | None) -> Timing:
    """GPU time for a report; raises ValueError for what the host clock measured."""
    if not found.where.startswith("cuda: "):
        raise ValueError(f"GPU time from {found.where}")
    measured = [rival for rival in said.rivals if rival.p50_us is not None]
    best = min(measured, key=lambda rival: rival.p50_us or 0.0, default=None)
    return Timing(
        found.method, len(said.samples.all), said.spread.p50, said.spread.p5, said.spread.p95,
        best.name if best else None, best.p50_us if best else None, said.spread.ci95, len(said.samples.processes),
        said.samples.dropped, said.l2, floor_us, said.control.ci95, statistics.minimum_effect(said.control), said.rivals,
        found.clocks,
    )  # fmt: skip


def rows(
    case: CaseResult, found: Measurement, candidate: str, floor: Floor | None, seed: int
) -> list[CaseResult]:
    """A case that was to be timed as what came of it: one row cold, one warm.

    Warm, the inputs may lie in the cache, so that only the arithmetic sets a floor.
    """
    made = []
    for l2 in CACHES:
        least = None if floor is None else floor.us if l2 == "cold" else floor.compute_us
        said = judged(found, candidate, l2=l2, floor_us=least or 0.0, seed=seed)
        row = replace(
            case, test=f"{case.test}::{l2}", ran_on=found.where, notes=(*case.notes, *found.notes),
            floors=(floor,) if floor else (),
        )  # fmt: skip
        if isinstance(said, str):
            wrong = candidate in found.lacking
            made.append(replace(row, result=Failed(said) if wrong else NotRun(f"not measured: {said}")))
            continue
        taken = timing(said, found, least)
        fast = least is not None and taken.p50_us < least
        why = f"{IMPLAUSIBLE}: {taken.p50_us:.3g} µs is below the floor of {least:.3g} µs"
        made.append(replace(row, result=Failed(why) if fast else Passed(), timing=taken))
    return made


def with_floors(report: VerificationReport) -> VerificationReport:
    """A report whose rows with known work have the floors of the cards of their architecture."""
    return replace(
        report,
        results=tuple(
            replace(row, floors=floors.floors(row.work, row.resources.arch))
            if row.work and row.resources
            else row
            for row in report.results
        ),
    )


def measured(
    report: VerificationReport, root: Path, factory: str, seed: int = 0, progress: Progress = silent
) -> VerificationReport:
    """A report whose cases to be timed are timed, as far as the card of this machine has their architecture.

    Args:
        report: of `repoops verify`, its cases to be timed listed and not run.
        root: of the tree.
        factory: makes a contest of a case: see `suite.contests`.
        seed: of everything.
        progress: told of each process.
    """
    cards = driver.cards()
    if isinstance(cards, str) or report.backend != "cuda":
        return report
    known = floors.card_called(cards[0].name)
    results: list[CaseResult] = []
    for row in report.results:
        if not row.check.startswith(CHECK) or row.resources is None:
            results.append(row)
            continue
        if baseline(row.resources.arch) != cards[0].arch:
            results.append(replace(row, result=NotRun(f"not measured: {cards[0].name} is {cards[0].arch}")))
            continue
        floor = floors.floor(row.work, known) if row.work and known else None
        results += _timed(row, root, factory, floor, seed, progress)
    return replace(report, results=tuple(results))


def _timed(
    row: CaseResult, root: Path, factory: str, floor: Floor | None, seed: int, progress: Progress
) -> list[CaseResult]:
    try:
        found = processes.measure(task(row, factory), root, seed=seed, progress=progress)
    except RepoOpsError as error:
        return [replace(row, result=NotRun(f"not measured: {error}".replace("\n", ";")))]
    return rows(row, found, f"{row.kernel} {row.version}", floor, seed)


def task(row: CaseResult, factory: str) -> Task:
    """What is timed for a row: its specification, version and case, by name."""
    arguments: Mapping[str, str] = {
        "device": "cuda", "spec": row.test.split("::")[0], "version": row.version, "case": case_id(row.check),
    }  # fmt: skip
    return Task(factory, arguments, "cuda", f"{row.kernel} {row.version}")
