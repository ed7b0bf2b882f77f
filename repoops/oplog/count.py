"""Counting on disk, after the fact, what an operation claims: the receipt is this, and never the plan's length."""

from __future__ import annotations

import os

from repoops.files import RelPath, shown
from repoops.oplog.journal import Operation
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
from repoops.oplog.steps import trash_place
from repoops.vcs.read import Repository, index
from repoops.vcs.write import read_ref


def intended(plan: Plan) -> dict[RelPath, FileState]:
    """What should lie at each path that the plan touches once it is applied."""
    final: dict[RelPath, FileState] = {}
    for step in plan.steps:
        match step:
            case MakeFolder(path):
                final[path] = FileState("folder")
            case Move(source, target, before):
                final[source], final[target] = ABSENT, before
            case Write(path):
                final[path] = step.after
            case Remove(path):
                final[path] = ABSENT
            case Empty(path):
                final[path] = FileState("folder")
            case SetRef() | SetIndex():
                pass
    return final


def count(repo: Repository, operation: Operation, plan: Plan) -> tuple[dict[str, int], list[str]]:
    """How much of the plan is true on disk, by kind, and what is not, one line each."""
    final = intended(plan)
    wrong = {path for path, wanted in final.items() if not alike(repo, path, wanted)}
    problems = [f"{shown(path)} is not as it was meant to be" for path in sorted(wrong)]
    counts = dict.fromkeys(("folders", "moved", "written", "removed", "refs", "index"), 0)
    for number, step in enumerate(plan.steps):
        match step:
            case MakeFolder(path):
                counts["folders"] += path not in wrong
            case Move(source, target):
                counts["moved"] += not {source, target} & wrong
            case Write(path):
                counts["written"] += path not in wrong
            case Remove(path):
                there = os.path.lexists(trash_place(operation, number, path))
                counts["removed"] += there and path not in wrong
                if not there:
                    problems.append(f"{shown(path)} did not arrive in the trash")
            case Empty(path):
                there = os.path.lexists(trash_place(operation, number, path))
                counts["removed"] += there and path not in wrong
                if not there:
                    problems.append(f"{shown(path)} did not arrive in the trash")
            case SetRef(ref, _, new):
                found = read_ref(repo, ref)
                counts["refs"] += found == new
                if found != new:
                    problems.append(f"{ref} is at {found}, not at {new}")
            case SetIndex(changes):
                rows = {e.path: (e.mode, e.oid) for e in index(repo)}
                right = sum(rows.get(c.path) == c.new for c in changes)
                counts["index"] += right
                if right != len(changes):
                    problems.append(
                        f"the index: {len(changes) - right} of {len(changes)} entries are not as meant"
                    )
    return counts, problems


def alike(repo: Repository, path: RelPath, wanted: FileState) -> bool:
    """Whether what lies there is what is wanted; without a digest only the kind matters, and no file is read."""
    found = file_state(repo, path, content=wanted.digest is not None)
    return found.kind == wanted.kind if wanted.digest is None else found == wanted
