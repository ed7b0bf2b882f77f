"""What is durable about an operation: its plan, the contents it needs, and a journal that is only appended to.

`<git dir>/repoops/ops/<id>/` holds `plan.json`, `new/<digest>` (contents to be written), `saved/<n>`
(what step n replaced), `trash/<n>/…` (what step n removed), `index.before`, and `journal`: JSON lines,
each fsynced, of which the last tells the state. docs/oplog.md has the format and the invariants.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repoops import clock
from repoops.errors import RepoOpsError
from repoops.oplog import effects
from repoops.oplog.codec import plan_from_json, plan_to_json
from repoops.oplog.plan import Plan, SetIndex, Write
from repoops.vcs.read import Repository
from repoops.vcs.write import index_path

FINAL = ("applied", "undone", "rolled back")


@dataclass(frozen=True, slots=True)
class Operation:
    """One operation as its journal tells it.

    `state` is `planned`, `applying`, `applied`, `rolling back`, `rolled back`, `undoing` or `undone`;
    `counts` are what was on disk after it; `facts` are the plan's; `purged` tells when its trash was.
    """

    id: str
    command: str
    started: str
    state: str
    facts: Mapping[str, Any]
    counts: Mapping[str, int]
    folder: Path
    purged: str | None = None
    finished: str | None = None


def operations_folder(repo: Repository) -> Path:
    """Where operations are kept."""
    return repo.state / "ops"


def operations(repo: Repository) -> list[Operation]:
    """All operations that were begun, oldest first."""
    folder = operations_folder(repo)
    if not folder.is_dir():
        return []
    found = [
        _read(folder / name) for name in sorted(os.listdir(folder)) if (folder / name / "journal").is_file()
    ]
    return [operation for operation in found if operation is not None]


def find(repo: Repository, wanted: str | None) -> Operation:
    """The operation that an id or the beginning of one names; by default the latest that stands applied.

    Raises:
        RepoOpsError: none, or more than one.
    """
    everything = operations(repo)
    if wanted is None:
        standing = [o for o in everything if o.state == "applied"]
        if not standing:
            raise RepoOpsError("nothing to undo: no operation stands applied", remedy="see: repoops history")
        return standing[-1]
    hits = [o for o in everything if o.id == wanted] or [o for o in everything if o.id.startswith(wanted)]
    if len(hits) != 1:
        what = f"{len(hits)} operations begin with {wanted!r}" if hits else f"no operation {wanted!r}"
        raise RepoOpsError(what, remedy="see: repoops history")
    return hits[0]


def prepare(repo: Repository, plan: Plan) -> Operation:
    """Makes everything durable that applying, recovering and undoing need; changes nothing of the user's."""
    started = clock.now()
    name = f"{_next_number(repo):04d}-{started:%Y%m%d-%H%M%S}-{plan.command}"
    folder = operations_folder(repo) / name
    effects.before("prepare")
    for part in ("new", "saved", "trash"):
        (folder / part).mkdir(parents=True)
    for step in plan.steps:
        if isinstance(step, Write):
            new = folder / "new" / content_name(step.content)
            if not new.exists():
                effects.write(new, step.content, 0o600)
    if any(isinstance(step, SetIndex) for step in plan.steps):
        source = index_path(repo)
        if source.exists():
            effects.write(folder / "index.before", source.read_bytes(), 0o600)
    whole = {"id": name, "started": started.isoformat(), "plan": plan_to_json(plan)}
    effects.write(folder / "plan.json", json.dumps(whole).encode(), 0o600)
    # The journal's first line is the last to be made durable: an operation without one never began.
    note(folder, "planned")
    return Operation(name, plan.command, started.isoformat(), "planned", plan.facts, {}, folder)


def _next_number(repo: Repository) -> int:
    """Counts on, so that ids sort as operations followed each other, whatever the clock did."""
    folder = operations_folder(repo)
    return max((int(name[:4]) for name in os.listdir(folder)), default=0) + 1 if folder.is_dir() else 1


def content_name(content: bytes) -> str:
    """The name a Write's content is stored under."""
    from repoops.files import sha256

    return sha256(content).removeprefix("sha256:")


def note(folder: Path, state: str, **more: Any) -> None:
    """Appends one line to an operation's journal."""
    line = {"state": state, "at": clock.now().isoformat(), **more}
    # A newline first: what a death tore off in the middle of a line must not spoil this one.
    effects.append(folder / "journal", b"\n" + json.dumps(line).encode() + b"\n")


def lines(folder: Path) -> list[dict[str, Any]]:
    """The journal's whole lines; a torn last one never happened."""
    parsed = (_parse(line) for line in (folder / "journal").read_bytes().split(b"\n"))
    return [line for line in parsed if line is not None]


def _parse(line: bytes) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = json.loads(line)
    except ValueError:
        return None
    return found


def plan_of(operation: Operation) -> Plan:
    """An operation's plan; contents come from beside it."""
    whole = json.loads((operation.folder / "plan.json").read_bytes())
    return plan_from_json(whole["plan"], lambda name: (operation.folder / "new" / name).read_bytes())


def forget_unbegun(repo: Repository) -> None:
    """Removes what was prepared but never got its first journal line."""
    folder = operations_folder(repo)
    for name in os.listdir(folder) if folder.is_dir() else []:
        if not (folder / name / "journal").exists():
            shutil.rmtree(folder / name)


def _read(folder: Path) -> Operation | None:
    noted = lines(folder)
    if not noted:
        return None
    try:
        whole = json.loads((folder / "plan.json").read_bytes())
    except (OSError, ValueError) as error:
        raise RepoOpsError(
            f"an operation's plan cannot be read: {error}", where=str(folder / "plan.json")
        ) from None
    states = [line for line in noted if line["state"] != "purged"]
    counts: dict[str, int] = next((line["counts"] for line in reversed(noted) if "counts" in line), {})
    return Operation(
        id=whole["id"],
        command=whole["plan"]["command"],
        started=whole["started"],
        state=states[-1]["state"],
        facts=whole["plan"]["facts"],
        counts=counts,
        folder=folder,
        purged=next((line["at"] for line in noted if line["state"] == "purged"), None),
        finished=states[-1]["at"] if states[-1]["state"] in FINAL else None,
    )
