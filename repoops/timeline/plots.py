"""Outcomes of versions over reports, as SVG text that takes its colours from the page."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from repoops.report.plots import head
from repoops.timeline.model import Standing

_STEP, _ROW = 22, 22


def lanes(rows: Sequence[tuple[str, Sequence[Standing | None]]], columns: Sequence[str]) -> str:
    """A row for each version, a column for each report, oldest first: filled where it passed, crossed where it failed,
    hollow where it did not run, nothing where the report does not have it. Each mark tells its figures as its title.

    Args:
        rows: (version, what each report found of it).
        columns: what each report is called.
    """
    left = 12 + 7 * max((len(version) for version, _ in rows), default=0)
    width, height = left + _STEP * len(columns) + 8, _ROW * len(rows) + 24
    said = head(width, height, f"{len(rows)} versions in {len(columns)} reports")
    parts = [
        said.replace("<svg ", f'<svg width="{width}" height="{height}" ', 1)
    ]  # as large as it is, never stretched
    for n, (version, found) in enumerate(rows):
        y = n * _ROW + 4
        parts.append(f'<text x="0" y="{y + 12}">{escape(version)}</text>')
        for at, (standing, of) in enumerate(zip(found, columns, strict=True)):
            if standing is not None:
                parts.append(_mark(left + at * _STEP, y, standing, f"{of}: {version}"))
    if columns:
        ends = ((left, columns[0], "start"), (left + (len(columns) - 1) * _STEP + 15, columns[-1], "end"))
        shown = ends if len(columns) * _STEP > 7 * (len(columns[0]) + len(columns[-1])) else ends[:1]
        for x, text, anchor in shown:
            parts.append(
                f'<text class="tick" x="{x}" y="{height - 6}" text-anchor="{anchor}">{escape(text)}</text>'
            )
    return "".join([*parts, "</svg>"])


def _mark(x: int, y: int, standing: Standing, of: str) -> str:
    said = f"{of}: {standing.passed} passed, {standing.failed} failed, {standing.not_run} not run"
    if standing.why:
        said += f": {standing.why}"
    style = {
        "passed": 'fill="var(--good)" stroke="var(--good)"',
        "failed": 'fill="var(--panel)" stroke="var(--bad)"',
        "not run": 'fill="var(--panel)" stroke="var(--soft)"',
    }[standing.word]
    cross = ""
    if standing.word == "failed":
        cross = f'<path d="M{x + 3} {y + 3}l9 9m0 -9l-9 9" stroke="var(--bad)" stroke-width="2"/>'
    return f'<g><title>{escape(said)}</title><rect x="{x}" y="{y}" width="15" height="15" rx="2" {style}/>{cross}</g>'
