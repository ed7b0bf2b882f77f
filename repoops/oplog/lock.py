"""One process at a time: a lock that the kernel frees when its holder dies."""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager

from repoops.errors import RepoOpsError
from repoops.vcs.read import Repository


class LockedError(RepoOpsError):
    """Another process works on this repository now."""


@contextmanager
def hold(repo: Repository, name: str = "lock") -> Iterator[None]:
    """Holds the repository's lock of that name; never waits.

    Raises:
        LockedError: another process holds it.
        RepoOpsError: the state folder cannot be made (a read-only repository).
    """
    try:
        repo.state.mkdir(parents=True, exist_ok=True)
        handle = os.open(repo.state / name, os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise RepoOpsError(
            f"cannot keep a journal: {error.strerror}",
            where=str(repo.state),
            remedy="make the git directory writable",
        ) from None
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            holder = os.pread(handle, 32, 0).decode("ascii", "replace").strip() or "unknown"
            raise LockedError(
                f"another repoops works on this repository (process {holder})",
                where=str(repo.state / name),
                remedy="wait until it has finished, then try again",
            ) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(handle)
