"""What a command said before, said again while nothing has changed: no parsing of options, no graph, no rendering.

An answer holds for one state of the repository: the listing that `git ls-files` gives (which compares
the disk with the index), the contents of what differs from the index, HEAD, and our own code. Whatever is
unusual (a folder above with odd permissions, an operation that was interrupted, a repository in a new
format) has no answer here, and the command runs as always.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence

from repoops.codemap.memo import code_version, write_json

_MOST = 16
"""Answers that are kept; the oldest go first."""
_LARGE = 1 << 20
"""Bytes: of larger files that differ from the index only size and time are taken."""
_BESIDE = ("repoops.yaml", "pyproject.toml", "CODEMAP.md", "AGENTS.md")
"""Files of the root that count even where git ignores them."""


def known(args: Sequence[str]) -> tuple[str, int] | None:
    """What these arguments were answered in this very state, and the exit code; None where that is not known."""
    place = _repository()
    if place is None:
        return None
    root, git_dir, common = place
    try:
        with open(os.path.join(git_dir, "repoops", "codemap", "answers.json"), encoding="utf-8") as file:
            row = json.load(file).get(_asked(root, args))
        if row is None or row["state"] != _state(root, git_dir, common):
            return None
        return str(row["said"]), int(row["code"])
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def state() -> str | None:
    """A digest of all that decides an answer; None where there is something unusual."""
    place = _repository()
    return None if place is None else _state(*place)


def keep(args: Sequence[str], before: str | None, said: str, code: int) -> None:
    """Keeps an answer if the state is still what it was `before` the command began."""
    place = _repository()
    if place is None or before is None or _state(*place) != before:
        return
    from pathlib import Path

    path = Path(place[1], "repoops", "codemap", "answers.json")
    try:
        rows = json.loads(path.read_bytes())
        rows = rows if isinstance(rows, dict) else {}
    except (OSError, ValueError):
        rows = {}
    asked = _asked(place[0], args)
    rows.pop(asked, None)
    rows[asked] = {"state": before, "said": said, "code": code}
    write_json(path, dict(list(rows.items())[-_MOST:]))


def _asked(root: str, args: Sequence[str]) -> str:
    return json.dumps([os.path.relpath(os.getcwd(), root), *args])


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
        with open(git_dir, encoding="utf-8", errors="surrogateescape") as file:
            git_dir = os.path.normpath(os.path.join(at, file.read().strip().removeprefix("gitdir: ")))
        try:
            with open(os.path.join(git_dir, "commondir"), encoding="utf-8", errors="surrogateescape") as file:
                common = os.path.normpath(os.path.join(git_dir, file.read().strip()))
        except OSError:
            return None  # a submodule
    return (at, git_dir, common) if os.path.isfile(os.path.join(git_dir, "HEAD")) else None


def _state(root: str, git_dir: str, common: str) -> str | None:
    import hashlib

    from repoops.codemap.scan import LISTING
    from repoops.oplog.pending import pending
    from repoops.vcs.run import git

    if pending(os.path.join(git_dir, "repoops", "ops")):
        return None
    listed = git(root, *LISTING, ok=(0, 128))
    commit = _head(git_dir, common)
    if not listed or commit is None:
        return None
    digest = hashlib.sha1(listed, usedforsecurity=False)
    digest.update(f"{code_version()} {commit} {os.path.exists(os.path.join(common, 'shallow'))}".encode())
    differs = {row.split(b"\t", 1)[-1] if row[:1] != b"?" else row[2:] for row in listed.split(b"\0") if row[:2] != b"H "}
    for path in sorted(differs | {name.encode() for name in _BESIDE}):
        digest.update(b"\0" + path + b"\0" + _content(os.path.join(os.fsencode(root), path)))
    return digest.hexdigest()


def _content(path: bytes) -> bytes:
    """A file's bytes, or what can be told of it without reading much."""
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
    with open(os.path.join(git_dir, "HEAD"), encoding="utf-8", errors="surrogateescape") as file:
        said = file.read().strip()
    if not said.startswith("ref: "):
        return said
    ref = said[5:]
    if ref == "refs/heads/.invalid":
        return None
    try:
        with open(os.path.join(common, ref), encoding="utf-8", errors="surrogateescape") as file:
            return file.read().strip()
    except OSError:
        pass
    try:
        with open(os.path.join(common, "packed-refs"), encoding="utf-8", errors="surrogateescape") as file:
            rows = [line.split(" ", 1) for line in file if line[0] not in "#^"]
    except OSError:
        rows = []
    return next((row[0] for row in rows if row[1].strip() == ref), "none")
