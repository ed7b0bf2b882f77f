"""kill -9, a full disk and a failing disk, at every single effect of an operation and of its undo."""

from __future__ import annotations

import errno
from collections.abc import Callable
from pathlib import Path

import pytest

from repoops.oplog.journal import operations
from repoops.oplog.recover import settle_if_needed
from repoops.oplog.undo import undo
from repoops.vcs.read import open_repository
from tests.oplog import plans
from tests.support.crash import crash_loop, run_with_fault
from tests.support.repo import Repo

ENTRY = "tests.oplog.plans:run"


def maker(folder: Path) -> Callable[[], Repo]:
    count = iter(range(10_000))
    return lambda: plans.make(folder / str(next(count)))


def applied(folder: Path) -> tuple[Repo, dict[str, object], dict[str, object]]:
    repo = plans.make(folder)
    before = repo.picture()
    assert run_with_fault(repo, [], 10_000, entry=ENTRY)[0] == 0
    return repo, before, repo.picture()


def test_every_step_is_carried_out_and_counted(tmp_path: Path) -> None:
    repo, before, after = applied(tmp_path / "r")
    operation = operations(open_repository(repo.root))[-1]
    assert operation.counts == {"folders": 2, "moved": 1, "written": 4, "removed": 3, "refs": 2, "index": 3}
    assert after != before
    assert undo(open_repository(repo.root)).agrees
    assert repo.picture() == before


def test_a_killed_operation_is_taken_back_whole(tmp_path: Path) -> None:
    old = plans.make(tmp_path / "picture").picture()

    def judge(repo: Repo, n: int) -> None:
        at = open_repository(repo.root)
        settle_if_needed(at)
        standing = [o for o in operations(at) if o.state == "applied"]
        if standing:
            undo(at)
        assert repo.picture() == old, f"after the {n}-th effect"
        assert not (repo.root / ".git/index.lock").exists()

    assert crash_loop(maker(tmp_path), [], judge, entry=ENTRY) > 30


def test_a_killed_undo_is_finished(tmp_path: Path) -> None:
    old = plans.make(tmp_path / "picture").picture()

    def make() -> Repo:
        return applied(tmp_path / str(next(numbers)))[0]

    def judge(repo: Repo, n: int) -> None:
        at = open_repository(repo.root)
        settle_if_needed(at)
        if operations(at)[-1].state == "applied":
            undo(at)
        assert repo.picture() == old, f"after the {n}-th effect"

    numbers = iter(range(10_000))
    assert crash_loop(make, ["undo"], judge, entry=ENTRY) > 10


def test_a_recovery_may_be_killed_too(tmp_path: Path) -> None:
    old = plans.make(tmp_path / "picture").picture()
    total = crash_loop(maker(tmp_path / "count"), [], lambda *_: None, entry=ENTRY)

    def make() -> Repo:
        repo = plans.make(tmp_path / f"r{next(numbers)}")
        assert run_with_fault(repo, [], total - 3, entry=ENTRY)[0] == -9
        return repo

    def judge(repo: Repo, n: int) -> None:
        settle_if_needed(open_repository(repo.root))
        assert repo.picture() == old, f"after the {n}-th effect of the recovery"

    numbers = iter(range(10_000))
    assert crash_loop(make, ["history"], judge) > 10


@pytest.mark.parametrize("fault", [errno.ENOSPC, errno.EIO])
@pytest.mark.parametrize("lasting", [False, True])
def test_a_disk_that_fails_loses_nothing(tmp_path: Path, fault: int, lasting: bool) -> None:
    old = plans.make(tmp_path / "picture").picture()
    for n in range(0, 400, 7 if lasting else 4):
        repo = plans.make(tmp_path / str(n))
        code, _, said = run_with_fault(repo, [], n, fault, lasting=lasting, entry=ENTRY)
        if code == 0:
            assert n > 20
            return
        assert "RepoOpsError" in said or "OSError" in said
        settle_if_needed(open_repository(repo.root))
        assert repo.picture() == old, f"after the {n}-th effect: {said}"
    raise AssertionError("never got through")
