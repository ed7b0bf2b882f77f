"""From what a person types to places in the repository, the best first."""

from __future__ import annotations

import posixpath
import re
import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from repoops.errors import RepoOpsError
from repoops.search import kinds
from repoops.search.pages import outcome

_WORD = re.compile(r'"(?P<phrase>[^"]*)"|(?P<word>\S+)')
_OPEN, _CLOSE = "\x02", "\x03"
"""Stand around what was found: `char(2)` and `char(3)` of SQL, which are in no text that a person reads."""
_PER_SOURCE = 3
_STORED = ("note", "run", "report")
"""Sources that are JSON."""
_WIDTH = 160
"""Characters of a line that are shown around what was found."""


@dataclass(frozen=True, slots=True)
class Filter:
    """What a hit must be. Empty fields ask for nothing.

    Attributes:
        kind: a sum of `kinds.NAMES`, of which the passage must have one.
        outcome: what its source says came of it.
        kernel: a word that its source must hold, or have in its name.
        since, until: ISO dates, both included.
        sources: kinds of sources.
    """

    kind: int = 0
    outcome: str = ""
    kernel: str = ""
    since: str = ""
    until: str = ""
    sources: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """A line that was found: from 1, and the part of it around what was asked for."""

    line: int
    text: str


@dataclass(frozen=True, slots=True)
class Hit:
    """One passage.

    Attributes:
        kind: of its source.
        name: of its source, as bytes.
        file: where its best line stands, named as its source is: the source, or the log beside a run's statement.
        date, outcome, title: of its source.
        heading: under which it stands.
        kinds: names of what it is about.
        place: its best line.
        solved: of a failure, where the same source goes on to tell what solved it.
    """

    kind: str
    name: bytes
    file: bytes
    date: str
    outcome: str
    title: str
    heading: str
    kinds: tuple[str, ...]
    place: Place
    solved: Place | None = None


def expression(words: str) -> str:
    """FTS5's query of all these words, `"a phrase"` in order and `begin*` by its beginning; nothing else in it is an operator.

    Raises:
        RepoOpsError: there is no word in it.
    """
    terms = []
    for match in _WORD.finditer(words.replace("\0", " ")):
        term = match["phrase"] if match["phrase"] is not None else match["word"]
        prefix = match["phrase"] is None and term.endswith("*")
        if re.search(r"[^\W_]", term):
            terms.append('"' + term.rstrip("*").replace('"', "") + '"' + ("*" if prefix else ""))
    if not terms:
        raise RepoOpsError("nothing to look for", where=repr(words), remedy='for example: repoops search "misaligned address"')  # fmt: skip
    return " ".join(terms)


def search(db: sqlite3.Connection, words: str, only: Filter, limit: int) -> tuple[list[Hit], int]:
    """The best hits, at most `limit` and three of one source, and how many passages match in all.

    Ranked by BM25, a heading's words four times those of the text; of equals the newest.
    """
    asked = expression(words)
    where, given = _conditions(only)
    rows = db.execute(
        "SELECT p.id, p.source FROM words JOIN passage p ON p.id = words.rowid JOIN source s ON s.id = p.source "  # noqa: S608 - put together from our own conditions alone
        f"WHERE words MATCH ? {where} ORDER BY bm25(words, 4.0, 1.0), s.date DESC, p.id",
        (asked, *given),
    ).fetchall()
    taken: dict[int, int] = {}
    chosen: list[int] = []
    for rowid, source in rows:
        taken[source] = taken.get(source, 0) + 1
        if taken[source] <= _PER_SOURCE and len(chosen) < limit:
            chosen.append(rowid)
    return [_hit(db, asked, rowid) for rowid in chosen], len(rows)


def _conditions(only: Filter) -> tuple[str, list[object]]:
    parts: list[str] = []
    given: list[object] = []

    def ask(condition: str, *values: object) -> None:
        parts.append("AND " + condition)
        given.extend(values)

    if only.kind:
        ask("p.kinds & ?", only.kind)
    if only.outcome:
        ask("s.outcome = ?", only.outcome)
    if only.since:
        ask("substr(s.date, 1, 10) >= ?", only.since)
    if only.until:
        ask("s.date != '' AND substr(s.date, 1, 10) <= ?", only.until)
    if only.sources:
        ask(f"s.kind IN ({','.join('?' * len(only.sources))})", *only.sources)
    if only.kernel:
        ask(
            "(s.id IN (SELECT q.source FROM words JOIN passage q ON q.id = words.rowid WHERE words MATCH ?) "
            "OR instr(lower(CAST(s.name AS TEXT)), lower(?)))",
            expression(only.kernel), only.kernel,
        )  # fmt: skip
    return " ".join(parts), given


def _hit(db: sqlite3.Connection, asked: str, rowid: int) -> Hit:
    kind, name, date, outcome, title, heading, number, line, source, text = db.execute(
        "SELECT s.kind, s.name, s.date, s.outcome, s.title, p.heading, p.kinds, p.line, p.source, highlight(words, 1, char(2), char(3)) "
        "FROM words JOIN passage p ON p.id = words.rowid JOIN source s ON s.id = p.source WHERE words MATCH ? AND words.rowid = ?",
        (asked, rowid),
    ).fetchone()  # fmt: skip
    solved = _solved(db, source, line) if number & kinds.FAILED and not number & kinds.SOLVED else None
    about = tuple(word for word, bit in kinds.NAMES.items() if number & bit)
    file = posixpath.join(posixpath.dirname(name), heading.encode()) if kind == "run" and heading else name
    best = _best(text, line)
    if kind in _STORED and file == name:
        best = Place(line, best.text)  # JSON has a text of several lines on one
    return Hit(kind, name, file, date, outcome, title, heading, about, best, solved)


def _best(marked: str, line: int) -> Place:
    """The line with most of what was asked for, the first of those; where only the heading has it, the first that says something."""
    rows = marked.split("\n")
    best = max(range(len(rows)), key=lambda n: (rows[n].count(_OPEN), -n))
    if _OPEN not in rows[best]:
        said = [number for number, row in _said(marked) if not _LABEL.match(row)]
        best = next(iter(said), best)
    return Place(line + best, shortened(rows[best]))


def shortened(row: str) -> str:
    """A line without marks of the index, cut to a width around the first of them."""
    at = row.find(_OPEN)
    plain = row.replace(_OPEN, "").replace(_CLOSE, "")
    start = max(0, min(at - _WIDTH // 2, len(plain) - _WIDTH))
    cut = plain[start : start + _WIDTH].strip()
    return f"{'… ' if start else ''}{cut}{' …' if start + _WIDTH < len(plain) else ''}"


def _solved(db: sqlite3.Connection, source: int, line: int) -> Place | None:
    """The first passage after a line that tells of a solution, by its heading or its first words."""
    row = db.execute(
        "SELECT line, text FROM passage WHERE source = ? AND line > ? AND kinds & ? ORDER BY line LIMIT 1", (source, line, kinds.SOLVED)
    ).fetchone()  # fmt: skip
    if row is None:
        return None
    at, text = row
    said = list(_said(text))
    return Place(at + said[0][0], shortened(said[0][1])) if said else None


def _said(text: str) -> Iterator[tuple[int, str]]:
    """Lines that say something: no fence, no rule."""
    for number, row in enumerate(text.split("\n")):
        if re.search(r"\w", row) and not row.lstrip().startswith(("```", "~~~")):
            yield number, row


_ITEM = re.compile(r"^ {0,3}(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?")


_LABEL = re.compile(r"^\*\*[^*]{1,30}\*\*\s*:|^\*\*[^*]{1,30}:\*\*")
"""`**Date**: …` and its like."""


def newest(db: sqlite3.Connection, kind: int, pages: int) -> list[tuple[bytes, Place]]:
    """What the newest pages with an outcome say that is of a kind: their names, each list item, and the first line of what is no list."""
    rows = db.execute(
        "SELECT s.name, p.line, p.text FROM passage p JOIN (SELECT id, name, date FROM source WHERE kind = 'page' AND outcome != '' "
        "ORDER BY date DESC, name LIMIT ?) s ON s.id = p.source WHERE p.kinds & ? ORDER BY s.date DESC, s.name, p.line",
        (pages, kind),
    ).fetchall()  # fmt: skip
    found = []
    for name, line, text in rows:
        said = [(number, row) for number, row in _said(text) if not outcome(row) and not _LABEL.match(row)]
        items = [(number, _ITEM.sub("", row)) for number, row in said if _ITEM.match(row)]
        found += [(name, Place(line + number, shortened(row))) for number, row in items or said[:1]]
    return found
