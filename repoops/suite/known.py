"""The tests that there were when they were last collected, so that a `-k` which matches none of them is answered at once.

Collecting takes seconds: every process loads torch to make the specifications' cases. Only the answer *none* is
taken from here, and only for the key that the tests were kept under; whatever matches is collected anew.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from repoops.errors import RepoOpsError
from repoops.files import atomic_write

if TYPE_CHECKING:
    import pytest

Names = Sequence[Sequence[str]]
"""Of each test, what pytest's `-k` looks for a word in."""


@dataclass(frozen=True, slots=True)
class Known:
    """Where they are kept; `key` stands for all that their names follow from: kept under another they are not known."""

    file: Path
    key: str


def names(items: Sequence[pytest.Item]) -> list[list[str]]:
    """What `-k` looks at, by pytest's own reckoning."""
    from _pytest.mark import KeywordMatcher

    return [sorted(KeywordMatcher.from_item(item)._names) for item in items]  # noqa: SLF001 - pytest has no public word for it


def keep(known: Known, found: Names) -> None:
    """Takes the place of what was kept before."""
    known.file.parent.mkdir(parents=True, exist_ok=True)
    atomic_write(known.file, json.dumps({"key": known.key, "tests": found}).encode())


def parsed(select: str) -> Any:
    """A `-k` as pytest parses it; in several processes pytest itself would end in an internal error.

    Raises:
        RepoOpsError: pytest refuses it.
    """
    from _pytest.mark import expression

    refused = getattr(expression, "ParseError", SyntaxError)  # pytest 8 has an error of its own
    try:
        return expression.Expression.compile(select.strip())
    except refused as error:
        why = getattr(error, "msg", None) or str(error)
        raise RepoOpsError(
            f"-k {select!r} cannot be read: {why}",
            remedy="join words by and, or, not and parentheses: -k 'tiled and not (S1 or S65)'",
        ) from None


def none_matches(known: Known, select: str) -> bool:
    """Whether it is known that no test matches; raises as `parsed` does."""
    try:
        kept = json.loads(known.file.read_bytes())
    except (OSError, ValueError):
        return False
    if kept["key"] != known.key:
        return False
    asked = parsed(select)
    return not any(_meets(asked, [name.lower() for name in test]) for test in kept["tests"])


def _meets(asked: Any, test: Sequence[str]) -> bool:
    return bool(asked.evaluate(lambda word, **_: any(word.lower() in name for name in test)))
