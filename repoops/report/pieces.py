"""Pieces of HTML that pages are made of; whatever is put in is text, and escaped here."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

GOOD = ("done", "true", "passed", "measured", "worked", "solved")
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
