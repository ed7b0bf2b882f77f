"""Every change that RepoOps makes to a disk goes through here, one small effect at a time.

`before` is called with the effect's name ahead of each one: the seam by which a test kills the
process, or makes the disk fail, at the n-th effect.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from repoops.files import digest, fsync_folder


def _nothing(name: str) -> None:
    """Lets the effect `name` happen."""


before: Callable[[str], None] = _nothing
_renamed_in: dict[Path, None] = {}


def _durable(folder: Path) -> None:
    """Remembers a folder whose names have changed; `settle` makes them durable, each folder once.

    A kill loses no rename; only a power cut could, and then the journal, durable since before the
    first step, finds each file in its old place or its new one.
    """
    _renamed_in[folder] = None


def settle() -> None:
    """Makes every name that was changed so far durable."""
    folders = list(_renamed_in)
    _renamed_in.clear()
    for folder in folders:
        if folder.is_dir():
            fsync_folder(folder)


def make_folder(path: Path) -> None:
    """Makes one folder, durably; one that exists is fine."""
    before("mkdir")
    path.mkdir(exist_ok=True)
    _durable(path.parent)


def remove_folder(path: Path) -> None:
    """Removes an empty folder."""
    before("rmdir")
    path.rmdir()


def rename(source: Path, target: Path) -> None:
    """Renames; across file systems copies, compares, and only then removes the source."""
    before("rename")
    try:
        os.rename(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        _carry(source, target)
    _durable(target.parent)
    _durable(source.parent)


def _carry(source: Path, target: Path) -> None:
    """A rename across file systems: the copy takes its name only when it is whole."""
    with tempfile.TemporaryDirectory(prefix=".repoops-carry-", dir=target.parent) as folder:
        copy = Path(folder, "copy")
        if source.is_dir() and not source.is_symlink():
            shutil.copytree(source, copy, symlinks=True)
        else:
            shutil.copy2(source, copy, follow_symlinks=False)
        for at, _, names in os.walk(copy):
            for name in names:
                made = Path(at, name)
                if digest(made) != digest(source / made.relative_to(copy)):
                    raise OSError(errno.EIO, "the copy differs from what was copied", str(source))
        if copy.is_file() and digest(copy) != digest(source):
            raise OSError(errno.EIO, "the copy differs from what was copied", str(source))
        before("carry")
        os.rename(copy, target)
    # Out of the way by one rename, so that a death in mid-removal leaves no half a source beside the whole copy.
    aside = source.with_name(f".{source.name[:40]}.repoops-carried")
    os.rename(source, aside)
    before("remove carried")
    if aside.is_dir() and not aside.is_symlink():
        shutil.rmtree(aside)
    else:
        aside.unlink()


def keep(path: Path, saved: Path) -> None:
    """Gives a file a second name, so that replacing the first loses neither content nor times; copies where it cannot."""
    before("link")
    try:
        os.link(path, saved, follow_symlinks=False)
    except OSError:
        shutil.copy2(path, saved, follow_symlinks=False)
    _durable(saved.parent)


def replace(source: Path, target: Path) -> None:
    """Renames over what is there, in one step; across file systems by a copy beside."""
    before("replace")
    try:
        os.replace(source, target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        beside = target.with_name(f".{target.name[:40]}.repoops.tmp")
        shutil.copy2(source, beside, follow_symlinks=False)
        os.replace(beside, target)
        source.unlink()
    _durable(target.parent)


def write(path: Path, data: bytes, mode: int) -> None:
    """Writes a new file, durably; one that is there is replaced."""
    before("write")
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with open(handle, "wb") as file:
        file.write(data)
        file.flush()
        os.fchmod(file.fileno(), mode)
        os.fsync(file.fileno())
    _durable(path.parent)


def symlink(path: Path, target: bytes) -> None:
    """Makes a symlink; one that is there is replaced."""
    before("symlink")
    path.unlink(missing_ok=True)
    os.symlink(target, os.fsencode(path))
    _durable(path.parent)


def append(path: Path, data: bytes) -> None:
    """Appends, durably, after all that was done before it."""
    before("append")
    settle()
    with open(path, "ab") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def remove(path: Path) -> None:
    """Removes a file of RepoOps' own."""
    before("unlink")
    path.unlink(missing_ok=True)
