"""`-k`: an expression that pytest cannot read."""

from __future__ import annotations

from pathlib import Path

from tests.suite.project import light


def test_one_that_cannot_be_read_is_wrong_usage(tmp_path: Path) -> None:
    repo = light(tmp_path / "r")
    found = repo.repoops("verify", "-k", "tiled and", "--jobs", "2")
    assert (found.stdout, found.code) == ("", 2)
    what, remedy = found.stderr.splitlines()
    assert what.startswith("repoops verify: -k 'tiled and' cannot be read: ")
    assert what.endswith("got end of input")
    assert remedy == "  join words by and, or, not and parentheses: -k 'tiled and not (S1 or S65)'"
