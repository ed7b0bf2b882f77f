"""Plots of figures as SVG text that takes its colours from the page, so that both themes are right; no script, no network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

COLOURS = 8
"""As many as a page's style defines: `--k0` and on."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A point of a history: a figure, its interval where it has one, and what it is of."""

    of: str
    value: float
    interval: tuple[float, float] | None = None


def history(moments: Sequence[Moment], colour: int, unit: str) -> str:
    """A figure over two or more stored reports, oldest first, each with its interval; the scale begins at zero."""
    width, height, left, right, top, bottom = 520, 120, 70, 16, 12, 22
    highest = max(moment.interval[1] if moment.interval else moment.value for moment in moments) or 1.0
    step = (width - left - right) / (len(moments) - 1)
    places = [(left + n * step, moment) for n, moment in enumerate(moments)]

    def y(value: float) -> float:
        return height - bottom - value / highest * (height - top - bottom)

    stroke = f"var(--k{colour % COLOURS})"
    parts = [
        head(width, height, f"{len(moments)} stored reports, {unit}; the last {_figure(moments[-1].value)}")
    ]
    for value in (0.0, highest):
        parts.append(
            f'<line class="grid" x1="{left}" x2="{width - right}" y1="{y(value):.1f}" y2="{y(value):.1f}"/>'
        )
        parts.append(
            f'<text class="tick" x="{left - 6}" y="{y(value) + 4:.1f}" text-anchor="end">{_short(value)}</text>'
        )
    line = " ".join(f"{at:.1f},{y(moment.value):.1f}" for at, moment in places)
    parts.append(f'<polyline points="{line}" fill="none" stroke="{stroke}" stroke-width="1.5"/>')
    for at, moment in places:
        said = f"{moment.of}: {_figure(moment.value)} {unit}"
        if moment.interval:
            low, high = moment.interval
            parts.append(
                f'<line class="spread" x1="{at:.1f}" x2="{at:.1f}" y1="{y(low):.1f}" y2="{y(high):.1f}" stroke="{stroke}"/>'
            )
            said += f" ({_figure(low)} to {_figure(high)})"
        parts.append(
            f'<circle cx="{at:.1f}" cy="{y(moment.value):.1f}" r="3.5" fill="{stroke}"><title>{escape(said)}</title></circle>'
        )
    for (at, moment), anchor in ((places[0], "start"), (places[-1], "end")):
        parts.append(
            f'<text class="tick" x="{at:.1f}" y="{height - 6}" text-anchor="{anchor}">{escape(moment.of)}</text>'
        )
    return "".join([*parts, "</svg>"])


def bars(values: Sequence[tuple[str, float]], colour: int, most: float) -> str:
    """Figures side by side on one scale, each with its name and value in words."""
    width, row, name, figure = 520, 20, 170, 60
    parts = [head(width, row * len(values) + 4, "; ".join(f"{what} {value:.1f}" for what, value in values))]
    for n, (what, value) in enumerate(values):
        at = n * row + 4
        length = (width - name - figure) * value / most if most else 0.0
        parts.append(f'<text x="0" y="{at + 12}">{escape(what)}</text>')
        parts.append(
            f'<rect x="{name}" y="{at + 2}" width="{max(length, 0.5):.1f}" height="12" fill="var(--k{colour % COLOURS})"/>'
        )
        parts.append(f'<text x="{name + length + 6:.1f}" y="{at + 12}">{value:,.1f}</text>')
    return "".join([*parts, "</svg>"])


def head(width: int, height: int, said: str) -> str:
    """How a drawing begins; `said` is what a screen reader tells of it."""
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(said, quote=True)}">'


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _short(value: float) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g}"
