"""What every command begins with: the repository, in a settled state, and its configuration."""

from __future__ import annotations

from pathlib import Path

from repoops.cli import console
from repoops.config import Config, load
from repoops.errors import RepoOpsError
from repoops.oplog.pending import pending
from repoops.vcs.read import Repository, open_repository


def open_repo() -> tuple[Repository, Config]:
    """The repository of the current folder, after any interrupted operation was settled, and its configuration."""
    repo = settled()
    return repo, load(repo.root)


def settled() -> Repository:
    """The repository alone: for commands that must work whatever stands in the configuration."""
    repo = open_repository()
    if pending(repo.state / "ops"):
        from repoops.oplog.recover import settle_if_needed

        for said in settle_if_needed(repo):
            console.note(said)
    return repo


def configured() -> Config:
    """The configuration of the work tree, or of this folder where there is none: for commands that touch no repository."""
    try:
        root = open_repository().root
    except RepoOpsError:
        root = Path.cwd()
    return load(root)


def outputs(config: Config) -> tuple[str, ...]:
    """What a session writes about a tree, and what is therefore no part of it."""
    return (config.session.summary, config.archive.destination)
