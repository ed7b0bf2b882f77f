"""A verification report as text for a terminal: pure, no colour, one row a check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from repoops.report.verification import CaseResult, Failed, Finding, NotRun, VerificationReport

_HEADER = (
    "kernel", "version", "check", "where it ran", "result", "error/bound", "registers", "spills", "stack", "shared", "occupancy",
)  # fmt: skip
_NOWHERE = "nowhere"


def lines(report: VerificationReport) -> list[str]:
    """Failures first in full, findings grouped, a row for each kernel version and kind of check, what did not run and why, totals."""
    said = []
    for case in report.results:
        if isinstance(case.result, Failed):
            said.append(f"FAILED  {case.test} ({case.ran_on or _NOWHERE})")
            said += [f"        {line}" for line in case.result.why.splitlines()]
    said += _findings(report)
    said += [""] if said else []
    said += _grid(_rows(report))
    reasons = Counter(case.result.why for case in report.results if isinstance(case.result, NotRun))
    said += (
        ["", *(f"NOT RUN  {count} {_checks(count)}: {why}" for why, count in reasons.items())]
        if reasons
        else []
    )
    said += [f"NOT RUN  {what}: {why}" for what, why in report.not_run]
    counts = ", ".join(f"{report.count(outcome)} {outcome}" for outcome in ("passed", "failed", "not run"))
    where = dict(report.environment).get(report.backend)
    backend = f"back end {report.backend} ({where})" if where else f"back end {report.backend}"
    return [*said, f"{counts} in {report.duration_s:.1f} s, {backend}"]


def _checks(count: int) -> str:
    return "check" if count == 1 else "checks"


def _findings(report: VerificationReport) -> list[str]:
    """Equal ones together, with the number of times they were seen; the most frequent first."""
    seen: dict[tuple[str, str, str, str], int] = {}
    for case in report.results:
        for found in case.findings:
            where = f"{found.file}:{found.line}" if found.file else case.kernel
            key = (where, found.check, found.rule, _message(found))
            seen[key] = seen.get(key, 0) + found.count
    ordered = sorted(seen.items(), key=lambda item: -item[1])
    return [
        f"FINDING {where}: {check} {rule}: {message} (x {count})"
        for (where, check, rule, message), count in ordered
    ]


def _message(found: Finding) -> str:
    return f"{found.message} in {found.buffer}" if found.buffer else found.message


def _rows(report: VerificationReport) -> list[tuple[str, ...]]:
    groups: dict[tuple[str, str, str, str], list[CaseResult]] = {}
    for case in report.results:
        kind = case.check if case.resources else case.check.split("[")[0]
        groups.setdefault((case.kernel, case.version, kind, case.ran_on or _NOWHERE), []).append(case)
    table = []
    for (kernel, version, kind, where), cases in groups.items():
        counted = Counter(case.outcome for case in cases)
        result = ", ".join(f"{n} {outcome}" if len(cases) > 1 else outcome for outcome, n in counted.items())
        table.append((kernel, version, kind, where, result, _worst(cases), *_figures(cases[0])))
    return table


def _worst(cases: Sequence[CaseResult]) -> str:
    """The largest share of its bound that an error takes."""
    errors = [case.error for case in cases if case.error]
    if not errors:
        return ""
    worst = max(errors, key=lambda error: error.max / error.bound if error.bound else error.max)
    return f"{worst.max:.2g}/{worst.bound:.2g}"


def _figures(case: CaseResult) -> tuple[str, ...]:
    found = case.resources
    if found is None:
        return ("", "", "", "", "")
    fits = "" if found.occupancy is None else f"{100 * found.occupancy:.0f} % ({found.limiter})"
    spills = str(found.spill_stores + found.spill_loads)
    return (
        str(found.registers),
        spills,
        str(found.stack),
        str(found.shared_static + found.shared_dynamic),
        fits,
    )


def _grid(rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns as wide as they must be; those in which nothing stands are left out."""
    if not rows:
        return []
    columns = [column for column in zip(_HEADER, *rows, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]
