"""Finds every link of a markdown or HTML file, with the exact bytes its destination takes up; follows none."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from markdown_it.token import Token

from repoops.files import RelPath
from repoops.markdown.source import Source
from repoops.markdown.spans import Cells, Stretch, block, whole

MARKDOWN = (".md", ".markdown", ".mdown", ".mkd", ".mdx")
HTML = (".html", ".htm", ".xhtml")

_MAY_LINK = re.compile(
    rb"\]\(|\]:|<(?:a|area|audio|embed|iframe|img|input|link|object|script|source|track|video)[\s/]",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Link:
    r"""One destination in a file.

    Attributes:
        kind: `link`, `image`, `definition`, `html` or `autolink`.
        style: how it is written: `plain`, `angle` (in `<…>`), `attribute`, `srcset`.
        raw: the destination as it stands in the source, escapes and entities not decoded.
        start, end: its bytes in the file, brackets and quotes not counted; -1 where it could not be located.
        line: from 1.
        in_table: a `|` in it must be written `\|`.
    """

    kind: str
    style: str
    raw: str
    start: int
    end: int
    line: int
    in_table: bool = False


@dataclass(frozen=True, slots=True)
class Mention:
    """The content of an inline code span, less blanks around it; never over a line's end."""

    text: str
    start: int
    end: int
    line: int


@dataclass(frozen=True, slots=True)
class Scan:
    """What one parse of a file gives.

    `shape` is all of the token stream but the destinations and the code spans: two files of equal
    shape, links and mentions mean the same.
    """

    links: tuple[Link, ...]
    mentions: tuple[Mention, ...]
    shape: tuple[Any, ...]


def is_markdown(path: RelPath) -> bool:
    """Whether a file's name says markdown."""
    return path.lower().endswith(MARKDOWN)


def is_html(path: RelPath) -> bool:
    """Whether a file's name says HTML."""
    return path.lower().endswith(HTML)


def may_link(data: bytes) -> bool:
    """A cheap test that finds every file with a link, autolinks apart: those are never relative."""
    return _MAY_LINK.search(data) is not None


def find_links(data: bytes) -> list[Link]:
    """Every link of a markdown file in the order of its tokens, definitions last; none in code or comments."""
    return list(scan(data).links) if may_link(data) else []


def scan(data: bytes) -> Scan:
    """Links, code spans and shape of a markdown file."""
    from repoops.markdown.parser import parse

    source = Source.of(data)
    parsed = parse(source, _may_hold_any)
    cells = Cells(source)
    reader = _Reader()
    cell = False
    for token in parsed.tokens:
        first = (token.map or [0])[0]
        if token.type in ("th_open", "td_open", "th_close", "td_close"):
            cell = token.nesting == 1
        if token.type == "inline":
            at = cells.locate(first, token.content) if cell else block(source, first, token.content)
            reader.inline(token, at)
        elif token.type == "html_block":
            reader.html(block(source, first, token.content), 0, len(token.content))
        else:
            reader.shape.append(_shape(token))
    for d in parsed.definitions:
        if not d.text.startswith("[^"):  # a footnote to GitHub, though a definition to CommonMark
            reader.add("definition", block(source, d.first, d.text), d.start, d.end)
        reader.shape.append(("definition", d.text[: d.start], d.text[d.end :]))
    return reader.scan()


def scan_html(data: bytes) -> Scan:
    """The same for an HTML file; it has no code spans to be looked at."""
    reader = _Reader()
    at = whole(Source.of(data))
    reader.html(at, 0, len(at.text))
    return reader.scan()


def scan_file(path: RelPath, data: bytes) -> Scan | None:
    """The scan of a file by its name; None where it is of no kind that is read, or can hold no link or code span."""
    if is_markdown(path) and (may_link(data) or b"`" in data):
        return scan(data)
    if is_html(path) and may_link(data):
        return scan_html(data)
    return None


def _may_hold_any(text: str) -> bool:
    """Whether a block's text can hold a destination or a code span; the rest need not be parsed, it must only not change."""
    return "](" in text or "`" in text or "<" in text


class _Reader:
    """Collects the links of one file, token by token."""

    def __init__(self) -> None:
        self.links: list[Link] = []
        self.mentions: list[Mention] = []
        self.shape: list[Any] = []

    def scan(self) -> Scan:
        return Scan(tuple(self.links), tuple(self.mentions), tuple(self.shape))

    def inline(self, token: Token, at: Stretch) -> None:
        self.shape.append(("inline", token.level, token.map, "" if token.children else token.content))
        for child in token.children or ():
            start, end = child.meta.get("at", (0, 0))
            if child.type == "html_inline":
                self.html(at, start, end)
                continue
            if "span" in child.meta:
                self.add("image" if child.type == "image" else "link", at, *child.meta["span"])
            elif child.info == "auto" and child.nesting == 1:
                self._note("autolink", "plain", at, start + 1, end - 1)
            elif child.type == "code_inline":
                self._mention(at, start + len(child.markup), end - len(child.markup))
            self.shape.append(_shape(child))

    def html(self, at: Stretch, start: int, end: int) -> None:
        from repoops.markdown.html_links import html_values

        rest, text, done = [], at.text[start:end], 0
        for value in html_values(text) if "=" in text else ():
            rest.append(text[done : value.start])
            done = value.end
            style = "srcset" if value.listed else "attribute"
            self._note("html", style, at, start + value.start, start + value.end)
        self.shape.append(("html", *rest, text[done:]))

    def add(self, kind: str, at: Stretch, start: int, end: int) -> None:
        angle = at.text[start] == "<"
        self._note(kind, "angle" if angle else "plain", at, start + angle, end - angle)

    def _note(self, kind: str, style: str, at: Stretch, start: int, end: int) -> None:
        if start < end:
            span = at.span(start, end)
            raw = at.text[start:end]
            self.links.append(Link(kind, style, raw, span.start, span.end, span.line + 1, at.in_table))

    def _mention(self, at: Stretch, start: int, end: int) -> None:
        inner = at.text[start:end]
        start += len(inner) - len(inner.lstrip(" "))
        end -= len(inner) - len(inner.rstrip(" "))
        if start < end:
            span = at.span(start, end)
            self.mentions.append(Mention(at.text[start:end], span.start, span.end, span.line + 1))


def _shape(token: Token) -> tuple[Any, ...]:
    attrs = tuple(item for item in token.attrs.items() if item[0] not in ("href", "src"))
    content = "" if token.type == "code_inline" or token.info == "auto" else token.content
    children = tuple(_shape(child) for child in token.children or ())
    return (
        token.type, token.nesting, token.level, token.markup, token.info, token.hidden,
        tuple(token.map or ()), content, attrs, token.meta.get("label"), children,
    )  # fmt: skip
