"""Where a destination leads inside the repository, and whether anything is there; asks no network."""

from __future__ import annotations

import html
import os
import posixpath
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote_to_bytes

from markdown_it.common.utils import unescapeAll

from repoops.files import RelPath
from repoops.markdown.links import Link

_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:|//")
_MARKDOWN_UNIT = re.compile(r"\\.|&(?:#[xX]?[0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);|.", re.DOTALL)
_HTML_UNIT = re.compile(r"&(?:#[xX]?[0-9a-fA-F]+|[A-Za-z][A-Za-z0-9]*);|.", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Part:
    """A path's part between slashes: as written, and as it is meant."""

    raw: str
    name: str


@dataclass(frozen=True, slots=True)
class Destination:
    """A destination inside the repository, taken apart.

    Attributes:
        parts: of the path; the first is empty where it begins with `/`, the last where it ends with one.
        suffix: query and fragment as written, `?` or `#` included.
    """

    parts: tuple[Part, ...]
    suffix: str

    @property
    def rooted(self) -> bool:
        """Whether it begins with `/`: GitHub reads it from the repository's root."""
        return len(self.parts) > 1 and not self.parts[0].raw

    @property
    def folder(self) -> bool:
        """Whether it ends with `/`, and so cannot mean a file."""
        return len(self.parts) > 1 and not self.parts[-1].raw

    @property
    def path(self) -> str:
        """The path as it is meant, not yet joined to where the link stands."""
        return "/".join(part.name for part in self.parts)


def destination(link: Link) -> Destination | None:
    """Takes a link's destination apart; None where it is a URL, a bare fragment or query, or empty."""
    marked = link.style in ("plain", "angle")
    decode = unescapeAll if marked else html.unescape
    units = [(unit, decode(unit)) for unit in (_MARKDOWN_UNIT if marked else _HTML_UNIT).findall(link.raw)]
    whole = "".join(meant for _, meant in units)
    if link.kind == "autolink" or _SCHEME.match(whole):
        return None
    end = next((n for n, (_, meant) in enumerate(units) if meant[:1] in ("?", "#")), len(units))
    if end == 0:
        return None
    parts, raw, meant = [], "", ""
    for written, read in [*units[:end], ("/", "/")]:
        if read == "/":
            parts.append(Part(raw, _percent_decoded(meant)))
            raw = meant = ""
        else:
            raw, meant = raw + written, meant + read
    return Destination(tuple(parts), "".join(written for written, _ in units[end:]))


def target(at: RelPath, to: Destination) -> RelPath | None:
    """The path a destination means when it stands in file `at`: `` for the root, None where it leads out of it."""
    start = "" if to.rooted else posixpath.dirname(at)
    path = posixpath.normpath(posixpath.join(start, to.path.lstrip("/")) or ".")
    if path == ".":
        return ""
    return None if path == ".." or path.startswith("../") or "\0" in path else path


class Places:
    """What is there: the repository's files, and with a `root` whatever else lies on disk."""

    def __init__(self, files: Iterable[RelPath], root: Path | None = None) -> None:
        self.files = frozenset(files)
        self.folders = frozenset(_folders(self.files))
        self.root = root
        self._folded: dict[str, RelPath] | None = None
        self._asked: dict[RelPath, RelPath | None] = {}

    def find(self, path: RelPath) -> RelPath | None:
        """The path as the repository spells it, or None where nothing is there.

        Another spelling comes of a folder that is a symlink, and of a file system that ignores case.
        """
        if path in self.files or path in self.folders:
            return path
        if self.root is None:
            return None
        if path not in self._asked:
            self._asked[path] = self._on_disk(self.root, path)
        return self._asked[path]

    def is_folder(self, path: RelPath) -> bool:
        """Whether a found path is a folder."""
        if path in self.files:
            return self.root is not None and os.path.isdir(
                self.root / path
            )  # a submodule, a symlink to a folder
        return path in self.folders or (self.root is not None and os.path.isdir(self.root / path))

    def _on_disk(self, root: Path, path: RelPath) -> RelPath | None:
        if path.split("/", 1)[0] == ".git" or not os.path.exists(root / path):
            return None
        real = os.path.relpath(os.path.realpath(root / path), os.path.realpath(root)).replace(os.sep, "/")
        if real == ".." or real.startswith("../"):
            return path
        real = "" if real == "." else real
        if real in self.files or real in self.folders:
            return real
        if self._folded is None:
            self._folded = {name.casefold(): name for name in (*self.folders, *self.files)}
        return self._folded.get(real.casefold(), real)


def reached(at: RelPath, link: Link, places: Places) -> tuple[Destination, RelPath] | None:
    """The destination and what it leads to; None where it leaves the repository, is broken, or no path at all."""
    to = destination(link)
    wanted = None if to is None else target(at, to)
    found = None if wanted is None else places.find(wanted)
    if to is None or found is None or (to.folder and not places.is_folder(found)):
        return None
    return to, found


def is_broken(at: RelPath, link: Link, places: Places) -> bool:
    """Whether a link is meant to reach something in the repository, and does not."""
    return destination(link) is not None and reached(at, link, places) is None


def _percent_decoded(text: str) -> str:
    if "%" not in text:
        return text
    return unquote_to_bytes(text.encode("utf-8", "surrogateescape")).decode("utf-8", "surrogateescape")


def _folders(files: Iterable[RelPath]) -> set[RelPath]:
    found = {""}
    for path in files:
        while (path := posixpath.dirname(path)) and path not in found:
            found.add(path)
    return found
