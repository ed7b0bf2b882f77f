"""Timelines as one page that needs nothing but itself; pure text: the same values give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import tzinfo
from html import escape

from repoops.report.frame import framed
from repoops.report.pieces import badge, table
from repoops.report.plots import Moment, history
from repoops.timeline.model import Checked, Committed, Event, Noted, Said, Standing, Timeline, news, versions
from repoops.timeline.plots import lanes
from repoops.timeline.render import NOT_MEASURED, day, stands, summary, time_said
from repoops.words import many

_MOST = 40
"""Reports that are drawn, the newest."""
_Series = dict[str, list[Moment]]


def page(timelines: Sequence[Timeline], name: str, built: str, zone: tzinfo | None) -> str:
    """The whole page.

    Args:
        timelines: one for each kernel.
        name: of the repository.
        built: when, in words.
        zone: in which times are shown.
    """
    links = "".join(f'<li><a href="#{_anchor(one)}">{escape(one.kernel)}</a></li>' for one in timelines)
    body = [
        f'<h1>{escape(name)}: kernels over time</h1><p class="soft">Read from the repository {escape(built)}, by <code>repoops timeline</code>.</p>',
        f'<nav aria-label="Kernels"><ul>{links}</ul></nav>' if len(timelines) > 1 else "",
        *(_kernel(one, zone) for one in timelines),
    ]
    title = timelines[0].kernel if len(timelines) == 1 else name
    return framed(f"{title} over time", __package__, "\n".join(filter(None, body)))


def _anchor(timeline: Timeline) -> str:
    return "k-" + "".join(c if c.isalnum() else "-" for c in timeline.kernel)


def _kernel(timeline: Timeline, zone: tzinfo | None) -> str:
    at = _anchor(timeline)
    return "".join((
        f'<section id="{at}" aria-labelledby="{at}-title"><h2 id="{at}-title">{escape(timeline.kernel)}</h2>',
        f'<p class="soft">{escape(summary(timeline))}</p>',
        "<h3>Versions</h3>", _versions(timeline, zone),
        "<h3>Outcomes</h3>", _outcomes(timeline, zone),
        "<h3>GPU times</h3>", _times(timeline, zone),
        "<h3>Error over its bound, registers</h3>", _figures(timeline, zone),
        "<h3>What was said of it, not measured</h3>", _said(timeline, zone),
        "<h3>History</h3>", _history(timeline, zone), "</section>",
    ))  # fmt: skip


def _versions(timeline: Timeline, zone: tzinfo | None) -> str:
    rows = []
    for version in versions(timeline):
        standing = version.standing
        word = standing.word if standing else "in no report"
        change = f"{day(version.last.when, zone)} {version.last.commit[:10]}" if version.last else ""
        rows.append((
            f"<b>{escape(version.name)}</b>",
            f"{day(version.first.when, zone)} {version.first.commit[:10]}" if version.first else "",
            f"removed {change}" if version.gone else change,
            badge(word),
            escape(stands(standing)) if standing else "",
            "<br>".join(escape(time_said(time)) for time in version.timed[1]) if version.timed else NOT_MEASURED,
        ))  # fmt: skip
    head = ("version", "first commit", "last change", "outcome", "newest report", "GPU time")
    return table("Versions", head, rows) if rows else "<p>No commit and no report names a version.</p>"


def _outcomes(timeline: Timeline, zone: tzinfo | None) -> str:
    reports = timeline.reports[-_MOST:]
    if not reports:
        return "<p>It was never verified here: <code>repoops verify</code>.</p>"
    rows = [(v.name, [_of(report, v.name) for report in reports]) for v in versions(timeline) if v.standing]
    key = "Filled: passed. Crossed: failed. Hollow: not run. Nothing: not in that report."
    older = len(timeline.reports) - len(reports)
    more = f" {many(older, 'older report')} are not drawn." if older else ""
    drawn = lanes(rows, [_called(report, zone) for report in reports])
    return f'<figure class="lanes">{drawn}<figcaption>{key}{more}</figcaption></figure>'


def _of(report: Checked, version: str) -> Standing | None:
    return next((standing for standing in report.standings if standing.version == version), None)


def _called(report: Checked, zone: tzinfo | None) -> str:
    return f"{day(report.when, zone)[:10]} {report.commit[:7]}".strip()


def _times(timeline: Timeline, zone: tzinfo | None) -> str:
    series: _Series = {}
    for report in timeline.reports:
        for standing in report.standings:
            for time in standing.times:
                of = f"{standing.version}, {time.case}, {time.gpu}{f', {time.l2}' if time.l2 else ''}"
                series.setdefault(of, []).append(Moment(_called(report, zone), time.p50_us, time.ci95))
    if not series:
        return f"<p>{NOT_MEASURED.capitalize()}: no stored report holds a time of a GPU. What ran on a CPU has none.</p>"
    once = [
        (escape(of), f"{moments[0].value:.2f}", escape(moments[0].of))
        for of, moments in series.items()
        if len(moments) == 1
    ]
    lone = table("Measured once", ("case", "median µs", "report"), once) if once else ""
    return _drawn(series, "µs") + lone


def _figures(timeline: Timeline, zone: tzinfo | None) -> str:
    """Series that changed are drawn; those that did not are counted."""
    errors: _Series = {}
    registers: _Series = {}
    for report in timeline.reports[-_MOST:]:
        of = _called(report, zone)
        for standing in report.standings:
            if standing.worst is not None and standing.worst < 1e6:
                errors.setdefault(f"{standing.version}, error over its bound", []).append(
                    Moment(of, standing.worst)
                )
            for arch, count in standing.registers:
                registers.setdefault(f"{standing.version}, registers on {arch}", []).append(
                    Moment(of, float(count))
                )
    every = errors | registers
    moved = {of: moments for of, moments in every.items() if len({moment.value for moment in moments}) > 1}
    still = len(every) - len(moved)
    said = (
        f"<p>{still} of {len(every)} such figures are the same in every report that has them.</p>"
        if still
        else ""
    )
    return (_drawn(moved, "") + said) or "<p>No report holds any.</p>"


def _drawn(series: _Series, unit: str) -> str:
    figures = "".join(
        f"<figure>{history(moments, n, unit)}<figcaption>{escape(of)}</figcaption></figure>"
        for n, (of, moments) in enumerate(series.items())
        if len(moments) > 1
    )
    return f'<div class="cards">{figures}</div>' if figures else ""


def _said(timeline: Timeline, zone: tzinfo | None) -> str:
    rows = []
    for event in timeline.events:
        if isinstance(event, Noted):
            rows.append(
                (
                    day(event.when, zone),
                    badge(event.kind),
                    escape(event.text),
                    f"<code>{escape(event.session)}</code>",
                )
            )
        elif isinstance(event, Said):
            where = f"<code>{escape(f'{event.file}:{event.line}')}</code>"
            rows.append(
                (day(event.when, zone), " ".join(map(badge, event.kinds)), escape(event.text.strip()), where)
            )
    head = ("when", "about", "what", "where")
    return table("What was said", head, rows) if rows else "<p>No note and no log names it.</p>"


def _history(timeline: Timeline, zone: tzinfo | None) -> str:
    rows = [_event(event, told, zone) for event, told in news(timeline)]
    return (
        "<ol>" + "".join(f"<li>{row}</li>" for row in rows) + "</ol>"
        if rows
        else "<p>Nothing is known of it.</p>"
    )


def _event(event: Event, told: Sequence[Standing], zone: tzinfo | None) -> str:
    at = f'<span class="soft">{day(event.when, zone)}</span> '
    match event:
        case Committed():
            files = ", ".join(f"{status} {path}" for status, path in event.files)
            return f'{at}<code>{event.commit[:10]}</code> <span title="{escape(files, quote=True)}">{escape(event.subject)}</span>'
        case Checked():
            about = f"<code>{(event.commit or event.tree)[:10]}</code>{' and uncommitted changes' if event.dirty else ''}"
            found = "".join(
                f"<li>{badge(s.word)} {escape(s.version)}: {escape(stands(s))}{''.join(f'; {escape(time_said(t))}' for t in s.times)}</li>"
                for s in told
            )
            part = f", part: {escape(event.part)}" if event.part else ""
            return f"{at}report on {about}, {escape(event.where)}{part}" + (
                f"<ul>{found}</ul>" if found else ": nothing new"
            )
        case Noted():
            return f"{at}{badge(event.kind)} stated: {escape(event.text)}"
        case Said():
            return f"{at}said, not measured: {escape(event.text.strip())} <code>{escape(f'{event.file}:{event.line}')}</code>"
