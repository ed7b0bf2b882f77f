"""What the plugin says of one test, as plain data that crosses processes, and as the report's rows."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from repoops import clock
from repoops.errors import RepoOpsError
from repoops.report.evidence import Subject
from repoops.report.held import Held, gathered
from repoops.report.shards import Shard
from repoops.report.speed import Work
from repoops.report.verification import (
    CaseResult,
    Error,
    Failed,
    Finding,
    LineCounts,
    NotRun,
    Passed,
    Result,
    VerificationReport,
    mutant_from,
    resources_from,
    thinned,
)


def rows(data: Mapping[str, Any]) -> list[CaseResult]:
    """A test's results: one for the test, and one before it for each architecture that it was compiled for on the way.

    Raises:
        RepoOpsError: the data are not what the plugin writes.
    """
    try:
        compiled = [
            _row({**data, "check": f"compile[{found['arch']}]", "ran_on": f"compile: {found['arch']}", "resources": found,
                  "outcome": "passed", "duration_s": 0.0, "error": None, "findings": []})
            for found in data.get("compiled", ())
        ]  # fmt: skip
        return [*compiled, _row(data)]
    except (KeyError, TypeError) as fault:
        raise RepoOpsError(
            f"the plugin's result is not understood: {fault!r}", where=str(data.get("test"))
        ) from None


def _row(data: Mapping[str, Any]) -> CaseResult:
    error, resources = data.get("error"), data.get("resources")
    return CaseResult(
        test=data["test"],
        kernel=data["kernel"],
        version=data["version"],
        check=data["check"],
        ran_on=data["ran_on"],
        result=_result(data["outcome"], data.get("why", "")),
        duration_s=round(data["duration_s"], 4),
        error=Error(**{**error, "worst_index": tuple(error["worst_index"])}) if error else None,
        resources=resources_from(resources) if resources else None,
        findings=tuple(_finding(found) for found in data.get("findings", ())),
        counters=tuple((data.get("counters") or {}).items()),
        lines=tuple(
            LineCounts(file, line, tuple(sorted(counts.items())))
            for file, line, counts in data.get("lines", ())
        ),
        notes=tuple(data.get("notes", ())),
        mutant=mutant_from(data.get("mutant")),
        work=Work(**data["work"]) if data.get("work") else None,
        grid=tuple(data["grid"]) if data.get("grid") else None,
    )


def in_order(said: Iterable[Mapping[str, Any]], tests: Sequence[str]) -> list[Mapping[str, Any]]:
    """Results in the order in which their tests were collected, whichever process had them first."""
    place = {test: number for number, test in enumerate(tests)}
    return sorted(said, key=lambda result: place.get(result["test"], len(place)))


def _result(outcome: str, why: str) -> Result:
    told = why or "no reason was given"
    made: dict[str, Result] = {"passed": Passed(), "failed": Failed(told), "not run": NotRun(told)}
    return made[outcome]


def _finding(data: Mapping[str, Any]) -> Finding:
    return Finding(**{**data, **{k: tuple(data[k]) if data[k] else None for k in ("thread", "block")}})


def report(
    *,
    subject: Subject | None,
    backend: str,
    facts: Mapping[str, str],
    results: Iterable[Mapping[str, Any]],
    not_run: Iterable[tuple[str, str]],
    started: datetime,
    duration_s: float,
    command: Sequence[str],
    status: int,
    shard: Shard | None = None,
) -> VerificationReport:
    """The one report of a run, from what its tests said; arguments as the report's fields."""
    told = list(results)
    return VerificationReport(
        subject=subject,
        backend=backend,
        environment=tuple(facts.items()),
        results=thinned(row for result in told for row in rows(result)),
        not_run=tuple((what, why) for what, why in not_run),
        started=started.isoformat(),
        duration_s=duration_s,
        command=tuple(command),
        pytest_exit=status,
        held=gathered(Held.from_json(result["held"]) for result in told if "held" in result),
        shard=shard,
    )


def since(started: datetime) -> float:
    """Seconds, to the second: for a report that nobody timed better."""
    return (clock.now() - started).total_seconds()


def environment() -> dict[str, str]:
    """What the results depend on besides the tree: versions, and for each back end what it works with or lacks."""
    from repoops import backends
    from repoops.nvidia import ptxas, wheels

    facts = {"python": platform.python_version(), "processor": platform.machine()}
    for name in ("torch", "nvidia-cuda-nvrtc", "cuda-core", "pytest"):
        facts[name] = wheels.version(name) or "not installed"
    facts["ptxas"] = ptxas.version() or "not installed"
    for name, state in backends.survey().items():
        facts[name] = state.why if state.ok else f"not available: {state.why}"
    return facts
