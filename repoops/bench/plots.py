"""Plots as SVG text that takes its colours from the page, so that both themes are right; no script, no network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from repoops.bench.floors import Card

COLOURS = 8
"""As many as the page's style defines: `--k0` and on."""
_LABEL = 13
"""Pixels that two labels must be apart, from line to line."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of a roofline: operations a byte, operations a second; a floor is hollow, a measurement filled."""

    label: str
    intensity: float
    rate: float
    colour: int
    measured: bool = False


@dataclass(frozen=True, slots=True)
class Moment:
    """A point of a history: a figure, its interval where it has one, and what it is of."""

    of: str
    value: float
    interval: tuple[float, float] | None = None


def roofline(card: Card, unit: str, marks: Sequence[Mark]) -> str:
    """Attainable rate over intensity, both logarithmic: the slope of memory, the roof of one unit, and the marks.

    Labels stand beside their mark and are moved apart, so that none lies on another.
    """
    width, height, left, right, top, bottom = 520, 300, 84, 18, 14, 42
    low_x, high_x = 0.05, 5000.0
    high_y = card.peak(unit) * 2
    low_y = low_x * card.bandwidth / 2

    def x(value: float) -> float:
        share = math.log(min(max(value, low_x), high_x) / low_x) / math.log(high_x / low_x)
        return left + share * (width - left - right)

    def y(value: float) -> float:
        share = math.log(min(max(value, low_y), high_y) / low_y) / math.log(high_y / low_y)
        return height - bottom - share * (height - top - bottom)

    ridge = card.peak(unit) / card.bandwidth
    said = f"Roofline of the {card.name}: {_rate(card.peak(unit))} above {ridge:.0f} operations a byte, {_bytes(card.bandwidth)} below"
    parts = [_head(width, height, said)]
    for n in range(math.ceil(math.log10(low_x)), math.floor(math.log10(high_x)) + 1):
        at = x(10.0**n)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{top}" y2="{height - bottom}"/>')
        parts.append(
            f'<text class="tick" x="{at:.1f}" y="{height - bottom + 15}" text-anchor="middle">{10.0**n:g}</text>'
        )
    for n in range(math.ceil(math.log10(low_y)), math.floor(math.log10(high_y)) + 1):
        at = y(10.0**n)
        parts.append(f'<line class="grid" x1="{left}" x2="{width - right}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(
            f'<text class="tick" x="{left - 6}" y="{at + 4:.1f}" text-anchor="end">{_rate(10.0**n)}</text>'
        )
    middle = (left + width - right) / 2
    parts.append(
        f'<text class="tick" x="{middle:.0f}" y="{height - 8}" text-anchor="middle">operations a byte</text>'
    )
    roof = [(low_x, low_x * card.bandwidth), (ridge, card.peak(unit)), (high_x, card.peak(unit))]
    parts.append(f'<polyline class="roof" points="{" ".join(f"{x(a):.1f},{y(b):.1f}" for a, b in roof)}"/>')
    parts += _marks([(mark, x(mark.intensity), y(mark.rate)) for mark in marks], width - right)
    return "".join([*parts, "</svg>"])


def _marks(placed: Sequence[tuple[Mark, float, float]], edge: float) -> list[str]:
    parts = []
    taken: list[tuple[float, float, int]] = []
    for mark, at_x, at_y in sorted(placed, key=lambda one: (one[1], one[2])):
        colour = f"var(--k{mark.colour % COLOURS})"
        fill = colour if mark.measured else "var(--panel)"
        what = "measured" if mark.measured else "floor"
        parts.append(
            f'<circle cx="{at_x:.1f}" cy="{at_y:.1f}" r="4.5" stroke="{colour}" stroke-width="2" fill="{fill}">'
            f"<title>{escape(mark.label)}: {what}, {_rate(mark.rate)}</title></circle>"
        )
        # Below and to the right lies nothing but grid: the roof is above every mark.
        text_x, text_y = min(at_x + 8, edge - 7 * len(mark.label)), at_y + 18
        while any(
            abs(text_x - other_x) < 8 * max(length, len(mark.label)) and abs(text_y - other_y) < _LABEL
            for other_x, other_y, length in taken
        ):
            text_y += _LABEL
        taken.append((text_x, text_y, len(mark.label)))
        parts.append(
            f'<text x="{text_x:.1f}" y="{text_y:.1f}" style="fill:{colour}">{escape(mark.label)}</text>'
        )
    return parts


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
        _head(width, height, f"{len(moments)} stored reports, {unit}; the last {_figure(moments[-1].value)}")
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
    parts = [_head(width, row * len(values) + 4, "; ".join(f"{what} {value:.1f}" for what, value in values))]
    for n, (what, value) in enumerate(values):
        at = n * row + 4
        length = (width - name - figure) * value / most if most else 0.0
        parts.append(f'<text x="0" y="{at + 12}">{escape(what)}</text>')
        parts.append(
            f'<rect x="{name}" y="{at + 2}" width="{max(length, 0.5):.1f}" height="12" fill="var(--k{colour % COLOURS})"/>'
        )
        parts.append(f'<text x="{name + length + 6:.1f}" y="{at + 12}">{value:,.1f}</text>')
    return "".join([*parts, "</svg>"])


def _head(width: int, height: int, said: str) -> str:
    return f'<svg viewBox="0 0 {width} {height}" role="img" aria-label="{escape(said, quote=True)}">'


def _rate(value: float) -> str:
    for size, unit in ((1e15, "PFLOP/s"), (1e12, "TFLOP/s"), (1e9, "GFLOP/s"), (1e6, "MFLOP/s")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g} FLOP/s"


def _bytes(value: float) -> str:
    return f"{value / 1e12:.3g} TB/s" if value >= 1e12 else f"{value / 1e9:.3g} GB/s"


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.2f}"


def _short(value: float) -> str:
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g}"
