"""Which tests run which source files, as far as imports and names say it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from repoops.codemap.prose import code
from repoops.codemap.scan import is_test
from repoops.files import RelPath

_STEM = re.compile(r"\A(?:test_(?P<after>.+)|(?P<before>.+?)(?:_tests?|\.test|\.spec|Tests?))\Z")
_LEAST = 4
"""Tests that follow a pattern before it is called one; they must be half of all whose names match a file's."""


def runs_of(
    paths: Sequence[RelPath], importers: Mapping[RelPath, frozenset[RelPath]]
) -> dict[RelPath, tuple[RelPath, ...]]:
    """For each source file the tests that import it, then those that are named after it and lie nearest; none left out.

    Args:
        paths: all source files, in order.
        importers: who imports each.
    """
    named: dict[str, list[RelPath]] = {}
    for path in paths:
        about = subject_of(path)
        if about:
            named.setdefault(about, []).append(path)
    found = {}
    for path in paths:
        if is_test(path):
            continue
        direct = {p for p in importers.get(path, ()) if is_test(p)}
        alike = [p for p in named.get(_stem(path), ()) if _alike(path, p) or _is_flat(p)]
        closest = max((_alike(path, p) for p in alike), default=0)
        direct |= {p for p in alike if _alike(path, p) == closest}
        if direct:
            found[path] = tuple(sorted(direct, key=lambda p: (subject_of(p) != _stem(path), p)))
    return found


def subject_of(path: RelPath) -> str:
    """The name of what a test file is named after; empty for what is no test, or named after nothing."""
    match = _STEM.match(_stem(path))
    return (match["after"] or match["before"]) if match and is_test(path) else ""


def convention(paths: Sequence[RelPath], tests: Mapping[RelPath, Sequence[RelPath]]) -> str:
    """Where the tests of a file lie, in one line, if most whose names match a file's lie so; else nothing."""
    counts: dict[str, int] = {}
    whole = 0
    for path in paths:
        mine = [test for test in tests.get(path, ()) if subject_of(test) == _stem(path)]
        whole += bool(mine)
        for pattern in {_pattern(path, test) for test in mine}:
            counts[pattern] = counts.get(pattern, 0) + 1
    best = min(counts, key=lambda pattern: (-counts[pattern], pattern), default="")
    if not best or counts[best] < _LEAST or 2 * counts[best] < whole:
        return ""
    source, _, test = best.partition("\t")
    return f"Tests of {code(source)} mostly lie in {code(test)}."


def _pattern(path: RelPath, test: RelPath) -> str:
    """Both paths with what they share written as `NAME` and `…`."""
    (folder, _, name), (home, _, own) = path.rpartition("/"), test.rpartition("/")
    stem = _stem(path)
    if folder == home:
        left, right = ["…"], ["…"]
    else:
        parts, others = folder.split("/") if folder else [], home.split("/") if home else []
        shared = 0
        while shared < min(len(parts), len(others)) and parts[-1 - shared] == others[-1 - shared]:
            shared += 1
        left = [*parts[: len(parts) - shared], "…"]
        right = [*others[: len(others) - shared], "…"] if shared or not others else [*others]
        if not shared and len(parts) > 1:
            left = [parts[0], "…"]
        if not shared and len(parts) == 1:
            right = [*others, "…"] if len(others) == 1 else others
    return (
        "/".join([*left, name.replace(stem, "NAME", 1)])
        + "\t"
        + "/".join([*right, own.replace(stem, "NAME", 1)])
    )


def _stem(path: RelPath) -> str:
    return path.rpartition("/")[2].rsplit(".", 1)[0]


def _is_flat(test: RelPath) -> bool:
    """Whether a test lies right in the folder of all tests: there its name alone says what it is of."""
    return test.count("/") <= 1


def _alike(path: RelPath, test: RelPath) -> int:
    """How many folders two paths have in common."""
    return len(set(path.split("/")[:-1]) & set(test.split("/")[:-1]))
