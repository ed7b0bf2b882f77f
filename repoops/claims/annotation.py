"""Verdicts written beside the claims: an HTML comment at the end of the line, which no renderer shows and no audit reads as a claim.

`<!-- repoops:audit 3d041fb93fca false: a.py: 90 lines: it has 113 -->`. It names each claim that was held, since a line
may hold others that were not. The commit is the one at which the line was checked: writing the
comment touches the line, and without it the next audit would hold the line against a later tree.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise

from repoops.claims.page import passages
from repoops.markdown.source import Source
from repoops.report.verdict import Verdict

_NOTE = re.compile(rb"[ \t]?<!-- repoops:audit (?P<at>[0-9a-f]+|work-tree) (?P<said>[^\r\n]*?) -->")
_END = re.compile(rb"(?P<end>[ \t]*(?:\|[ \t]*)?(?:\\)?)$")
_CLOSED_HEADING = re.compile(rb"^ {0,3}#{1,6}[ \t].*?(?P<end>[ \t]+#+[ \t]*)$")
_WORK_TREE = "work-tree"


def pins(data: bytes) -> dict[int, tuple[str, str]]:
    """Line (from 1) → the commit in its note, and the line without the note."""
    found = {}
    for number, (line, _) in enumerate(_lines(data), 1):
        if (match := _NOTE.search(line)) and match["at"] != _WORK_TREE.encode():
            bare = _NOTE.sub(b"", line).decode("utf-8", "replace").removeprefix("\ufeff")
            found[number] = match["at"].decode(), bare.rstrip()
    return found


def without_notes(data: bytes) -> bytes:
    """The page as it was before it was annotated."""
    return _NOTE.sub(b"", data)


def annotated(data: bytes, verdicts: Iterable[Verdict]) -> bytes:
    """The page with a note at the end of each line that has verdicts; earlier notes are replaced.

    What the page says must stay the same to the word: notes that would change how it is parsed are left out.
    """
    bare = without_notes(data)
    notes = {line: _note(of) for line, of in _by_line(verdicts).items()}
    said = _meaning(bare)
    whole = _with(bare, notes)
    if _meaning(whole) == said:
        return whole
    fitting = {line: note for line, note in notes.items() if _meaning(_with(bare, {line: note})) == said}
    whole = _with(bare, fitting)
    return whole if _meaning(whole) == said else bare


def _by_line(verdicts: Iterable[Verdict]) -> Mapping[int, Sequence[Verdict]]:
    lines: dict[int, list[Verdict]] = {}
    for verdict in verdicts:
        if verdict.line:
            lines.setdefault(verdict.line, []).append(verdict)
    return lines


def _note(verdicts: Sequence[Verdict]) -> bytes:
    at = next((v.commit[:12] for v in verdicts if v.commit), _WORK_TREE)
    # of a kernel's claim the figure is named in `why`, and the claim is its whole sentence
    said = "; ".join(
        dict.fromkeys(
            f"{v.word}: {v.why}" if v.kind == "kernel" else f"{v.word}: {v.claim}: {v.why}" for v in verdicts
        )
    )
    said = " ".join(said.splitlines())
    for taken, instead in (("--", "–"), ("|", "¦"), ("`", "'"), (">", "›")):
        said = said.replace(taken, instead)
    return f" <!-- repoops:audit {at} {said} -->".encode("utf-8", "replace")


def _with(data: bytes, notes: Mapping[int, bytes]) -> bytes:
    out = []
    for number, (line, end) in enumerate(_lines(data), 1):
        if number in notes:
            at = _CLOSED_HEADING.match(line) or _END.search(line)
            cut = at.start("end") if at else len(line)
            line = line[:cut] + notes[number] + line[cut:]  # noqa: PLW2901 - the line as it is to be
        out.append(line + end)
    return b"".join(out)


def _lines(data: bytes) -> list[tuple[bytes, bytes]]:
    """Lines where CommonMark ends them, each with its line end."""
    source = Source.of(data)
    starts = [0, *source.starts[1:], len(data)]  # the byte order mark stays with the first line
    rows = []
    for first, last in pairwise(starts):
        raw = data[first:last]
        body = raw.rstrip(b"\r\n")
        rows.append((body, raw[len(body) :]))
    return rows


def _meaning(data: bytes) -> list[tuple[object, ...]]:
    return [
        (p.kind, p.headings, p.lead, p.cells, p.quoted, p.task, tuple((at, " ".join(text.split())) for at, text in p.rows))
        for p in passages(data)
    ]  # fmt: skip
