"""From facts to a summary: a pure function of one session's stored data, so that audit can repeat it.

`Facts` is what `session.json` beside the evidence holds, under the schema `repoops/session/1`.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from repoops.report.evidence import Evidence, Subject
from repoops.report.merge import HOST
from repoops.report.table import mutants, ran_where
from repoops.report.verification import CaseResult, VerificationReport
from repoops.session import gpu as machines
from repoops.session.gpu import Sighting
from repoops.session.item import Item, Stated, judged, outcome
from repoops.session.record import Note, Start, note_from_json, note_to_json, start_from_json, start_to_json
from repoops.words import many

SCHEMA = "repoops/session/1"
_STOP_GPU = f"stop the GPU machine: `{machines.STOP}`"
IDLE = timedelta(minutes=30)
"""A longer silence between two signs of work does not count as active."""


@dataclass(frozen=True, slots=True)
class Facts:
    """One session as it was measured.

    Attributes:
        end: when it ended; `subject` what the tree was, `branch` the ref HEAD was on.
        commits: `(id, subject, when)` of the session, oldest first.
        files: `(path, added, removed, gone)` between the session's start and its end.
        operations: `(id, command, counts, state)` of the journal during the session.
        repository: counts: `root files`, `root markdown files`, `uncommitted paths`, `commits not pushed`
            (absent where the branch has no upstream).
        not_verified: why there is no report, where there is none.
        gpu: what was seen of rented machines, the state at the end last.
    """

    start: Start
    end: datetime
    subject: Subject
    branch: str | None
    notes: tuple[Note, ...]
    commits: tuple[tuple[str, str, str], ...]
    files: tuple[tuple[str, int | None, int | None, bool], ...]
    operations: tuple[tuple[str, str, Mapping[str, int], str], ...]
    repository: Mapping[str, int]
    not_verified: str = ""
    gpu: tuple[Sighting, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data under the schema `repoops/session/1`."""
        return {
            "schema": SCHEMA,
            "start": start_to_json(self.start),
            "end": self.end.isoformat(),
            "subject": self.subject.to_json(),
            "branch": self.branch,
            "notes": [note_to_json(n) for n in self.notes],
            "commits": [list(c) for c in self.commits],
            "files": [list(f) for f in self.files],
            "operations": [[i, c, dict(n), s] for i, c, n, s in self.operations],
            "repository": dict(self.repository),
            "not_verified": self.not_verified,
            **({"gpu": [sighting.to_json() for sighting in self.gpu]} if self.gpu else {}),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Facts:
        """Takes back what `to_json` gave; raises ValueError naming what does not fit."""
        if data.get("schema") != SCHEMA:
            raise ValueError(f"schema is {data.get('schema')!r}, not {SCHEMA!r}")
        try:
            return cls(
                start_from_json(data["start"]),
                datetime.fromisoformat(data["end"]),
                Subject.from_json(data["subject"]),
                data["branch"],
                tuple(note_from_json(n) for n in data["notes"]),
                tuple((i, s, w) for i, s, w in data["commits"]),
                tuple((p, a, r, g) for p, a, r, g in data["files"]),
                tuple((i, c, n, s) for i, c, n, s in data["operations"]),
                data["repository"],
                data["not_verified"],
                tuple(Sighting.from_json(s) for s in data.get("gpu", ())),
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"not a session of ours: {error!r}") from error


FROM_EVIDENCE = "derived from its evidence"
"""The source of an option that a failed run makes."""


@dataclass(frozen=True, slots=True)
class Option:
    """Something to do next: `source` is `stated` or what it was derived from."""

    text: str
    source: str


@dataclass(frozen=True, slots=True)
class Summary:
    """What the page says, before it is written."""

    facts: Facts
    items: tuple[Item, ...]
    machines: tuple[Item, ...]
    stated: tuple[Item, ...]
    outcome: str
    duration: timedelta
    active: timedelta
    options: tuple[Option, ...]
    recommended: int | None
    report: VerificationReport | None


def summarise(
    facts: Facts,
    runs: Sequence[Evidence],
    verified: Evidence | None,
    report: VerificationReport | None,
    gpu: Sequence[Evidence] = (),
) -> Summary:
    """Folds facts and evidence into what may be said of them; a machine left running says nothing of the outcome."""
    tree = facts.subject.tree
    items = [judged(run_text(name, last, earlier), last, tree=tree) for name, last, earlier in latest(runs)]
    if verified is not None and report is not None:
        items.append(judged(_verified_text(report), verified, tree=tree, but=_open_ends(report)))
    stated = tuple(Item(n.text, Stated("the session's notes")) for n in facts.notes if n.kind == "note")
    whole = outcome(tuple(items))
    if whole == "done" and report is None:
        whole = "partial"  # something was measured, the kernels were not
    options = tuple(_options(facts, items, report))
    flagged = [
        i for i, n in enumerate(n for n in facts.notes if n.kind in ("next", "option")) if n.recommended
    ]
    urgent = [i for i, option in enumerate(options) if option.text == _STOP_GPU]
    recommended = next(iter((*flagged, *urgent)), 0 if options else None)
    return Summary(
        facts, tuple(items), machines.items(facts.gpu, gpu, facts.end), stated, whole, facts.end - facts.start.at, _active(facts, runs), options, recommended, report
    )  # fmt: skip


def latest(runs: Sequence[Evidence]) -> Iterable[tuple[str, Evidence, int]]:
    """The last run of each command, with how many runs before it failed; in the order of the last runs."""
    names = [shlex.join(run.command) for run in runs]
    for position, (name, run) in enumerate(zip(names, runs, strict=True)):
        if name not in names[position + 1 :]:
            yield (
                name,
                run,
                sum(n == name and not r.ok for n, r in zip(names[:position], runs[:position], strict=True)),
            )


def run_text(name: str, run: Evidence, failures: int) -> str:
    """A run in words; `failures` runs of the same command before it failed."""
    status = f"exit {run.exit}" if run.exit >= 0 else f"killed by signal {-run.exit}"
    said = f"`{name}`: {status} after {run.duration_s:.1f} s"
    total = len(run.passed) + len(run.failed)
    if total:
        said += f", {len(run.passed)} of {total} tests passed"
    if run.failed:
        said += ", failed: " + ", ".join(f"`{test}`" for test in run.failed[:5])
        said += f" and {len(run.failed) - 5} more" if len(run.failed) > 5 else ""
    if failures:
        said += f" ({many(failures, 'earlier run')} of it failed)"
    return said


def _verified_text(report: VerificationReport) -> str:
    return (
        f"kernel suite{_where(report)}: {report.count('passed')} passed, {report.count('failed')} failed, "
        f"{report.count('not run')} not run{f', {mutants(report)}' if report.mutants() else ''}"
    )


def _where(report: VerificationReport) -> str:
    """The back end; of results from a CPU in words that nobody can take for a GPU's, of a host's with its name."""
    elsewhere = HOST in dict(report.environment)
    return f", {ran_where(report)}" if report.backend == "cpu" or elsewhere else f" ({report.backend})"


def _open_ends(report: VerificationReport) -> str:
    left = report.count("not run")
    ends = [f"{left} checks were not run"] if left else []
    return "; ".join(ends + [f"{what}: {why}" for what, why in report.not_run])


def _options(facts: Facts, items: Sequence[Item], report: VerificationReport | None) -> Iterable[Option]:
    for note in facts.notes:
        if note.kind in ("next", "option"):
            yield Option(note.text, "stated")
    if machines.left_running(facts.gpu):
        yield Option(_STOP_GPU, "derived from its state")
    for item in items:
        if item.mark == "❌":
            yield Option(f"mend what failed: {item.text}", FROM_EVIDENCE)
    if report is None:
        yield Option(
            "run `repoops verify`: the kernels were not verified", "derived: no report for this tree"
        )
    elif any(_numerics_open(case) for case in report.results):
        left = sum(_numerics_open(case) for case in report.results)
        yield Option(
            f"run the {left} checks that need a GPU there: `repoops verify --backend cuda`",
            "derived from the report",
        )
    uncommitted = facts.repository.get("uncommitted paths", 0)
    if uncommitted:
        yield Option(f"commit {many(uncommitted, 'uncommitted path')}", "derived from git status")
    unpushed = facts.repository.get("commits not pushed", 0)
    if unpushed:
        yield Option(f"push {many(unpushed, 'commit')}", "derived from the upstream branch")


def _numerics_open(case: CaseResult) -> bool:
    return case.outcome == "not run"


def _active(facts: Facts, runs: Sequence[Evidence]) -> timedelta:
    """The time between signs of work (commits, notes, runs) that are at most `IDLE` apart, the runs themselves included."""
    spans = [(facts.start.at, facts.start.at), (facts.end, facts.end)]
    spans += [(note.at, note.at) for note in facts.notes]
    spans += [
        (when, when) for _, _, iso in facts.commits if (when := datetime.fromisoformat(iso)) >= facts.start.at
    ]
    for run in runs:
        begun = datetime.fromisoformat(run.started)
        spans.append((begun, begun + timedelta(seconds=run.duration_s)))
    active, reached = timedelta(), facts.start.at
    for first, last in sorted(spans):
        begun, ended = (min(max(t, facts.start.at), facts.end) for t in (first, last))
        if begun > reached and begun - reached <= IDLE:
            active += begun - reached
        active += max(ended - max(begun, reached), timedelta())
        reached = max(reached, ended)
    return active
