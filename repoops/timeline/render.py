"""A timeline as text for a terminal and as plain data; the same values give the same bytes."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import tzinfo
from typing import Any

from repoops.files import shown
from repoops.report.table import grid
from repoops.timeline.model import (
    Checked,
    Committed,
    Event,
    Noted,
    Said,
    Standing,
    Time,
    Timeline,
    Version,
    instant,
    news,
    versions,
)
from repoops.words import many

SCHEMA = "repoops/timeline/1"
NOT_MEASURED = "not measured"
_FILES = 4


def overview(timelines: Sequence[Timeline], zone: tzinfo | None) -> list[str]:
    """A row for each kernel."""
    head = (
        "kernel",
        "versions",
        "commits",
        "reports",
        "mentions",
        "last commit",
        "last report",
        "outcome",
        "GPU times",
    )
    rows = [_row(timeline, zone) for timeline in timelines]
    return grid(head, rows) or ["no kernel is known here"]


def _row(timeline: Timeline, zone: tzinfo | None) -> tuple[str, ...]:
    newest = timeline.reports[-1] if timeline.reports else None
    failed = [standing.version for standing in newest.standings if standing.failed] if newest else []
    ran = newest is not None and any(standing.word != "not run" for standing in newest.standings)
    outcome = f"FAILED: {', '.join(failed)}" if failed else "passed" if ran else "not run"
    commits = timeline.commits
    return (
        timeline.kernel, str(len(versions(timeline))), str(len(commits)), str(len(timeline.reports)), str(_mentions(timeline)),
        day(commits[-1].when, zone) if commits else "none", day(newest.when, zone) if newest else "none",
        f"{outcome}, {_place(_ran(newest))}" if newest and ran else "never verified" if newest is None else outcome,
        str(_timed(timeline) or NOT_MEASURED),
    )  # fmt: skip


def _ran(report: Checked) -> list[str]:
    return sorted({where for standing in report.standings for where in standing.where})


def _mentions(timeline: Timeline) -> int:
    return sum(isinstance(event, (Noted, Said)) for event in timeline.events)


def _timed(timeline: Timeline) -> int:
    return sum(len(standing.times) for report in timeline.reports for standing in report.standings)


def summary(timeline: Timeline) -> str:
    """`4 versions, 2 commits, 3 reports; GPU times: not measured`."""
    counts = (
        (len(versions(timeline)), "version"), (len(timeline.commits), "commit"), (len(timeline.reports), "report"),
        (_mentions(timeline), "mention"),
    )  # fmt: skip
    return ", ".join(many(*count) for count in counts) + f"; GPU times: {_timed(timeline) or NOT_MEASURED}"


def lines(timeline: Timeline, zone: tzinfo | None) -> list[str]:
    """The kernel, its versions as they stand, then every event, oldest first; reports tell what is new in them."""
    return [
        f"{timeline.kernel}: {summary(timeline)}",
        "",
        *(_version(version, zone) for version in versions(timeline)),
        "",
        *_events(timeline, zone),
    ]


def plain(timeline: Timeline) -> dict[str, Any]:
    """All of it, under no schema of its own: the command's answer has one."""
    return {
        "kernel": timeline.kernel,
        "folders": list(timeline.folders),
        "versions": [_plain_version(version) for version in versions(timeline)],
        "events": [_plain(event) for event in timeline.events],
    }


def day(when: str, zone: tzinfo | None) -> str:
    """`2025-10-14 12:00` in a zone; a day alone stays one, and nothing stays `undated`."""
    if len(when) <= 10:
        return when or "undated"
    try:
        return f"{instant(when).astimezone(zone):%Y-%m-%d %H:%M}"
    except OverflowError:  # a clock that was set to the year 1
        return when[:16]


def stands(standing: Standing) -> str:
    """`passed 40 of 40 on the CPU, error at most 0.41 of its bound, 96 registers on sm_89, mutants 4 of 4 killed`."""
    ran = standing.passed + standing.failed
    if not ran:
        return f"not run ({many(standing.not_run, 'check')})" if standing.not_run else "timed, not checked"
    parts = [
        f"FAILED {standing.failed} of {ran}" if standing.failed else f"passed {ran} of {ran}",
        *([f"{standing.not_run} not run"] if standing.not_run else []),
    ]
    said = f"{', '.join(parts)} {_place(standing.where)}"
    more = [] if standing.worst is None else [f"error at most {standing.worst:.2g} of its bound"]
    more += [f"{count} registers on {arch}" for arch, count in standing.registers]
    more += [f"{count} bytes spilled on {arch}" for arch, count in standing.spills]
    more += [f"mutants {standing.mutants[0]} of {standing.mutants[1]} killed"] if standing.mutants else []
    return ", ".join([said, *more]) + (f": {standing.why}" if standing.why else "")


def time_said(time: Time) -> str:
    """`S512-fp16 on NVIDIA L4, cold: 38.20 µs (37.90 to 38.60)`."""
    interval = "" if time.ci95 is None else f" ({time.ci95[0]:.2f} to {time.ci95[1]:.2f})"
    rivals = "".join(f"; {ratio:.3f} x {name}: {verdict}" for name, ratio, verdict in time.against)
    return f"{time.case} on {time.gpu}{f', {time.l2}' if time.l2 else ''}: {time.p50_us:.2f} µs{interval}{rivals}"


def _place(where: Sequence[str]) -> str:
    if all(one.startswith("cpu: ") for one in where):
        return "on the CPU"
    if all(one.startswith("compile: ") for one in where):
        return "by the compiler, nothing was executed"
    return "on " + ", ".join(one.partition(": ")[2] for one in where if one.startswith("cuda: "))


def _version(version: Version, zone: tzinfo | None) -> str:
    said = [f"  {version.name}:"]
    if version.first and version.last:
        said.append(f"since {day(version.first.when, zone)} ({version.first.commit[:10]})")
        if version.gone:
            said.append(f"removed {day(version.last.when, zone)} ({version.last.commit[:10]})")
        elif version.last is not version.first:
            said.append(f"changed {day(version.last.when, zone)} ({version.last.commit[:10]})")
    said.append(stands(version.standing) if version.standing else "in no report")
    said.append("; ".join(map(time_said, version.timed[1])) if version.timed else f"time {NOT_MEASURED}")
    return said[0] + " " + "; ".join(said[1:])


def _events(timeline: Timeline, zone: tzinfo | None) -> Iterator[str]:
    alike: list[Checked] = []
    for event, told in news(timeline):
        if isinstance(event, Checked) and not told:
            alike.append(event)
            continue
        yield from _alike(alike, zone)
        alike = []
        yield from _event(event, told, zone)
    yield from _alike(alike, zone)


def _alike(reports: Sequence[Checked], zone: tzinfo | None) -> Iterator[str]:
    if reports:
        last = f", the last {day(reports[-1].when, zone)}" if len(reports) > 1 else ""
        yield f"{day(reports[0].when, zone)}  {many(len(reports), 'report')} with nothing new{last}"


def _event(event: Event, told: Sequence[Standing], zone: tzinfo | None) -> Iterator[str]:
    at = day(event.when, zone)
    match event:
        case Committed():
            yield f"{at}  commit {event.commit[:10]} {shown(event.subject)} ({_files(event)})"
        case Checked():
            about = (
                f"on {event.commit[:10]}"
                if event.commit
                else f"of tree {event.tree[:10]}"
                if event.tree
                else "of no tree"
            )
            dirty = " with uncommitted changes" if event.dirty else ""
            part = f", part: {event.part}" if event.part else ""
            yield f"{at}  report {about}{dirty}, {event.where}{part}"
            for standing in told:
                yield f"    {standing.version}: {stands(standing)}"
                for time in standing.times:
                    yield f"    {standing.version}: {time_said(time)}"
        case Noted():
            yield f"{at}  {event.kind}, stated: {shown(' '.join(event.text.split()))} ({event.session})"
        case Said():
            about = f" [{', '.join(event.kinds)}]" if event.kinds else ""
            yield f"{at}  said{about}, not measured: {shown(event.text.strip())} ({shown(event.file)}:{event.line})"


def _files(commit: Committed) -> str:
    names = [
        f"{'-' if status == 'D' else '+' if status == 'A' else ''}{shown(path.rpartition('/')[2])}"
        for status, path in commit.files
    ]
    more = f", {len(names) - _FILES} more" if len(names) > _FILES else ""
    return ", ".join(names[:_FILES]) + more


def _plain(event: Event) -> dict[str, Any]:
    words = {Checked: "report", Committed: "commit", Noted: "note", Said: "said"}
    data = {"event": words[type(event)], **asdict(event)}
    if isinstance(event, Checked):
        data["standings"] = [_plain_standing(standing) for standing in event.standings]
    return data


def _plain_standing(standing: Standing) -> dict[str, Any]:
    worst = standing.worst if standing.worst is None or math.isfinite(standing.worst) else "inf"
    return {
        **asdict(standing), "outcome": standing.word, "worst": worst, "registers": dict(standing.registers),
        "spills": dict(standing.spills),
    }  # fmt: skip


def _plain_version(version: Version) -> dict[str, Any]:
    return {
        "version": version.name,
        "first": version.first.commit if version.first else None,
        "last": version.last.commit if version.last else None,
        "gone": version.gone,
        "standing": _plain_standing(version.standing) if version.standing else None,
        "report": version.report.when if version.report else None,
        "times": [asdict(time) for time in version.timed[1]] if version.timed else NOT_MEASURED,
    }
