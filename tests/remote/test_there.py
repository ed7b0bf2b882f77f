"""The program that a job runs, as the host runs it: its text given to a Python, with a fake `nvidia-smi` on PATH."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

PROGRAM = (Path(__file__).parents[2] / "repoops/remote/there.py").read_text()
L4 = "NVIDIA L4, 550.54.15, 210, 2040, 405"
STAND_IN = """\
import json, os, sys, time
def main():
    options = sys.argv[1:]
    out = options[options.index("--report") + 1]
    print(json.dumps(options))
    time.sleep(float(os.environ.get("SECONDS", "0")))
    open(out, "w").write("{}")
    if "SIGNAL" in os.environ:
        os.kill(os.getpid(), int(os.environ["SIGNAL"]))
    return 1
"""
"""In place of RepoOps: says what it was asked for."""


def errand(**changed: object) -> str:
    return json.dumps({"options": ["-k", "a b"], "backend": "auto", "gpu": None, **changed})


class Machine:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        for name in ("bin", "out", "installed/repoops/cli"):
            (folder / name).mkdir(parents=True)
        for package in ("repoops", "repoops/cli"):
            (folder / "installed" / package / "__init__.py").touch()
        (folder / "installed/repoops/cli/app.py").write_text(STAND_IN)

    def smi(self, body: str) -> None:
        program = self.folder / "bin/nvidia-smi"
        program.write_text(f"#!/bin/sh\n{body}\n")
        program.chmod(0o755)

    def run(self, said: str, installed: str = "installed", **env: str) -> tuple[int, dict[str, Any], str]:
        done = subprocess.run(
            [sys.executable, "-S", "-c", PROGRAM, said], cwd=self.folder, capture_output=True, text=True,
            env={"PATH": f"{self.folder}/bin", "REPOOPS_OUT": f"{self.folder}/out", "PYTHONPATH": str(self.folder / installed), **env},
        )  # fmt: skip
        assert done.stderr == ""
        return done.returncode, json.loads((self.folder / "out/facts.json").read_text()), done.stdout


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path / "m")


@pytest.mark.parametrize(
    ("assigned", "named"), [("1", ["NVIDIA H100"]), ("MIG-1", ["NVIDIA L4", "NVIDIA H100"])]
)
def test_the_cards_that_were_assigned_are_the_ones_that_are_named(
    machine: Machine, assigned: str, named: list[str]
) -> None:
    machine.smi(
        f'case "$3" in --id=MIG*) echo "No devices were found"; exit 6;; "") echo "{L4}";; esac\necho "{L4.replace("L4", "H100")}"'
    )
    _, facts, _ = machine.run(errand(), CUDA_VISIBLE_DEVICES=assigned)
    assert [card["name"] for card in facts["cards"]] == named


def test_a_card_is_used_and_its_clocks_are_watched(machine: Machine) -> None:
    # the n-th call shows a higher clock, as a card does under load
    machine.smi(
        f'n=$(cat "{machine.folder}/n" 2>/dev/null || echo 0); echo $((n+1)) >"{machine.folder}/n"\n'
        '[ "$1" = "--query-gpu=name,driver_version,clocks.sm,clocks.max.sm,clocks.mem" ] || exit 9\n'
        'echo "NVIDIA L4, 550.54.15, $((210 + n * 100)), 2040, [N/A]"'
    )
    env = {"SECONDS": "2", "PATH": f"{machine.folder}/bin:{os.environ['PATH']}"}
    program = PROGRAM.replace("EVERY_S = 10", "EVERY_S = 0.5")
    assert program != PROGRAM
    done = subprocess.run(
        [sys.executable, "-S", "-c", program, errand()], cwd=machine.folder, capture_output=True, text=True,
        env={"REPOOPS_OUT": f"{machine.folder}/out", "PYTHONPATH": str(machine.folder / "installed"), **env},
    )  # fmt: skip
    facts = json.loads((machine.folder / "out/facts.json").read_text())
    assert (done.returncode, done.stderr, facts["status"], facts["refused"]) == (1, "", 1, None)
    assert json.loads(done.stdout) == [
        "verify", "--progress-lines", "--report", f"{machine.folder}/out/report.json", "--backend", "cuda", "-k", "a b",
    ]  # fmt: skip
    assert facts["clocks"]["clocks.sm"][0] == 210
    assert facts["clocks"]["clocks.sm"][1] >= 310
    assert "clocks.mem" not in facts["clocks"]
    assert facts["cards"][0]["name"] == "NVIDIA L4"


def test_without_a_card_the_back_end_is_left_open(machine: Machine) -> None:
    code, facts, said = machine.run(errand(backend="cpu"))
    assert (code, facts["cards"], facts["nvidia_smi"], facts["status"]) == (
        1,
        [],
        "nvidia-smi is not installed",
        1,
    )
    assert json.loads(said)[-4:] == ["--backend", "cpu", "-k", "a b"]


def test_a_suite_that_was_killed_is_told(machine: Machine) -> None:
    code, facts, _ = machine.run(errand(backend="cpu"), SIGNAL="9")
    assert (code, facts["status"]) == (137, -9)


@pytest.mark.parametrize(
    ("smi", "gpu", "why"),
    [
        ("echo 'Tesla T4, 550.54.15, 210, 1590, 405'", "L4", "the wrong GPU: L4 is expected, found Tesla T4"),
        (None, "L4", "the driver is missing: L4 is expected, but nvidia-smi is not installed"),
        ("echo 'NVIDIA-SMI has failed because it could not communicate with the NVIDIA driver. Make sure that ...'; exit 9",
         "l4",
         ("the driver is missing: l4 is expected, but nvidia-smi: NVIDIA-SMI has failed because it could not communicate with the "
          "NVIDIA driver. Make sure that ...")),
        ("echo 'No devices were found'; exit 6", "L4", "the driver is missing: L4 is expected, but nvidia-smi: No devices were found"),
    ],
)  # fmt: skip
def test_the_suite_does_not_begin_on_the_wrong_machine(
    machine: Machine, smi: str | None, gpu: str, why: str
) -> None:
    if smi:
        machine.smi(smi)
    code, facts, said = machine.run(errand(gpu=gpu))
    assert (code, facts["refused"], facts["status"], said) == (3, why, None, "")


def test_where_repoops_is_not_installed_the_command_that_mends_it_is_told(machine: Machine) -> None:
    code, facts, _ = machine.run(errand(backend="cpu"), installed="nowhere")
    assert (code, facts["refused"]) == (
        3,
        f"RepoOps is not installed for {sys.executable} there; install it: {sys.executable} -m pip install 'repoops[kernels]'",
    )


def test_the_tree_itself_is_not_taken_for_an_installed_repoops(machine: Machine) -> None:
    (machine.folder / "repoops").mkdir()
    (machine.folder / "repoops/__init__.py").write_text("raise SystemExit(99)")
    assert machine.run(errand(backend="cpu"))[0] == 1
    assert machine.run(errand(backend="cpu"), installed="nowhere")[0] == 3
