"""Who names a file: CI, scripts, builds, sites, tests and source code, each place by its bytes. Changes nothing."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import quote

from repoops.archive.decision import Decision, Reason
from repoops.archive.kinds import CLEAN_UP, EXCLUSION, Kind, is_import, is_read, kind_of
from repoops.archive.survey import Survey
from repoops.archive.written import Written, read_back
from repoops.config import Config
from repoops.files import RelPath
from repoops.progress import Progress, silent
from repoops.vcs.read import Repository
from repoops.words import many

_MAX_BYTES = 2_000_000
_PLACES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Mention:
    """A place that names a file.

    Attributes:
        target: the file named.
        file: where it is named.
        line: from 1.
        start, end: the bytes of the path there, its folders included.
        old: those bytes.
        base: the folder the path starts from; None where that is not known.
        kind: what kind of place it is.
    """

    target: RelPath
    file: RelPath
    line: int
    start: int
    end: int
    old: bytes
    base: RelPath | None
    kind: Kind

    def rewritten(self, new: RelPath) -> bytes:
        """The bytes that name `new` in this place, written the way `old` is."""
        old = self.old.decode("utf-8", "surrogateescape")
        plain = old.replace("\\", "/")
        if self.base is None:
            path = plain[: len(plain) - len(posixpath.basename(plain))] + new
        elif plain.startswith("/"):
            path = "/" + new
        else:
            path = posixpath.relpath(new, self.base or ".")
            path = "./" + path if plain.startswith("./") else path
        if posixpath.basename(plain) == _quoted(self.target) != posixpath.basename(self.target):
            path = quote(path, safe="/.~-_()", errors="surrogateescape")
        separator = "\\\\" if "\\\\" in old else "\\" if "\\" in old else "/"
        return path.replace("/", separator).encode("utf-8", "surrogateescape")


def find_mentions(
    repo: Repository, found: Survey, targets: Sequence[RelPath], config: Config, progress: Progress = silent
) -> list[Mention]:
    """Every place that names one of some files, by file and offset; one pass over the files that may.

    Markdown and HTML are not looked at, for their links and code spans are rewritten; nor are text and
    logs, other people's code, lock files, ignore files, files over 2 MB, and the archive itself.
    """
    names = _Names.of(targets)
    if not names.by_bytes:
        return []
    paths = sorted(
        path
        for path in {*found.rows, *found.untracked} - found.deleted - found.symlinks.keys()
        if (path not in found.rows or found.rows[path].mode.startswith("100"))
        and is_read(path)
        and not path.startswith(config.archive.destination + "/")
    )
    mentions = []
    for number, path in enumerate(paths):
        if number % 100 == 0:
            progress(number, len(paths), "looking who names them")
        data = _read(repo, path)
        if data is not None and any(ending in data for ending in names.endings):
            mentions += _in_file(repo, found, path, data, names)
    return mentions


def guarded(decisions: Iterable[Decision], mentions: Iterable[Mention]) -> list[Decision]:
    """The decisions, with those turned to keep that would take a file from who names it."""
    places: dict[RelPath, list[Mention]] = {}
    for mention in mentions:
        if mention.kind.guards:
            places.setdefault(mention.target, []).append(mention)
    return [
        Decision(d.path, "keep", tuple(_reasons(places[d.path])))
        if d.action == "archive" and d.path in places
        else d
        for d in decisions
    ]


def _reasons(mentions: Sequence[Mention]) -> Iterator[Reason]:
    by_line = list({(m.file, m.line): m for m in mentions}.values())
    for m in by_line[:_PLACES_SHOWN]:
        yield Reason("named", f"{m.kind.says} names it", m.file, m.line)
    if len(by_line) > _PLACES_SHOWN:
        more = len(by_line) - _PLACES_SHOWN
        yield Reason("named", f"{many(more, 'more place')} {'names' if more == 1 else 'name'} it")


@dataclass(frozen=True, slots=True)
class _Names:
    """The names looked for: as bytes, by their length, and by their last bytes, which one search finds."""

    by_bytes: Mapping[bytes, tuple[RelPath, ...]]
    endings: tuple[bytes, ...]
    lengths: tuple[int, ...]

    @classmethod
    def of(cls, targets: Iterable[RelPath]) -> _Names:
        by_bytes: dict[bytes, tuple[RelPath, ...]] = {}
        for path in targets:
            for name in {posixpath.basename(path), _quoted(path)}:
                raw = name.encode("utf-8", "surrogateescape")
                by_bytes[raw] = (*by_bytes.get(raw, ()), path)
        endings = {os.path.splitext(raw)[1] or raw for raw in by_bytes}
        return cls(
            by_bytes, tuple(sorted(endings)), tuple(sorted({len(raw) for raw in by_bytes}, reverse=True))
        )

    def at(self, data: bytes) -> Iterator[tuple[int, int]]:
        """Start and end of each name, with nothing hanging on it behind."""
        for ending in self.endings:
            at = data.find(ending)
            while at >= 0:
                end = at + len(ending)
                if not _GOES_ON.match(data, end):
                    for length in self.lengths:
                        if length <= end and data[end - length : end] in self.by_bytes:
                            yield end - length, end
                at = data.find(ending, at + 1)


_GOES_ON = re.compile(rb"[\w-]|[./\\]\w")
_MOVES = re.compile(
    rb"(?<![\w./-])(?:mv|rm|git-mv|unlink|del|erase|Move-Item|Remove-Item|Rename-Item)\s"
    rb"|\b(?:shutil\.move|os\.(?:rename|remove|replace|unlink))\b|\.(?:unlink|rename)\(|\bfs\.(?:rename|unlink|rm)"
)
_TIDIES = re.compile(
    r"clean|archiv|organi[sz]|tidy|(?:move|migrate|consolidate)\w*[-_]?(?:doc|md|markdown|file)",
    re.IGNORECASE,
)
_LIST_OF_MOVES = 3
"""A script with a tidy name that names so many of the files is a list of moves."""
_EXCLUDES = re.compile(
    rb"^\s*(?:-\s+)?[\w.\"'-]*(?:exclude|ignore|omit)[\w.\"'-]*\s*[:=]|^\s*(?:global-|recursive-)?(?:exclude|prune)\s",
    re.IGNORECASE | re.MULTILINE,
)
_ITEM = re.compile(rb"""\s*(?:[-"'#]|//|[\w./*-]+\s*,?\s*$)""")
_TABLE = re.compile(rb"^\[+([^\]\n]+)\]", re.MULTILINE)


def _read(repo: Repository, path: RelPath) -> bytes | None:
    try:
        with open(repo.root / path, "rb") as file:
            data = file.read(_MAX_BYTES + 1)
    except OSError:
        return None
    return None if len(data) > _MAX_BYTES or b"\0" in data[:8192] else data


def _in_file(repo: Repository, found: Survey, path: RelPath, data: bytes, names: _Names) -> list[Mention]:
    kind = kind_of(path)
    mentions: list[Mention] = []
    for start, end in names.at(data):
        written = read_back(data, start)
        if mentions and mentions[-1].end == end:  # the same name with more before it
            continue
        if written is None or (is_import(kind) and not written.imported):
            continue
        for target in names.by_bytes[data[start:end]]:
            reached = _reach(
                repo, found, "" if kind.name == "ci" else posixpath.dirname(path), written, target
            )
            if reached is None:
                continue
            line = data.count(b"\n", 0, start) + 1
            old = data[written.start : end]
            here = _kind_here(path, data, start, kind)
            mentions.append(Mention(target, path, line, written.start, end, old, reached.base, here))
    tidies = kind.name == "script" and _TIDIES.search(posixpath.basename(path)) is not None
    if tidies and len({mention.target for mention in mentions}) >= _LIST_OF_MOVES:
        mentions = [replace(mention, kind=CLEAN_UP) for mention in mentions]
    return sorted(mentions, key=lambda mention: mention.end)


@dataclass(frozen=True, slots=True)
class _Reached:
    """The folder from which a path as written reaches its target; None if that cannot be told."""

    base: RelPath | None


def _reach(
    repo: Repository, found: Survey, folder: RelPath, written: Written, target: RelPath
) -> _Reached | None:
    """Whether a path written in a file of `folder` means the target; what lies nearer goes first."""
    name = posixpath.basename(target)
    order = {"near": (folder, ""), "variable": ("", folder), "root": ("",)}[written.origin]
    for base in dict.fromkeys(order):
        start = posixpath.normpath(posixpath.join(base, written.joined))
        path = posixpath.normpath(posixpath.join(start, written.folders.lstrip("/"), name))
        if path == target:
            return _Reached("" if start == "." else start)
        if path in found.rows or path in found.untracked:
            return None
    above = [part for part in (written.joined + written.folders).split("/") if part not in ("", ".")]
    climbs = bool(above) and all(part == ".." for part in above)  # from a folder that only the program knows
    named = written.origin != "near" and above == [repo.root.name]
    return _Reached(None) if "/" not in target and (climbs or named) else None


def _kind_here(path: RelPath, data: bytes, start: int, kind: Kind) -> Kind:
    """The kind of this very place: a line that moves the file, or leaves it out, does not need it."""
    begin = data.rfind(b"\n", 0, start) + 1
    line = data[begin : data.find(b"\n", start) if b"\n" in data[start:] else len(data)]
    if kind.name in ("script", "build", "ci", "source", "test") and _MOVES.search(line):
        return CLEAN_UP
    if kind.name in ("ci", "build", "data", "navigation") and _EXCLUDES.search(_opening(data, begin, line)):
        return EXCLUSION
    if path.endswith("pyproject.toml"):
        tables = _TABLE.findall(data, 0, begin)
        if tables and tables[-1].startswith(b"tool.repoops"):
            return EXCLUSION
    return kind


def _opening(data: bytes, begin: int, line: bytes) -> bytes:
    """The line itself, and where it is an item of a list the line that opens the list."""
    opening = line
    for _ in range(60):
        if not _ITEM.match(opening) or begin == 0:
            break
        end = begin - 1
        begin = data.rfind(b"\n", 0, end) + 1
        opening = data[begin:end]
    return line + b"\n" + opening


def _quoted(path: RelPath) -> str:
    return quote(posixpath.basename(path), safe=".~-_()", errors="surrogateescape")
