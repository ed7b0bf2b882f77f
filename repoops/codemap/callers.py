"""Calls in words: what many files call, and all that is known of who calls one function and whom it calls."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import partial
from typing import Any

from repoops.codemap.budget import Line, Section
from repoops.codemap.calls import Call, Calls, Function
from repoops.codemap.prose import code, path_code
from repoops.codemap.scan import is_test
from repoops.errors import RepoOpsError
from repoops.files import RelPath, below, shown
from repoops.words import many

_LEAST = 2
"""Other files that call a function before a map tells of it."""
_FEW, _MORE = 1, 3
_MOST = 40
"""Functions of which a map tells, however much room there is; all calls are in the facts."""
_UNTOLD = "Not known: calls through objects, of functions that are handed on, and of names that several things have."


def most_called(calls: Calls, within: Sequence[RelPath] = ()) -> Section:
    """The functions that most other files call, tests aside; of those `within` these folders, if any are given."""
    callers: dict[Function, set[RelPath]] = {}
    for call in calls.rows:
        if call.caller.path != call.target.path and not is_test(call.caller.path):
            callers.setdefault(call.target, set()).add(call.caller.path)
    rows = sorted(
        ((target, sorted(paths)) for target, paths in callers.items() if len(paths) >= _LEAST),
        key=lambda row: (-len(row[1]), row[0]),
    )
    lines = [
        Line((target,), _line(target, paths, _FEW), partial(_fuller, target, paths))
        for target, paths in rows
        if not within or below(target.path, within)
    ][:_MOST]
    return Section(
        "Most called", "", len(lines), lambda: iter(lines), lambda _: "- and what fewer files call", 100, 3
    )


def _fuller(target: Function, paths: Sequence[RelPath]) -> list[str]:
    return [_line(target, paths, _MORE)] if len(paths) > _FEW else []


def _line(target: Function, paths: Sequence[RelPath], most: int) -> str:
    more = f" and {len(paths) - most} more" if len(paths) > most else ""
    listed = ", ".join(path_code(path) for path in paths[:most])
    return f"- {path_code(target.path)}: {code(target.name)}, called in {many(len(paths), 'other file')}: {listed}{more}"


def asked_for(calls: Calls, name: str) -> list[Function]:
    """The functions that `name`, `Class.name` or `path:name` means, by path.

    Raises:
        RepoOpsError: there is none.
    """
    path, _, rest = name.rpartition(":")
    found = [
        function
        for function in calls.lines
        if (not path or function.path == path)
        and (function.name == rest or function.name.endswith("." + rest))
    ]
    if not found:
        import difflib

        names = {
            part for function in calls.lines for part in (function.name, function.name.rpartition(".")[2])
        }
        near = difflib.get_close_matches(rest, sorted(names), n=3)
        raise RepoOpsError(
            "no function, class or method of this name", where=name,
            remedy=f"nearest: {', '.join(near)}" if near else "give a name as it is defined, or path:name",
        )  # fmt: skip
    return sorted(found)


def answer(calls: Calls, functions: Iterable[Function]) -> str:
    """For each function where it is defined, who calls it and whom it calls, as lines `path:line name`."""
    pieces: list[str] = []
    for function in functions:
        into = [call for call in calls.rows if call.target == function]
        out = [call for call in calls.rows if call.caller == function]
        files = len({call.caller.path for call in into})
        pieces.append(f"{_at(function, calls.lines[function])}\n")
        pieces.append(f"  called by {len(into)}, in {many(files, 'file')}\n" if into else "  no call known\n")
        pieces += [f"    {_at(call.caller, call.line)}\n" for call in into]
        pieces += [f"  calls {len(out)}\n"] if out else []
        pieces += [f"    {_at(call.target, calls.lines[call.target])}\n" for call in out]
    return "".join([*pieces, _UNTOLD, "\n"])


def answer_to_json(calls: Calls, functions: Iterable[Function]) -> list[dict[str, Any]]:
    """The same as data."""
    return [
        {"path": shown(f.path), "name": f.name, "line": calls.lines[f],
         "called_by": [row["from"] | {"line": row["line"]} for row in rows_to_json(c for c in calls.rows if c.target == f)],
         "calls": [row["to"] | {"line": row["line"]} for row in rows_to_json(c for c in calls.rows if c.caller == f)]}
        for f in functions
    ]  # fmt: skip


def rows_to_json(rows: Iterable[Call]) -> list[dict[str, Any]]:
    """Edges; `line` is where the caller calls first."""
    return [
        {"from": {"path": shown(call.caller.path), "name": call.caller.name},
         "to": {"path": shown(call.target.path), "name": call.target.name}, "line": call.line}
        for call in rows
    ]  # fmt: skip


def _at(function: Function, line: int) -> str:
    return f"{shown(function.path)}:{line} {function.name or '(at its own level)'}"
