"""docs/add-a-kernel.md, carried out to the letter."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.repo import ENV, Repo
from tests.support.walkthrough import Command, File, plain, steps

DOCUMENT = Path(__file__).parent.parent / "docs/add-a-kernel.md"


def test_the_example_works_as_it_is_written(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "r")
    repo.commit("begin", {"README.md": "# Mine\n", ".gitignore": "__pycache__/\n.pytest_cache/\n"})
    tool = tmp_path / "bin/repoops"
    tool.parent.mkdir()
    tool.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m repoops "$@"\n')
    tool.chmod(0o755)
    env = {**os.environ, **ENV, "PATH": f"{tool.parent}{os.pathsep}{os.environ['PATH']}"}
    found = steps(DOCUMENT.read_text(encoding="utf-8"))
    assert sum(isinstance(each, Command) for each in found) >= 5
    for each in found:
        if isinstance(each, File):
            repo.write(each.path, each.text)
            continue
        said = subprocess.run(
            ["sh", "-c", each.line],
            cwd=repo.root,
            env=env,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert plain(said.stdout) == plain(each.prints), each.line
