"""Several reports of one tree, from shards, architectures or hosts, as one; what a part left out is *not run*. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import chain
from typing import TypeVar

from repoops.errors import RepoOpsError
from repoops.report.held import Held, gathered
from repoops.report.shards import Shard
from repoops.report.verification import CaseResult, NotRun, VerificationReport, thinned

BROKEN_OFF = 2
"""The exit status of a report that lacks a part; pytest's own for a run that was interrupted."""


HOST = "host"
"""The fact of an environment that names where a report comes from, where that is not the machine that shows it."""

_T = TypeVar("_T")
_Told = Sequence[tuple["Part", VerificationReport]]


@dataclass(frozen=True, slots=True)
class Part:
    """What one host was to do, and what came of it.

    Attributes:
        host: by the name that the user knows it by.
        outcome: its report, or why there is none.
        task: what it was to do, in words: `shard 2 of 3`, `sm_90`, `the kernel suite`.
        shard: which part of the suite that was, where it was divided; its tests need not be known.
    """

    host: str
    outcome: VerificationReport | NotRun
    task: str
    shard: Shard | None = None


def merge(parts: Sequence[Part]) -> VerificationReport:
    """One report of what several say about the same tree.

    Results stand in the order of the suite; those of a test that ran on several hosts stand beside each
    other. A fact on which the hosts differ is named for each (`gpu on HOST`). The hosts worked at the same
    time: the duration is that of the slowest.

    Raises:
        RepoOpsError: no part has a report, two are of different trees, one is of none, or they do not
            make one whole.
    """
    told = [(part, part.outcome) for part in parts if isinstance(part.outcome, VerificationReport)]
    without = {part: part.outcome.why for part in parts if isinstance(part.outcome, NotRun)}
    if not told:
        raise RepoOpsError(
            "; ".join(f"{part.host}: {why}" for part, why in without.items()) or "there is no report to merge"
        )
    reports = [report for _, report in told]
    _refuse_different_trees(told)
    suite = _suite(told)
    missing, unnamed = _lost(suite, told, without)
    place = {test: number for number, test in enumerate(suite.tests if suite else ())}
    every = sorted(
        [*chain.from_iterable(report.results for report in reports), *missing],
        key=lambda row: place.get(row.test, len(place)),
    )
    status = [report.pytest_exit for report in reports] + ([BROKEN_OFF] if missing or unnamed else [])
    return replace(
        reports[0],
        backend=_backend(reports),
        environment=_environment(told),
        results=thinned(every),
        not_run=(*_together(report.not_run for report in reports), *unnamed),
        started=min((report.started for report in reports), key=_instant),
        duration_s=max(report.duration_s for report in reports),
        command=tuple(word for word in reports[0].command if not word.startswith("--repoops-shard=")),
        pytest_exit=max(status, key=abs),
        held=_held(every, reports),
        changes=_together(report.changes for report in reports),
        shard=None,
    )


def _refuse_different_trees(told: _Told) -> None:
    trees: dict[str, str] = {}
    for part, report in told:
        if report.subject is None:
            raise RepoOpsError("a report about no tree cannot be merged", where=part.host)
        trees.setdefault(report.subject.tree, part.host)
    if len(trees) > 1:
        said = ", ".join(f"{tree[:12]} on {host}" for tree, host in trees.items())
        raise RepoOpsError(
            f"reports of different trees cannot be merged: {said}", remedy="verify all parts of one tree"
        )


def _suite(told: _Told) -> Shard | None:
    """The division that the reports are parts of, with the suite's tests in order; None where it was not divided."""
    shards = [report.shard for _, report in told if report.shard]
    if not shards:
        return None
    if len(shards) < len(told) or len({shard.of for shard in shards}) > 1:
        raise RepoOpsError(
            "parts that make no whole: "
            + ", ".join(f"{report.shard or 'no shard'} on {part.host}" for part, report in told),
            remedy="merge the shards 1/N to N/N of one division",
        )
    twice = [number for number, times in Counter(shard.number for shard in shards).items() if times > 1]
    if twice:
        raise RepoOpsError(
            f"two reports of shard {twice[0]} of {shards[0].of}", remedy="leave one of them out"
        )
    suites = {frozenset(shard.tests): shard for shard in shards if shard.tests}
    if len(suites) > 1:
        raise RepoOpsError(
            "the parts did not collect the same tests, so that some may have run nowhere",
            remedy="compare what the hosts have installed: Python, pytest and its plugins",
        )
    return next(iter(suites.values()), shards[0])


def _lost(
    suite: Shard | None, told: _Told, without: Mapping[Part, str]
) -> tuple[list[CaseResult], list[tuple[str, str]]]:
    """A row for each test of a part that has no report; and what is lost without a test to name it by, with the reason."""
    if suite is None:
        return [], [(f"{part.task} on {part.host}", why) for part, why in without.items()]
    there = {report.shard.number for _, report in told if report.shard}
    reasons = {part.shard.number: f"{part.host}: {why}" for part, why in without.items() if part.shard}
    rows, unnamed = [], []
    for number in (n for n in range(1, suite.of + 1) if n not in there):
        shard = replace(suite, number=number)
        why = reasons.get(number, "nobody ran it")
        rows += [_row(test, f"{shard}, {why}") for test in shard.own()]
        unnamed += [] if shard.own() else [(str(shard), why)]
    return rows, unnamed


def _row(test: str, why: str) -> CaseResult:
    """Of a test that nothing is known of but its id, what the id says."""
    place, _, name = test.partition("::")
    folder, _, file = place.rpartition("/")
    if file != "spec.py":
        return CaseResult(test, file.removesuffix(".py"), name, "test", "", NotRun(why), 0.0)
    version, colons, check = name.partition("::")
    if not colons:
        version, _, case = name.partition("[")
        check = f"numerics[{case}"
    return CaseResult(test, folder.rpartition("/")[2], version, check, "", NotRun(why), 0.0)


def _backend(reports: Sequence[VerificationReport]) -> str:
    """The one that most was asked of; each result says for itself where it ran."""
    chosen = {report.backend for report in reports if report.results} or {reports[0].backend}
    return next(name for name in ("cuda", "cpu", "compile", "none") if name in chosen)


def _environment(told: _Told) -> tuple[tuple[str, str], ...]:
    facts = [(part.host, dict(report.environment)) for part, report in told]
    found: dict[str, str] = {}
    for name in dict.fromkeys(name for _, known in facts for name in known):
        values = {known.get(name) for _, known in facts}
        if name == HOST:
            found[name] = ", ".join(dict.fromkeys(known[name] for _, known in facts if name in known))
        elif len(values) == 1:
            found[name] = facts[0][1][name]
        else:
            found |= {f"{name} on {host}": known[name] for host, known in facts if name in known}
    return tuple(found.items())


def _held(rows: Sequence[CaseResult], reports: Sequence[VerificationReport]) -> tuple[Held, ...]:
    """What each version is held to, in the order of the results, its machine code from all parts."""
    order: dict[tuple[str, ...], int] = {}
    for row in rows:
        order.setdefault((row.kernel, row.version), len(order))
        order.setdefault((row.kernel, row.version, row.check), len(order))

    def place(*which: str) -> int:
        return order.get(which, len(order))

    found = gathered(chain.from_iterable(report.held for report in reports))
    return tuple(
        replace(
            held,
            machine_code=tuple(
                sorted(
                    held.machine_code,
                    key=lambda pair: place(held.kernel, held.version, f"compile[{pair[0]}]"),
                )
            ),
        )
        for held in sorted(found, key=lambda held: place(held.kernel, held.version))
    )


def _together(lists: Iterable[Sequence[_T]]) -> tuple[_T, ...]:
    """All entries, in order; one that several parts have stands as often as in the part that has it most."""
    found: list[_T] = []
    for entries in lists:
        left = Counter(found)
        for entry in entries:
            if left[entry]:
                left[entry] -= 1
            else:
                found.append(entry)
    return tuple(found)


def _instant(started: str) -> datetime:
    return datetime.fromisoformat(started.replace("Z", "+00:00"))
