"""What a markdown file says of itself (title, headings, labels, dates, marks), from the parser's tokens; judges nothing.

Fenced and inline code never counts: a log that shows a program's output does not claim it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from typing import Any

from markdown_it.token import Token

from repoops.markdown.dates import dates_in
from repoops.markdown.outcome import DONE, FAILED, PARTIAL, PENDING, STATUS, outcome_of
from repoops.markdown.source import Source

_DATE = ("date", "datum", "fecha", "data", "日期", "日付", "날짜")
_LABEL = re.compile(r"\s*(?P<name>[^\W\d_][\w /&-]{0,30}?)\s*[:：]\s*(?P<value>.*)", re.DOTALL)
_TASK = re.compile(r"\[([ xX])\]\s")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: plain text, level 1 to 6, line from 1."""

    level: int
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Label:
    """A line such as `**Status**: done`: the name in lower case, the value as plain text, the line from 1.

    `bold` is False where the name stands plain (`Status: done`), which is weaker evidence.
    """

    name: str
    value: str
    line: int
    bold: bool


@dataclass(frozen=True, slots=True)
class Dated:
    """A date in prose: ISO, the words it was read from, the line from 1."""

    date: str
    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Marks:
    """How often each kind of mark stands in prose, with and without U+FE0F."""

    done: int = 0
    failed: int = 0
    partial: int = 0
    pending: int = 0

    @property
    def total(self) -> int:
        """All of them."""
        return self.done + self.failed + self.partial + self.pending


@dataclass(frozen=True, slots=True)
class Facts:
    """A file's facts. Lines count from 1.

    Attributes:
        lines: how many the file has.
        title: the first level-1 heading, else the first heading, else the front matter's `title`.
        headings, labels, dates: in order.
        marks: in prose, headings and tables.
        tasks_done, tasks_open: `- [x]` and `- [ ]`.
        fences, tables, links: how many there are.
        front_matter: the YAML mapping at the top; None where there is none or it is no mapping.
        text: the prose with inline code, one string per line of it with its number.
    """

    lines: int
    title: str | None
    headings: tuple[Heading, ...]
    labels: tuple[Label, ...]
    dates: tuple[Dated, ...]
    marks: Marks
    tasks_done: int
    tasks_open: int
    fences: int
    tables: int
    links: int
    front_matter: dict[str, Any] | None
    text: tuple[tuple[int, str], ...] = field(repr=False, default=())

    @property
    def status(self) -> Label | None:
        """The first label that names a status and claims an outcome; else the first that names a status and has a value."""
        named = [label for label in self.labels if label.value and _names(label.name, STATUS)]
        return next(
            (label for label in named if outcome_of(label.value) != "other"), named[0] if named else None
        )

    @property
    def date_label(self) -> Label | None:
        """The first label that names a date."""
        return next((label for label in self.labels if _names(label.name, _DATE)), None)

    @property
    def outcome(self) -> str | None:
        """`done`, `partial`, `failed` or `other` by the first status label; None where there is none.

        The file's name has no part in it: of 248 logs measured, 33 named COMPLETE or SUCCESS hold failures.
        """
        return None if self.status is None else outcome_of(self.status.value)

    def per_100_lines(self, count: int) -> float:
        """A count by the file's length."""
        return 100 * count / max(self.lines, 1)


@lru_cache(maxsize=1024)
def facts(data: bytes) -> Facts:
    """Reads a file; never fails on its content. Kept for a file that is asked about again: parsing takes 10 ms."""
    from repoops.markdown.parser import parse

    source = Source.of(data)
    tokens = parse(source).tokens
    rows = [row for token in tokens if token.type == "inline" for row in _rows(token)]
    text = tuple((row.line, row.text) for row in rows)
    headings = tuple(_headings(tokens))
    prose = "\n".join(row.prose for row in rows)
    tasks = [match for row in rows if row.first and (match := _TASK.match(row.text))]
    front = _front_matter(source)
    first = next((h for h in headings if h.level == 1), headings[0] if headings else None)
    title = first.text if first else front.get("title") if front else None
    return Facts(
        lines=len(source.lines) - (source.lines[-1] == ""),
        title=str(title) if title else None,
        headings=headings,
        labels=tuple(label for row in rows if (label := row.label) is not None),
        dates=tuple(Dated(day, words, row.line) for row in rows for day, words in dates_in(row.text)),
        marks=Marks(*(sum(prose.count(mark) for mark in kind) for kind in (DONE, FAILED, PARTIAL, PENDING))),
        tasks_done=sum(match[1] != " " for match in tasks),
        tasks_open=sum(match[1] == " " for match in tasks),
        fences=sum(token.type == "fence" for token in tokens),
        tables=sum(token.type == "table_open" for token in tokens),
        links=sum(t.type in ("link_open", "image") for token in tokens for t in token.children or ()),
        front_matter=front,
        text=text,
    )


@dataclass(frozen=True, slots=True)
class _Row:
    """One visual line: `prose` is its text less inline code, `bold` the length of the bold run it begins with.

    `first` says that it begins its block.
    """

    line: int
    text: str
    prose: str
    bold: int
    first: bool

    @property
    def label(self) -> Label | None:
        match = _LABEL.match(self.text)
        if match is None:
            return None
        value = match["value"].strip()
        # `**Status:** done` and `**Status**: done` are both in use; `**Status: done**` is too
        bold = self.bold > 0 and self.bold >= match.end("name")
        if not bold and (not _names(match["name"].lower(), (*STATUS, *_DATE)) or not value):
            return None
        return Label(match["name"].lower(), value, self.line, bold)


def _rows(inline: Token) -> Iterator[_Row]:
    line = (inline.map or [0])[0] + 1
    text, prose, bold, depth, first = "", "", 0, 0, True
    for child in inline.children or ():
        broken = child.type in ("softbreak", "hardbreak")
        if broken or (child.type == "html_inline" and child.content.lower().startswith("<br")):
            yield _Row(line, text, prose, bold, first)
            text, prose, bold, first = "", "", 0, False
        elif child.type in ("strong_open", "strong_close"):
            depth += child.nesting
        elif child.type in ("text", "image", "code_inline"):
            whole = depth > 0 and bold == len(text)
            text += child.content
            prose += child.content if child.type != "code_inline" else ""
            bold = len(text) if whole else bold
        line += broken + (child.content.count("\n") if child.type == "html_inline" else 0)
    yield _Row(line, text, prose, bold, first)


def _headings(tokens: list[Token]) -> Iterator[Heading]:
    for opening, inline in pairwise(tokens):
        if opening.type == "heading_open":
            words = "".join(
                c.content for c in inline.children or () if c.type in ("text", "code_inline", "image")
            )
            yield Heading(int(opening.tag[1:]), words.strip(), (opening.map or [0])[0] + 1)


def _front_matter(source: Source) -> dict[str, Any] | None:
    if source.front_matter is None:
        return None
    import yaml

    try:
        data = yaml.safe_load(source.front_matter)
    except (yaml.YAMLError, ValueError):  # ValueError: a date that is none, 2025-13-45
        return None
    return {str(key): value for key, value in data.items()} if isinstance(data, dict) else None


def _names(name: str, words: tuple[str, ...]) -> bool:
    return any(word == name or word in name.split() for word in words)
