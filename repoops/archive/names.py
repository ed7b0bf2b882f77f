"""Which name a log takes in the archive, where its own may be taken; two names that differ by case count as one."""

from __future__ import annotations

import os
import posixpath
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from repoops.archive.index import NAME
from repoops.archive.survey import Survey
from repoops.files import RelPath
from repoops.vcs.history import FileHistory


def free_names(
    paths: Sequence[RelPath],
    destination: RelPath,
    found: Survey,
    histories: Mapping[RelPath, FileHistory],
) -> dict[RelPath, RelPath]:
    """Old path to new. Where a name is taken, the day of the file's last commit is added, then a number.

    Args:
        paths: the files to be moved, in order: the first keeps the name.
        destination: the archive's folder.
        found: what is there.
        histories: dates, by path; a file that was never committed gets a number at once.
    """
    taken = {_folded(name) for name in _lying_in(destination, found)} | {_folded(NAME)}
    moves = {}
    for path in paths:
        name = posixpath.basename(path)
        stem, extension = _split(name)
        dated = f"{stem}_{histories[path].last[:10]}" if path in histories else stem
        number = 1
        candidate = name
        while _folded(candidate) in taken:
            candidate = f"{dated}{extension}" if number == 1 else f"{dated}_{number}{extension}"
            number += 1
        taken.add(_folded(candidate))
        moves[path] = f"{destination}/{candidate}"
    return moves


def _lying_in(folder: RelPath, found: Survey) -> Iterable[str]:
    """Names in a folder: tracked, untracked, or only there on disk."""
    start = folder + "/"
    for path in (*found.rows, *found.untracked):
        if path.startswith(start):
            yield path[len(start) :].split("/", 1)[0]
    root = found.places.root
    if root is not None and os.path.isdir(root / folder):
        yield from os.listdir(root / folder)


def _split(name: str) -> tuple[str, str]:
    stem, dot, extension = name.rpartition(".")
    return (stem, dot + extension) if stem else (name, "")


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold()
