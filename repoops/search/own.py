"""What RepoOps itself has written, as sources: a session's notes, recorded runs with their logs, verification reports."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from repoops.report.evidence import EVIDENCE_SCHEMA
from repoops.report.verification import SCHEMA as REPORT_SCHEMA
from repoops.search import kinds
from repoops.search.passage import Passage, Source

_MOST_LOG = 1 << 20
"""Bytes of a run's log that are read, from its end: there it says what went wrong."""
_ROWS = 40
_NOTES = {
    "failed": kinds.FAILED,
    "lesson": kinds.LESSON,
    "option": kinds.DECISION,
    "next": kinds.NEXT,
    "worked": kinds.SOLVED,
}


def of_json(name: bytes, data: bytes, folder: Path) -> Source | None:
    """A stored session, statement or report as a source; None for any other JSON.

    Args:
        name: what the source is called.
        data: the file's bytes.
        folder: where it lies, and a statement's log beside it.
    """
    try:
        stored = json.loads(data)
        if not isinstance(stored, dict):
            return None
        schema = stored.get("schema")
        if schema == "repoops/session/1":
            return _session(name, stored, _Lines(data))
        if schema == REPORT_SCHEMA:
            return _report(name, stored, _Lines(data))
        if stored.get("predicate", {}).get("repoops", {}).get("schema") == EVIDENCE_SCHEMA:
            return _run(name, stored, folder)
    except (ValueError, KeyError, TypeError, AttributeError):
        return None  # not of this form after all: `audit` is who complains of it
    return None


def of_open_session(name: bytes, data: bytes) -> Source:
    """The notes of a session that has not ended."""
    notes = [event for event in _open(data) if event["event"] == "note"]
    date = str(notes[-1]["at"]) if notes else ""
    return Source("note", name, date, "", "the open session", tuple(_notes(notes, _Lines(data))))


def open_runs(data: bytes) -> list[str]:
    """Ids of the runs of a session that has not ended."""
    return [event["id"] for event in _open(data) if event["event"] == "run"]


def _open(data: bytes) -> list[Mapping[str, Any]]:
    found: list[Mapping[str, Any]] = []
    for line in data.split(b"\n"):
        try:
            event = json.loads(line)
        except ValueError:
            continue  # empty, or torn by a death
        found = [] if event["event"] in ("start", "end") else [*found, event]
    return found


class _Lines:
    """The lines on which values of a JSON text stand, asked for in their order."""

    def __init__(self, data: bytes) -> None:
        self._data, self._at, self._line = data, 0, 1

    def of(self, row: Mapping[str, Any], key: str) -> int:
        """That of the next such pair; the last known one where it is written in some other way."""
        found = self._data.find(f"{json.dumps(key)}: {json.dumps(row[key])}".encode(), self._at)
        if found >= 0:
            self._line += self._data.count(b"\n", self._at, found)
            self._at = found + 1
        return self._line


def _session(name: bytes, stored: Mapping[str, Any], lines: _Lines) -> Source:
    title = f"session {stored['start']['id']}"
    return Source("note", name, stored["end"], "", title, tuple(_notes(stored["notes"], lines)))


def _notes(notes: list[Mapping[str, Any]], lines: _Lines) -> Iterator[Passage]:
    for note in notes:
        yield Passage(lines.of(note, "text"), note["kind"], note["text"], _NOTES.get(note["kind"], 0))


def _run(name: bytes, stored: Mapping[str, Any], folder: Path) -> Source | None:
    predicate = stored["predicate"]
    own = predicate["repoops"]
    if own["id"] == "verify":
        return None  # the report beside it says all of it
    failed = own["exit"] != 0 or bool(predicate["failedTests"])
    command = shlex.join(own["command"])
    said = [f"{command}: exit {own['exit']} after {own['durationSeconds']:.1f} s", *(f"failed: {test}" for test in predicate["failedTests"])]  # fmt: skip
    kind = kinds.FAILED if failed else 0
    passages = [Passage(1, "", "\n".join(said), kind)]
    log = folder / Path(predicate["configuration"][0]["name"]).name
    if log.is_file():
        passages += _log(log, kind)
    return Source("run", name, own["started"], "failed" if failed else "done", command, tuple(passages))


def _log(path: Path, kind: int) -> Iterator[Passage]:
    data = path.read_bytes()
    skipped = data[: max(len(data) - _MOST_LOG, 0)].count(b"\n")
    rows = data[-_MOST_LOG:].decode("utf-8", "replace").split("\n")
    for start in range(0, len(rows), _ROWS):
        text = "\n".join(rows[start : start + _ROWS]).rstrip()
        if text:
            yield Passage(skipped + start + 1, path.name, text, kind)


def _report(name: bytes, stored: Mapping[str, Any], lines: _Lines) -> Source:
    passages = []
    for row in stored["results"]:
        if row["result"]["outcome"] != "failed":
            continue
        said = [f"{row['test']}: {row['result']['why']}"]
        said += [f"{found['check']} {found['rule']}: {found['message']}" for found in row["findings"]]
        at = lines.of(row, "test")
        passages.append(Passage(at, f"{row['kernel']} {row['version']}", "\n".join(said), kinds.FAILED))
    passages += [
        Passage(lines.of(row, "what"), "not run", f"{row['what']}: {row['why']}") for row in stored["not_run"]
    ]
    failed = any(row["result"]["outcome"] == "failed" for row in stored["results"])
    title = f"verification, back end {stored['backend']}"
    return Source("report", name, stored["started"], "failed" if failed else "done", title, tuple(passages))
