"""Pieces of HTML that only this page has."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

OUTCOMES = ("passed", "failed", "not run")


def field(name: str, label: str) -> str:
    """Narrows the rows of a table to those that hold all words typed; without a script it is not shown."""
    return (
        f'<p class="field" hidden><label for="{name}">{escape(label)}</label> <input id="{name}" type="search" autocomplete="off" '
        f'spellcheck="false"> <span class="soft" role="status" data-count="{name}"></span></p>'
    )


def bars(columns: Sequence[tuple[str, Sequence[int]]], names: Sequence[str], label: str) -> str:
    """Stacked columns, the oldest first, one height for the largest sum; each tells its figures as its title.

    Args:
        columns: (what it is of, a count for each name).
        names: of the parts, from the bottom; their colours are `--s0` and on.
        label: of the whole drawing.
    """
    width, height, bottom = 34, 120, 20
    most = max((sum(counts) for _, counts in columns), default=0) or 1
    parts = [
        f'<svg viewBox="0 0 {max(len(columns) * width + 8, 120)} {height + bottom}" role="img" aria-label="{escape(label, quote=True)}">'
    ]
    for n, (of, counts) in enumerate(columns):
        y = float(height)
        said = f"{of}: " + ", ".join(f"{count} {name}" for name, count in zip(names, counts, strict=True))
        parts.append(f"<g><title>{escape(said)}</title>")
        for part, count in enumerate(counts):
            tall = count / most * (height - 6)
            y -= tall
            if count:
                parts.append(
                    f'<rect x="{n * width + 8}" y="{y:.2f}" width="{width - 10}" height="{max(tall, 1.0):.2f}" fill="var(--s{part})"/>'
                )
        parts.append(
            f'<text x="{n * width + 8 + (width - 10) / 2:.0f}" y="{height + 14}" text-anchor="middle">{escape(of[5:10])}</text></g>'
        )
    return "".join([*parts, "</svg>"])
