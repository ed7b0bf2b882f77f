"""Which commit to try next between a good and a bad one, as git itself reckons it."""

from __future__ import annotations

from collections.abc import Iterable

from repoops.vcs.read import Repository
from repoops.vcs.run import git, text


def between(repo: Repository, bad: str, good: Iterable[str], *, descended: bool = False) -> list[str]:
    """The commits that `bad` may owe its fault to, itself included; first the one that halves them best.

    All of the graph counts, not first parents alone: a fault that came with a merge is found on the
    branch that brought it. A commit that is good clears everything that it was made from. With `descended`
    only those that were made from one of the good commits.
    """
    path = ["--ancestry-path"] if descended else []
    said = text(git(repo.root, "rev-list", "--bisect-all", *path, bad, "--not", *good))
    return [line.split(" ", 1)[0] for line in said.splitlines()]


def parents(repo: Repository, commit: str) -> list[str]:
    """What a commit was made from: several of a merge."""
    return text(git(repo.root, "rev-parse", f"{commit}^@")).split()


def descends(repo: Repository, commit: str, ancestor: str) -> bool:
    """Whether a commit was made from another, or is it."""
    return text(git(repo.root, "merge-base", "--all", ancestor, commit, ok=(0, 1))).split() == [ancestor]


def merge_base(repo: Repository, one: str, other: str) -> str | None:
    """The best commit that both were made from."""
    return text(git(repo.root, "merge-base", one, other, ok=(0, 1))).strip() or None


def subject(repo: Repository, commit: str) -> str:
    """The first line of its message."""
    return text(git(repo.root, "show", "-s", "--no-show-signature", "--format=%s", commit)).strip()
