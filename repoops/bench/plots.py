"""Rooflines as SVG text that takes its colours from the page, so that both themes are right; no script, no network."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from repoops.bench.floors import Card
from repoops.report.plots import COLOURS, head

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


def roofline(card: Card, peak: float, marks: Sequence[Mark]) -> str:
    """Attainable rate over intensity, both logarithmic: the slope of memory, the roof of one unit's peak, and the marks.

    Labels stand beside their mark and are moved apart, so that none lies on another.
    """
    width, height, left, right, top, bottom = 520, 300, 84, 18, 14, 42
    low_x, high_x = 0.05, 5000.0
    high_y = peak * 2
    low_y = low_x * card.bandwidth / 2

    def x(value: float) -> float:
        share = math.log(min(max(value, low_x), high_x) / low_x) / math.log(high_x / low_x)
        return left + share * (width - left - right)

    def y(value: float) -> float:
        share = math.log(min(max(value, low_y), high_y) / low_y) / math.log(high_y / low_y)
        return height - bottom - share * (height - top - bottom)

    ridge = peak / card.bandwidth
    said = f"Roofline of the {card.name}: {_rate(peak)} above {ridge:.0f} operations a byte, {_bytes(card.bandwidth)} below"
    parts = [head(width, height, said)]
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
    roof = [(low_x, low_x * card.bandwidth), (ridge, peak), (high_x, peak)]
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


def _rate(value: float) -> str:
    for size, unit in ((1e15, "PFLOP/s"), (1e12, "TFLOP/s"), (1e9, "GFLOP/s"), (1e6, "MFLOP/s")):
        if value >= size:
            return f"{value / size:.3g} {unit}"
    return f"{value:.3g} FLOP/s"


def _bytes(value: float) -> str:
    return f"{value / 1e12:.3g} TB/s" if value >= 1e12 else f"{value / 1e9:.3g} GB/s"
