"""Sentences with their lines, out of markdown, comments and commit messages; judges nothing.

Code blocks of a markdown page are left out: they quote what a program printed.
"""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from typing import TYPE_CHECKING

from repoops.markdown.source import Source

if TYPE_CHECKING:
    from markdown_it.token import Token


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence, a table's row or a heading.

    Attributes:
        line: where it begins, from 1.
        text: as one line, code spans in backticks.
        under: the headings that it stands under.
        around: its paragraph; of a commit message all of it.
    """

    line: int
    text: str
    under: str = ""
    around: str = ""

    @property
    def context(self) -> str:
        """Both together."""
        return f"{self.under} {self.around}".strip()


_SENTENCE = re.compile(r"(?<=[.!?;])\s+(?=[^\s\d(])")


def sentences(text: str, line: int, under: str = "", around: str = "") -> Iterator[Statement]:
    """The sentences of a paragraph whose first line is `line`; `around` them is the paragraph unless more is known."""
    at = 0
    for end in [*(m.end() for m in _SENTENCE.finditer(text)), len(text)]:
        said = text[at:end]
        if said.strip():
            lead = len(said) - len(said.lstrip())
            first = line + text.count("\n", 0, at + lead)
            yield Statement(first, " ".join(said.split()), under, around or " ".join(text.split()))
        at = end


def of_markdown(data: bytes) -> Iterator[Statement]:
    """What the prose of a page says: paragraphs, list items, headings, and tables row by row with their column heads."""
    from repoops.markdown.parser import parse  # markdown-it takes longer to load than most commands run

    headings: dict[int, str] = {}
    heads: list[str] = []
    cells: list[str] = []
    inside, line = "", 0
    for token in parse(Source.of(data)).tokens:
        if token.type == "heading_open":
            headings = {level: words for level, words in headings.items() if level < int(token.tag[1:])}
            inside = token.tag
        elif token.type == "thead_open":
            heads = []
        elif token.type == "tr_open":
            cells, line = [], (token.map or [0])[0] + 1
        elif token.type == "tr_close" and heads and cells:
            named = (f"{head}: {cell}" if head else cell for head, cell in zip(heads, cells, strict=False))
            yield Statement(line, "; ".join(named), " ".join(headings.values()))
        elif token.type == "thead_close":
            heads, cells = cells, []
        elif token.type in ("th_open", "td_open"):
            inside = "cell"
        elif token.type in ("th_close", "td_close", "heading_close"):
            inside = ""
        elif token.type == "inline":
            words = _words(token)
            if inside == "cell":
                cells.append(" ".join(words.split()))
                continue
            yield from sentences(words, (token.map or [0])[0] + 1, " ".join(headings.values()))
            if inside:
                headings[int(inside[1:])] = " ".join(words.split())


def _words(inline: Token) -> str:
    """Text as it stands, links by their words; line breaks kept, so that lines can be counted."""
    said = ""
    for child in inline.children or ():
        if child.type in ("softbreak", "hardbreak"):
            said += "\n"
        elif child.type == "code_inline":
            said += f"`{child.content}`"
        elif child.type in ("text", "image"):
            said += child.content
    return said


_C = re.compile(
    r"""(?P<line>//[^\n]*)|(?P<block>/\*.*?\*/)|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'""", re.DOTALL
)


def of_c(text: str) -> Iterator[Statement]:
    """The comments of C, C++ and CUDA; `//` lines below each other are one paragraph."""
    rows: list[tuple[int, str]] = []
    for match in _C.finditer(text):
        first = text.count("\n", 0, match.start()) + 1
        if match["line"]:
            rows.append((first, match["line"].lstrip("/")))
        elif match["block"]:
            body = match["block"][2:-2].splitlines()
            rows += [(first + n, line.strip().lstrip("*")) for n, line in enumerate(body)]
    yield from _paragraphs(rows)


def of_python(text: str) -> Iterator[Statement]:
    """The comments and docstrings of Python; nothing of a file that does not parse."""
    rows: list[tuple[int, str]] = []
    try:
        rows += [
            (token.start[0], token.string.lstrip("#"))
            for token in tokenize.generate_tokens(io.StringIO(text).readline)
            if token.type == tokenize.COMMENT
        ]
        for node in ast.walk(ast.parse(text)):
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                said = node.value.value
                if isinstance(said, str):
                    rows += [(node.lineno + n, row) for n, row in enumerate(said.splitlines())]
    except (SyntaxError, tokenize.TokenError, ValueError):
        return
    yield from _paragraphs(sorted(rows))


def of_message(message: str) -> Iterator[Statement]:
    """A commit message: its subject, and its body's paragraphs."""
    yield from _paragraphs(list(enumerate(message.splitlines(), 1)), around=message)


def _paragraphs(rows: list[tuple[int, str]], around: str = "") -> Iterator[Statement]:
    """Rows whose numbers follow each other, up to an empty one, are one paragraph."""
    full = [(line, text) for line, text in rows if text.strip()]
    for _, run in groupby(enumerate(full), key=lambda item: item[1][0] - item[0]):
        together = list(map(itemgetter(1), run))
        yield from sentences("\n".join(text for _, text in together), together[0][0], around=around)
