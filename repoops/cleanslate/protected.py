"""What stays in place however clean the slate: secrets, environments, long-running results, other people's repositories."""

from __future__ import annotations

import fnmatch
import os
import re
from collections.abc import Iterable
from pathlib import Path

from repoops.files import RelPath
from repoops.globs import deciding

FILES = (
    ".env*",
    "*.pem",
    "*.key",
    "*.p12",
    "*.pfx",
    "id_rsa*",
    "id_ed25519*",
    "id_ecdsa*",
    "*.keystore",
)
FOLDERS = frozenset((".venv", "venv", "wandb", "checkpoints"))
ENVIRONMENT = "pyvenv.cfg"
"""A folder that holds this file is a virtual environment, whatever its name."""


_CORES = tuple(glob.replace("*", "") for glob in FILES)
_WORDS = frozenset((".git", ENVIRONMENT, *FOLDERS))


class Protected:
    """Decides by name and place; asked once for every entry, so the built-in globs are one expression."""

    def __init__(self, more: Iterable[str], running: RelPath | None) -> None:
        self._globs = tuple(more)
        self._names = re.compile("|".join(map(fnmatch.translate, FILES)))
        self._running = running

    def file(self, path: RelPath, name: str) -> str | None:
        """Why a file or symlink stays, or None."""
        if self._names.match(name):
            return "likely a secret"
        return self.place(path)

    def folder(self, path: RelPath, name: str, entries: Iterable[str]) -> str | None:
        """Why a folder stays whole, or None; `entries` are the names in it."""
        inside = set(entries)
        if ".git" in inside:
            return "a repository of its own"
        if path == self._running:
            return "the virtual environment that runs repoops"
        if name in FOLDERS or ENVIRONMENT in inside:
            return "a virtual environment" if ENVIRONMENT in inside else "a protected name"
        return "likely a secret" if self._names.match(name) else self.place(path)

    def by_name_alone(self, path: RelPath, name: str, entries: Iterable[str]) -> bool:
        """Whether a folder stays for its name only: not as a repository, an environment, or by configuration."""
        return (
            name in FOLDERS
            and {".git", ENVIRONMENT}.isdisjoint(entries)
            and path != self._running
            and not self.place(path)
        )

    def spares(self, names: list[str]) -> bool:
        """Whether something among a folder's entries may have to stay: one look at all names together.

        Errs on the side of True; False is certain, but for what the configuration names by path.
        """
        return bool(self._globs) or not _WORDS.isdisjoint(names) or self._may_be_secret("/".join(names))

    @staticmethod
    def _may_be_secret(joined: str) -> bool:
        """Plain searches for what each glob has besides its stars: a tenth of what one expression takes."""
        return any(core in joined for core in _CORES)

    def place(self, path: RelPath) -> str | None:
        """Why a path stays that the configuration names."""
        return (
            "named by clean-slate.protect or --keep" if self._globs and deciding(path, self._globs) else None
        )


def running_environment(root: Path, prefix: str) -> RelPath | None:
    """The path of the interpreter's environment, where it lies inside the work tree."""
    at = os.path.relpath(os.path.realpath(prefix), os.path.realpath(root)).replace(os.sep, "/")
    return None if at == "." or at.startswith("../") or at == ".." else at
