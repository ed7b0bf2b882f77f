"""The files of the store under the git directory: whose code wrote them, and how they are replaced. Loads nothing."""

from __future__ import annotations

import os

from repoops import __version__


def code_version() -> str:
    """Changes whenever the code that reads files does: the release, and size and time of our own sources."""
    here = os.path.dirname(__file__)
    rows = sorted((e.name, e.stat().st_size, e.stat().st_mtime_ns) for e in os.scandir(here) if e.name.endswith(".py"))  # fmt: skip
    return repr((__version__, *rows))


def replace(path: str, data: bytes) -> None:
    """Replaces a file whole, where that can be done; not made durable, since it can be made again."""
    beside = f"{path}.{os.getpid()}"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with open(beside, "wb") as file:
            file.write(data)
        os.replace(beside, path)
    except OSError:
        return


LISTING = ("ls-files", "-s", "-v", "-c", "-m", "-d", "-o", "--exclude-standard", "-z", "--full-name")
"""What lists a tree and compares the disk with the index: `H` as in the index, `C` changed, `R` removed, `?` untracked."""
