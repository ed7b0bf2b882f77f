"""A verification report as text for a terminal: pure, no colour; a line for each kernel version, or for each case."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from repoops.report.failures import failures, finding
from repoops.report.merge import HOST
from repoops.report.speed import CHECK
from repoops.report.verification import SEVERITIES, CaseResult, Finding, NotRun, VerificationReport
from repoops.words import many

_VERSIONS = (
    "kernel", "version", "compiled", "cases", "error/bound", "checks", "mutants", "registers", "spills", "occupancy", "conflicts", "sectors", "perf",
)  # fmt: skip
_CASES = (
    "kernel", "version", "check", "ran on", "result", "error/bound", "registers", "spills", "stack", "shared", "occupancy",
    "sectors/request", "bank conflicts", "s",
)  # fmt: skip


def lines(report: VerificationReport, *, verbose: bool = False) -> list[str]:
    """What failed, a row for each kernel version, what did not run and why, totals.

    Args:
        report: to show.
        verbose: every finding, warnings too, and a row for each case instead.
    """
    said = failures(report, hazards=not verbose)
    said += _findings(report) if verbose else []
    said += [
        f"NOTE    {note}" for note in dict.fromkeys(note for case in report.results for note in case.notes)
    ]
    said += [""] if said else []
    said += (
        grid(_CASES, [_case(case) for case in report.results if not case.check.startswith(CHECK)])
        if verbose
        else _overview(report)
    )
    said += [*_trials(report), *_classes(report)] if verbose else []
    reasons = Counter(case.result.why for case in report.results if isinstance(case.result, NotRun))
    said += (
        ["", *(f"NOT RUN  {many(count, 'check')}: {why}" for why, count in reasons.items())]
        if reasons
        else []
    )
    said += [f"NOT RUN  {what}: {why}" for what, why in report.not_run]
    told = [f"{change.kind}  {change.kernel} {change.version}: {change.what}" for change in report.changes]
    told += (
        ["no earlier report to compare with"] if verbose and report.held and not report.compared_with else []
    )
    said += ["", *told] if told else []
    part = dict(report.environment).get("part")
    said += [f"PART    {part}"] if part else []
    if report.shard:
        said.append(f"PART    {report.shard}: {len(report.shard.own())} of {len(report.shard.tests)} tests")
    counts = ", ".join(f"{report.count(outcome)} {outcome}" for outcome in ("passed", "failed", "not run"))
    killed = f", {mutants(report)}" if report.mutants() else ""
    return [*said, f"{counts}{killed} in {report.duration_s:.1f} s, {ran_where(report)}"]


def mutants(report: VerificationReport) -> str:
    """`mutants 40 of 41 killed, 2 not run`, all versions together."""
    every = report.mutants()
    left = sum(kills.not_run for kills in every)
    said = f"mutants {sum(kills.killed for kills in every)} of {sum(kills.ran for kills in every)} killed"
    return f"{said}, {left} not run" if left else said


def _trials(report: VerificationReport) -> list[str]:
    """By what each mutant was killed, in which words, and how many of those that each tolerance is to kill it killed."""
    said = []
    for trial in report.results:
        found = trial.mutant
        if found is not None and found.killed_by:
            name = trial.check.removeprefix("mutant[").removesuffix("]")
            on = f" on {found.case}" if found.case else ""
            by = ", ".join(found.killed_by)
            said.append(
                f"KILLED  {trial.kernel} {trial.version} {name} ({found.bug}): by {by}{on}: {found.evidence}"
            )
    killed: Counter[tuple[str, str]] = Counter()
    asked: Counter[tuple[str, str]] = Counter()
    for kills in report.mutants():
        killed[kills.kernel, kills.tolerance] += kills.by_numerics
        asked[kills.kernel, kills.tolerance] += kills.for_numerics
    said += [
        f"TOLERANCE  {kernel}: {rule}: killed {killed[kernel, rule]} of {count} mutants that it is to kill"
        for (kernel, rule), count in asked.items() if count
    ]  # fmt: skip
    return ["", *said] if said else []


def _classes(report: VerificationReport) -> list[str]:
    """Each class of bug: how many mutants of it were killed of those that ran, and how many of them each check saw."""
    ran = [row.mutant for row in report.results if row.mutant and row.outcome != "not run"]
    rows = []
    for bug, count in Counter(mutant.bug for mutant in ran).most_common():
        killed = [mutant.killed_by for mutant in ran if mutant.bug == bug and mutant.killed_by]
        seen = Counter(check for checks in killed for check in checks).most_common()
        rows.append((bug, f"{len(killed)}/{count}", ", ".join(f"{check} {n}" for check, n in seen)))
    return ["", *grid(("class of bug", "mutants", "seen by"), rows)] if rows else []


def ran_where(report: VerificationReport) -> str:
    """In words, where the results come from: a CPU's are never to be taken for a GPU's, nor a host's for this machine's."""
    facts = dict(report.environment)
    machines = _machines(report, "cpu: ")
    cards = _machines(report, "cuda: ")
    there = [host for host in facts.get(HOST, "").split(", ") if host]
    on_host = f" on {', '.join(there)}" if there else ""
    if machines and cards and there:
        return (
            f"{', '.join(cards)}, in part execution on the CPU ({', '.join(machines)}), not on a GPU{on_host}"
        )
    if machines:
        return f"execution on the CPU ({', '.join(machines)}){on_host}, not on a GPU"
    if cards and there:
        return ", ".join(
            f"cuda: {_card(report, facts, host)} on {host}{_driver(facts, host)}" for host in there
        )
    with_what = facts.get(report.backend)
    return (
        f"back end {report.backend} ({with_what}){on_host}"
        if with_what
        else f"back end {report.backend}{on_host}"
    )


def _machines(report: VerificationReport, kind: str) -> list[str]:
    return sorted({row.ran_on.removeprefix(kind) for row in report.results if row.ran_on.startswith(kind)})


def _card(report: VerificationReport, facts: Mapping[str, str], host: str) -> str:
    return facts.get(f"gpu on {host}") or facts.get("gpu") or ", ".join(_machines(report, "cuda: "))


def _driver(facts: Mapping[str, str], host: str) -> str:
    driver = facts.get(f"driver on {host}") or facts.get("driver")
    return f", driver {driver}" if driver else ""


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


def _overview(report: VerificationReport) -> list[str]:
    """A row for each kernel version; what ptxas allots stands for each architecture, once where all that it is written for agree."""
    groups: dict[tuple[str, str], list[CaseResult]] = {}
    for case in report.results:
        groups.setdefault((case.kernel, case.version), []).append(case)
    archs = list(dict.fromkeys(case.resources.arch for case in report.results if case.resources))
    rows = [_version(report, which, cases, archs) for which, cases in groups.items()]
    told = f"registers, spills and occupancy on {', '.join(archs)}" if len(archs) > 1 else ""
    return [*grid(_VERSIONS, rows), *([told] if told else [])]


def _version(
    report: VerificationReport, which: tuple[str, str], cases: Sequence[CaseResult], archs: Sequence[str]
) -> tuple[str, ...]:
    compiled = {case.resources.arch: case.resources for case in cases if case.resources}
    runs = [case for case in cases if not case.check.startswith(("compile[", "mutant[", CHECK))]
    kills = [k for k in report.mutants() if (k.kernel, k.version) == which]
    sectors, conflicts = _counted(cases)
    times = [case.timing for case in cases if case.timing]

    def each(figure: Callable[[str], str]) -> str:
        found = [figure(arch) if arch in compiled else "-" for arch in archs]
        known = {*found} - {"-"}
        return (known.pop() if len(known) == 1 else "/".join(found)) if compiled else ""

    return (
        *which,
        # An architecture that a version is not written for is none of its own; the reasons stand below the table.
        _passed([case for case in cases if case.check.startswith("compile[") and case.outcome != "not run"]),
        _passed(runs),
        _worst(runs),
        _watched(report, runs),
        f"{kills[0].killed}/{kills[0].ran}" if kills and kills[0].ran else "not run" if kills else "",
        each(lambda arch: str(compiled[arch].registers)),
        each(lambda arch: str(compiled[arch].spill_stores + compiled[arch].spill_loads)),
        each(lambda arch: _percent(compiled[arch].occupancy)),
        conflicts,
        sectors,
        f"{min(time.p50_us for time in times):.4g} us" if times else "not measured",
    )


def _passed(runs: Sequence[CaseResult]) -> str:
    """How many passed of those that ran, and how many did not run."""
    counted = Counter(case.outcome for case in runs)
    ran = counted["passed"] + counted["failed"]
    if not ran:
        return "not run" if runs else ""
    return f"{counted['passed']}/{ran}" + (f", {counted['not run']} not run" if counted["not run"] else "")


def _watched(report: VerificationReport, runs: Sequence[CaseResult]) -> str:
    """How many places the checks accuse; `clean` says that they watched, and saw nothing."""
    found = {
        (f.severity, f.check, f.rule, f.file, f.line, f.message if f.line is None else "")
        for case in runs
        for f in case.findings
    }
    counted = Counter(severity for severity, *_ in found)
    if counted:
        return ", ".join(f"{counted[s]} {s}{'s' if counted[s] > 1 else ''}" for s in SEVERITIES if counted[s])
    if not any(case.ran_on.startswith("cpu: ") for case in runs):
        return "not run" if runs else ""
    asked = next((a.partition("=")[2] for a in report.command if a.startswith("--repoops-check=")), "all")
    return {"all": "clean", "none": "off"}.get(asked, f"clean ({asked})")


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.0f}%"


def _case(case: CaseResult) -> tuple[str, ...]:
    where = case.ran_on.partition(":")[0] or "nowhere"
    figures = (_worst([case]), *_figures(case), *_counted([case]), f"{case.duration_s:.2f}")
    return (case.kernel, case.version, case.check, where, case.outcome, *figures)


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


def grid(head: Sequence[str], rows: Sequence[tuple[str, ...]]) -> list[str]:
    """Columns as wide as they must be; those in which nothing stands are left out."""
    if not rows:
        return []
    columns = [column for column in zip(head, *rows, strict=True) if any(column[1:])]
    widths = [max(map(len, column)) for column in columns]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in zip(*columns, strict=True)
    ]
