r"""Traces a stretch of text that the parser hands out back to the bytes of the file; finds no links itself.

The parser takes prefixes off (quote marks, indentation), trims ends, and turns `\|` of a table's
cell into `|`; what it hands out is else the file's own text, line by line.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from repoops.markdown.source import Source

_CELL_UNIT = re.compile(r"\\\||.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Span:
    """A piece of a stretch: its line (from 0) and its bytes in the file, -1 where it could not be located."""

    line: int
    start: int = -1
    end: int = -1


@dataclass(frozen=True, slots=True)
class _Place:
    """Where one line of a stretch stands: `columns[n]` is the source column of its n-th character, else n + `shift`."""

    line: int
    shift: int = 0
    columns: tuple[int, ...] | None = None

    def column(self, at: int) -> int:
        return at + self.shift if self.columns is None else self.columns[at]


@dataclass(frozen=True, slots=True)
class Stretch:
    """A token's text, with the place of each of its lines; None for a line that was not found again."""

    source: Source
    text: str
    first: int
    places: tuple[_Place | None, ...]
    in_table: bool = False

    def span(self, start: int, end: int) -> Span:
        """Locates a piece of the text; the file's bytes there are held against it."""
        number = self.text.count("\n", 0, start)
        piece, place = self.text[start:end], self.places[number]
        if place is None or "\n" in piece:
            return Span(self.first + number if place is None else place.line)
        begin = self.text.rfind("\n", 0, start) + 1
        first, last = place.column(start - begin), place.column(end - begin)
        stands = _read(self.source.lines[place.line][first:last])
        if (stands.replace("\\|", "|") if self.in_table else stands) != piece:
            return Span(place.line)
        return Span(place.line, self.source.offset(place.line, first), self.source.offset(place.line, last))


def block(source: Source, first: int, text: str) -> Stretch:
    """The text of a block that begins on line `first`: its lines end as the source's do, but for blanks and `#`."""
    places: list[_Place | None] = []
    for number, line in enumerate(text.split("\n"), first):
        bare = line.lstrip(" \t")  # a tab that is half indentation comes as blanks
        at = _read(source.lines[number]).rfind(bare) if number < len(source.lines) else -1
        places.append(None if at < 0 else _Place(number, at - (len(line) - len(bare))))
    return Stretch(source, text, first, tuple(places))


def whole(source: Source) -> Stretch:
    """A file that is taken as it is, HTML."""
    places = tuple(_Place(number) for number in range(len(source.lines)))
    return Stretch(source, "\n".join(_read(line) for line in source.lines), 0, places)


class Cells:
    """Locates the cells of tables, which come row by row and from left to right."""

    def __init__(self, source: Source) -> None:
        self._source = source
        self._row = -1
        self._cursor = 0
        self._columns: list[int] = []
        self._unescaped = ""

    def locate(self, line: int, content: str) -> Stretch:
        """The next cell of a row."""
        if line != self._row:
            self._row, self._cursor = line, 0
            row = _read(self._source.lines[line])
            self._columns = [unit.start() for unit in _CELL_UNIT.finditer(row)] + [len(row)]
            self._unescaped = row.replace("\\|", "|")
        found = self._unescaped.find(content, self._cursor)
        place = None
        if found >= 0:
            self._cursor = found + len(content)
            place = _Place(line, columns=tuple(self._columns[found : self._cursor + 1]))
        return Stretch(self._source, content, line, (place,), in_table=True)


def _read(line: str) -> str:
    return line.replace("\0", "\ufffd")  # as the parser does; a character for a character
