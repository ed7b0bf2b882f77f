"""Files on disk: atomic writes, digests, and text that keeps its BOM and line ends."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

RelPath = str
"""A path below the work tree's root: `/` between parts, bytes that are no UTF-8 as surrogate escapes."""

_BOM = b"\xef\xbb\xbf"


def sha256(data: bytes) -> str:
    """`sha256:` and 64 hex digits."""
    import hashlib

    return "sha256:" + hashlib.sha256(data).hexdigest()


def digest(path: str | os.PathLike[str]) -> str:
    """The digest of a file's bytes, or of a symlink's target; never follows the link."""
    import hashlib

    if os.path.islink(path):
        return sha256(os.fsencode(os.readlink(path)))
    hasher = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(1 << 20):
            hasher.update(block)
    return "sha256:" + hasher.hexdigest()


def hex_digest(path: str | os.PathLike[str]) -> str:
    """The same as 64 hex digits alone."""
    return digest(path).removeprefix("sha256:")


def fsync_folder(path: str | os.PathLike[str]) -> None:
    """Makes the names in a folder durable: a rename is only safe once its folder is."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def atomic_write(path: str | os.PathLike[str], data: bytes, mode: int | None = None) -> None:
    """Writes beside, fsyncs, renames: a reader sees the old file or the new, whole.

    Args:
        path: the file; its folder must exist.
        data: the whole content.
        mode: permission bits; an existing file's are kept where none are given.
    """
    import tempfile

    target = Path(path)
    if mode is None:
        with contextlib.suppress(FileNotFoundError):
            mode = stat.S_IMODE(target.stat().st_mode)
    handle, beside = tempfile.mkstemp(prefix=f".{target.name[:40]}.", suffix=".tmp", dir=target.parent)
    try:
        with open(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), _default_mode() if mode is None else mode)
            os.fsync(file.fileno())
        os.replace(beside, target)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(beside)
        raise
    fsync_folder(target.parent)


def _default_mode() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return 0o666 & ~mask


@dataclass(frozen=True, slots=True)
class Text:
    r"""A text file's content apart from what must survive an edit of it.

    `text` holds `\n` only where the file does; line ends are not translated, so that offsets
    into `text.encode(…)` are offsets into the file after the BOM.
    """

    text: str
    bom: bool

    @classmethod
    def of(cls, data: bytes) -> Text:
        """Decodes UTF-8; bytes that are none become surrogate escapes and are written back unchanged."""
        bom = data.startswith(_BOM)
        return cls(data[len(_BOM) if bom else 0 :].decode("utf-8", "surrogateescape"), bom)

    def encode(self) -> bytes:
        """The file's bytes again: `Text.of(data).encode() == data` for all bytes."""
        return (_BOM if self.bom else b"") + self.text.encode("utf-8", "surrogateescape")


def shown(path: RelPath) -> str:
    """A path as people may read it: bytes that are no UTF-8 and control characters become escapes."""
    readable = path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in readable)


def below(path: RelPath, places: Iterable[RelPath]) -> bool:
    """Whether a path is one of these files, or lies in one of these folders; `.` holds everything."""
    return any(place in (".", path) or path.startswith(f"{place.rstrip('/')}/") for place in places)


def walk_files(folder: str | os.PathLike[str]) -> Iterator[str]:
    """Every file and symlink below a folder, as sorted relative paths; symlinks are not followed."""
    for at, names, files in os.walk(folder):
        links = [n for n in names if os.path.islink(os.path.join(at, n))]
        names[:] = sorted(n for n in names if n not in links)
        for name in sorted(files + links):
            yield os.path.relpath(os.path.join(at, name), folder).replace(os.sep, "/")
