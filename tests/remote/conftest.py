from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from repoops.remote.job import JobSpec
from repoops.remote.link import Event, Link
from repoops.vcs.read import Repository, open_repository
from repoops.vcs.side import carry
from tests.support.repo import Repo
from tests.support.sshd import Sshd, sshd


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Sshd]:
    """A real sshd; after the test nothing that was started over it may still run."""
    with sshd(tmp_path / "sshd") as made:
        yield made
        made.kill()
        assert made.settled() == []


@pytest.fixture
def rebooting(tmp_path: Path) -> Iterator[Sshd]:
    """The same on a machine that can be rebooted."""
    with sshd(tmp_path / "sshd", own_boot_id=True) as made:
        yield made
        made.kill()
        assert made.settled() == []


@pytest.fixture
def work(repo: Repo) -> Repository:
    """A repository with a commit, and changes that are in none."""
    repo.commit("first", {"a.txt": "one\n", "sub/tool.sh": "echo tool\n"})
    (repo.root / "sub/tool.sh").chmod(0o755)
    repo.write("a.txt", "changed\n")
    repo.write("new file", "untracked\n")
    return open_repository(repo.root)


@pytest.fixture
def events() -> list[Event]:
    return []


@pytest.fixture
def link(server: Sshd, events: list[Event]) -> Link:
    return Link(server.host(), events.append, patience_s=60)


@pytest.fixture
def sh(work: Repository) -> Callable[..., JobSpec]:
    """A job that runs a line of shell in the carried tree."""

    def make(line: str, **more: object) -> JobSpec:
        return JobSpec(("sh", "-c", line), carry(work), **more)

    return make
