"""The open session: facts in the order in which they came, one JSON line each, under the git directory."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from repoops.errors import RepoOpsError
from repoops.report.evidence import Evidence, Subject
from repoops.session.gpu import Sighting
from repoops.vcs.read import Repository

KINDS = ("worked", "failed", "lesson", "next", "option", "note")


@dataclass(frozen=True, slots=True)
class Start:
    """Where a session begins.

    `recorded` is False where nobody ran session-start: then `why` says how the beginning was found.
    """

    id: str
    at: datetime
    head: str | None
    branch: str | None
    tree: str | None
    machine: Mapping[str, str]
    recorded: bool = True
    why: str = ""


@dataclass(frozen=True, slots=True)
class Note:
    """What a person said; never evidence."""

    at: datetime
    kind: str
    text: str
    recommended: bool = False


@dataclass(frozen=True, slots=True)
class SessionRecord:
    """What is known of a session while it runs: facts only, the summary is a function of it; `ended` is when the one before did."""

    start: Start | None
    notes: tuple[Note, ...]
    runs: tuple[Evidence, ...]
    gpu: tuple[Sighting, ...] = ()
    ended: datetime | None = None


def folder(repo: Repository) -> Path:
    """Where the open session is kept."""
    return repo.state / "session"


def read(repo: Repository) -> SessionRecord:
    """The open session; empty where none is open.

    Raises:
        RepoOpsError: a line or a statement cannot be read.
    """
    log = folder(repo) / "log.jsonl"
    start: Start | None = None
    notes: list[Note] = []
    runs: list[Evidence] = []
    gpu: list[Sighting] = []
    ended: datetime | None = None
    lines = log.read_bytes().split(b"\n") if log.exists() else []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            event = json.loads(line)
        except ValueError:
            if number == len(lines):
                continue  # torn by a death in mid-write: it never happened
            raise RepoOpsError(
                "not a line of a session", where=f"{log}:{number}", remedy="remove that line"
            ) from None
        if event["event"] == "start":
            start, notes, runs, gpu = start_from_json(event), [], [], []
        elif event["event"] == "note":
            notes.append(note_from_json(event))
        elif event["event"] == "run":
            runs.append(_statement(folder(repo) / "evidence" / f"{event['id']}.json"))
        elif event["event"] == "gpu":
            gpu.append(Sighting.from_json(event))
        elif event["event"] == "end":
            start, notes, runs, gpu = None, [], [], []
            ended = datetime.fromisoformat(event["at"])
    return SessionRecord(start, tuple(notes), tuple(runs), tuple(gpu), ended)


def append(repo: Repository, event: Mapping[str, Any]) -> None:
    """Adds one fact, durably. A newline first: what a death tore off must not spoil it."""
    where = folder(repo)
    where.mkdir(parents=True, exist_ok=True)
    with open(where / "log.jsonl", "ab") as file:
        file.write(b"\n" + json.dumps(event).encode() + b"\n")
        file.flush()
        os.fsync(file.fileno())


def start_to_json(start: Start) -> dict[str, Any]:
    """Plain data."""
    return {
        "event": "start", "id": start.id, "at": start.at.isoformat(), "head": start.head, "branch": start.branch,
        "tree": start.tree, "machine": dict(start.machine), "recorded": start.recorded, "why": start.why,
    }  # fmt: skip


def start_from_json(data: Mapping[str, Any]) -> Start:
    """Takes back what `start_to_json` gave."""
    return Start(
        data["id"], datetime.fromisoformat(data["at"]), data["head"], data["branch"], data["tree"], data["machine"],
        data["recorded"], data["why"],
    )  # fmt: skip


def note_to_json(note: Note) -> dict[str, Any]:
    """Plain data."""
    return {
        "event": "note", "at": note.at.isoformat(), "kind": note.kind, "text": note.text, "recommended": note.recommended,
    }  # fmt: skip


def note_from_json(data: Mapping[str, Any]) -> Note:
    """Takes back what `note_to_json` gave."""
    return Note(datetime.fromisoformat(data["at"]), data["kind"], data["text"], data["recommended"])


def subject_note(subject: Subject) -> str:
    """A tree in words: `tree 1a2b3c4d5e` and whether a commit has it."""
    return f"tree {subject.tree[:10]}" + (", uncommitted changes included" if subject.dirty else "")


def _statement(path: Path) -> Evidence:
    try:
        return Evidence.from_json(json.loads(path.read_bytes()))
    except (OSError, ValueError) as error:
        raise RepoOpsError(f"a statement of this session cannot be read: {error}", where=str(path)) from None
