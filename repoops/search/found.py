"""What there is to be indexed right now, each with a stamp that changes when it does."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from repoops.files import RelPath
from repoops.search import own, pages
from repoops.search.passage import Source
from repoops.vcs.read import Repository
from repoops.vcs.run import git, records

SUFFIXES = (".md", ".markdown", ".mdx", ".mdc")
MOST = 4 << 20
"""Bytes of a file; a larger one is no text that a person wrote."""
KEPT = b"repoops:"
"""Begins the names of what lies in RepoOps' state, and not in the work tree."""


@dataclass(frozen=True, slots=True)
class Found:
    """A file: how it is named in the index, where it lies, what it was when it was looked at; of one that git has not, when it was `changed`."""

    name: bytes
    path: str
    stamp: str
    changed: str = ""

    def read(self, dates: dict[str, str], algorithm: str) -> Source | None:
        """Its passages; None where it holds nothing of ours, or is gone by now.

        Args:
            dates: blob → date, of the versions that git has.
            algorithm: the digest by which git names blobs, `sha1` or `sha256`.
        """
        try:
            with open(self.path, "rb") as file:
                data = file.read()
        except OSError:
            return None
        if self.path.endswith(".jsonl"):
            return own.of_open_session(self.name, data)
        if self.path.endswith(".json"):
            return own.of_json(self.name, data, Path(self.path).parent)
        text = pages.read(data)
        date = self.changed or dates.get(_blob(data, algorithm), "")
        return Source(
            "page", self.name, date, pages.outcome(text), pages.title_of(text), tuple(pages.passages(text))
        )


def files(repo: Repository, archive: RelPath) -> Iterator[Found]:
    """Markdown that is tracked or not ignored; all of the archive, ignored or not; the open session and kept reports.

    Args:
        repo: the repository.
        archive: where session logs and their evidence go.
    """
    place = archive.strip("/")
    globs = [f":(top,icase,glob)**/*{suffix}" for suffix in SUFFIXES]
    ours = f":(top,glob){_literal(place)}/**/*.json"
    listed = git(repo.root, "ls-files", "-c", "-o", "-t", "--exclude-standard", "-z", "--full-name", "--", *globs, ours)  # fmt: skip
    hidden = git(repo.root, "ls-files", "-o", "-i", "-t", "--exclude-standard", "-z", "--full-name", "--", f":(top,literal){place}")  # fmt: skip
    names = {row[2:]: row.startswith("?") for row in records(listed + hidden)}
    root = str(repo.root)
    for name in sorted(names):
        if name.lower().endswith((*SUFFIXES, ".json")):
            yield from _file(os.fsencode(name), f"{root}/{name}", new=names[name])
    for path in _kept(repo.state):
        yield from _file(KEPT + os.fsencode(path.relative_to(repo.state).as_posix()), str(path), new=True)


def _kept(state: Path) -> Iterator[Path]:
    """The open session's notes and runs (an ended one's lie in the archive), and reports."""
    log = state / "session" / "log.jsonl"
    if log.exists():
        yield log
        for run in own.open_runs(log.read_bytes()):
            yield state / "session" / "evidence" / f"{run}.json"
    yield from sorted((state / "reports").glob("*.json"))


def _literal(path: RelPath) -> str:
    return "".join("\\" + c if c in "*?[]\\" else c for c in path)


def _file(name: bytes, path: str, *, new: bool) -> Iterator[Found]:
    try:
        seen = os.lstat(path)
    except OSError:
        return  # removed, and still in the index
    if stat.S_ISREG(seen.st_mode) and seen.st_size <= MOST:
        changed = datetime.fromtimestamp(seen.st_mtime, timezone.utc).isoformat() if new else ""
        yield Found(name, path, f"{seen.st_mtime_ns}:{seen.st_size}:{seen.st_ino}:{new:d}", changed)


def _blob(data: bytes, algorithm: str) -> str:
    import hashlib

    return hashlib.new(algorithm, b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest()
