"""Reads what a move of logs has to know of a repository: its documents, their links, its index, its symlinks. Changes nothing."""

from __future__ import annotations

import hashlib
import os
import posixpath
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from repoops.errors import RepoOpsError
from repoops.files import RelPath
from repoops.markdown.links import Scan, is_html, is_markdown, may_link, scan_file
from repoops.markdown.resolve import Places, destination, reached
from repoops.progress import Progress, silent
from repoops.vcs.read import Repository, blobs, untracked
from repoops.vcs.run import git, records

SYMLINK, SUBMODULE = "120000", "160000"


@dataclass(frozen=True, slots=True)
class Row:
    """An index row; `flag` says why the file on disk is not to be compared with it (`` where it is)."""

    mode: str
    oid: str
    flag: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """A markdown or HTML file, as it lies on disk and as it is staged.

    Attributes:
        path: where.
        disk: its bytes; None where it is not on disk.
        blob: the staged bytes; the same object as `disk` where they are equal, None where it is untracked.
        row: its index row; None where it is untracked.
        scan: links and code spans of `disk`; None where it can have no link.
    """

    path: RelPath
    disk: bytes | None
    blob: bytes | None
    row: Row | None
    scan: Scan | None


@dataclass(frozen=True, slots=True)
class Survey:
    """A repository at one moment.

    Attributes:
        rows: the index.
        untracked: files that are neither tracked nor ignored.
        deleted: tracked files that are not on disk, though they should be.
        documents: every tracked or untracked markdown and HTML file.
        symlinks: each tracked or untracked symlink, and the path in the repository it leads to.
        places: what a link can lead to.
    """

    rows: Mapping[RelPath, Row]
    untracked: frozenset[RelPath]
    deleted: frozenset[RelPath]
    documents: Mapping[RelPath, Document]
    symlinks: Mapping[RelPath, RelPath]
    places: Places

    def root_files(self) -> int:
        """How many files lie in the root: tracked and on disk, or untracked and not ignored."""
        return sum("/" not in path for path in {*self.rows, *self.untracked} - self.deleted)


@dataclass(frozen=True, slots=True)
class Reach:
    """What a link leads to: the path, and the query and fragment as written; `path` None where it leads nowhere."""

    raw: str
    line: int
    path: RelPath | None
    suffix: str


def survey(repo: Repository, progress: Progress = silent) -> Survey:
    """Reads the index, the work tree and every document.

    Raises:
        RepoOpsError: a file has unmerged versions, or a document cannot be read.
    """
    rows = _rows(repo)
    loose = frozenset(path for path in untracked(repo) if not path.endswith("/"))
    deleted = frozenset(records(git(repo.root, "ls-files", "-d", "-z")))
    there = [path for path in (*rows, *loose) if path not in deleted]
    names = [
        path
        for path in sorted({*rows, *loose})
        if (is_markdown(path) or is_html(path)) and (path not in rows or rows[path].mode.startswith("100"))
    ]
    documents = {}
    for number, path in enumerate(names):
        progress(number, len(names), "reading links")
        document = _document(repo, path, rows.get(path))
        if document is not None:
            documents[path] = document
    return Survey(
        rows, loose, deleted, _with_blobs(repo, documents), _symlinks(repo, rows, loose), Places(there, repo.root)
    )  # fmt: skip


def reaches(at: RelPath, scan: Scan | None, places: Places) -> list[Reach]:
    """What each link of a document leads to, in order; links that are no paths are left out."""
    found = []
    for link in scan.links if scan else ():
        if destination(link) is None:
            continue
        to = reached(at, link, places)
        found.append(Reach(link.raw, link.line, to[1] if to else None, to[0].suffix if to else ""))
    return found


def object_id(like: str, data: bytes) -> str:
    """The id git gives a blob, in the hash that `like` is one of."""
    hasher = hashlib.sha256() if len(like) == 64 else hashlib.sha1(usedforsecurity=False)
    hasher.update(b"blob %d\0" % len(data))
    hasher.update(data)
    return hasher.hexdigest()


def _rows(repo: Repository) -> dict[RelPath, Row]:
    rows = {}
    for record in records(git(repo.root, "ls-files", "-s", "-v", "-z", "--full-name")):
        meta, path = record.split("\t", 1)
        tag, mode, oid, stage = meta.split(" ")
        if stage != "0":
            raise RepoOpsError(
                "has unmerged versions", where=path, remedy="settle it first: git status shows what is left"
            )
        flag = "skip-worktree" if tag in "Ss" else "assume-unchanged" if tag.islower() else ""
        rows[path] = Row(mode, oid, flag)
    for path in records(git(repo.root, "diff-files", "--diff-filter=A", "--name-only", "-z")):
        rows[path] = Row(rows[path].mode, rows[path].oid, "intent-to-add")
    return rows


def _document(repo: Repository, path: RelPath, row: Row | None) -> Document | None:
    full = repo.root / path
    if os.path.islink(full):
        return None
    try:
        disk = full.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        disk = None
    except IsADirectoryError:
        return None
    except OSError as error:
        raise RepoOpsError(
            f"cannot be read: {error.strerror}", where=path, remedy="mend its permissions, then run it again"
        ) from None
    blob = disk if row and disk is not None and object_id(row.oid, disk) == row.oid else None
    linked = disk is not None and may_link(disk)
    return Document(path, disk, blob, row, scan_file(path, disk) if disk is not None and linked else None)


def _with_blobs(repo: Repository, documents: Mapping[RelPath, Document]) -> dict[RelPath, Document]:
    """Fetches the staged bytes where the file on disk has others."""
    other = [d for d in documents.values() if d.row is not None and d.blob is None]
    fetched = blobs(repo, [d.row.oid for d in other if d.row is not None])
    changed = {
        d.path: Document(d.path, d.disk, blob, d.row, d.scan) for d, blob in zip(other, fetched, strict=True)
    }
    return {**documents, **changed}


def _symlinks(
    repo: Repository, rows: Mapping[RelPath, Row], loose: Iterable[RelPath]
) -> dict[RelPath, RelPath]:
    found = {}
    root = os.path.realpath(repo.root)
    candidates = [path for path, row in rows.items() if row.mode == SYMLINK]
    for path in (*candidates, *loose):
        full = repo.root / path
        if os.path.islink(full):
            real = os.path.relpath(os.path.realpath(full), root).replace(os.sep, "/")
            found[path] = posixpath.normpath(real)
    return found
