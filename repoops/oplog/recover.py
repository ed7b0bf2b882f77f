"""Settling what a killed process left: an interrupted operation is taken back, an interrupted undo is finished.

Taking back is right at every point, because `steps.take_back` looks at what exists where and does
only what is left to do; so a recovery may itself be killed and begun again.
"""

from __future__ import annotations

from repoops.oplog import journal, steps
from repoops.oplog.journal import FINAL, Operation
from repoops.oplog.lock import LockedError, hold
from repoops.oplog.pending import pending
from repoops.vcs.read import Repository


def settle_if_needed(repo: Repository) -> list[str]:
    """Settles under the lock; says what it did, one line each."""
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
    names = set(pending(journal.operations_folder(repo)))
    return [o for o in journal.operations(repo) if o.id in names and o.state not in FINAL] if names else []
