"""`repoops verify --on` and `repoops jobs` against a real sshd."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.suite.project import SCALE_CU, light, project
from tests.support.fake_sky import Sky
from tests.support.fake_slurm import install
from tests.support.loopback import name_hosts
from tests.support.proxy import Fault, proxy
from tests.support.repo import ENV, Output, Repo
from tests.support.sshd import Sshd, sshd

CPU = ("--backend", "cpu", "--jobs", "1")
SLOW = """
import time
from pathlib import Path

def test_slow(run_kernel):
    Path({began!r}).touch()
    while not Path({go!r}).exists():
        time.sleep(0.05)
"""


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Sshd]:
    with sshd(tmp_path / "sshd") as made:
        yield made


def but_times(report: dict[str, Any]) -> dict[str, Any]:
    """All that two runs of the same tree must agree on; the host's own name left out."""
    facts = {name: said for name, said in report["environment"].items() if name != "host"}
    rows = [{**row, "duration_s": 0.0} for row in report["results"]]
    return {**report, "environment": facts, "results": rows, "started": "", "duration_s": 0.0}


def kept(repo: Repo) -> dict[str, Any] | None:
    """The one report that is stored about the whole suite."""
    found = sorted((repo.root / ".git/repoops/reports").glob("*.json"))
    assert len(found) <= 1
    return json.loads(found[0].read_bytes()) if found else None


def jobs_there(there: Sshd, host: str = "box") -> list[str]:
    folder = there.folder / f"there-{host}" / "jobs"
    return sorted(os.listdir(folder)) if folder.is_dir() else []


def test_the_report_from_a_host_is_the_local_one(tmp_path: Path, there: Sshd) -> None:
    repo = project(tmp_path / "r")
    name_hosts(repo, there, {"box": there.port})
    repo.write("kernels/new.txt", "not committed")
    local = repo.repoops("verify", *CPU, "--json")
    assert local.code == 0, local.stderr
    remote = repo.repoops("verify", *CPU, "--on", "box", "--json")
    assert remote.code == 0, remote.stderr
    report = json.loads(remote.stdout)
    assert but_times(report) == but_times(json.loads(local.stdout))
    assert report["environment"]["host"] == "box"
    assert kept(repo) == report
    said = remote.stderr.splitlines()
    assert said[0].startswith("the CPU tier passed on this tree at ")
    assert said[1] == "box: connected"
    assert "box: running test 4 of 4: spec.py::plain[n257-fp32]" in said
    assert said[-1] == "box: exited with 0"
    # What is stored is what the session shows: as execution on the CPU, by name of the host.
    ended = repo.repoops("session-end", "--no-verify")
    assert re.search(
        r"kernel suite, execution on the CPU \(.+\) on box, not on a GPU: 4 passed, ", ended.stdout
    )


def test_ten_breaks_of_the_connection_change_nothing(tmp_path: Path, there: Sshd) -> None:
    repo = light(tmp_path / "r")
    kinds = ("cut", "close", "half", "half-close", "outage")

    def fault(number: int) -> Fault | None:
        after, up = 300 + 500 * (number % 5), bool(number % 2)
        return Fault(kinds[number % 5], after, up=up, seconds=0.3) if between.faults < 10 else None

    with proxy(there.port, fault) as between:
        name_hosts(repo, there, {"box": between.port})
        local = repo.repoops("verify", *CPU, "--json")
        remote = repo.repoops("verify", *CPU, "--on", "box", "--no-local", "--json")
        assert remote.code == 0, remote.stderr
        assert between.faults == 10
    assert but_times(json.loads(remote.stdout)) == but_times(json.loads(local.stdout))
    assert len(jobs_there(there)) == 1
    assert "box: reconnecting (attempt 1)" in remote.stderr


def test_a_kernel_that_fails_here_costs_no_time_there(tmp_path: Path, there: Sshd) -> None:
    repo = light(tmp_path / "r")
    name_hosts(repo, there, {"box": there.port})
    repo.write("kernels/scale.cu", SCALE_CU.replace("2.0f", "missing"))
    said = repo.repoops("verify", *CPU, "--on", "box")
    assert said.code == 1
    assert said.stderr.splitlines()[-2:] == [
        "repoops verify: the CPU tier failed here; nothing was sent to a host",
        "  mend it, or leave it out: --no-local",
    ]
    assert 'identifier "missing" is undefined' in said.stdout
    assert jobs_there(there) == []
    there_too = repo.repoops("verify", *CPU, "--on", "box", "--no-local")
    assert there_too.code == 1
    assert 'identifier "missing" is undefined' in there_too.stdout
    assert len(jobs_there(there)) == 1


def test_hostile_names_travel_and_are_not_run(tmp_path: Path, there: Sshd) -> None:
    repo = light(tmp_path / "a folder; touch owned")
    repo.git("checkout", "-q", "-b", "$(touch${IFS}owned)")
    for name in (
        "kernels/a b.txt",
        "kernels/it's.txt",
        'kernels/"q".txt',
        "kernels/new\nline.txt",
        "kernels/$(touch owned)",
        "kernels/`touch owned`",
        "-rf",
    ):
        repo.write(name, "x")
    repo.commit("names")
    repo.write("kernels/;touch owned;", "uncommitted")
    name_hosts(repo, there, {"box": there.port})
    said = repo.repoops(
        "verify", *CPU, "--on", "box", "--no-local", "--json", "-k", "scale or owned", "kernels"
    )  # fmt: skip
    assert said.code == 0, said.stderr
    report = json.loads(said.stdout)
    listed = repo.git("-c", "core.quotePath=false", "ls-files", "-oc", "--exclude-standard", "-z").split("\0")
    (tree,) = (found for found in (there.folder / "there-box/trees").iterdir() if found.is_dir())
    assert sorted(Repo(tree).git("ls-files", "-z").split("\0")) == sorted(listed)
    assert report["subject"]["tree"] == Repo(tree).git("write-tree").strip()
    assert list(tmp_path.rglob("owned*")) == []


@dataclass
class Running:
    """A `repoops` in a process of its own, whose messages can be waited for."""

    process: subprocess.Popen[str]
    seen: str = ""

    def until(self, words: str) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.seen += line
            if words in line:
                return
        raise AssertionError(self.seen)

    def end(self) -> Output:
        out, err = self.process.communicate(timeout=120)
        return Output(out, self.seen + err, self.process.returncode)


def begun(repo: Repo, *args: str) -> Running:
    return Running(
        subprocess.Popen(
            [sys.executable, "-m", "repoops", *args], cwd=repo.root, env={**os.environ, **ENV}, text=True,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )
    )  # fmt: skip


def test_ctrl_c_detaches_and_the_job_is_taken_up_again(tmp_path: Path, there: Sshd) -> None:
    repo = light(tmp_path / "r")
    began, go = tmp_path / "began", tmp_path / "go"
    repo.write("kernels/test_slow.py", SLOW.format(began=str(began), go=str(go)))
    name_hosts(repo, there, {"box": there.port})
    running = begun(repo, "verify", *CPU, "--on", "box", "--no-local")
    running.until("running test")
    running.process.send_signal(signal.SIGINT)
    left = running.end()
    (job,) = jobs_there(there)
    assert left.code == 130
    assert left.stderr.splitlines()[-3:] == [
        f"detached: job {job} goes on on box",
        f"  to go on:  repoops jobs attach {job}",
        f"  to end it: repoops jobs cancel {job}",
    ]
    listed = repo.repoops("jobs")
    assert listed.stdout == f"{job}  box  started  verify: the kernel suite\n"
    still = repo.repoops("jobs", "fetch", job)
    assert (still.code, still.stderr) == (
        2, f"repoops jobs: box: job {job} is still running\n  repoops jobs attach {job}\n"
    )  # fmt: skip
    go.touch()
    ended = repo.repoops("jobs", "attach", job)
    assert ended.code == 0, ended.stderr
    assert ended.stdout.splitlines()[-1].endswith("on box, not on a GPU")
    report = kept(repo)
    assert report is not None
    assert report["environment"]["host"] == "box"
    # From another clone, which knows nothing of it.
    other = Repo(tmp_path / "other")
    repo.git("clone", "-q", str(repo.root), str(other.root))
    name_hosts(other, there, {"box": there.port})
    unknown = other.repoops("jobs", "attach", job)
    assert (unknown.code, unknown.stderr) == (
        2, f"repoops jobs: no job '{job}' was begun here\n  see: repoops jobs; or name its host: --on HOST\n"
    )  # fmt: skip
    with proxy(there.port, lambda number: Fault("cut", 300) if number == 0 else None) as between:
        name_hosts(other, there, {"box": between.port})
        row = other.repoops("jobs", "--on", "box")
    name_hosts(other, there, {"box": there.port})
    assert re.fullmatch(rf"{job}  box  exited with 0  verify: the kernel suite  20.+\n", row.stdout)
    assert row.stderr.startswith("box: reconnecting (attempt 1): the connection failed: ")
    again = other.repoops("jobs", "attach", job, "--on", "box", "--json")
    assert (again.code, but_times(json.loads(again.stdout))) == (0, but_times(report))
    folder = Path(other.repoops("jobs", "fetch", job, "--on", "box").stdout.strip())
    assert json.loads((folder / "out/report.json").read_bytes())["results"] == report["results"]


def test_a_job_is_cancelled(tmp_path: Path, there: Sshd) -> None:
    repo = light(tmp_path / "r")
    began = tmp_path / "began"
    repo.write("kernels/test_slow.py", SLOW.format(began=str(began), go=str(tmp_path / "go")))
    name_hosts(repo, there, {"box": there.port})
    running = begun(repo, "verify", *CPU, "--on", "box", "--no-local")
    running.until("running test")
    (job,) = jobs_there(there)
    cancelled = repo.repoops("jobs", "cancel", job)
    assert (cancelled.code, cancelled.stdout) == (0, f"{job}  cancelled; not written: report.json\n")
    said = running.end()
    assert said.code == 2
    assert said.stderr.splitlines()[-1] == "repoops verify: box: not verified: cancelled"
    assert kept(repo) is None


SMI = "#!/bin/sh\necho '{card}, 550.54.15, 210, 2040, 405'\n"


def test_a_card_that_cannot_be_used_is_told_and_not_passed_over(tmp_path: Path, there: Sshd) -> None:
    repo = light(tmp_path / "r")
    name_hosts(repo, there, {"box": there.port}, gpu="L4")
    missing = repo.repoops("verify", "--on", "box", "--no-local")
    assert (missing.code, missing.stderr.splitlines()[-1]) == (
        2, "repoops verify: box: not verified: the driver is missing: L4 is expected, but nvidia-smi is not installed",
    )  # fmt: skip
    smi = there.bin / "nvidia-smi"
    smi.write_text(SMI.format(card="Tesla T4"))
    smi.chmod(0o755)
    wrong = repo.repoops("verify", "--on", "box", "--no-local")
    assert (wrong.code, wrong.stderr.splitlines()[-1]) == (
        2, "repoops verify: box: not verified: the wrong GPU: L4 is expected, found Tesla T4",
    )  # fmt: skip
    smi.write_text(SMI.format(card="NVIDIA L4"))
    unusable = repo.repoops("verify", "--on", "box", "--no-local")
    assert unusable.code == 2, unusable.stdout
    assert "NOT RUN  the kernel suite: " in unusable.stdout
    assert "cuda" in unusable.stdout
    assert kept(repo) is None


def test_several_hosts_divide_the_suite(tmp_path: Path, there: Sshd) -> None:
    repo = light(tmp_path / "r")
    for name in ("b", "c", "d"):
        repo.write(f"kernels/test_{name}.py", repo.read("kernels/test_scale.py"))
    name_hosts(repo, there, {"one": there.port, "two": there.port})
    local = json.loads(repo.repoops("verify", *CPU, "--json").stdout)
    said = repo.repoops("verify", *CPU, "--on", "one,two", "--json")
    assert said.code == 0, said.stderr
    merged = json.loads(said.stdout)
    assert merged["environment"]["host"] == "one, two"
    assert but_times(merged) == but_times(local)
    assert kept(repo) == merged
    assert [len(jobs_there(there, name)) for name in ("one", "two")] == [1, 1]
    archs = repo.repoops(
        "verify", "--backend", "compile", "--on", "one,two", "--split", "arch", "--arch", "sm_80,sm_90", "--no-local", "--json"
    )  # fmt: skip
    assert archs.code == 0, archs.stderr
    assert {row["check"] for row in json.loads(archs.stdout)["results"] if row["check"] != "test"} == {
        "compile[sm_80]", "compile[sm_90]"
    }  # fmt: skip


def test_what_a_host_could_not_do_is_not_run(tmp_path: Path, there: Sshd) -> None:
    repo = light(tmp_path / "r")
    repo.write("kernels/test_b.py", repo.read("kernels/test_scale.py"))
    name_hosts(repo, there, {"one": there.port, "two": there.port})
    entries = json.loads(repo.read("repoops.yaml"))
    entries["hosts"]["two"]["gpu"] = "H100"
    repo.write("repoops.yaml", json.dumps(entries))
    said = repo.repoops("verify", *CPU, "--on", "one,two", "--no-local")
    assert said.code == 2, said.stdout
    assert (
        "NOT RUN  1 check: shard 2 of 2, two: the driver is missing: H100 is expected, but nvidia-smi is not installed"
        in said.stdout.splitlines()
    )
    assert kept(repo) is None


def test_a_login_node_has_slurm_run_the_suite(tmp_path: Path, there: Sshd) -> None:
    repo = light(tmp_path / "r")
    steer = install(there.bin, tmp_path / "slurm")
    (steer / "lose").touch()
    name_hosts(repo, there, {"login": there.port}, slurm=["--partition=gpu"])
    said = repo.repoops("verify", *CPU, "--on", "login", "--limit", "30", "--no-local", "--json")
    assert said.code == 0, said.stderr
    report = json.loads(said.stdout)
    assert report["environment"]["slurm"] == "job 1000"
    assert [row["result"]["outcome"] for row in report["results"]] == ["passed"]
    assert (steer / "asked").read_text() == "--parsable --no-requeue --partition=gpu --time=30\n"
    assert "login: running test 1 of 1: test_scale.py::test_scale" in said.stderr.splitlines()


def test_a_cluster_of_skypilot_begins_the_suite_when_its_queue_says_so(tmp_path: Path, there: Sshd) -> None:
    repo = light(tmp_path / "r")
    cloud = Sky.install(tmp_path / "cloud", status="UP", held_back=2, faults=[["exec", "lost"]])
    name_hosts(repo, there, {"box": there.port}, sky=["--gpus=L4:1"])
    said = repo.repoops("verify", *CPU, "--on", "box", "--no-local", "--json", env=cloud.env)
    assert said.code == 0, said.stderr
    report = json.loads(said.stdout)
    assert report["environment"]["skypilot"] == "task sky-2026-11-28_l4_1"
    assert [row["result"]["outcome"] for row in report["results"]] == ["passed"]
    assert cloud.verbs.count("exec") == len(jobs_there(there)) == 1
    assert "box: sky exec was killed before it answered" in said.stderr.splitlines()


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--on", ""), "--on names no host\n  for example: --on my-gpu-box"),
        (("--on", ","), "--on names no host\n  for example: --on my-gpu-box"),
        (("--on", "a,a"), "--on names 'a' twice\n  name each host once"),
        (("--on", "a,b", "--shard", "1/2"), "--shard is for one host\n  several hosts divide the suite by themselves"),
        (("--on", "a", "--failed"), "--failed is about what failed here\n  name the tests: -k, or paths"),
        (("--on", "a", "--shutdown"),
         "--shutdown needs to know after how many minutes without contact\n  for example: --idle 30 --shutdown"),
        (("--on", "a,b", "--split", "test"), "'test' cannot be divided among hosts\n  choose: shard or arch"),
        (("--on", "a,b,c,d,e", "--split", "arch"), "4 architectures for 5 hosts\n  name more with --arch, or --split shard"),
        (("--idle", "3"), "--no-local, --split, --limit, --idle and --shutdown need --on\n  name a host: --on HOST"),
        (("--on", "-oProxyCommand=x", "--no-local"), "-oProxyCommand=x: not verified: not a host: '-oProxyCommand=x'; a name that `ssh NAME` reaches"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(tmp_path: Path, args: tuple[str, ...], said: str) -> None:
    refused = light(tmp_path / "r").repoops("verify", *args)
    assert (refused.code, refused.stderr) == (2, f"repoops verify: {said}\n")
