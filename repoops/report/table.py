"""A verification report as text for a terminal: pure, no colour, one row a check."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

from repoops.report.speed import CHECK
from repoops.report.verification import SEVERITIES, CaseResult, Failed, Finding, NotRun, VerificationReport

_HEADER = (
    "kernel", "version", "check", "where it ran", "result", "error/bound", "registers", "spills", "stack", "shared", "occupancy",
    "sectors/request", "bank conflicts",
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
    said += [
        f"NOTE    {note}" for note in dict.fromkeys(note for case in report.results for note in case.notes)
    ]
    said += [""] if said else []
    said += grid(_HEADER, _rows(report))
    reasons = Counter(case.result.why for case in report.results if isinstance(case.result, NotRun))
    said += (
        ["", *(f"NOT RUN  {count} {_checks(count)}: {why}" for why, count in reasons.items())]
        if reasons
        else []
    )
    said += [f"NOT RUN  {what}: {why}" for what, why in report.not_run]
    told = [f"{change.kind}  {change.kernel} {change.version}: {change.what}" for change in report.changes]
    said += ["", *told] if told else []
    counts = ", ".join(f"{report.count(outcome)} {outcome}" for outcome in ("passed", "failed", "not run"))
    killed = f", {mutants(report)}" if report.mutants() else ""
    return [*said, f"{counts}{killed} in {report.duration_s:.1f} s, {ran_where(report)}"]


def mutants(report: VerificationReport) -> str:
    """`mutants 40 of 41 killed, 2 not run`, all versions together."""
    every = report.mutants()
    left = sum(kills.not_run for kills in every)
    said = f"mutants {sum(kills.killed for kills in every)} of {sum(kills.ran for kills in every)} killed"
    return f"{said}, {left} not run" if left else said


def ran_where(report: VerificationReport) -> str:
    """In words, where the results come from: a CPU's are never to be taken for a GPU's."""
    with_what = dict(report.environment).get(report.backend)
    machines = sorted(
        {case.ran_on.partition(": ")[2] for case in report.results if case.ran_on.startswith("cpu: ")}
    )
    if machines:
        return f"execution on the CPU ({', '.join(machines)}), not on a GPU"
    return f"back end {report.backend} ({with_what})" if with_what else f"back end {report.backend}"


def _checks(count: int) -> str:
    return "check" if count == 1 else "checks"


def _findings(report: VerificationReport) -> list[str]:
    """Equal ones of all cases together, with the number of times they were seen; errors first, then the most frequent."""
    seen: dict[tuple[object, ...], Finding] = {}
    cases: dict[tuple[object, ...], set[str]] = {}
    for case in report.results:
        for found in case.findings:
            known = replace(found, kernel=found.kernel or case.kernel)
            key = (known.severity, known.kernel, known.check, known.rule, known.file, known.line)
            if key in seen:
                known = replace(seen[key], count=seen[key].count + found.count)
            seen[key] = known
            cases.setdefault(key, set()).add(case.test)
    ordered = sorted(seen.items(), key=lambda item: (SEVERITIES.index(item[1].severity), -item[1].count))
    return [line for key, found in ordered for line in finding(found, cases=len(cases[key]))]


def finding(found: Finding, *, cases: int = 1) -> list[str]:
    """One finding as lines: what and how often, where, and the source line with a caret below it.

    Args:
        found: the finding; place, address and thread are of the first that was seen.
        cases: in how many cases of the suite it was seen.
    """
    at = f"{found.file}:{found.line}" if found.file else found.kernel or "somewhere"
    many = f"x {found.count}" + (f" in {cases} cases" if cases > 1 else "")
    lines = [f"{found.severity.upper():<8}{at}: {found.check} {found.rule}: {found.message} ({many})"]
    place = [f"in {found.kernel}"] if found.kernel else []
    place += [f"block {found.block}"] if found.block else []
    place += [f"thread {found.thread}"] if found.thread else []
    place += [f"address {found.address:#x}"] if found.address is not None else []
    place += [found.buffer] if found.buffer and found.buffer not in found.message else []
    lines += [f"        {', '.join(place)}"] if place else []
    if found.source is not None and found.line:
        shown = found.source.expandtabs(4)
        at_column = _column(found)
        lines += [f"        {found.line:>5} | {shown}", f"        {'':>5} | {' ' * at_column}^"]
    return lines


def _column(found: Finding) -> int:
    """Where the caret stands, from 0: the column if it is known, else the first character of the line."""
    source = found.source or ""
    before = source[: found.column - 1] if found.column else source[: len(source) - len(source.lstrip())]
    return len(before.expandtabs(4))


def _rows(report: VerificationReport) -> list[tuple[str, ...]]:
    groups: dict[tuple[str, str, str, str], list[CaseResult]] = {}
    for case in report.results:
        if case.check.startswith(CHECK):
            continue  # their table is `report.benchmark`'s
        kind = case.check if case.resources else case.check.split("[")[0]
        groups.setdefault((case.kernel, case.version, kind, case.ran_on or _NOWHERE), []).append(case)
    table = []
    for (kernel, version, kind, where), cases in groups.items():
        counted = Counter(case.outcome for case in cases)
        result = ", ".join(f"{n} {outcome}" if len(cases) > 1 else outcome for outcome, n in counted.items())
        table.append(
            (kernel, version, kind, where, result, _worst(cases), *_figures(cases[0]), *_counted(cases))
        )
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


def _counted(cases: Sequence[CaseResult]) -> tuple[str, str]:
    """Of the case that does worst: sectors for each request to global memory, and conflicts of banks."""
    counts = [dict(case.counters) for case in cases if case.counters]
    shares = [c["global_sectors"] / c["global_requests"] for c in counts if c.get("global_requests")]
    conflicts = [c["bank_conflicts"] for c in counts if c.get("shared_requests") and "bank_conflicts" in c]
    return (f"{max(shares):.2f}" if shares else "", str(max(conflicts)) if conflicts else "")


def grid(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns as wide as they must be; those in which nothing stands are left out."""
    if not rows:
        return []
    columns = [column for column in zip(head, *rows, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]
