from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest

from repoops import machine
from tests.support.repo import Repo


def program(folder: Path, name: str, script: str) -> None:
    """An executable on PATH that answers as the real one does."""
    path = folder / name
    path.write_text("#!/bin/sh\n" + script)
    path.chmod(0o755)


@pytest.fixture
def path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that comes first on PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    return folder


def found(repo: Repo, path: Path) -> dict[str, dict[str, object]]:
    said = repo.repoops("doctor", "--json", env={"PATH": f"{path}{os.pathsep}{os.environ['PATH']}"})
    return {d["name"]: d for d in json.loads(said.stdout)["found"]}


def test_a_card_is_named_with_driver_and_architecture(repo: Repo, path: Path) -> None:
    program(path, "nvidia-smi", 'echo "NVIDIA L4, 550.54.15, 8.9, 23034, 450"\n')
    assert machine.gpus() == (machine.Gpu("NVIDIA L4", "550.54.15", "8.9", 23034, 450),)
    gpu = found(repo, path)["GPU"]
    assert (gpu["ok"], gpu["found"]) == (True, "NVIDIA L4 (driver 550.54.15, sm_89, 23034 MiB)")


@pytest.mark.parametrize(
    ("script", "why"),
    [
        (
            'echo "NVIDIA-SMI has failed because it couldn\'t communicate with the NVIDIA driver."\nexit 9\n',
            "nvidia-smi failed: NVIDIA-SMI has failed because it couldn't communicate with the NVIDIA driver.",
        ),
        (
            'echo "No devices were found"\n',
            "nvidia-smi answered what is not understood: No devices were found",
        ),
        ("exit 255\n", "nvidia-smi failed: exit status 255"),
    ],
)
def test_a_driver_that_does_not_answer_is_no_gpu(repo: Repo, path: Path, script: str, why: str) -> None:
    program(path, "nvidia-smi", script)
    assert machine.gpus() == why
    gpu = found(repo, path)["GPU"]
    assert (gpu["ok"], gpu["found"]) == (False, why)


def test_an_old_git_is_missing_with_its_remedy(repo: Repo, path: Path) -> None:
    program(path, "git", 'echo "git version 2.17.1"\n')
    git = found(repo, path)["git"]
    assert (git["ok"], git["found"]) == (False, "git version 2.17.1")
    assert str(git["remedy"]).startswith("install git 2.31 or later")
    assert repo.repoops("doctor", env={"PATH": f"{path}{os.pathsep}{os.environ['PATH']}"}).code == 1


def test_without_git_every_command_says_so_in_one_line(repo: Repo, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    env = {"PATH": str(tmp_path / "empty")}
    said = repo.repoops("history", env=env)
    assert (said.stdout, said.code) == ("", 2)
    assert (
        said.stderr
        == "repoops history: git is not installed\n  install git 2.31 or later and put it on PATH\n"
    )
    doctor = repo.repoops("doctor", env=env)
    assert "missing  git       " in doctor.stdout
    assert doctor.stderr == ""


def test_every_lack_comes_with_a_remedy(repo: Repo, path: Path) -> None:
    rows = found(repo, path).values()
    assert {
        "git",
        "Python",
        "disk",
        "torch",
        "pytest",
        "nvidia-cuda-nvrtc",
        "ptxas",
        "nvdisasm",
        "unidiff",
        "GPU",
        "ssh",
    } <= {str(row["name"]) for row in rows}
    assert all(row["ok"] or row["remedy"] for row in rows)
    assert next(row for row in rows if row["name"] == "Python")["found"] == sys.version.split()[0]


def test_a_configuration_that_cannot_be_read_is_found_and_undo_works_all_the_same(repo: Repo) -> None:
    repo.write("repoops.yaml", "archive: [\n")
    said = repo.repoops("doctor", "--json")
    (found,) = (d for d in json.loads(said.stdout)["found"] if d["name"] == "configuration")
    assert (said.code, found["ok"]) == (1, False)
    assert found["found"].startswith("repoops.yaml:2: not YAML: ")
    assert repo.repoops("check").code == 2
    assert repo.repoops("undo").stderr.startswith("repoops undo: nothing to undo")
    assert repo.repoops("history").code == 0
    assert repo.repoops("trash", "list").code == 0
