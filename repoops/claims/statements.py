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

from repoops.claims.page import passages


@dataclass(frozen=True, slots=True)
class Statement:
    """A sentence, a table's row or a heading.

    Attributes:
        line: where it begins, from 1.
        text: as one line, code spans in backticks.
        under: the headings that it stands under, and what introduces its list or table.
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
    for passage in passages(data):
        under = " ".join((*passage.headings, *passage.lead))
        if passage.kind == "row":
            yield Statement(passage.line, passage.text, under)
        else:
            yield from sentences(passage.text, passage.line, under)


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
