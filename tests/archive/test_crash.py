"""kill -9 at every single effect of a real `repoops archive`: afterwards the old state or the new, and undo works."""

from __future__ import annotations

import shutil
from pathlib import Path

from repoops.oplog.journal import operations
from repoops.oplog.recover import settle_if_needed
from repoops.oplog.undo import undo
from repoops.vcs.read import open_repository
from tests.archive.moving import HOME
from tests.archive.test_command import LOG, small
from tests.support.crash import crash_loop
from tests.support.repo import Repo


def test_archive_killed_at_any_effect_leaves_the_old_state_or_the_new(tmp_path: Path) -> None:
    template = small(Repo.create(tmp_path / "template"))
    template.write("README.md", template.read("README.md") + b"unstaged [p](PHASE_2_COMPLETE.md)\n")
    template.write("LOOSE SUMMARY.md", LOG)
    old = template.picture()
    numbers = iter(range(1000))

    def make() -> Repo:
        return Repo(Path(shutil.copytree(template.root, tmp_path / str(next(numbers)), symlinks=True)))

    finished = make()
    assert finished.repoops("archive").code == 0
    new = finished.picture()
    assert new["files"].keys() - old["files"].keys() >= {
        f"{HOME}/LOOSE SUMMARY.md",
        f"{HOME}/PHASE_2_COMPLETE.md",
    }
    seen = set()

    def judge(repo: Repo, n: int) -> None:
        at = open_repository(repo.root)
        settle_if_needed(at)
        state = repo.picture()
        assert state in (old, new), f"after the {n}-th effect"
        seen.add(state == new)
        if state == new:
            assert [o.state for o in operations(at)] == ["applied"]
            undo(at)
            assert repo.picture() == old
        assert not (repo.root / ".git/index.lock").exists()
        shutil.rmtree(repo.root)

    assert crash_loop(make, ["archive"], judge) > 20
    assert False in seen
