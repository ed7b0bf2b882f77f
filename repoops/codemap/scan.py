"""The tree that a map is drawn of: what is tracked or untracked-and-not-ignored, as it lies on disk."""

from __future__ import annotations

import fnmatch
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from repoops.files import RelPath
from repoops.vcs.read import Repository, tracked, untracked

_LARGE = 1 << 20
"""Larger files are data, not code: they are listed and not read."""
VENDORED = frozenset(("vendor", "third_party", "thirdparty", "node_modules", "external", "_vendor"))


@dataclass(frozen=True, slots=True)
class Tree:
    """Files in order, and their contents on demand, read once."""

    root: Path
    files: tuple[RelPath, ...]
    _read: dict[RelPath, str] = field(default_factory=dict, repr=False, compare=False)

    def text(self, path: RelPath) -> str:
        """A file's text; empty for what is no text, large, a symlink, or not there."""
        if path not in self._read:
            self._read[path] = self._load(path)
        return self._read[path]

    def _load(self, path: RelPath) -> str:
        full = os.path.join(self.root, path)
        try:
            if os.path.islink(full) or os.path.getsize(full) > _LARGE:
                return ""
            with open(full, "rb") as file:
                data = file.read()
        except OSError:
            return ""
        if b"\0" in data:
            return ""
        return data.decode("utf-8", "replace").removeprefix("\ufeff").replace("\r\n", "\n")

    def named(self, *names: str) -> list[RelPath]:
        """Files whose name is one of these, wherever they lie."""
        return [path for path in self.files if path.rsplit("/", 1)[-1] in names]

    def ending(self, *suffixes: str) -> list[RelPath]:
        """Files whose name ends so, vendored folders left out."""
        return [path for path in self.files if path.endswith(suffixes) and not vendored(path)]


def scan(repo: Repository, exclude: Iterable[str] = ()) -> Tree:
    """Lists the tree; `exclude` are folders or globs that the map leaves out."""
    patterns = [pattern.rstrip("/") for pattern in exclude]

    def wanted(path: RelPath) -> bool:
        return not any(
            path == p or path.startswith(p + "/") or fnmatch.fnmatchcase(path, p) for p in patterns
        )

    everything = dict.fromkeys((*tracked(repo), *untracked(repo)))
    return Tree(
        repo.root, tuple(sorted(p for p in everything if wanted(p) and os.path.lexists(repo.root / p)))
    )


def vendored(path: RelPath) -> bool:
    """Whether a folder above it is one that holds other people's code."""
    return not VENDORED.isdisjoint(path.split("/")[:-1])


def is_test(path: RelPath) -> bool:
    """Whether a file is a test by where it lies or how it is named."""
    folders, name = path.split("/")[:-1], path.rsplit("/", 1)[-1]
    return (
        not {"test", "tests", "testing"}.isdisjoint(folders)
        or name.startswith("test_")
        or name.rsplit(".", 1)[0].endswith(("_test", ".test", ".spec"))
        or name in ("spec.py", "conftest.py")
    )
