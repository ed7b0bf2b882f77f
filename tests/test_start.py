"""Start-up is a feature: what may not be loaded before it is needed."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from repoops.cli.app import COMMANDS, usage
from tests.support.repo import Repo

HEAVY = ("torch", "numpy", "git", "rich", "pydantic", "pytest", "markdown_it", "yaml", "cuda")


def loaded_by(*args: str) -> set[str]:
    """The top-level modules in memory after a command line ran in a process of its own."""
    code = (
        "import sys, json\n"
        "from repoops.cli.app import main\n"
        f"try: main({list(args)!r})\n"
        "except SystemExit: pass\n"
        "sys.stderr.write('\\n' + json.dumps(sorted({m.split('.')[0] for m in sys.modules})))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return set(json.loads(done.stderr.splitlines()[-1]))


def test_help_loads_neither_typer_nor_anything_heavy() -> None:
    loaded = loaded_by("--help")
    assert not loaded & {*HEAVY, "typer", "click"}


@pytest.mark.parametrize("name", COMMANDS)
def test_a_commands_help_loads_nothing_heavy(name: str) -> None:
    loaded = loaded_by(name, "--help")
    assert "typer" in loaded
    assert not loaded & set(HEAVY)


def test_help_names_every_command(repo: Repo) -> None:
    said = repo.repoops("--help")
    assert (said.stdout, said.stderr, said.code) == (usage(), "", 0)
    assert all(f"  {name} " in said.stdout for name in COMMANDS)


def test_no_command_is_usage_and_fails(repo: Repo) -> None:
    said = repo.repoops()
    assert (said.stdout, said.code) == (usage(), 2)


def test_a_group_without_a_command_is_its_help_and_fails(repo: Repo) -> None:
    said = repo.repoops("gpu")
    assert (said.stdout, said.stderr, said.code) == (repo.repoops("gpu", "--help").stdout, "", 2)


def test_a_wrong_command_names_the_near_one(repo: Repo) -> None:
    said = repo.repoops("archiv")
    assert (said.stdout, said.code) == ("", 2)
    assert said.stderr == "repoops: no command 'archiv'\n  did you mean: repoops archive\n"


def test_a_wrong_option_is_one_line(repo: Repo) -> None:
    said = repo.repoops("doctor", "--jsom")
    assert (said.stdout, said.code) == ("", 2)
    assert said.stderr.startswith("repoops doctor: No such option: --jsom")
    assert "Traceback" not in said.stderr


def test_version(repo: Repo) -> None:
    from repoops import __version__

    assert repo.repoops("--version").stdout == f"repoops {__version__}\n"


def test_a_closed_pipe_is_no_error(repo: Repo) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    done = subprocess.run(
        [sys.executable, "-m", "repoops", "doctor"],
        cwd=repo.root,
        stdout=writer,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writer)
    assert done.stderr == b""
