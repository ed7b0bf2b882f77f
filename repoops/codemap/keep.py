"""The parts of a map that people write: found by their markers, put back byte for byte under the heading where they stood."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from repoops.errors import RepoOpsError
from repoops.files import RelPath

NOTES = "notes"
"""The part that every map offers, at its end; any other may stand under any heading."""
_MARKER = re.compile(
    r"^<!-- repoops:(?P<kind>keep|end)(?: (?P<name>[\w-]+))? -->[ \t]*\r?(?:\n|\Z)", re.MULTILINE
)
_NEARLY = re.compile(r"^[ \t>]*<!--[ \t]*/?repoops:[^\n]*", re.MULTILINE)
_HEADING = re.compile(r"^## (?P<title>[^\r\n]*?)[ \t]*\r?$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Kept:
    """A hand-written part: `text` is all between the marker lines, `under` the last `##` heading before it (none: empty), `line` the text's first."""

    name: str
    text: str
    under: str
    line: int = field(default=0, compare=False)


def kept(text: str, at: RelPath) -> list[Kept]:
    """The hand-written parts of a map, in order.

    Raises:
        RepoOpsError: a marker without its other half, one inside another, misspelt or twice, with file and line.
    """
    found: list[Kept] = []
    opened: re.Match[str] | None = None
    markers = list(_MARKER.finditer(text))
    _refuse_nearly(text, at, {match.start() for match in markers})
    for match in markers:
        name = match["name"] or ""
        if match["kind"] == "keep":
            if opened is not None:
                raise _damaged(text, opened, at, f"is not closed before the next, {match[0].strip()!r}")
            if not name:
                raise _damaged(text, match, at, "has no name")
            if any(name == part.name for part in found):
                raise _damaged(text, match, at, "stands twice; names must differ")
            opened = match
        elif opened is None:
            raise _damaged(text, match, at, "closes nothing")
        elif name not in ("", opened["name"]):
            raise _damaged(text, match, at, f"does not close {opened[0].strip()!r} above it")
        else:
            found.append(
                Kept(
                    opened["name"],
                    text[opened.end() : match.start()],
                    _heading(text, opened.start(), found),
                    text.count("\n", 0, opened.end()) + 1,
                )
            )
            opened = None
    if opened is not None:
        raise _damaged(text, opened, at, "is never closed")
    return found


def without(text: str) -> str:
    """A map without what people wrote: the marker lines stay, what stands between them goes."""
    pieces, at, inside = [], 0, False
    for match in _MARKER.finditer(text):
        if not inside:
            pieces.append(text[at : match.start()])
        pieces.append(match[0])
        inside, at = match["kind"] == "keep", match.end()
    return "".join([*pieces, text[at:]])


def block(part: Kept, newline: str = "\n") -> str:
    """A part between its markers; its text is empty or ends with a line end."""
    return f"<!-- repoops:keep {part.name} -->{newline}{part.text}<!-- repoops:end {part.name} -->{newline}"


def placed(sections: Iterable[tuple[str, str]], parts: Iterable[Kept], newline: str = "\n") -> str:
    """The map: each section with the parts that stood under its heading, the rest at the end.

    Args:
        sections: heading (empty for what comes before the first) and its text, which begins with it.
        parts: what people wrote.
        newline: of the lines that are not theirs.
    """
    waiting = list(parts)
    pieces = []
    for heading, body in sections:
        here = [part for part in waiting if part.under == heading]
        waiting = [part for part in waiting if part.under != heading]
        pieces.append(newline.join([body, *(block(part, newline) for part in here)]))
    pieces += [block(part, newline) for part in waiting]
    return newline.join(pieces)


def _heading(text: str, before: int, found: list[Kept]) -> str:
    """The last heading before an offset that is the map's own and not part of what people wrote."""
    own = without(text[:before]) if found else text[:before]
    titles = [match["title"] for match in _HEADING.finditer(own)]
    return titles[-1] if titles else ""


def _refuse_nearly(text: str, at: RelPath, good: set[int]) -> None:
    for match in _NEARLY.finditer(text):
        if match.start() not in good:
            raise _damaged(text, match, at, "is no marker as this map writes them")


def _damaged(text: str, match: re.Match[str], at: RelPath, what: str) -> RepoOpsError:
    line = text.count("\n", 0, match.start()) + 1
    return RepoOpsError(
        f"the marker {match[0].strip()!r} {what}",
        where=f"{at}:{line}",
        remedy="write `<!-- repoops:keep NAME -->` above and `<!-- repoops:end NAME -->` below the text, each on a line of its own",
    )
