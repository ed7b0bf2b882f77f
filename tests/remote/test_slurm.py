"""The program that has Slurm run the suite, as a login node runs it, with Slurm's commands faked on PATH."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from repoops.remote.ending import Ending
from repoops.remote.errand import Bounds, job_of, judged
from repoops.report.verification import NotRun
from repoops.vcs.side import Carried
from tests.remote.test_errand import ERRAND
from tests.support.fake_slurm import install

TEXT = (Path(__file__).parents[2] / "repoops/remote/slurm.py").read_text()
PROGRAM = TEXT.replace("EVERY_S = 10.0", "EVERY_S = 0.2").replace("LOG_S = 1.0", "LOG_S = 0.1")
WORK = """\
import json, os, sys, time
print("at work on", sys.argv[1], flush=True)
open(os.environ["REPOOPS_OUT"] + "/ran", "a").write("once ")
while os.path.exists("wait"):
    time.sleep(0.05)
sys.exit(int(sys.argv[1]))
"""
"""In place of `there.py`."""


class Cluster:
    def __init__(self, folder: Path) -> None:
        assert PROGRAM.count("= 0.2") == PROGRAM.count("= 0.1") == 1
        self.folder = folder
        for name in ("bin", "job/out", "tree"):
            (folder / name).mkdir(parents=True)
        self.steer = install(folder / "bin", folder / "slurm")

    def begin(self, code: int = 0) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, WORK, '["--partition=gpu", "--gres=gpu:1"]', str(code)], cwd=self.folder / "tree", text=True,
            env={"PATH": f"{self.folder}/bin:{os.environ['PATH']}", "REPOOPS_OUT": str(self.folder / "job/out"), "REPOOPS_JOB": "j1"},
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip

    def result(self, name: str) -> Any:
        return json.loads((self.folder / "job/out" / name).read_text())

    @property
    def ran(self) -> str:
        return (self.folder / "job/out/ran").read_text()

    @property
    def asked(self) -> list[str]:
        return (self.steer / "asked").read_text().splitlines()


def ended(running: subprocess.Popen[str]) -> int:
    running.communicate(timeout=60)
    return running.returncode


@pytest.fixture
def cluster(tmp_path: Path) -> Cluster:
    return Cluster(tmp_path / "it's a cluster")


def test_the_log_comes_through_and_the_end_is_told(cluster: Cluster) -> None:
    running = cluster.begin()
    assert running.communicate(timeout=60) == ("at work on 0\n", "")
    assert (running.returncode, cluster.result("slurm.json"), cluster.ran) == (
        0,
        {"jobs": {"1000": "COMPLETED"}},
        "once ",
    )
    assert cluster.asked == ["--parsable --no-requeue --partition=gpu --gres=gpu:1"]


def test_a_lost_answer_of_sbatch_does_not_run_it_twice(cluster: Cluster) -> None:
    (cluster.steer / "lose").touch()
    running = cluster.begin(code=1)
    out, err = running.communicate(timeout=60)
    assert sorted(out.splitlines()) == [
        "at work on 1",
        ("sbatch: error: Batch job submission failed: Socket timed out on send/recv operation; "
         "the job is asked for by its name before sbatch is tried again"),
    ]  # fmt: skip
    assert (running.returncode, err, cluster.ran, len(cluster.asked)) == (1, "", "once ", 1)
    assert cluster.result("slurm.json") == {"jobs": {"1000": "FAILED"}}


def test_even_two_jobs_of_the_name_run_it_once(cluster: Cluster) -> None:
    first, second = cluster.begin(), cluster.begin()
    assert {ended(first), ended(second)} == {0}
    assert cluster.ran == "once "


def test_what_squeue_has_forgotten_is_asked_of_the_accounts(cluster: Cluster) -> None:
    (cluster.steer / "forget").touch()
    assert ended(cluster.begin(code=1)) == 1
    assert cluster.result("slurm.json") == {"jobs": {"1000": "FAILED"}}


def test_a_job_that_slurm_does_not_want_is_told_in_its_words(cluster: Cluster) -> None:
    (cluster.steer / "refuse").touch()
    assert ended(cluster.begin()) == 3
    folder = cluster.folder / "job/out"
    assert judged(ERRAND, Ending("exited", code=3), folder, "") == NotRun(
        "Slurm refuses the job: sbatch: error: Batch job submission failed: Invalid partition name specified"
    )


def test_ending_the_job_ends_slurms(cluster: Cluster) -> None:
    (cluster.folder / "tree/wait").touch()
    running = cluster.begin()
    for _ in range(600):
        if (cluster.folder / "job/out/ran").exists():
            break
        time.sleep(0.05)
    running.send_signal(signal.SIGTERM)
    assert ended(running) == 143
    assert (cluster.steer / "job-1000/state").read_text() == "CANCELLED"


@pytest.mark.parametrize(
    ("state", "why"),
    [
        ("TIMEOUT", "Slurm ended job 7: stopped at its time limit; it last said: x"),
        ("OUT_OF_MEMORY", "Slurm ended job 7: killed for want of memory; it last said: x"),
        ("NODE_FAIL", "Slurm ended job 7: lost: its node failed; it last said: x"),
        ("UNKNOWN", "Slurm ended job 7: Slurm has forgotten how; it last said: x"),
    ],
)
def test_how_slurm_ended_it_is_named(tmp_path: Path, state: str, why: str) -> None:
    (tmp_path / "slurm.json").write_text(json.dumps({"jobs": {"7": state}}))
    assert judged(ERRAND, Ending("exited", code=1), tmp_path, "x") == NotRun(why)


def test_the_time_limit_is_slurms_to_count() -> None:
    spec = job_of(ERRAND, Carried("c" * 40, None, "sha1"), "python3", Bounds(90.0, slurm=("-p", "gpu")))
    assert (spec.limit_s, spec.argv[-2]) == (None, '["-p", "gpu", "--time=2"]')
