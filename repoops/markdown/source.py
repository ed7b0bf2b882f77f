"""A markdown file as lines whose every character is traced back to a byte of the file; parses nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass

from repoops.files import Text

_LINE_END = re.compile(r"\r\n?|\n")  # the line ends of CommonMark; a lone CR is one
_FENCE = ("---", "...")


@dataclass(frozen=True, slots=True)
class Source:
    r"""A file's text for the parser, and the way back to its bytes.

    Attributes:
        lines: without their line ends; bytes that are no UTF-8 are surrogate escapes.
        starts: the byte offset of each line in the file, BOM counted.
        body: index of the first line after the front matter; 0 where there is none.
    """

    lines: tuple[str, ...]
    starts: tuple[int, ...]
    body: int

    @classmethod
    def of(cls, data: bytes) -> Source:
        """Splits a file where CommonMark does."""
        text = Text.of(data)
        lines, starts = [], []
        at, offset = 0, 3 if text.bom else 0
        for end in _LINE_END.finditer(text.text):
            line = text.text[at : end.start()]
            lines.append(line)
            starts.append(offset)
            offset += _width(line) + len(end.group())
            at = end.end()
        lines.append(text.text[at:])
        starts.append(offset)
        return cls(tuple(lines), tuple(starts), _body(lines))

    @property
    def front_matter(self) -> str | None:
        """The YAML between the two fences at the top, or None."""
        return "\n".join(self.lines[1 : self.body - 1]) if self.body else None

    @property
    def markdown(self) -> str:
        r"""What the parser reads: `\n` between lines, blank lines instead of front matter, so that line numbers hold."""
        return "\n".join([""] * self.body + list(self.lines[self.body :]))

    def offset(self, line: int, column: int) -> int:
        """The byte offset of a character of a line (both from 0)."""
        return self.starts[line] + _width(self.lines[line][:column])


def _width(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-8", "surrogateescape"))


def _body(lines: list[str]) -> int:
    if lines[0].rstrip() != "---":
        return 0
    for number, line in enumerate(lines[1:], 1):
        if line.rstrip() in _FENCE:
            return number + 1
    return 0
