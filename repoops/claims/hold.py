"""One figure against the reports: true, contradicted, unsupported, or not to be known."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence

from repoops.claims.about import Subject
from repoops.claims.figures import PASSED, SPEEDS, Figure
from repoops.report.speed import Timing
from repoops.report.verification import CaseResult, Resources, VerificationReport

Held = tuple[str, str]
"""A word of `report.verdict.WORDS`, and why."""


def hold(figure: Figure, about: Subject, sentence: str, reports: Sequence[VerificationReport]) -> Held:
    """What the reports say of a figure.

    Args:
        figure: what is claimed.
        about: of which kernel.
        sentence: where it is claimed; an architecture named there narrows what it is held against.
        reports: the newest first.
    """
    if figure.kind in SPEEDS:
        return _speed(figure, about, reports)
    if figure.kind in PASSED:
        return _passed(figure, about, reports)
    if figure.kind == "conflicts":
        return _conflicts(figure, about, reports)
    return _allotted(figure, about, set(re.findall(r"\bsm_\d+a?\b", sentence)), reports)


def _rows(about: Subject, report: VerificationReport) -> Iterator[CaseResult]:
    for row in report.results:
        if about.kernel in (None, row.kernel) and about.version in (None, row.version):
            yield row


def _newest(
    about: Subject, reports: Iterable[VerificationReport], wanted: Callable[[CaseResult], object]
) -> list[CaseResult]:
    """The rows of the newest report that has any."""
    for report in reports:
        if rows := [row for row in _rows(about, report) if wanted(row)]:
            return rows
    return []


def _speed(figure: Figure, about: Subject, reports: Sequence[VerificationReport]) -> Held:
    timed = [row.timing for report in reports for row in _rows(about, report) if row.timing]
    if not timed and not reports and (about.kernel is None or about.loose):
        return "unverifiable", "no report is stored here"
    if not timed:
        return "unsupported", f"no stored report has a GPU time of {about} ({_said(reports)})"
    if figure.kind not in ("time", "ratio"):
        return "unverifiable", "stored reports have times, and no work to divide by them"
    values = [value for timing in timed if (value := _value(figure.kind, timing)) is not None]
    if any(low - figure.half <= figure.low <= high + figure.half for low, _, high in values):
        return "true", "as a stored report has it"
    if not values:
        return "unsupported", f"no stored report has {about} beside a baseline"
    near = min(values, key=lambda value: abs(value[1] - figure.low))
    unit = " µs" if figure.kind == "time" else " x"
    return "contradicted", f"the nearest that a stored report has of {about} is {near[1]:.4g}{unit}"


def _value(kind: str, timing: Timing) -> tuple[float, float, float] | None:
    """Least, middle and most of what was measured."""
    if kind == "time":
        return timing.p5_us, timing.p50_us, timing.p95_us
    if not timing.baseline_p50_us:
        return None
    ratio = timing.baseline_p50_us / timing.p50_us
    return (max(ratio, 1 / ratio),) * 3


def _said(reports: Sequence[VerificationReport]) -> str:
    if not reports:
        return "none is stored"
    return f"{len(reports)} stored, the newest from the back end {reports[0].backend}"


def _passed(figure: Figure, about: Subject, reports: Sequence[VerificationReport]) -> Held:
    rows = _newest(about, reports, lambda row: row.check.startswith("numerics"))
    if not rows and not reports and (about.kernel is None or about.loose):
        return "unverifiable", "no report is stored here"
    if not rows:
        return "unsupported", f"no stored report has a run of {about}"
    passed = sum(row.outcome == "passed" for row in rows)
    found = f"{passed} of {len(rows)} cases of {about} passed in the newest report"
    if figure.kind == "correct":
        return ("true" if 100 * passed == figure.low * len(rows) else "contradicted"), found
    if passed == len(rows) and figure.low == figure.high:
        return "true" if passed == figure.low else "unverifiable", found
    return "contradicted" if figure.low == figure.high else "unverifiable", found


def _conflicts(figure: Figure, about: Subject, reports: Sequence[VerificationReport]) -> Held:
    rows = _newest(about, reports, lambda row: "bank_conflicts" in dict(row.counters))
    if not rows:
        return "unverifiable", f"no stored report counts the bank conflicts of {about}"
    most = max(dict(row.counters)["bank_conflicts"] for row in rows)
    found = f"the newest report counts {most} at most in a case of {about}"
    if figure.low:
        return "unverifiable", found
    return "contradicted" if most else "true", found


def _allotted(figure: Figure, about: Subject, archs: set[str], reports: Sequence[VerificationReport]) -> Held:
    def wanted(row: CaseResult) -> bool:
        return row.resources is not None and (not archs or row.resources.arch in archs)

    rows = _newest(about, reports, wanted)
    if about.version is None or not rows:
        return "unverifiable", f"no stored report says what ptxas allots {about}"
    values = {
        value for row in rows if row.resources and (value := _figure(figure.kind, row.resources)) is not None
    }
    found = f"ptxas allots {', '.join(f'{value:g}' for value in sorted(values))} in the newest report"
    if figure.low == figure.high:
        fits = any(abs(value - figure.low) <= figure.half for value in values)
    else:
        fits = (min(values), max(values)) == (figure.low, figure.high)
    instances = any(row.resources and "<" in (row.resources.kernel or "") for row in rows)
    if not fits and instances and figure.high < max(values, default=0):
        return "unverifiable", f"{found}, which tells of several instances the one that takes most"
    return "true" if fits else "contradicted", found


def _figure(kind: str, found: Resources) -> float | None:
    values: dict[str, float | None] = {
        "registers": found.registers,
        "shared": found.shared_static + found.shared_dynamic,
        "spills": found.spill_stores + found.spill_loads,
        "occupancy": None if found.occupancy is None else 100 * found.occupancy,
    }
    return values[kind]
