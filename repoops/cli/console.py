"""The only place that prints: results to stdout, everything else to stderr."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from repoops import clock
from repoops.progress import Progress, as_line, silent


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


_LINES_APART_S = 1.0


@contextmanager
def progress(*, lines: bool = False) -> Iterator[Progress]:
    """A progress bar on a terminal, nothing elsewhere; `rich` is loaded only when a bar is drawn.

    Args:
        lines: write lines for a log instead, at most one a second and the last one.
    """
    if lines:
        yield _lines()
        return
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


Board = Callable[[str, str, str, int, int], None]
"""Called with (host, kind of state, state in words, done, total); total 0: not known."""
_SAME_STATE_APART_S = 10.0


@contextmanager
def board(hosts: Sequence[str]) -> Iterator[Board]:
    """A row for each host on a terminal; elsewhere a line whenever a host's kind of state changes, ten seconds have passed, or all tests have run."""
    if not sys.stderr.isatty() or os.environ.get("CI") or os.environ.get("TERM") == "dumb":
        yield _plain_board()
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import Progress as Bar

    with Bar(console=Console(stderr=True, no_color=bool(os.environ.get("NO_COLOR"))), transient=True) as bar:
        rows = {host: bar.add_task(escape(host), total=None) for host in hosts}

        def show(host: str, _: str, words: str, done: int, total: int) -> None:
            bar.update(
                rows[host], completed=done, total=total or None, description=escape(f"{host}: {words}"[:100])
            )

        yield show


def _plain_board() -> Board:
    last: dict[str, tuple[str, float]] = {}

    def show(host: str, kind: str, words: str, done: int, total: int) -> None:
        known, since = last.get(host, ("", 0.0))
        now = clock.monotonic()
        if kind != known or now - since >= _SAME_STATE_APART_S or (kind == "running" and done == total):
            last[host] = (kind, now)
            note(f"{host}: {words}")

    return show


def _lines() -> Progress:
    due = clock.monotonic()

    def show(done: int, total: int, what: str) -> None:
        nonlocal due
        if (now := clock.monotonic()) >= due or done == total:
            due = now + _LINES_APART_S
            note(as_line(done, total, what))

    return show
