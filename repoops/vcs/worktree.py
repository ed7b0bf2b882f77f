"""A work tree of our own beside the user's, in the system's temporary folder; theirs, their index and refs stay as they are."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from repoops.vcs.read import Repository
from repoops.vcs.run import git, records

_PREFIX = "repoops-worktree-"


@contextmanager
def temporary(repo: Repository, commit: str) -> Iterator[Path]:
    """A detached work tree at a commit, gone afterwards. Whoever asks for one must hold a lock on all of them."""
    sweep(repo)
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX)).resolve()
    try:
        git(repo.root, "worktree", "add", "-q", "--detach", "--", str(folder), commit)
        yield folder
    finally:
        sweep(repo)
        shutil.rmtree(folder, ignore_errors=True)


def turn_to(folder: Path, commit: str) -> None:
    """Makes such a work tree that of another commit; what a run has left in it goes, caches of imports too."""
    git(folder, "checkout", "-q", "--force", "--detach", commit, "--")
    git(folder, "clean", "-q", "-ffdx")


def sweep(repo: Repository) -> None:
    """Removes every work tree of ours: those of a process that was killed, too."""
    for record in records(git(repo.root, "worktree", "list", "--porcelain", "-z")):
        key, _, path = record.partition(" ")
        if key == "worktree" and Path(path).name.startswith(_PREFIX):
            git(repo.root, "worktree", "remove", "--force", "--force", "--", path)
            shutil.rmtree(path, ignore_errors=True)
