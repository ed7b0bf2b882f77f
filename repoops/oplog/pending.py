"""Whether an operation was interrupted: asked before every command, so it imports next to nothing."""

from __future__ import annotations

import os

_SETTLED = tuple(b'"state": "%b"' % state for state in (b"applied", b"undone", b"rolled back", b"purged"))


def pending(ops: str | os.PathLike[str]) -> list[str]:
    """The names of operations whose journal does not end settled, oldest first; one that has none never began."""
    try:
        names = os.listdir(ops)
    except FileNotFoundError:
        return []
    return [name for name in sorted(names) if not _ends_settled(os.path.join(ops, name, "journal"))]


def _ends_settled(path: str) -> bool:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 65536))
            last = file.read().rstrip(b"\n").rsplit(b"\n", 1)[-1]
    except FileNotFoundError:
        return False
    return any(state in last for state in _SETTLED)
