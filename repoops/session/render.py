"""A summary as markdown with YAML front matter; the same data gives the same bytes, which is what audit relies on."""

from __future__ import annotations

import posixpath
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import timedelta
from urllib.parse import quote

from repoops.files import RelPath, shown
from repoops.report import benchmark
from repoops.report.table import ran_where
from repoops.report.verification import CaseResult, VerificationReport
from repoops.session.gpu import history
from repoops.session.item import Item, Partial, Stated
from repoops.session.summary import Summary
from repoops.words import counted, many

SCHEMA = "repoops/session-summary/1"
BY_HAND = ("<!-- by hand: audit reads nothing between these two lines -->", "<!-- end of what is by hand -->")
_MOST_FILES = 20
_NO_MARKS = dict.fromkeys(map(ord, "✅✔☑❌✘✖⚠🎉🚀⏳\ufe0f"))
_OUTCOMES = {"done": "✅ done", "failed": "❌ failed", "partial": "⚠️ partial", "not measured": "not measured"}


def render(
    summary: Summary, at: RelPath, evidence: RelPath, digests: Mapping[str, str], by_hand: str = ""
) -> str:
    """Writes the page.

    Args:
        summary: what it says.
        at: where the page lies: links are relative to it.
        evidence: the folder of the session's evidence.
        digests: name in that folder → digest, of every statement, log and report.
        by_hand: what stands between the two markers.
    """
    link = _Links(at, evidence)
    parts = [
        _front_matter(summary, evidence, digests),
        _head(summary),
        _section("What happened", _happened(summary, link)),
        _section("Cleaned up", _cleaned(summary)),
        _section("Repository", _repository(summary)),
        *([_section("GPU machine", _machines(summary, link))] if summary.facts.gpu else []),
        _section("Verification", _verification(summary, link)),
        _section("Performance", _performance(summary)),
        _section("What's next", _next(summary)),
        _section("Lessons", _lessons(summary)),
        _section("Files to review", _files(summary, link)),
        _section("Immediate action", _immediate(summary)),
        _section("Session end", _end(summary)),
        f"## By hand\n\n{BY_HAND[0]}\n{by_hand}{BY_HAND[1]}\n",
    ]
    return "\n".join(parts)


class _Links:
    """Relative destinations from the page."""

    def __init__(self, at: RelPath, evidence: RelPath) -> None:
        self._from, self._evidence = posixpath.dirname(at) or ".", evidence

    def file(self, path: RelPath) -> str:
        return quote(posixpath.relpath(path, self._from).encode("utf-8", "surrogateescape"))

    def evidence(self, name: str) -> str:
        return self.file(posixpath.join(self._evidence, name))


def _front_matter(summary: Summary, evidence: RelPath, digests: Mapping[str, str]) -> str:
    import yaml

    facts = summary.facts
    report = summary.report
    data = {
        "schema": SCHEMA,
        "session": facts.start.id,
        "outcome": summary.outcome,
        "started": facts.start.at.isoformat(),
        "ended": facts.end.isoformat(),
        "duration_s": int(summary.duration.total_seconds()),
        "active_s": int(summary.active.total_seconds()),
        "commit": facts.subject.commit,
        "branch": facts.branch,
        "tree": facts.subject.tree,
        "dirty": facts.subject.dirty,
        "excluded": list(facts.subject.exclude),
        "marks": dict(
            sorted(Counter(i.mark for i in (*summary.items, *summary.machines, *summary.stated)).items())
        ),
        "verification": {
            "backend": report.backend,
            **{
                outcome.replace(" ", "_"): report.count(outcome)
                for outcome in ("passed", "failed", "not run")
            },
        }
        if report
        else None,
        "evidence": {"folder": evidence, "files": dict(sorted(digests.items()))},
    }
    text: str = yaml.safe_dump(data, sort_keys=False, allow_unicode=True, width=200)
    return f"---\n{text}---\n"


def _head(summary: Summary) -> str:
    end = summary.facts.end
    return (
        f"# Session summary, {end:%Y-%m-%d}\n\n"
        f"**Status**: {_OUTCOMES[summary.outcome]}\n"
        f"**Date**: {end:%Y-%m-%d %H:%M} (UTC{_offset(summary)})\n"
        f"**Duration**: {span(summary.duration)}, active {span(summary.active)}\n"
        + "".join(f"**GPU machine**: {_said(item)}\n" for item in summary.machines if item.mark == "⚠️")
    )


def _section(title: str, lines: Iterator[str]) -> str:
    body = "\n".join(lines)
    return f"## {title}\n\n{body or 'None recorded.'}\n"


def _happened(summary: Summary, link: _Links) -> Iterator[str]:
    for item in summary.items:
        yield _item(item, link)
    for item in summary.stated:
        yield f"- stated, not measured: {_line(item.text)}"
    commits = summary.facts.commits
    if commits:
        yield f"- {many(len(commits), 'commit')}:"
        for oid, subject, _ in commits:
            yield f"  - `{oid[:10]}` {_line(subject)}"


def _item(item: Item, link: _Links) -> str:
    if isinstance(item.state, Stated):
        return f"- stated, not measured: {_line(item.text)}"
    return f"- {_said(item)} ([evidence]({link.evidence(item.state.evidence.id + '.json')}))"


def _said(item: Item) -> str:
    but = f"; {_line(item.state.but)}" if isinstance(item.state, Partial) else ""
    return f"{item.mark} {_line(item.text)}{but}"


def _cleaned(summary: Summary) -> Iterator[str]:
    for oid, command, counts, state in summary.facts.operations:
        said = counted(counts) or "nothing counted"
        taken = "" if state == "applied" else f" ({state})"
        yield f"- `{command}`{taken}: {said}; counted on disk, journal `{oid}`"


def _repository(summary: Summary) -> Iterator[str]:
    facts = summary.facts
    yield f"- HEAD: `{facts.subject.commit[:10]}`" if facts.subject.commit else "- HEAD: no commit yet"
    yield (
        f"- branch: `{facts.branch.removeprefix('refs/heads/')}`"
        if facts.branch
        else "- branch: none, HEAD is detached"
    )
    yield f"- tree: `{facts.subject.tree[:10]}`, {'with uncommitted changes' if facts.subject.dirty else 'as committed'}"
    for what, count in facts.repository.items():
        yield f"- {what}: {count}"


def _machines(summary: Summary, link: _Links) -> Iterator[str]:
    for item in summary.machines:
        yield _item(item, link)
    for words, evidence in history(summary.facts.gpu, summary.facts.end):
        yield f"- {_line(words)} ([evidence]({link.evidence(evidence + '.json')}))"


def _verification(summary: Summary, link: _Links) -> Iterator[str]:
    report = summary.report
    if report is None:
        yield f"Not run: {_line(summary.facts.not_verified)}"
        return
    yield f"Results: {_line(ran_where(report))}. [Report]({link.evidence('verification.json')})."
    yield ""
    yield "| kernel | version | check | where it ran | result | registers | spills (bytes) | stack (bytes) |"
    yield "|---|---|---|---|---|---:|---:|---:|"
    for kernel, version, check, where, result, case in _rows(report):
        found = case.resources
        figures = (
            f"{found.registers} | {found.spill_stores + found.spill_loads} | {found.stack}"
            if found
            else " | |"
        )
        yield f"| {kernel} | {version} | {check} | {where} | {result} | {figures} |"
    for case in report.results:
        if case.outcome == "failed":
            yield f"\n❌ `{case.test}`: {_line(getattr(case.result, 'why', ''))}"
    reasons = Counter(getattr(c.result, "why", "") for c in report.results if c.outcome == "not run")
    for why, count in reasons.items():
        yield f"\nNot run, {count} checks: {_line(why)}."
    for what, why in report.not_run:
        yield f"\nNot run, {_line(what)}: {_line(why)}"


def _rows(report: VerificationReport) -> Iterator[tuple[str, str, str, str, str, CaseResult]]:
    groups: dict[tuple[str, str, str, str], list[CaseResult]] = {}
    for case in report.results:
        check = case.check if case.resources else case.check.split("[")[0]
        groups.setdefault((case.kernel, case.version, check, case.ran_on or "nowhere"), []).append(case)
    for (kernel, version, check, where), cases in groups.items():
        result = ", ".join(f"{n} {outcome}" for outcome, n in Counter(c.outcome for c in cases).items())
        yield kernel, version, check, where, result, cases[0]


def _performance(summary: Summary) -> Iterator[str]:
    bench = benchmark.markdown(summary.report) if summary.report else []
    if bench:
        yield from bench
        return
    timed = [c for c in summary.report.results if c.timing] if summary.report else []
    if not timed:
        yield "Not measured: no GPU ran a kernel in this session's report."
    for case in timed:
        timing = case.timing
        if timing is None:
            continue
        against = (
            f", {timing.baseline} {timing.baseline_p50_us:.2f} µs"
            if timing.baseline_p50_us
            else ", no baseline"
        )
        yield (
            f"- `{case.kernel}` {case.version} on {case.ran_on}: {timing.p50_us:.2f} µs "
            f"(p5 {timing.p5_us:.2f}, p95 {timing.p95_us:.2f}, {timing.samples} samples, {timing.method}){against}"
        )


def _next(summary: Summary) -> Iterator[str]:
    for number, option in enumerate(summary.options):
        chosen = " (recommended)" if number == summary.recommended else ""
        yield f"- {chr(ord('A') + number) if number < 26 else number + 1}{chosen}: {_line(option.text)} [{option.source}]"


def _lessons(summary: Summary) -> Iterator[str]:
    for kind, title in (("worked", "Worked"), ("failed", "Failed"), ("lesson", "Better next time")):
        said = [note.text for note in summary.facts.notes if note.kind == kind]
        for text in said:
            yield f"- {title} (stated): {_line(text)}"


def _files(summary: Summary, link: _Links) -> Iterator[str]:
    files = sorted(summary.facts.files, key=lambda f: (-((f[1] or 0) + (f[2] or 0)), f[0]))
    for path, added, removed, gone in files[:_MOST_FILES]:
        size = "binary" if added is None else f"+{added} -{removed}"
        name = shown(path).replace("[", "\\[").replace("]", "\\]")
        yield f"- `{shown(path)}` removed" if gone else f"- [{name}]({link.file(path)}) {size}"
    if len(files) > _MOST_FILES:
        yield f"- and {many(len(files) - _MOST_FILES, 'smaller change')}"


def _immediate(summary: Summary) -> Iterator[str]:
    if summary.recommended is not None:
        yield _line(summary.options[summary.recommended].text)


def _end(summary: Summary) -> Iterator[str]:
    facts = summary.facts
    yield f"- started: {facts.start.at:%Y-%m-%d %H:%M} (UTC{facts.start.at:%z})" + (
        "" if facts.start.recorded else f", not recorded: {_line(facts.start.why)}"
    )
    yield f"- ended: {facts.end:%Y-%m-%d %H:%M} (UTC{_offset(summary)})"
    yield f"- duration: {span(summary.duration)} by the clock, {span(summary.active)} active (commits, notes and runs at most 30 min apart)"
    for name, value in facts.start.machine.items():
        yield f"- {name}: {_line(value)}"
    yield f"- outcome: {summary.outcome}"


def unmarked(text: str) -> str:
    """One line without a mark of its own: marks are derived, never quoted."""
    return " ".join(text.translate(_NO_MARKS).split())


def _line(text: str) -> str:
    """Such a line as markdown that cannot break out of its place."""
    return unmarked(text).replace("|", "\\|")


def _offset(summary: Summary) -> str:
    return f"{summary.facts.end:%z}"


def span(duration: timedelta) -> str:
    """`2 h 05 min`, or `4 min 09 s`."""
    minutes, seconds = divmod(int(duration.total_seconds()), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {seconds:02} s"
