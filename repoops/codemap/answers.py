"""What a command said before, said again while nothing has changed: no parsing of options, no graph, no rendering.

An answer holds for one state of the repository: the listing that `git ls-files` gives (which compares
the disk with the index), the contents of what differs from the index, HEAD, and our own code. States
are compared byte by byte. Whatever is unusual (a folder above with odd permissions, an operation that was
interrupted, a repository in a new format) has no answer here, and the command runs as always.

This runs before everything else: it imports next to nothing.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from repoops.codemap.store import LISTING, code_version, replace
from repoops.oplog.pending import pending
from repoops.vcs.environment import output

_MOST = 16
"""Answers that are kept for one state; the oldest go first."""
_LARGE = 1 << 20
"""Bytes: of larger files that differ from the index only size and time are taken."""
_BESIDE = (b"repoops.yaml", b"pyproject.toml", b"CODEMAP.md", b"AGENTS.md")
"""Files of the root that count even where git ignores them."""


def known(args: Sequence[str]) -> tuple[str, int] | None:
    """What these arguments were answered in this very state, and the exit code; None where that is not known."""
    try:
        place = _repository()
        if place is None:
            return None
        kept, rows = _read(_path(place[1]))
        row = rows.get(_asked(place[0], args))
        return row if row is not None and kept == _state(*place) else None
    except (OSError, ValueError):
        return None


def state() -> bytes | None:
    """All that decides an answer; None where there is something unusual."""
    try:
        place = _repository()
        return None if place is None else _state(*place)
    except (OSError, ValueError):
        return None


def keep(args: Sequence[str], before: bytes | None, said: str, code: int) -> None:
    """Keeps an answer if the state is still what it was `before` the command began; answers of other states go."""
    place = _repository()
    if place is None or before is None or state() != before:
        return
    path = _path(place[1])
    try:
        kept, rows = _read(path)
    except (OSError, ValueError):
        kept, rows = b"", {}
    if kept != before:
        rows = {}
    rows[_asked(place[0], args)] = (said, code)
    pieces = [b"%d\n" % len(before), before]
    for asked, (text, status) in list(rows.items())[-_MOST:]:
        raw = text.encode()
        pieces += [b"%d %d %d\n" % (len(asked), len(raw), status), asked, raw]
    replace(path, b"".join(pieces))


def _read(path: str) -> tuple[bytes, dict[bytes, tuple[str, int]]]:
    """The state that answers are kept for, and the answers; raises OSError or ValueError where there are none."""
    with open(path, "rb") as file:
        data = file.read()
    first, _, rest = data.partition(b"\n")
    at = int(first)
    kept, rows = rest[:at], {}
    while at < len(rest):
        end = rest.index(b"\n", at)
        length, size, code = map(int, rest[at:end].split())
        asked, said = rest[end + 1 : end + 1 + length], rest[end + 1 + length : end + 1 + length + size]
        if len(asked) + len(said) != length + size or min(length, size) < 0:
            raise ValueError("cut short")
        rows[asked] = (said.decode(), code)
        at = end + 1 + length + size
    return kept, rows


def _path(git_dir: str) -> str:
    return os.path.join(git_dir, "repoops", "codemap", "answers")


def _asked(root: str, args: Sequence[str]) -> bytes:
    return "\0".join([os.path.relpath(os.getcwd(), root), *args]).encode("utf-8", "surrogateescape")


def _repository() -> tuple[str, str, str] | None:
    """Work tree, git directory and common directory of the current folder, found as git finds them in plain cases."""
    at = os.getcwd()
    while not os.path.lexists(os.path.join(at, ".git")):
        above = os.path.dirname(at)
        if above == at:
            return None
        at = above
    git_dir = common = os.path.join(at, ".git")
    if os.path.isfile(git_dir):
        git_dir = os.path.normpath(os.path.join(at, _text(git_dir).removeprefix("gitdir: ")))
        if not os.path.isfile(os.path.join(git_dir, "commondir")):
            return None  # a submodule
        common = os.path.normpath(os.path.join(git_dir, _text(os.path.join(git_dir, "commondir"))))
    return (at, git_dir, common) if os.path.isfile(os.path.join(git_dir, "HEAD")) else None


def _state(root: str, git_dir: str, common: str) -> bytes | None:
    if pending(os.path.join(git_dir, "repoops", "ops")):
        return None
    listed = output(root, *LISTING)
    commit = _head(git_dir, common)
    if not listed or commit is None:
        return None
    shallow = os.path.exists(os.path.join(common, "shallow"))
    pieces = [f"{code_version()} {commit} {shallow}\n".encode(), listed]
    rows = (row for row in listed.split(b"\0") if row and row[:2] != b"H ")
    differs = {row[2:] if row[:1] == b"?" else row.split(b"\t", 1)[-1] for row in rows}
    for path in sorted(differs.union(_BESIDE)):
        found = _content(os.path.join(os.fsencode(root), path))
        pieces.append(b"\n%b\0%d\0%b" % (path, len(found), found))
    return b"".join(pieces)


def _content(path: bytes) -> bytes:
    """A file's mode and bytes, or what can be told of it without reading much."""
    try:
        found = os.lstat(path)
        if found.st_size > _LARGE or not os.path.isfile(path):
            return f"{found.st_mode} {found.st_size} {found.st_mtime_ns}".encode()
        with open(path, "rb") as file:
            return b"%o " % found.st_mode + file.read()
    except OSError:
        return b""


def _head(git_dir: str, common: str) -> str | None:
    """The commit that HEAD names; `none` before the first; None where refs are not kept in files."""
    said = _text(os.path.join(git_dir, "HEAD"))
    if not said.startswith("ref: "):
        return said
    ref = said[5:]
    if ref == "refs/heads/.invalid":
        return None
    loose, packed = os.path.join(common, ref), os.path.join(common, "packed-refs")
    if os.path.isfile(loose):
        return _text(loose)
    rows = _text(packed).split("\n") if os.path.isfile(packed) else []
    return next((row.split(" ", 1)[0] for row in rows if row.endswith(" " + ref)), "none")


def _text(path: str) -> str:
    with open(path, encoding="utf-8", errors="surrogateescape") as file:
        return file.read().strip()
