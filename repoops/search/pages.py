"""A markdown file as passages, by its lines alone: what a search finds needs a place and a heading, not a parse.

The parser takes 10 ms a file, this 0.2; ten thousand logs are read in seconds. Fences are told from
headings; a heading that is underlined, or inside a list, is text like any other.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from repoops.files import Text
from repoops.markdown.outcome import STATUS, outcome_of
from repoops.search import kinds
from repoops.search.passage import Passage

_MOST_LINES = 40
"""Of one passage; longer ones are cut at an empty line, or else there."""
_BREAK = re.compile(
    r"^ {0,3}(?:(?P<fence>`{3,}|~{3,})|(?P<marks>\#{1,6})[ \t]+(?P<words>[^\n]*))[^\n]*$", re.MULTILINE
)
_STATUS = re.compile(
    rf"^[\s>*_#-]*(?:overall |final |current )?(?:{'|'.join(STATUS)})[*_\s]*[:：][*_\s]*(?P<value>\S[^\n]*)",
    re.IGNORECASE | re.MULTILINE,
)
_HEAD = 2000
"""Characters in which a status line is looked for."""
_ITEM = re.compile(r"^(?:[-*+]|\d+[.)])\s|^\|")


def title_of(text: str) -> str:
    """The first heading's words; empty where there is none."""
    for match in _BREAK.finditer(text):
        if match["marks"]:
            return _plain(match["words"])
    return ""


def outcome(text: str) -> str:
    """What its status line, or the front matter of our own summaries, says; empty where nothing does."""
    head = text[:_HEAD]
    low = head.lower()
    if not any(word in low for word in STATUS):
        return ""
    claims = [outcome_of(found["value"]) for found in _STATUS.finditer(head)]
    return next((claim for claim in claims if claim != "other"), claims[0] if claims else "")


def read(data: bytes) -> str:
    """A file's text: no BOM, every line end a newline, bytes that are no UTF-8 replaced."""
    text = Text.of(data).text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def passages(text: str) -> Iterator[Passage]:
    """The file's passages in order; every line that is not empty or a heading is in exactly one."""
    trail: list[tuple[int, str, int]] = []
    line = 1
    for marks, words, body in _sections(text):
        if marks:
            trail = [row for row in trail if row[0] < marks]
            # A title names the subject of all of a log, which may be a bug that it goes on to mend.
            trail.append((marks, _plain(words), kinds.of_heading(words) if marks > 1 else 0))
            line += 1
        given = 0
        for _, _, kind in trail:
            given |= kind
        yield from _blocks(body, line, " > ".join(name for _, name, _ in trail[-2:]), given)
        line += body.count("\n")


def _sections(text: str) -> Iterator[tuple[int, str, str]]:
    """(level, heading, what follows it); the first of level 0, without a heading."""
    level, words, start, fence = 0, "", 0, ""
    for match in _BREAK.finditer(text):
        if match["fence"]:
            mark = match["fence"]
            if not fence:
                fence = mark
            elif mark.startswith(fence) and not match.group().strip().strip(mark[0]):
                fence = ""
        elif not fence:
            yield level, words, text[start : match.start()]
            level, words, start = len(match["marks"]), match["words"], match.end() + 1
    yield level, words, text[start:]


def _blocks(body: str, line: int, heading: str, given: int) -> Iterator[Passage]:
    """A section as one passage; in pieces where it is long, or where a mark of failure belongs to a part of it alone."""
    if not body or body.isspace():
        return
    mixed = not given & kinds.FAILED and kinds.of_block(body) & kinds.FAILED
    rows = body.split("\n")
    if not mixed and len(rows) <= _MOST_LINES:
        yield from _piece(rows, line, heading, given)
        return
    start = 0
    for at in range(1, len(rows) + 1):
        if at == len(rows) or _ends(rows, start, at, mixed=bool(mixed)):
            yield from _piece(rows[start:at], line + start, heading, given)
            start = at


def _ends(rows: list[str], start: int, at: int, *, mixed: bool) -> bool:
    size = at - start
    if mixed:  # every list item, table row and paragraph by itself
        return not rows[at].strip() or _ITEM.match(rows[at]) is not None or size >= _MOST_LINES
    return size >= _MOST_LINES or (size >= _MOST_LINES // 2 and not rows[at].strip())


def _piece(rows: list[str], line: int, heading: str, given: int) -> Iterator[Passage]:
    first = next((n for n, row in enumerate(rows) if row and not row.isspace()), None)
    if first is not None:
        text = "\n".join(rows[first:]).rstrip()
        yield Passage(line + first, heading, text, given | kinds.of_block(text))


def _plain(words: str) -> str:
    return words.strip().rstrip("#").replace("**", "").replace("`", "").strip()
