"""The tree that a map is drawn of: what is tracked or untracked-and-not-ignored, as it lies on disk."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

from repoops.codemap.memo import Memo, read_memo
from repoops.codemap.store import LISTING
from repoops.files import RelPath
from repoops.globs import deciding
from repoops.vcs.read import Repository
from repoops.vcs.run import git, records

LARGE = 1 << 20
"""Bytes; larger files are data, not code: they are listed and not read."""
HEAD = 600
"""Bytes: a notice that a file is generated stands in its first lines."""
VENDORED = frozenset(
    ("vendor", "vendored", "_vendor", "third_party", "thirdparty", "third-party", "3rdparty", "external",
     "extern", "node_modules")
)  # fmt: skip
_TEST_FOLDERS = frozenset(("test", "tests", "testing", "unittest", "unittests", "__tests__"))


@dataclass(frozen=True, slots=True)
class Tree:
    """A work tree's files, and their contents on demand, each read once.

    Attributes:
        root: where it lies.
        files: in order of their paths.
        nested: folders that are other repositories: submodules, clones inside this one.
        gone: what the index has and the disk has not.
        blobs: ids of the contents that are as the index has them; of the others an id is made when it is asked for.
        memo: what earlier runs read out of these contents.
        tables: of the TOML files that were asked for, each parsed once.
    """

    root: Path
    files: tuple[RelPath, ...]
    nested: tuple[RelPath, ...] = ()
    gone: tuple[RelPath, ...] = ()
    blobs: dict[RelPath, str] = field(default_factory=dict, repr=False, compare=False)
    memo: Memo = field(default_factory=Memo, repr=False, compare=False)
    tables: dict[RelPath, dict[str, Any]] = field(default_factory=dict, repr=False, compare=False)
    _known: frozenset[RelPath] = field(default=frozenset(), repr=False, compare=False)
    _bytes: dict[RelPath, bytes] = field(default_factory=dict, repr=False, compare=False)
    _ours: dict[str, list[RelPath]] = field(default_factory=dict, repr=False, compare=False)

    def has(self, path: RelPath) -> bool:
        """Whether a file is part of the tree."""
        return path in self._known

    def raw(self, path: RelPath) -> bytes:
        """A file's bytes; none for a file that is large, holds a zero byte, is a symlink, or not there."""
        found = self._bytes.get(path)
        if found is None:
            found = self._bytes[path] = _load(os.path.join(self.root, path)) if path in self._known else b""
        return found

    def blob(self, path: RelPath) -> str:
        """An id of a file's bytes as `raw` gives them: git's own where the index tells it."""
        found = self.blobs.get(path)
        if found is None:
            found = self.blobs[path] = _content_id(self.raw(path))
        return found

    def ask(self, stage: str, path: RelPath, make: Callable[[RelPath], Any]) -> Any:
        """What `make` reads out of a file, from an earlier run where its bytes are the same; plain data."""
        return self.memo.ask(stage, self.blob(path), lambda: make(path))

    def head(self, path: RelPath) -> bytes:
        """The first bytes of a file, without reading all of it for them."""
        found = self._bytes.get(path)
        return (_load(os.path.join(self.root, path), HEAD) if found is None else found)[:HEAD]

    def text(self, path: RelPath) -> str:
        r"""A file's text without BOM, line ends `\n`."""
        raw = self.raw(path)
        return raw.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")

    def ending(self, *suffixes: str) -> list[RelPath]:
        """Files with one of these suffixes, other people's folders left out; in order."""
        if not self._ours:
            for path in self.files:
                if not is_vendored(path):
                    self._ours.setdefault(os.path.splitext(path)[1], []).append(path)
        return sorted(path for suffix in dict.fromkeys(suffixes) for path in self._ours.get(suffix, ()))


def scan(repo: Repository, exclude: Iterable[str] = ()) -> Tree:
    """Lists the tree with one git process; `exclude` are globs that the map leaves out."""
    globs = tuple(exclude)
    listed = listing(repo.root)
    rows = {path: row for path, row in listed.items() if not (globs and deciding(path.rstrip("/"), globs))}
    files, nested, gone = [], [], []
    blobs: dict[RelPath, str] = {}
    for path in sorted(rows):
        row = rows[path]
        if row.gone:
            gone.append(path)
        elif row.folder or (row.changed and _is_folder(os.path.join(repo.root, path))):
            nested.append(path.rstrip("/"))
        else:
            files.append(path)
            if row.blob:
                blobs[path] = row.blob
    if any(path.rpartition("/")[2] == ".gitattributes" for path in files) and _filtered(repo, files):
        blobs.clear()
    return Tree(
        repo.root,
        tuple(files),
        tuple(nested),
        tuple(gone),
        blobs,
        read_memo(repo.state),
        _known=frozenset(files),
    )


@dataclass(slots=True)
class Row:
    """A path as git lists it: `blob` is empty where the disk may differ from the index, or nothing is indexed."""

    blob: str
    gone: bool = False
    changed: bool = True
    folder: bool = False


def listing(root: Path) -> dict[RelPath, Row]:
    """Every tracked or untracked path, by one git process, which also compares the disk with the index."""
    rows: dict[RelPath, Row] = {}
    for record in records(git(root, *LISTING)):
        tag, rest = record[0], record[2:]
        if tag == "?":
            rows[rest] = Row("", folder=rest.endswith("/"))
            continue
        about, _, path = rest.partition("\t")
        mode, blob, _ = about.split(" ")
        row = rows.setdefault(path, Row("", changed=False))
        if tag == "H" and not row.changed and not row.gone:
            row.blob = "link" if mode == "120000" else blob
            row.folder = mode == "160000"
        elif tag == "R":
            row.blob, row.gone = "", True
        else:  # changed or unmerged; or git was told not to look, and the disk decides
            row.blob, row.changed = "", True
            row.folder |= mode == "160000"
            row.gone |= tag != "C" and not os.path.lexists(os.path.join(root, path))
    return rows


def _filtered(repo: Repository, files: Iterable[RelPath]) -> bool:
    """Whether attributes make a file on disk something else than its blob, beyond its line ends."""
    told = [repo.root / path for path in files if path.rpartition("/")[2] == ".gitattributes"]
    words = (b"filter=", b"ident", b"working-tree-encoding")
    return any(
        word in _load(os.fspath(path))
        for path in [*told, repo.common_dir / "info/attributes"]
        for word in words
    )


def _is_folder(full: str) -> bool:
    return os.path.isdir(full) and not os.path.islink(full)


def _content_id(raw: bytes) -> str:
    import hashlib

    return hashlib.sha1(b"blob %d\0%b" % (len(raw), raw), usedforsecurity=False).hexdigest()


def is_vendored(path: RelPath) -> bool:
    """Whether a folder above it is one that holds other people's code."""
    return not VENDORED.isdisjoint(path.split("/")[:-1])


@lru_cache(maxsize=1 << 17)
def is_test(path: RelPath) -> bool:
    """Whether a file is a test by where it lies or how it is named; a kernel's `spec.py` is one."""
    folders, _, name = path.rpartition("/")
    stem = name.rsplit(".", 1)[0]
    return (
        not _TEST_FOLDERS.isdisjoint(folders.split("/"))
        or stem.startswith("test_")
        or stem.endswith(("_test", "_tests", ".test", ".spec"))
        or name in ("spec.py", "conftest.py")
    )


def _load(full: str, most: int = LARGE) -> bytes:
    try:
        handle = os.open(full, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        return b""
    try:
        data = os.read(handle, most + 1)  # one byte more than is accepted tells a large file by itself
    except OSError:
        return b""
    finally:
        os.close(handle)
    return b"" if len(data) > LARGE or b"\0" in data else data
