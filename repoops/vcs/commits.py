"""Commits and what they changed, through GitPython's objects: the one place where they serve better than plumbing."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import datetime, timedelta

from repoops.files import RelPath
from repoops.vcs.read import Repository
from repoops.vcs.run import git, records


@dataclass(frozen=True, slots=True)
class Commit:
    """One commit: full id, first line of its message, when it was committed, with the committer's UTC offset."""

    id: str
    subject: str
    when: datetime


@dataclass(frozen=True, slots=True)
class Changed:
    """A file that differs between two states; None counts are a binary file's. `gone` where it was removed."""

    path: RelPath
    added: int | None
    removed: int | None
    gone: bool


def commits(repo: Repository, since: str | None, until: str) -> list[Commit]:
    """The commits reachable from `until` and not from `since`, oldest first, merges included."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import git as gitpython

    with gitpython.Repo(repo.root) as handle:
        found = handle.iter_commits(f"{since}..{until}" if since else until)
        return [Commit(c.hexsha, str(c.summary), c.committed_datetime) for c in found][::-1]


def last_stretch(repo: Repository, until: str, gap: timedelta, most: int = 500) -> list[Commit]:
    """The commits up to `until` between which no more than `gap` passed, oldest first; first parents only."""
    os.environ.setdefault("GIT_PYTHON_REFRESH", "quiet")
    import git as gitpython

    stretch: list[Commit] = []
    with gitpython.Repo(repo.root) as handle:
        for c in handle.iter_commits(until, first_parent=True, max_count=most):
            if stretch and stretch[-1].when - c.committed_datetime > gap:
                break
            stretch.append(Commit(c.hexsha, str(c.summary), c.committed_datetime))
    return stretch[::-1]


def changed(repo: Repository, since: str | None) -> list[Changed]:
    """Tracked files that differ between a commit (None: an empty tree) and the work tree, renames as new files."""
    empty = git(repo.root, "hash-object", "-t", "tree", "--stdin", stdin=b"").decode().strip()
    base = since or empty
    numbers = records(git(repo.root, "diff", "--numstat", "-z", "--no-renames", "--no-ext-diff", base, "--"))
    gone = set(
        records(git(repo.root, "diff", "--name-only", "-z", "--no-renames", "--diff-filter=D", base, "--"))
    )
    rows = []
    for record in numbers:
        added, removed, path = record.split("\t", 2)
        rows.append(
            Changed(
                path,
                None if added == "-" else int(added),
                None if removed == "-" else int(removed),
                path in gone,
            )
        )
    return rows
