"""The tree that a map is drawn of: what is tracked or untracked-and-not-ignored, as it lies on disk."""

from __future__ import annotations

import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

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
    """

    root: Path
    files: tuple[RelPath, ...]
    nested: tuple[RelPath, ...] = ()
    gone: tuple[RelPath, ...] = ()
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
    listed = records(git(repo.root, "ls-files", "-c", "-o", "--exclude-standard", "-z", "--full-name"))
    files, nested, gone = [], [], []
    for path in sorted(dict.fromkeys(listed)):
        if globs and deciding(path.rstrip("/"), globs):
            continue
        if path.endswith("/"):
            nested.append(path.rstrip("/"))
            continue
        full = os.path.join(repo.root, path)
        if os.path.isdir(full) and not os.path.islink(full):
            nested.append(path)
        elif os.path.lexists(full):
            files.append(path)
        else:
            gone.append(path)
    return Tree(repo.root, tuple(files), tuple(nested), tuple(gone), frozenset(files))


def is_vendored(path: RelPath) -> bool:
    """Whether a folder above it is one that holds other people's code."""
    return not VENDORED.isdisjoint(path.split("/")[:-1])


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
