"""`INDEX.md` of the archive: one row a log, between two markers; what people write outside them is kept byte for byte."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote, unquote

from repoops.archive.survey import Survey
from repoops.errors import RepoOpsError
from repoops.files import RelPath, Text, shown
from repoops.markdown.facts import facts
from repoops.vcs.history import FileHistory

NAME = "INDEX.md"
BEGIN, END = "<!-- repoops:index:begin -->", "<!-- repoops:index:end -->"

_HEADER = "# Archived session logs\n\n"
_ABOUT = (
    "Dates are those of the first and last commit under the source path; the outcome is what the log\n"
    "itself claims, which nobody has checked here. Text outside the two markers is kept.\n"
)
_COLUMNS = "| last commit | first commit | log | claimed outcome | source path |\n|---|---|---|---|---|\n"
_ROW = re.compile(
    r"\| (?P<last>[^|]*) \| (?P<first>[^|]*) \| \[(?P<title>(?:\\.|[^\\\]])*)\]\((?P<name>[^)\s]*)\) "
    r"\| (?P<outcome>[^|]*) \| (?P<source>(?:\\.|[^|\\])*) \|"
)
_BLANK = re.compile(r"[\s\x00-\x1f\x7f]+")
_ESCAPED = re.compile(r"([\\`*_\[\]<>|~&])")


@dataclass(frozen=True, slots=True)
class Entry:
    """One archived log: its name in the archive, what it says of itself, and where it came from.

    `first` and `last` are days, `not committed` where git knows none.
    """

    name: str
    title: str
    outcome: str
    source: RelPath
    first: str
    last: str


def entries(
    found: Survey, moves: Mapping[RelPath, RelPath], histories: Mapping[RelPath, FileHistory]
) -> list[Entry]:
    """The entries of files about to be moved. The outcome comes from their text, never from their name."""
    made = []
    for old, new in moves.items():
        document = found.documents.get(old)
        said = facts(document.disk) if document is not None and document.disk is not None else None
        history = histories.get(old)
        made.append(
            Entry(
                name=new.rsplit("/", 1)[-1],
                title=(said and said.title) or shown(old.rsplit("/", 1)[-1]),
                outcome=(said and said.outcome) or "not stated",
                source=old,
                first=history.first[:10] if history else "not committed",
                last=history.last[:10] if history else "not committed",
            )
        )
    return made


def page(old: bytes | None, added: Sequence[Entry], destination: RelPath) -> bytes:
    """The page with rows for `added`; rows that are there stay, and equal input gives equal bytes.

    Raises:
        RepoOpsError: the markers are not there exactly once, in order.
    """
    if old is None:
        return (_HEADER + "\n".join([BEGIN, _generated(_rows("", added)) + END]) + "\n").encode()
    text = Text.of(old)
    newline = "\r\n" if "\r\n" in text.text else "\n"
    whole = text.text
    if BEGIN not in whole and END not in whole:
        gap = "" if whole.endswith(("\n", "\r")) or not whole else newline
        whole += newline.join([gap, BEGIN, END, ""]) if whole else newline.join([BEGIN, END, ""])
    if whole.count(BEGIN) != 1 or whole.count(END) != 1 or whole.index(BEGIN) > whole.index(END):
        raise RepoOpsError(
            "its two markers are not there once each, in order",
            where=f"{destination}/{NAME}",
            remedy=f"mend them, or remove both: {BEGIN} … {END}",
        )
    start, end = whole.index(BEGIN) + len(BEGIN), whole.index(END)
    generated = "\n" + _generated(_rows(whole[start:end].replace("\r\n", "\n"), added))
    return Text(whole[:start] + generated.replace("\n", newline) + whole[end:], text.bom).encode()


def _rows(generated: str, added: Iterable[Entry]) -> list[str]:
    """The rows, newest first. A row of the same name is replaced: the file of that name is a new one."""
    rows: dict[str, tuple[str, str]] = {}
    for line in generated.split("\n"):
        match = _ROW.fullmatch(line)
        if match is not None:
            rows[unquote(match["name"], errors="surrogateescape")] = (match["last"], line)
        elif line.startswith("|") and line + "\n" not in _COLUMNS.splitlines(keepends=True):
            rows[line] = ("", line)  # not ours to read, nor to drop
    rows |= {entry.name: (entry.last, _row(entry)) for entry in added}
    return [
        line for name, (_, line) in sorted(rows.items(), key=lambda row: (_newest_first(row[1][0]), row[0]))
    ]


def _newest_first(day: str) -> tuple[int, ...]:
    dated = re.fullmatch(r"(\d{4})-(\d\d)-(\d\d)", day)
    return tuple(-int(part) for part in dated.groups()) if dated else (0,)


def _row(entry: Entry) -> str:
    name = quote(entry.name, safe="-._~!$+,;=@", errors="surrogateescape")
    cells = (
        entry.last,
        entry.first,
        f"[{_escaped(entry.title)}]({name})",
        entry.outcome,
        _escaped(shown(entry.source)),
    )
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    return _ESCAPED.sub(r"\\\1", _BLANK.sub(" ", text).strip())


def _generated(rows: Sequence[str]) -> str:
    return _ABOUT + "\n" + _COLUMNS + "".join(row + "\n" for row in rows)
