"""What every command does alike: its `--help`, and what it says where the disk refuses."""

from __future__ import annotations

import pytest

from repoops.cli.app import COMMANDS
from repoops.cli.dispatch import dispatch
from tests.support.repo import Repo


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_whole_and_names_no_types_of_ours(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch([name, "--help"]) == 0
    said = capsys.readouterr().out
    rows = [row for row in said.splitlines() if not row.startswith("Usage: ")]
    assert [row for row in rows if row.endswith("...") or "range>" in row] == []


def test_wrong_usage_points_at_the_very_sub_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch(["trash", "purge"]) == 2
    assert capsys.readouterr().err.endswith("  see: repoops trash purge --help\n")


def test_what_the_disk_refuses_is_no_bug_of_ours(repo: Repo) -> None:
    (repo.root / ".git/repoops").symlink_to("/sys/kernel")  # where nobody, root included, may make a file
    said = repo.repoops("note", "x")
    assert (said.stdout, said.code) == ("", 2)
    first, second = said.stderr.splitlines()
    assert first.startswith("repoops note: /sys/kernel/session: ")
    assert second == "  see that you may read and write it"
