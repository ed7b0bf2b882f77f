"""The one report of a kernel run: what crosses from the suite to the session.

`skipped is not passed`: an outcome is `Passed`, `Failed` or `NotRun`, and the last two say why.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from repoops.files import sha256
from repoops.report.evidence import Evidence, Subject
from repoops.report.held import Change, Held
from repoops.report.shards import Shard
from repoops.report.speed import Floor, Timing, Work, floor_from_json, floor_to_json, timing_from_json

SCHEMA = "repoops/verification/1"


@dataclass(frozen=True, slots=True)
class Passed:
    """The check ran and held."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The check ran and did not hold."""

    why: str


@dataclass(frozen=True, slots=True)
class NotRun:
    """The check did not run; that is no pass."""

    why: str


Result = Passed | Failed | NotRun


@dataclass(frozen=True, slots=True)
class Error:
    """Deviation from the oracle, in the output's units: `max`, that of the element nearest to or farthest beyond its `bound`, which lies at `worst_index`; and the worst row's relative L2 norm."""

    max: float
    bound: float
    row_l2: float
    row_l2_bound: float
    worst_index: tuple[int, ...]
    rule: str


Counts = tuple[tuple[str, int], ...]
"""By name; exact, and no times."""


@dataclass(frozen=True, slots=True)
class Resources:
    """What ptxas allots one kernel on one architecture; bytes unless said otherwise.

    `blocks`, `occupancy` (0 to 1) and `limiter` say how many blocks of a launch with `shared_dynamic`
    fit on one multiprocessor, where a launch is known; `kernel` names the function. `sass_sha256` is a
    digest of its machine code into which no name and no address enters, `instructions` how many of which
    stand in it, where they were looked at; `serialised` is why ptxas lets products of warp groups wait for
    one another, if it does.
    """

    arch: str
    registers: int
    stack: int
    spill_stores: int
    spill_loads: int
    shared_static: int
    constant: int
    max_threads: int | None = None
    shared_dynamic: int = 0
    blocks: int | None = None
    occupancy: float | None = None
    limiter: str | None = None
    kernel: str | None = None
    sass_sha256: str | None = None
    instructions: Counts = ()
    serialised: str | None = None


SEVERITIES = ("error", "warning")
"""Of findings, the worse first. A warning does not fail a case: what it names gives the right result all the same."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a checker saw (memcheck, racecheck, …), grouped: `count` equal ones.

    `thread` and `block` are of the first that was seen, as is `address`; `severity` is `error` or
    `warning`; `source` is the text of the line, `column` counts from 1 within it; `kernel` names the
    `__global__` function.
    """

    check: str
    rule: str
    message: str
    file: str | None = None
    line: int | None = None
    thread: tuple[int, int, int] | None = None
    block: tuple[int, int, int] | None = None
    address: int | None = None
    buffer: str | None = None
    count: int = 1
    severity: str = "error"
    column: int | None = None
    source: str | None = None
    kernel: str | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for a severity that there is not."""
        if self.severity not in SEVERITIES:
            raise ValueError(f"severity is {self.severity!r}, not one of {', '.join(SEVERITIES)}")


@dataclass(frozen=True, slots=True)
class LineCounts:
    """What one source line of a kernel came to, counters that stayed zero left out."""

    file: str
    line: int
    counters: Counts


def _executed(ran_on: str) -> bool:
    """Whether something ran the kernel there; to compile it is no run."""
    return ran_on.startswith(("cuda: ", "cpu: "))


@dataclass(frozen=True, slots=True)
class Mutant:
    """A known bug that was put into a kernel, and what found it.

    `bug` is its class, `expected` are the checks of which one must see it, `killed_by` those that did, on
    `case` (None where the compilers did); empty if it survived or was not run. `evidence` is what the
    first said, `tolerance` the rule that outputs were held to.
    """

    patch: str
    bug: str
    expected: tuple[str, ...]
    tolerance: str
    killed_by: tuple[str, ...] = ()
    case: str | None = None
    evidence: str | None = None


@dataclass(frozen=True, slots=True)
class Kills:
    """Of one version's mutants: how many were killed, of how many that ran, and how many did not run.

    `by_numerics` of `for_numerics`: those killed by the tolerance, of those that it is expected to kill.
    """

    kernel: str
    version: str
    killed: int
    ran: int
    not_run: int
    tolerance: str
    by_numerics: int
    for_numerics: int


@dataclass(frozen=True, slots=True)
class CaseResult:
    """One check of one kernel version: a run of a case, or its compilation for one architecture.

    Attributes:
        test: the pytest node id.
        kernel: folder name under the suite (`attention`).
        version: which `.cu` (`naive`).
        check: `numerics`, `compile[sm_89]`, `mutant[missing-barrier]`, a gate's name …
        ran_on: `cuda: NVIDIA L4`, `cpu: x86_64`, `compile: sm_89`, or `` where it did not run.
        error: deviation from the oracle, where there is one.
        resources: of ptxas.
        findings: what the checks saw, those of all runs of the case together.
        timing: GPU time; None wherever no GPU ran it.
        counters: of the first run, where the back end counts.
        lines: the same by source line; kept of each version for the case of most instructions alone.
        notes: what else is to be known: that nvcc compiled it, and why.
        work: what the algorithm must do for the case at least, where the specification says.
        grid: thread blocks of the launch, where that is known.
        floors: for the cards of `resources.arch`, from data sheets.
        mutant: of the check `mutant[…]`, the bug and what found it; findings of a mutant are no findings of the kernel.
    """

    test: str
    kernel: str
    version: str
    check: str
    ran_on: str
    result: Result
    duration_s: float
    error: Error | None = None
    resources: Resources | None = None
    findings: tuple[Finding, ...] = ()
    timing: Timing | None = None
    counters: Counts = ()
    lines: tuple[LineCounts, ...] = ()
    notes: tuple[str, ...] = ()
    work: Work | None = None
    grid: tuple[int, int, int] | None = None
    floors: tuple[Floor, ...] = ()
    mutant: Mutant | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for what cannot be: numerics that passed without a run, a mutant that passed alive, GPU time without a GPU."""
        if (
            isinstance(self.result, Passed)
            and self.check.startswith("numerics")
            and not _executed(self.ran_on)
        ):
            raise ValueError(f"{self.test}: numerics cannot pass on {self.ran_on or 'nothing'}")
        tried = self.mutant is not None or self.check.startswith("mutant[")
        if tried and isinstance(self.result, Passed) and not (self.mutant and self.mutant.killed_by):
            raise ValueError(f"{self.test}: a mutant that nothing killed cannot pass")
        if self.timing is not None and not self.ran_on.startswith("cuda: "):
            raise ValueError(f"{self.test}: GPU time from {self.ran_on or 'nowhere'}")

    @property
    def outcome(self) -> str:
        """`passed`, `failed` or `not run`."""
        return {Passed: "passed", Failed: "failed", NotRun: "not run"}[type(self.result)]


@dataclass(frozen=True, slots=True)
class VerificationReport:
    """All of one `repoops verify`.

    Attributes:
        subject: the tree it ran on; None when plain pytest made it, and such a report is no evidence.
        backend: the back end that was asked for and chosen, `cuda`, `cpu` or `compile`.
        environment: facts by name (python, torch, nvrtc, ptxas, gpu, driver, cpu).
        results: in the order they ran.
        not_run: what was wanted and could not be, beyond single cases: `(what, why)`.
        started: RFC 3339 with UTC offset; `duration_s` wall seconds.
        pytest_exit: pytest's exit status: 0, 1, or higher where it could not do its work.
        held: what each version that was compiled is held to.
        compared_with: the tree of the earlier report that `changes` are told against; None if there is none.
        changes: what is held to otherwise than there, and sources whose machine code did not change.
        shard: the part of the suite that this is about, where it was divided.
    """

    subject: Subject | None
    backend: str
    environment: tuple[tuple[str, str], ...]
    results: tuple[CaseResult, ...]
    not_run: tuple[tuple[str, str], ...]
    started: str
    duration_s: float
    command: tuple[str, ...]
    pytest_exit: int
    held: tuple[Held, ...] = ()
    compared_with: str | None = None
    changes: tuple[Change, ...] = ()
    shard: Shard | None = None

    def count(self, outcome: str) -> int:
        """How many results came out as `passed`, `failed` or `not run`."""
        return sum(r.outcome == outcome for r in self.results)

    def mutants(self) -> tuple[Kills, ...]:
        """Of each kernel version that has mutants, in the order of the results, what became of them."""
        groups: dict[tuple[str, str], list[CaseResult]] = {}
        for result in self.results:
            if result.check.startswith("mutant["):
                groups.setdefault((result.kernel, result.version), []).append(result)
        return tuple(_kills(*which, trials) for which, trials in groups.items())

    @property
    def ok(self) -> bool:
        """Something passed, nothing failed, and pytest itself was content."""
        return self.pytest_exit == 0 and self.count("passed") > 0 and self.count("failed") == 0

    def to_json(self) -> dict[str, Any]:
        """Plain data under the schema `repoops/verification/1`."""
        return {
            "schema": SCHEMA,
            "subject": self.subject.to_json() if self.subject else None,
            "backend": self.backend,
            "environment": dict(self.environment),
            "results": [_case_to_json(r) for r in self.results],
            "mutants": [asdict(kills) for kills in self.mutants()],
            "not_run": [{"what": what, "why": why} for what, why in self.not_run],
            "started": self.started,
            "duration_s": self.duration_s,
            "command": list(self.command),
            "pytest_exit": self.pytest_exit,
            "held": [held.to_json() for held in self.held],
            "compared_with": self.compared_with,
            "changes": [asdict(change) for change in self.changes],
            "shard": self.shard.to_json() if self.shard else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> VerificationReport:
        """Takes back what `to_json` gave; raises ValueError naming what does not fit."""
        if data.get("schema") != SCHEMA:
            raise ValueError(f"schema is {data.get('schema')!r}, not {SCHEMA!r}")
        try:
            return cls(
                subject=Subject.from_json(data["subject"]) if data["subject"] else None,
                backend=data["backend"],
                environment=tuple(data["environment"].items()),
                results=tuple(_case_from_json(r) for r in data["results"]),
                not_run=tuple((n["what"], n["why"]) for n in data["not_run"]),
                started=data["started"],
                duration_s=data["duration_s"],
                command=tuple(data["command"]),
                pytest_exit=data["pytest_exit"],
                held=tuple(Held.from_json(held) for held in data.get("held", ())),
                compared_with=data.get("compared_with"),
                changes=tuple(Change(**change) for change in data.get("changes", ())),
                shard=Shard.from_json(data["shard"]) if data.get("shard") else None,
            )
        except (KeyError, TypeError, AttributeError) as error:
            raise ValueError(f"not a verification report: {error!r}") from error


def thinned(rows: Iterable[CaseResult]) -> tuple[CaseResult, ...]:
    """Line counters stay with each version's case of most instructions: those of all are megabytes, and say the same."""
    every = tuple(rows)
    most: dict[tuple[str, str], int] = {}
    for at, row in enumerate(every):
        which = (row.kernel, row.version)
        if row.lines and (which not in most or _instructions(row) > _instructions(every[most[which]])):
            most[which] = at
    kept = set(most.values())
    return tuple(
        row if at in kept or not row.lines else replace(row, lines=()) for at, row in enumerate(every)
    )


def _instructions(row: CaseResult) -> int:
    return dict(row.counters).get("instructions", 0)


def _kills(kernel: str, version: str, trials: Sequence[CaseResult]) -> Kills:
    ran = [trial for trial in trials if trial.outcome != "not run"]
    mutants = [trial.mutant for trial in ran if trial.mutant]
    killed = [mutant for mutant in mutants if mutant.killed_by]
    asked = [mutant for mutant in mutants if "numerics" in mutant.expected]
    return Kills(
        kernel, version, len(killed), len(ran), len(trials) - len(ran),
        tolerance=next((trial.mutant.tolerance for trial in trials if trial.mutant), ""),
        by_numerics=sum("numerics" in mutant.killed_by for mutant in asked), for_numerics=len(asked),
    )  # fmt: skip


def _case_to_json(case: CaseResult) -> dict[str, Any]:
    data = asdict(case)
    if data["error"]:
        data["error"] |= {k: _finite(v) for k, v in data["error"].items() if isinstance(v, float)}
    data["result"] = {"outcome": case.outcome, "why": getattr(case.result, "why", None)}
    data["counters"] = dict(case.counters)
    if data["resources"]:
        data["resources"]["instructions"] = dict(data["resources"]["instructions"])
    data["floors"] = [floor_to_json(floor) for floor in case.floors]
    for line in data["lines"]:
        line["counters"] = dict(line["counters"])
    return data


def _finite(value: float) -> float | str:
    """JSON has no infinity: `inf` and `nan` become words, which `float` takes back."""
    return value if math.isfinite(value) else str(value)


_DEVIATIONS = ("max", "bound", "row_l2", "row_l2_bound")


def _error(data: Mapping[str, Any]) -> Error:
    floats = {name: float(data[name]) for name in _DEVIATIONS}
    return Error(**{**data, **floats, "worst_index": tuple(data["worst_index"])})


def _case_from_json(data: Mapping[str, Any]) -> CaseResult:
    result = data["result"]
    kinds: dict[str, Result] = {
        "passed": Passed(),
        "failed": Failed(result["why"] or ""),
        "not run": NotRun(result["why"] or ""),
    }
    error, resources, timing = data["error"], data["resources"], data["timing"]
    return CaseResult(
        test=data["test"],
        kernel=data["kernel"],
        version=data["version"],
        check=data["check"],
        ran_on=data["ran_on"],
        result=kinds[result["outcome"]],
        duration_s=data["duration_s"],
        error=_error(error) if error else None,
        resources=resources_from(resources) if resources else None,
        findings=tuple(_finding(f) for f in data["findings"]),
        timing=timing_from_json(timing) if timing else None,
        counters=_counts(data.get("counters", {})),
        lines=tuple(LineCounts(x["file"], x["line"], _counts(x["counters"])) for x in data.get("lines", ())),
        notes=tuple(data.get("notes", ())),
        work=Work(**data["work"]) if data.get("work") else None,
        grid=tuple(data["grid"]) if data.get("grid") else None,
        floors=tuple(floor_from_json(found) for found in data.get("floors", ())),
        mutant=mutant_from(data.get("mutant")),
    )


def resources_from(data: Mapping[str, Any]) -> Resources:
    """Takes back what `asdict` gave of resources, or what is stored of them."""
    counts = data.get("instructions", ())
    pairs = counts.items() if isinstance(counts, Mapping) else counts
    return Resources(**{**data, "instructions": tuple((name, int(count)) for name, count in pairs)})


def mutant_from(data: Mapping[str, Any] | None) -> Mutant | None:
    """Takes back what `asdict` gave of a mutant."""
    if data is None:
        return None
    return Mutant(**{**data, **{k: tuple(data[k]) for k in ("expected", "killed_by")}})


def _counts(data: Mapping[str, int]) -> Counts:
    return tuple((name, int(count)) for name, count in data.items())


def _finding(data: Mapping[str, Any]) -> Finding:
    places = {k: tuple(data[k]) if data[k] is not None else None for k in ("thread", "block")}
    return Finding(**{**data, **places})


def evidence_of(report: VerificationReport, stored: bytes, stored_name: str) -> Evidence:
    """The statement that a report is: its log is the report itself, as stored.

    Raises:
        ValueError: the report has no subject, or nothing in it ran, so that it states nothing.
    """
    if report.subject is None or not report.results:
        raise ValueError("a report without a subject or without results is no evidence")
    return Evidence(
        id="verify",
        subject=report.subject,
        command=report.command,
        exit=report.pytest_exit,
        started=report.started,
        duration_s=report.duration_s,
        log=sha256(stored),
        log_name=stored_name,
        passed=tuple(r.test for r in report.results if r.outcome == "passed"),
        failed=tuple(r.test for r in report.results if r.outcome == "failed"),
        figures=(("not run", float(report.count("not run") + len(report.not_run))),),
    )
