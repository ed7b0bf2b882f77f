"""A kernel's reports, one after the other: it is right, breaks, is repaired, and is measured on a card."""

from __future__ import annotations

from repoops.report.evidence import Subject
from repoops.report.speed import Rival, Timing
from repoops.report.verification import (
    CaseResult,
    Error,
    Failed,
    Finding,
    Mutant,
    NotRun,
    Passed,
    Resources,
    Result,
    VerificationReport,
)

CPU, CARD = "cpu: x86_64", "cuda: NVIDIA L4"


def numerics(
    version: str, case: str, result: Result, ran_on: str = CPU, error: float = 0.001, *findings: Finding
) -> CaseResult:
    return CaseResult(
        f"kernels/softmax/spec.py::{version}[{case}]", "softmax", version, f"numerics[{case}]",
        "" if isinstance(result, NotRun) else ran_on, result, 0.1, error=Error(error, 0.01, 0.0, 0.0, (0,), "rule"), findings=findings,
    )  # fmt: skip


def compiled(version: str, registers: int, spills: int = 0) -> CaseResult:
    found = Resources("sm_89", registers, 0, spills, 0, 0, 0)
    return CaseResult(f"kernels/softmax/spec.py::{version}::compile[sm_89]", "softmax", version, "compile[sm_89]",
                      "compile: sm_89", Passed(), 0.1, resources=found)  # fmt: skip


def mutant(version: str, *, killed: bool) -> CaseResult:
    found = Mutant("p.patch", "barrier", ("racecheck",), "rule", ("racecheck",) if killed else ())
    return CaseResult(f"kernels/softmax/spec.py::{version}::mutant[m]", "softmax", version, "mutant[m]", CPU,
                      Passed() if killed else Failed("it survived"), 0.1, mutant=found)  # fmt: skip


def timed(version: str, p50: float, half: float) -> CaseResult:
    rivals = (
        Rival("torch", "2.13", "FASTER", p50_us=2 * p50, ratio=0.5),
        Rival("cuDNN", "9", "NOT MEASURED", "is not here"),
    )
    timing = Timing(
        "graph replay",
        900,
        p50,
        p50 - half,
        p50 + half,
        ci95=(p50 - half, p50 + half),
        l2="cold",
        rivals=rivals,
    )
    return CaseResult(f"kernels/softmax/spec.py::{version}::bench", "softmax", version, "bench[sm_89, R4096-fp16]", CARD,
                      Passed(), 0.1, timing=timing)  # fmt: skip


def report(
    started: str, tree: str, *rows: CaseResult, commit: str | None = None, dirty: bool = False
) -> VerificationReport:
    backend = "cuda" if any(row.ran_on == CARD for row in rows) else "cpu"
    return VerificationReport(
        Subject(commit, tree * 40, dirty), backend, (), rows, (), started, 12.0, ("pytest",), 0
    )


RACE = Finding("racecheck", "read-after-write", "missing barrier", "kernels/softmax/online.cu", 40)
UNTIMED = CaseResult("kernels/softmax/spec.py::online::bench", "softmax", "online", "bench[sm_89, R4096-fp16]", "",
                     NotRun("not measured: no GPU"), 0.0)  # fmt: skip


def reports(commit: str = "c" * 40) -> list[VerificationReport]:
    good = (compiled("online", 48), numerics("online", "R1", Passed()), numerics("online", "R4096", Passed(), CPU, 0.004),
            mutant("online", killed=True), UNTIMED)  # fmt: skip
    bad = (compiled("online", 64, 8), numerics("online", "R1", Passed()),
           numerics("online", "R4096", Failed("deviates by 0.5\nsecond line"), CPU, 0.5, RACE), mutant("online", killed=True))  # fmt: skip
    card = (compiled("online", 48), numerics("online", "R1", Passed(), CARD), numerics("online", "R4096", Passed(), CARD, 0.004),
            timed("online", 38.2, 0.3), timed("blocked", 41.0, 0.4))  # fmt: skip
    return [
        report("2025-10-14T12:00:00+00:00", "1", *good, commit=commit),
        report("2025-10-14T13:00:00+00:00", "2", *good, commit=commit, dirty=True),
        report("2025-10-14T14:00:00+00:00", "3", *bad, commit=commit, dirty=True),
        report("2025-10-14T15:00:00+00:00", "4", *good, commit=commit),
        report("2025-10-14T16:00:00+00:00", "5", *card, commit=commit),
    ]
