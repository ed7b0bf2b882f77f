"""The page, section by section; pure text: the same values give the same bytes."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from html import escape

from repoops.html.parts import OUTCOMES, bars, field
from repoops.html.told import Session, Told
from repoops.report.frame import framed
from repoops.report.pieces import badge, code, command, prose, table
from repoops.report.speed import CHECK
from repoops.report.table import mutants, ran_where
from repoops.report.verification import CaseResult, Failed, VerificationReport
from repoops.words import many

_MOST_REPORTS = 12
"""Columns of the history; more do not fit on a screen."""
_ORDER = ("false", "contradicted", "unsupported", "approximate", "unverifiable", "true")
_NOT_MEASURED = "not measured"


def page(told: Told) -> str:
    """The whole page: no network, no file beside it, readable without its script."""
    sections = (
        ("sessions", "Sessions", _sessions(told.sessions)),
        ("verification", "Verification", _verification(told)),
        ("claims", "Claims", _claims(told)),
        ("map", "Code map", _map(told)),
    )
    links = "".join(f'<li><a href="#{name}">{title}</a></li>' for name, title, _ in sections)
    body = [
        f'<h1>{escape(told.name)}</h1><p class="soft">Read from the repository {escape(told.built)}, by <code>repoops report</code>.</p>',
        f'<nav aria-label="Sections"><ul>{links}</ul></nav>',
        _overview(told),
    ]
    body += [f'<section id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">{title}</h2>{text}</section>' for name, title, text in sections]  # fmt: skip
    return framed(f"{told.name}: sessions, verification, claims, map", __package__, "\n".join(body))


def _overview(told: Told) -> str:
    rows = [*((name, escape(value)) for name, value in told.state)]
    if told.sessions:
        last = told.sessions[0]
        rows.append(("last session", f"{badge(last.outcome)} {escape(last.ended)}"))
    if told.reports:
        rows.append(
            (
                "last verification",
                f"{_counts(told.reports[0])}; {escape(ran_where(told.reports[0]))}; {escape(told.about)}",
            )
        )
    rows.append(
        ("GPU times", "measured, see below" if any(_timed(one) for one in told.reports) else _NOT_MEASURED)
    )
    counts = Counter(verdict.word for _, verdict in told.claims)
    said = ", ".join(f"{counts[word]} {word}" for word in _ORDER if counts[word]) or "none was found"
    rows.append(("claims", said))
    return (
        '<dl class="facts">'
        + "".join(f"<dt>{escape(name)}</dt><dd>{value}</dd>" for name, value in rows)
        + "</dl>"
    )


def _sessions(sessions: Sequence[Session]) -> str:
    if not sessions:
        return "<p>No session was ended here: <code>repoops session-end</code>.</p>"
    said = [field("session-words", "Only sessions that say")]
    for number, one in enumerate(sessions):
        marks = Counter(mark for mark, _, _ in one.items)
        sums = ", ".join(f"{count} {escape(mark)}" for mark, count in marks.items()) or "nothing was measured"
        head = f"<summary><b>{escape(one.ended)}</b> {badge(one.outcome)} <span class='soft'>{escape(one.duration)}; {sums}; {many(len(one.commits), 'commit')}</span></summary>"
        said.append(
            f'<details data-row="session-words"{" open" if number == 0 else ""}>{head}{_session(one)}</details>'
        )
    return "".join(said)


def _session(one: Session) -> str:
    items = "".join(
        f"<li>{badge(mark)} {prose(text)} {code(source)}</li>" for mark, text, source in one.items
    )
    commits = "".join(f"<li>{code(oid)} {prose(subject)}</li>" for oid, subject in one.commits)
    notes = "".join(
        f'<li><span class="badge plain">{escape(kind)}</span> {prose(text)}</li>' for kind, text in one.notes
    )
    parts = [f"<ul>{items}</ul>" if items else ""]
    parts += [f"<h3>Notes, stated and not measured</h3><ul>{notes}</ul>" if notes else ""]
    parts += [f"<h3>Commits</h3><ul>{commits}</ul>" if commits else ""]
    return "".join(parts) + f'<p class="soft">Evidence: {code(one.folder)}</p>'


def _verification(told: Told) -> str:
    if not told.reports:
        return "<p>The kernels were never verified here: <code>repoops verify</code>.</p>"
    shown = list(told.reports[:_MOST_REPORTS])[::-1]
    columns = [(one.started, [one.count(word) for word in OUTCOMES]) for one in shown]
    key = "".join(f'<li><i style="background:var(--s{n})"></i>{word}</li>' for n, word in enumerate(OUTCOMES))
    drawn = f'<figure>{bars(columns, OUTCOMES, "Checks by outcome, one column for each report")}<figcaption><ul class="key">{key}</ul></figcaption></figure>'
    rows = [
        (
            escape(one.started[:16].replace("T", " ")),
            code((one.subject.commit or "")[:10]) + (" and uncommitted changes" if one.subject.dirty else "") if one.subject else "no tree",
            escape(ran_where(one)),
            *(str(one.count(word)) for word in OUTCOMES),
            escape(mutants(one).removeprefix("mutants ")) if one.mutants() else "",
            f"{one.duration_s:.0f}",
        )
        for one in told.reports
    ]  # fmt: skip
    head = ("started", "tree", "where it ran", *OUTCOMES, "mutants", "s")
    return "".join((
        drawn,
        table("Verification reports", head, rows, figures=(*OUTCOMES, "s")),
        _failures(told.reports[0], told.about),
        "<h3>By kernel version</h3>",
        _versions(shown),
        "<h3>GPU times</h3>",
        _times(told.reports),
    ))  # fmt: skip


def _counts(report: VerificationReport) -> str:
    return ", ".join(f"{report.count(word)} {word}" for word in OUTCOMES)


def _failures(report: VerificationReport, about: str) -> str:
    failed = [(case, case.result.why) for case in report.results if isinstance(case.result, Failed)]
    if not failed:
        return f"<p>In the newest report, {escape(about)}, nothing failed.</p>"
    rows = [(code(case.test), escape(why), escape(_hazard(case))) for case, why in failed]
    return f"<h3>What failed in the newest report, {escape(about)}</h3>" + table(
        "Failed checks", ("check", "why", "first finding"), rows
    )


def _hazard(case: CaseResult) -> str:
    if not case.findings:
        return ""
    first = case.findings[0]
    return (
        f"{first.file}:{first.line}: {first.check} {first.rule}"
        if first.file
        else f"{first.check} {first.rule}"
    )


def _versions(shown: Sequence[VerificationReport]) -> str:
    """A row for each version, a column for each report: how many of its checks passed, of how many that ran."""
    names = dict.fromkeys((row.kernel, row.version) for one in reversed(shown) for row in one.results)
    rows = [
        (escape(kernel), escape(version), *(_passed(one, kernel, version) for one in shown))
        for kernel, version in names
    ]
    dates = [f"{one.started[5:16].replace('T', ' ')}" for one in shown]
    return table("Kernel versions by report", ("kernel", "version", *dates), rows, figures=dates)


def _passed(report: VerificationReport, kernel: str, version: str) -> str:
    rows = [row for row in report.results if (row.kernel, row.version) == (kernel, version)]
    if not rows:
        return '<span class="soft">none</span>'
    counts = Counter(row.outcome for row in rows)
    ran = counts["passed"] + counts["failed"]
    word = "failed" if counts["failed"] else "passed" if ran else "not run"
    left = f", {counts['not run']} not run" if counts["not run"] and ran else ""
    return badge(word) + (f" {counts['passed']} of {ran}{left}" if ran else f" {counts['not run']}")


def _timed(report: VerificationReport) -> list[CaseResult]:
    return [row for row in report.results if row.timing]


def _times(reports: Sequence[VerificationReport]) -> str:
    rows = [
        (
            escape(one.started[:10]), escape(case.kernel), escape(case.version), escape(case.check.removeprefix(CHECK).removesuffix("]")),
            escape(case.ran_on.removeprefix("cuda: ")), f"{case.timing.p50_us:.2f}", f"{case.timing.p5_us:.2f} to {case.timing.p95_us:.2f}",
        )
        for one in reports for case in _timed(one) if case.timing
    ]  # fmt: skip
    if not rows:
        return f"<p>{_NOT_MEASURED.capitalize()}: no report holds a time of a GPU. What ran on a CPU has none.</p>"
    head = ("date", "kernel", "version", "case", "GPU", "median µs", "5 to 95 %")
    return table("GPU times", head, rows, figures=("median µs", "5 to 95 %"))


def _claims(told: Told) -> str:
    if not told.claims:
        return "<p>No claim that can be checked was found: <code>repoops audit</code>.</p>"
    ordered = sorted(
        told.claims,
        key=lambda one: (_ORDER.index(one[1].word) if one[1].word in _ORDER else 0, one[0], one[1].line),
    )
    rows = [
        (badge(verdict.word), code(f"{at}:{verdict.line}" if verdict.line else at), prose(verdict.claim), prose(verdict.why), command(verdict.command))
        for at, verdict in ordered
    ]  # fmt: skip
    return field("claim-words", "Only claims that say") + table(
        "Claims", ("verdict", "where", "claim", "why", "look with"), rows, filtered="claim-words"
    )


_KEPT = re.compile(r"^<!-- repoops:(?:keep|end) [^>]*-->\n?", re.MULTILINE)


def _map(told: Told) -> str:
    if not told.map_text:
        return "<p>There is no map: <code>repoops codemap</code>.</p>"
    from markdown_it import MarkdownIt

    md = MarkdownIt("commonmark", {"html": False}).enable("table")
    text = _KEPT.sub("", told.map_text.encode("utf-8", "surrogateescape").decode("utf-8", "replace"))
    tokens = md.parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + 2, 6)}"
    drawn: str = md.renderer.render(tokens, md.options, {})
    return f'<p class="soft">{code(told.map_path)}</p><div class="map">{"".join(_local(drawn))}</div>'


def _local(drawn: str) -> Iterator[str]:
    """Links of the map lead to files, which the page does not have beside it: their words stay, and the path in their title."""
    at = 0
    for match in re.finditer(r'<a href="([^"]*)"[^>]*>(.*?)</a>|<img [^>]*>', drawn, re.DOTALL):
        yield drawn[at : match.start()]
        yield f'<span title="{match[1]}">{match[2]}</span>' if match[1] is not None else ""
        at = match.end()
    yield drawn[at:]
