"""Settling what a killed process left: an interrupted operation is taken back, an interrupted undo is finished.

Taking back is right at every point, because `steps.take_back` looks at what exists where and does
only what is left to do; so a recovery may itself be killed and begun again.
"""

from __future__ import annotations

import os

from repoops.oplog import journal, steps
from repoops.oplog.journal import FINAL, Operation
from repoops.oplog.lock import LockedError, hold
from repoops.vcs.read import Repository


def settle_if_needed(repo: Repository) -> list[str]:
    """Settles under the lock; says what it did, one line each. Costs one look at a folder when there is nothing to do."""
    if not _open(repo):
        return []
    try:
        with hold(repo):
            return settle(repo)
    except LockedError:
        return []  # a living process is at work: what looks interrupted is its own


def settle(repo: Repository) -> list[str]:
    """The same for a caller that holds the lock."""
    said = []
    journal.forget_unbegun(repo)
    for operation in reversed(_open(repo)):
        before = operation.state
        roll_back(repo, operation)
        done = "finished the undo of" if before == "undoing" else "took back"
        said.append(f"{done} {operation.id}, which was interrupted")
    return said


def roll_back(repo: Repository, operation: Operation) -> None:
    """Takes every step back, last first, and says so in the journal."""
    undoing = journal.lines(operation.folder)[-1]["state"] == "undoing"
    if not undoing:
        journal.note(operation.folder, "rolling back")
    plan = journal.plan_of(operation)
    for number, step in reversed(list(enumerate(plan.steps))):
        steps.take_back(repo, operation, number, step)
    journal.note(operation.folder, "undone" if undoing else "rolled back")


def _open(repo: Repository) -> list[Operation]:
    folder = journal.operations_folder(repo)
    try:
        names = os.listdir(folder)
    except FileNotFoundError:
        return []
    found = []
    for name in sorted(names):
        if not _ends_settled(folder / name / "journal"):
            found += [o for o in journal.operations(repo) if o.id == name and o.state not in FINAL]
    return found


def _ends_settled(path: os.PathLike[str]) -> bool:
    try:
        with open(path, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - 4096))
            last = file.read().rstrip(b"\n").rsplit(b"\n", 1)[-1]
    except FileNotFoundError:
        return True
    return any(b'"state": "%b"' % state.encode() in last for state in (*FINAL, "purged"))
