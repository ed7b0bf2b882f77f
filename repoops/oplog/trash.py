"""What operations keep for undo: how much it is, and letting go of it on the user's word."""

from __future__ import annotations

import os
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta

from repoops import clock
from repoops.oplog import effects, journal, recover
from repoops.oplog.lock import hold
from repoops.vcs.read import Repository

_KEPT = ("trash", "saved", "new")


@dataclass(frozen=True, slots=True)
class Kept:
    """What one operation holds: `size` in bytes, the names of what it removed from the work tree."""

    operation: str
    command: str
    started: datetime
    state: str
    size: int
    names: tuple[str, ...]


def kept(repo: Repository) -> list[Kept]:
    """Every operation whose trash still holds something, oldest first."""
    found = []
    for operation in journal.operations(repo):
        trash = operation.folder / "trash"
        if operation.purged or not trash.is_dir():
            continue
        names = tuple(
            name
            for number in sorted(os.listdir(trash), key=int)
            for name in sorted(os.listdir(trash / number))
        )
        if names:
            started = datetime.fromisoformat(operation.started)
            size = _size(str(trash))
            found.append(Kept(operation.id, operation.command, started, operation.state, size, names))
    return found


def purge(repo: Repository, older_than: timedelta) -> list[Kept]:
    """Deletes the trash of operations older than that; they can be undone no more. Returns what was let go."""
    with hold(repo):
        recover.settle(repo)
        old = [k for k in kept(repo) if clock.now() - k.started >= older_than]
        for entry in old:
            folder = journal.operations_folder(repo) / entry.operation
            # First the word, then the deed: a purge that is killed leaves an operation that knows it is not whole.
            journal.note(folder, "purged")
        for operation in journal.operations(repo):
            if operation.purged:
                for part in _KEPT:
                    if (operation.folder / part).exists():
                        effects.before("purge")
                        shutil.rmtree(operation.folder / part, onerror=_make_writable)
        return old


def _size(folder: str) -> int:
    total = 0
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                total += _size(entry.path)
            else:
                total += entry.stat(follow_symlinks=False).st_size
    return total


def _make_writable(_function: object, path: str, _error: object) -> None:
    """A folder without write permission keeps its files from being deleted: give it, and try once more."""
    os.chmod(os.path.dirname(path), 0o700)
    os.chmod(path, 0o700, follow_symlinks=os.chmod in os.supports_follow_symlinks)
    if os.path.isdir(path) and not os.path.islink(path):
        shutil.rmtree(path)
    else:
        os.unlink(path)
