"""The only place that prints: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from repoops.progress import Progress, silent


def out(text: str) -> None:
    """A result."""
    print(text, file=sys.stdout)


def out_json(data: Any) -> None:
    """A result for machines; lone surrogates of odd file names stay as escapes."""
    print(json.dumps(data, indent=2, ensure_ascii=True), file=sys.stdout)


def note(text: str) -> None:
    """A message."""
    print(text, file=sys.stderr)


def interactive() -> bool:
    """Whether a person can be asked: both ends are a terminal, and this is no CI."""
    return sys.stdin.isatty() and sys.stderr.isatty() and not os.environ.get("CI")


@contextmanager
def progress() -> Iterator[Progress]:
    """A progress bar on a terminal, nothing elsewhere; `rich` is loaded only when a bar is drawn."""
    if not sys.stderr.isatty() or os.environ.get("CI") or os.environ.get("TERM") == "dumb":
        yield silent
        return
    from rich.console import Console
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR"))), transient=True) as bar:
        task = bar.add_task("", total=None)

        def show(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=what)

        yield show
