"""Taking an operation back on the user's word: refused, by name, where something made since would be lost."""

from __future__ import annotations

from collections.abc import Iterator

from repoops.errors import RepoOpsError
from repoops.files import RelPath, shown
from repoops.oplog import journal, recover, steps
from repoops.oplog.apply import Receipt
from repoops.oplog.count import alike, intended
from repoops.oplog.journal import Operation
from repoops.oplog.lock import hold
from repoops.oplog.observe import file_state
from repoops.oplog.plan import (
    ABSENT,
    Empty,
    FileState,
    MakeFolder,
    Move,
    Plan,
    Remove,
    SetIndex,
    SetRef,
    Write,
)
from repoops.progress import Progress, silent
from repoops.vcs.read import Repository, head, refuse_in_progress, resolve
from repoops.vcs.run import git

_NAMES = {
    MakeFolder: "folders",
    Move: "moved",
    Write: "written",
    Remove: "removed",
    SetRef: "refs",
}

_SHOWN = 20
"""Obstacles that a refusal names."""


def undo(
    repo: Repository, operation_id: str | None = None, progress: Progress = silent, *, dry_run: bool = False
) -> Receipt:
    """Takes an operation back, last step first.

    Args:
        repo: the repository.
        operation_id: an id or the beginning of one; the latest that stands applied if None.
        progress: told of each step.
        dry_run: only says whether it could be done.

    Raises:
        RepoOpsError: no such operation, it does not stand applied, its trash was purged, or what it
            made was changed since; then nothing is touched.
    """
    refuse_in_progress(repo, "undo")
    with hold(repo):
        recover.settle(repo)
        operation = journal.find(repo, operation_id)
        if operation.state != "applied":
            raise RepoOpsError(f"{operation.id} is {operation.state} already", remedy="see: repoops history")
        if operation.purged:
            raise RepoOpsError(
                f"{operation.id} cannot be undone: its trash was purged on {operation.purged[:10]}"
            )
        plan = journal.plan_of(operation)
        blocked = [f"{shown(path)} {why}" for path, why in _obstacles(repo, operation, plan)]
        if blocked:
            more = f"; and {len(blocked) - _SHOWN} more" if len(blocked) > _SHOWN else ""
            raise RepoOpsError(
                f"cannot undo {operation.id}: {'; '.join(blocked[:_SHOWN])}{more}",
                remedy="that would be lost: set it aside as it is now, put back what the operation left, and undo again",
                code=1,
            )
        counts = {name: sum(isinstance(s, kind) for s in plan.steps) for kind, name in _NAMES.items()}
        counts["removed"] += sum(isinstance(s, Empty) for s in plan.steps)
        counts["index"] = sum(len(s.changes) for s in plan.steps if isinstance(s, SetIndex))
        if dry_run:
            return Receipt(operation.id, counts, agrees=True, problems=())
        journal.note(operation.folder, "undoing")
        total = len(plan.steps)
        for done, (number, step) in enumerate(reversed(list(enumerate(plan.steps)))):
            progress(done, total, "undo")
            steps.take_back(repo, operation, number, step)
        problems = tuple(
            f"{shown(path)} is not as it was before"
            for path, was in _formerly(plan).items()
            if not alike(repo, path, was)
        )
        journal.note(operation.folder, "undone", problems=problems)
        return Receipt(operation.id, counts, agrees=not problems, problems=problems)


def commits_since(repo: Repository, operation_id: str) -> int:
    """How many commits HEAD has that it had not before an operation; taking that back leaves them as they are."""
    plan = journal.plan_of(journal.find(repo, operation_id))
    before = plan.base.head
    moved = any(isinstance(step, SetRef) and step.ref in ("HEAD", plan.base.branch) for step in plan.steps)
    if moved or head(repo).commit is None or (before and not resolve(repo, before)):
        return 0  # a branch that was moved is where the operation left it, or undo refuses
    return int(git(repo.root, "rev-list", "--count", "HEAD", *([f"^{before}"] if before else []), "--"))


def _obstacles(repo: Repository, operation: Operation, plan: Plan) -> list[tuple[RelPath, str]]:
    """What undo would lose or stumble over: paths and refs, each with the reason."""
    found = []
    formerly = _formerly(plan)
    written = {step.path for step in plan.steps if isinstance(step, Write)}
    for path, made in intended(plan).items():
        now = file_state(repo, path, content=path in written)
        if made == ABSENT:
            if now != ABSENT != formerly.get(path, ABSENT):
                found.append((path, "is there again"))
        elif now == ABSENT and made.kind != "folder":
            found.append((path, "is gone"))
        elif (
            made.kind != "folder" and now.digest != made.digest and path in written
        ):  # what was only moved goes back with its edits
            found.append((path, "was changed since"))
    for number in range(len(plan.steps)):
        hit = steps.obstacle(repo, operation, plan, number)
        if hit:
            found.append(hit)
    return found


def _formerly(plan: Plan) -> dict[RelPath, FileState]:
    """What lay at each path that the plan touches before it was applied."""
    first: dict[RelPath, FileState] = {}
    for step in plan.steps:
        match step:
            case MakeFolder(path):
                first.setdefault(path, ABSENT)
            case Move(source, target, before):
                first.setdefault(source, before)
                first.setdefault(target, ABSENT)
            case Write(path, _, before) | Remove(path, before):
                first.setdefault(path, before)
            case Empty(path):
                first.setdefault(path, FileState("folder"))
            case SetRef() | SetIndex():
                pass
    # What an operation made inside a folder that it took away says nothing of what lay there before.
    went = {s.path for s in plan.steps if isinstance(s, (Remove, Empty))}
    return {path: was for path, was in first.items() if not any(above in went for above in _above(path))}


def _above(path: RelPath) -> Iterator[RelPath]:
    parts = path.split("/")
    return ("/".join(parts[:depth]) for depth in range(1, len(parts)))
