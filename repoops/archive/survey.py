"""Reads what a move of logs has to know of a repository: its documents, their links, its index, its symlinks. Changes nothing."""

from __future__ import annotations

import hashlib
import html
import os
import posixpath
import re
from collections.abc import Collection, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from urllib.parse import unquote_to_bytes

from repoops.errors import RepoOpsError
from repoops.files import RelPath
from repoops.markdown.links import Scan, is_html, is_markdown, may_link, scan_file
from repoops.markdown.resolve import Places, destination, reached
from repoops.progress import Progress, silent
from repoops.vcs.read import Repository, blobs, untracked
from repoops.vcs.run import git, records

_VALUE = re.compile(rb"""=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
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
        scan: links and code spans of `disk`; None where it can have no link that a move concerns.
    """

    path: RelPath
    disk: bytes | None
    blob: bytes | None
    row: Row | None
    scan: Scan | None = None


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


def survey(
    repo: Repository,
    folders: Collection[RelPath] = (".",),
    *,
    pages: AbstractSet[RelPath] = frozenset(),
    progress: Progress = silent,
) -> Survey:
    """Reads the index, the work tree and every document.

    Args:
        repo: the repository.
        folders: where files may be moved from. Of HTML only pages that link to a file there are
            parsed: sites hold thousands of others.
        pages: HTML that is parsed in any case.
        progress: told of each document.

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
    homes = {"" if folder == "." else folder for folder in folders}
    near = {path for path in there if posixpath.dirname(path) in homes} | homes - {""}
    for number, path in enumerate(names):
        progress(number, len(names), "reading links")
        document = _document(repo, path, rows.get(path))
        if document is None:
            continue
        data = document.disk
        if data and may_link(data) and (is_markdown(path) or path in pages or _leads_near(path, data, near)):
            document = replace(document, scan=scan_file(path, data))
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


def _leads_near(at: RelPath, data: bytes, near: AbstractSet[RelPath]) -> bool:
    """A cheap test that finds every page that is one of some files, or links to one."""
    start = posixpath.dirname(at)
    for values in _VALUE.findall(data):
        value = html.unescape(b"".join(values).decode("utf-8", "surrogateescape"))
        for written in {value, *re.split(r"[\s,]+", value)}:
            path = unquote_to_bytes(
                re.split("[#?]", written.strip(), maxsplit=1)[0].encode("utf-8", "surrogateescape")
            )
            name = path.decode("utf-8", "surrogateescape")
            if (
                posixpath.normpath(posixpath.join("" if name.startswith("/") else start, name.lstrip("/")))
                in near
            ):
                return True
    return at in near


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
    return Document(path, disk, blob, row)


def _with_blobs(repo: Repository, documents: Mapping[RelPath, Document]) -> dict[RelPath, Document]:
    """Fetches the staged bytes where the file on disk has others."""
    other = [d for d in documents.values() if d.row is not None and d.blob is None]
    fetched = blobs(repo, [d.row.oid for d in other if d.row is not None])
    return {**documents, **{d.path: replace(d, blob=blob) for d, blob in zip(other, fetched, strict=True)}}


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
