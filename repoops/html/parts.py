"""Pieces of HTML that every section is made of; whatever is put in is text, and escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

OUTCOMES = ("passed", "failed", "not run")
GOOD = ("done", "true", "passed", "measured")
BAD = ("failed", "false", "contradicted")
MIDDLE = ("partial", "approximate", "unsupported")


def badge(word: str) -> str:
    """A word in a frame; its colour says the same as the word, never more."""
    kind = "good" if word in GOOD else "bad" if word in BAD else "middle" if word in MIDDLE else "plain"
    return f'<span class="badge {kind}">{escape(word)}</span>'


def table(
    label: str,
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    figures: Sequence[str] = (),
    filtered: str = "",
) -> str:
    """Cells are HTML already.

    Args:
        label: what a screen reader calls it.
        head: the columns.
        rows: of as many cells each.
        figures: columns of numbers.
        filtered: the id of the field that narrows its rows.
    """
    kinds = ["figure" if name in figures else "words" for name in head]
    top = "".join(
        f'<th scope="col" class="{kind}">{escape(name)}</th>' for name, kind in zip(head, kinds, strict=True)
    )
    body = "".join(
        "<tr>"
        + "".join(f'<td class="{kind}">{cell}</td>' for cell, kind in zip(row, kinds, strict=True))
        + "</tr>"
        for row in rows
    )
    by = f' data-filter="{filtered}"' if filtered else ""
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(label, quote=True)}"><table{by}>'
        f"<thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def field(name: str, label: str) -> str:
    """Narrows the rows of a table to those that hold all words typed; without a script it is not shown."""
    return (
        f'<p class="field" hidden><label for="{name}">{escape(label)}</label> <input id="{name}" type="search" autocomplete="off" '
        f'spellcheck="false"> <span class="soft" role="status" data-count="{name}"></span></p>'
    )


def code(text: str) -> str:
    """Text as code; nothing of nothing."""
    return f"<code>{escape(text)}</code>" if text else ""


def command(text: str) -> str:
    """A command to copy, in one line."""
    return f'<code class="command">{escape(text)}</code>' if text else ""


_CODE = re.compile(r"(?<!`)`([^`\n]+)`(?!`)")


def prose(text: str) -> str:
    """Text in which backticks enclose code, as everywhere in logs."""
    return _CODE.sub(r"<code>\1</code>", escape(text))


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
