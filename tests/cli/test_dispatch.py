"""What `--help` says, of every command."""

from __future__ import annotations

import pytest

from repoops.cli.app import COMMANDS
from repoops.cli.dispatch import dispatch


@pytest.mark.parametrize("name", COMMANDS)
def test_help_is_whole_and_names_no_types_of_ours(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert dispatch([name, "--help"]) == 0
    said = capsys.readouterr().out
    rows = [row for row in said.splitlines() if not row.startswith("Usage: ")]
    assert [row for row in rows if row.endswith("...") or "range>" in row] == []
