"""How library code tells of its progress: through a callable it is handed; it never prints."""

from __future__ import annotations

import re
from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Called with (done, total, what)."""


def silent(done: int, total: int, what: str) -> None:
    """Tells nobody."""


_LINE = re.compile(r"progress (\d+) of (\d+): (.*)")


def as_line(done: int, total: int, what: str) -> str:
    """For a log: one line, which `from_line` takes back."""
    return f"progress {done} of {total}: {' '.join(what.split())}"


def from_line(line: str) -> tuple[int, int, str] | None:
    """What a line of a log tells of progress, if it does."""
    found = _LINE.fullmatch(line)
    return (int(found[1]), int(found[2]), found[3]) if found else None
