"""A verification report as text for a terminal: pure, no colour, one row a check."""

from __future__ import annotations

from collections import Counter

from repoops.report.verification import CaseResult, VerificationReport


def lines(report: VerificationReport) -> list[str]:
    """Failures first in full, then a row for each kernel version and kind of check, then the totals."""
    said = []
    for case in report.results:
        if case.outcome == "failed":
            said += [f"FAILED   {case.test}", *(f"         {line}" for line in case.result.why.splitlines())]  # type: ignore[union-attr]
    said += [f"{row}" for row in _rows(report)]
    reasons = Counter(case.result.why for case in report.results if case.outcome == "not run")  # type: ignore[union-attr]
    said += [f"not run  {count} checks: {why}" for why, count in reasons.items()]
    said += [f"not run  {what}: {why}" for what, why in report.not_run]
    counts = ", ".join(f"{report.count(outcome)} {outcome}" for outcome in ("passed", "failed", "not run"))
    return [
        *said,
        f"{counts} in {report.duration_s:.1f} s ({dict(report.environment).get('backend', report.backend)})",
    ]


def _rows(report: VerificationReport) -> list[str]:
    header = (
        "kernel",
        "version",
        "check",
        "where it ran",
        "result",
        "registers",
        "spills",
        "stack",
        "shared",
    )
    table = [header]
    groups: dict[tuple[str, str, str, str], list[CaseResult]] = {}
    for case in report.results:
        kind = case.check if case.resources else case.check.split("[")[0]
        groups.setdefault((case.kernel, case.version, kind, case.ran_on or "nowhere"), []).append(case)
    for (kernel, version, kind, where), cases in groups.items():
        counted = Counter(case.outcome for case in cases)
        result = ", ".join(f"{n} {outcome}" if len(cases) > 1 else outcome for outcome, n in counted.items())
        found = cases[0].resources
        figures = (
            (
                str(found.registers),
                f"{found.spill_stores + found.spill_loads}",
                str(found.stack),
                str(found.shared_static),
            )
            if found
            else ("", "", "", "")
        )
        table.append((kernel, version, kind, where, result, *figures))
    if len(table) == 1:
        return []
    widths = [max(len(row[i]) for row in table) for i in range(len(header))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in table
    ]
