"""A markdown page as passages: paragraphs, list items, headings and rows of tables, with what they stand under.

Read from markdown-it's tokens. Left out are code blocks, which quote what a program printed or show an example, what
is struck through, and HTML. Judges nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING

from repoops.markdown.source import Source

if TYPE_CHECKING:
    from markdown_it.token import Token


@dataclass(frozen=True, slots=True)
class Passage:
    r"""One block of prose.

    Attributes:
        kind: `paragraph`, `item`, `heading` or `row`.
        rows: the parts that stand for themselves, with their first lines (from 1): a paragraph ends a part at a hard
            line break, and before a line that begins like a label; `\n` stays where a line goes on. Code spans are in
            backticks, links are their words.
        headings: those that it stands under, the page's title first.
        lead: what introduces it, outermost first: the paragraph before its list or table, and the items it lies in.
        cells: of a row, each with its column's head.
        quoted: in a block quote.
        task: of an item with a box, `x` or ` `; else empty.
    """

    kind: str
    rows: tuple[tuple[int, str], ...]
    headings: tuple[str, ...] = ()
    lead: tuple[str, ...] = ()
    cells: tuple[tuple[str, str], ...] = ()
    quoted: bool = False
    task: str = ""

    @property
    def line(self) -> int:
        """Where it begins."""
        return self.rows[0][0]

    @property
    def text(self) -> str:
        """All of it, lines as in the page."""
        return "\n".join(text for _, text in self.rows)


@dataclass
class _Walk:
    """Where the walk over the tokens has got to."""

    headings: dict[int, str] = field(default_factory=dict)
    last: list[str] = field(default_factory=lambda: [""])
    inside: str = ""
    heads: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)
    line: int = 0
    quotes: int = 0
    items: int = 0


_TASK = re.compile(r"\[([ xX])\]\s")


@lru_cache(maxsize=16)
def passages(data: bytes) -> tuple[Passage, ...]:
    """Every passage of a page, in order; never fails on its content. Kept for a page that is asked about again."""
    return tuple(_passages(data))


def _passages(data: bytes) -> Iterator[Passage]:
    from repoops.markdown.parser import parse  # markdown-it takes longer to load than most commands run

    walk = _Walk()
    for token in parse(Source.of(data)).tokens:
        if token.type == "inline":
            yield from _inline(token, walk)
        else:
            yield from _block(token, walk)


def _block(token: Token, walk: _Walk) -> Iterator[Passage]:
    kind = token.type
    if kind == "heading_open":
        walk.headings = {level: words for level, words in walk.headings.items() if level < int(token.tag[1:])}
        walk.inside, walk.last[-1] = token.tag, ""
    elif kind in ("list_item_open", "blockquote_open"):
        walk.last.append("")
        walk.quotes += kind == "blockquote_open"
        walk.items += kind == "list_item_open"
    elif kind in ("list_item_close", "blockquote_close"):
        walk.last.pop()
        walk.quotes -= kind == "blockquote_close"
        walk.items -= kind == "list_item_close"
    elif kind in ("fence", "code_block", "bullet_list_close", "ordered_list_close", "table_close", "hr"):
        walk.last[-1] = ""
    elif kind == "thead_open":
        walk.heads = []
    elif kind == "thead_close":
        walk.heads, walk.cells = walk.cells, []
    elif kind == "tr_open":
        walk.cells, walk.line = [], (token.map or [0])[0] + 1
    elif kind == "tr_close" and walk.heads and walk.cells:
        cells = tuple(zip(walk.heads, walk.cells, strict=False))
        said = "; ".join(f"{head}: {cell}" if head else cell for head, cell in cells)
        yield Passage(
            "row", ((walk.line, said),), tuple(walk.headings.values()), _lead(walk.last), cells, bool(walk.quotes)
        )  # fmt: skip
    elif kind in ("th_open", "td_open"):
        walk.inside = "cell"
    elif kind in ("th_close", "td_close", "heading_close"):
        walk.inside = ""


def _inline(token: Token, walk: _Walk) -> Iterator[Passage]:
    rows = tuple(_rows(token))
    words = " ".join(" ".join(text for _, text in rows).split())
    if walk.inside == "cell":
        walk.cells.append(words)
        return
    kind = "heading" if walk.inside else "item" if walk.items and not walk.last[-1] else "paragraph"
    task = _TASK.match(rows[0][1]) if kind == "item" and rows else None
    if rows:
        yield Passage(
            kind, rows, tuple(walk.headings.values()), _lead(walk.last[:-1]), (), bool(walk.quotes),
            task[1].lower() if task else "",
        )  # fmt: skip
    if walk.inside:
        walk.headings[int(walk.inside[1:])] = words
    elif rows:
        walk.last[-1] = " ".join(rows[-1][1].split()) if kind == "paragraph" else words


def _lead(last: list[str]) -> tuple[str, ...]:
    return tuple(words for words in last if words)


_LABEL = re.compile(r"[^\W\d_][\w ]{0,24}:(?:\s|$)|[-•✅❌⚠✓✗]")


def _rows(inline: Token) -> Iterator[tuple[int, str]]:
    """Text as it stands, in parts; line breaks inside a part are kept, so that lines can be counted."""
    first = at = (inline.map or [0])[0] + 1
    said, struck = "", 0
    children = inline.children or []
    for number, child in enumerate(children):
        if child.type in ("softbreak", "hardbreak"):
            at += 1
            after = next((c for c in children[number + 1 :] if c.type != "text" or c.content), None)
            apart = child.type == "hardbreak" or (
                after is not None
                and (after.type == "strong_open" or (after.type == "text" and _LABEL.match(after.content)))
            )
            if apart:
                yield first, said
                first, said = at, ""
            else:
                said += "\n"
        elif child.type in ("s_open", "s_close"):
            struck += 1 if child.type == "s_open" else -1
        elif struck:
            continue
        elif child.type == "code_inline":
            said += f"`{child.content}`"
        elif child.type in ("text", "image"):
            said += child.content
        elif child.markup == "__" and (said.endswith("/") or child.type == "strong_close"):
            said += "__"  # `pkg/__init__.py` outside a code span
    yield first, said
