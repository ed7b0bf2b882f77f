"""How library code tells of its progress: through a callable it is handed; it never prints."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[int, int, str], None]
"""Called with (done, total, what)."""


def silent(done: int, total: int, what: str) -> None:
    """Tells nobody."""
