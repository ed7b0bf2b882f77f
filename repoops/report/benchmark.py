"""What a report says of speed, as text: measured times beside their baselines, or the model under a heading that says so."""

from __future__ import annotations

from collections.abc import Sequence

from repoops.report.speed import CHECK, Timing, case_id
from repoops.report.table import grid
from repoops.report.verification import CaseResult, NotRun, VerificationReport

HEADING = "NOT MEASURED ON HARDWARE"
_SHOWN = ("L4", "H100 SXM")
"""Cards whose floors stand in the terminal; the page has all."""
_Timed = tuple[CaseResult, Timing]


def lines(report: VerificationReport) -> list[str]:
    """For a terminal; nothing where no case was to be timed."""
    rows = [row for row in report.results if row.check.startswith(CHECK)]
    timed = _timed(rows)
    if timed:
        return ["", *_grid(_times(timed)), *_unmeasured(timed)]
    if not rows:
        return []
    return [
        "",
        f"{HEADING}: {_why(rows)}",
        "floors are computed from data sheets, the rest is counted",
        "",
        *_grid(_model(report, rows)),
    ]


def markdown(report: VerificationReport) -> list[str]:
    """A table for a session's summary; nothing where no case was to be timed."""
    rows = [row for row in report.results if row.check.startswith(CHECK)]
    if not rows:
        return []
    timed = _timed(rows)
    table = _times(timed) if timed else _model(report, rows)
    said = (
        []
        if timed
        else [
            f"*Not measured on hardware*: {_why(rows)}. Floors are computed from data sheets, the rest is counted.",
            "",
        ]
    )
    head, *body = [[cell.replace("|", "\\|") for cell in row] for row in table]
    return [
        *said,
        f"| {' | '.join(head)} |",
        f"|{'---|' * len(head)}",
        *(f"| {' | '.join(row)} |" for row in body),
    ]


def _timed(rows: Sequence[CaseResult]) -> list[_Timed]:
    return [(row, row.timing) for row in rows if row.timing]


def _grid(table: Sequence[tuple[str, ...]]) -> list[str]:
    return grid(table[0], table[1:])


def _why(rows: Sequence[CaseResult]) -> str:
    return (
        "; ".join({row.result.why: None for row in rows if isinstance(row.result, NotRun)})
        or "nothing was timed"
    )


def _times(timed: Sequence[_Timed]) -> list[tuple[str, ...]]:
    head = (
        "kernel",
        "version",
        "case",
        "L2",
        "µs",
        "95 % interval",
        "of the floor",
        "best baseline",
        "its µs",
        "ratio",
        "verdict",
    )
    return [head, *(_time(row, timing) for row, timing in timed)]


def _time(row: CaseResult, timing: Timing) -> tuple[str, ...]:
    best = next((rival for rival in timing.rivals if rival.name == timing.baseline), None)
    interval = f"{timing.ci95[0]:.2f} to {timing.ci95[1]:.2f}" if timing.ci95 else ""
    share = f"{100 * timing.floor_us / timing.p50_us:.0f} %" if timing.floor_us else ""
    theirs = ("", "", "", "")
    if best and best.p50_us and best.ratio:
        theirs = (best.name, f"{best.p50_us:.2f}", f"{best.ratio:.3f}", best.verdict)
    return (
        row.kernel,
        row.version,
        case_id(row.check),
        timing.l2 or "",
        f"{timing.p50_us:.2f}",
        interval,
        share,
        *theirs,
    )


def _unmeasured(timed: Sequence[_Timed]) -> list[str]:
    lacking = {
        f"NOT MEASURED  {rival.name}: {rival.why}": None
        for _, t in timed
        for rival in t.rivals
        if rival.p50_us is None
    }
    return ["", *lacking] if lacking else []


def _model(report: VerificationReport, rows: Sequence[CaseResult]) -> list[tuple[str, ...]]:
    archs = list(dict.fromkeys(row.resources.arch for row in rows if row.resources))
    head = (
        "kernel", "version", "case", *(f"occupancy {arch}" for arch in archs), *(f"floor {card} µs" for card in _SHOWN),
        "counted on the CPU", "sectors/request", "bank conflicts", "bytes moved/needed",
    )  # fmt: skip
    groups: dict[tuple[str, str, str], list[CaseResult]] = {}
    for row in rows:
        groups.setdefault((row.kernel, row.version, case_id(row.check)), []).append(row)
    first = {(kernel, version): case for kernel, version, case in reversed(groups)}
    return [
        head,
        *(
            (
                *_modelled(key, group, archs),
                *(_counts(report, *key[:2]) if first[key[:2]] == key[2] else _NONE),
            )
            for key, group in groups.items()
        ),
    ]


def _modelled(
    key: tuple[str, str, str], group: Sequence[CaseResult], archs: Sequence[str]
) -> tuple[str, ...]:
    fits = {row.resources.arch: row.resources for row in group if row.resources}
    floors = {floor.card: floor for row in group for floor in row.floors}
    occupancy = (
        f"{100 * (fits[arch].occupancy or 0):.0f} % ({fits[arch].limiter})" if arch in fits else ""
        for arch in archs
    )
    least = (f"{floors[card].us:.1f} ({floors[card].bound})" if card in floors else "" for card in _SHOWN)
    return (*key, *occupancy, *least)


_NONE = ("", "", "", "")


def _counts(report: VerificationReport, kernel: str, version: str) -> tuple[str, str, str, str]:
    """Of the case of most instructions that the CPU executed: which, and its bytes against its own work."""
    ran = [row for row in report.results if (row.kernel, row.version) == (kernel, version) and row.check.startswith("numerics[")
           and row.counters]  # fmt: skip
    if not ran:
        return _NONE
    row = max(ran, key=lambda one: dict(one.counters)["instructions"])
    of = dict(row.counters)
    sectors = f"{of['global_sectors'] / of['global_requests']:.2f}" if of["global_requests"] else ""
    moved = f"{of['global_sectors'] * 32 / row.work.bytes:.2f}" if row.work and row.work.bytes else ""
    return row.check.removeprefix("numerics[").removesuffix("]"), sectors, f"{of['bank_conflicts']:,}", moved
