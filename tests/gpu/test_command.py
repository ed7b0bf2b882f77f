"""`repoops gpu` as its user runs it: processes of their own, a fake `gcloud` or plain commands, a real sshd for the login."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.support.cloud import Cloud
from tests.support.fake_gcloud import NAME, PROJECT, ZONE
from tests.support.repo import ENV, Output, Repo
from tests.support.sshd import sshd

GCLOUD = f"gpu:\n  provider: gcloud\n  instance: {NAME}\n  zone: {ZONE}\n  project: {PROJECT}\n"
PLACE = f"{NAME} ({ZONE}, {PROJECT})"


def rented(folder: Path, config: str = GCLOUD, **state: object) -> tuple[Repo, Cloud]:
    repo = Repo.create(folder / "repo")
    repo.commit(files={"repoops.yaml": config})
    return repo, Cloud.install(folder / "cloud", **state)


def timeless(said: Output) -> Output:
    return Output(re.sub(r"\d\d:\d\d", "HH:MM", said.stdout), said.stderr, said.code)


def test_from_start_to_stop(tmp_path: Path) -> None:
    repo, cloud = rented(tmp_path, GCLOUD + "  max_run: 8h\n  price_per_hour: 0.01\n  currency: EUR\n")
    assert (
        timeless(repo.repoops("gpu", "start", env=cloud.env))
        == Output(
            stdout=f"{PLACE}: RUNNING since HH:MM, 0 min, about 0.00 EUR\n  1 x nvidia-l4\n  stopped by its provider after 8 h\n",
            stderr=f"TERMINATED; asking {PLACE} to start\nno session was open: one begins with this start\n",
            code=0,
        )
        or cloud.read()["started"]
    )
    assert timeless(repo.repoops("gpu", "stop", env=cloud.env)).stderr == f"RUNNING; asking {PLACE} to stop\n"
    again = timeless(repo.repoops("gpu", "stop", env=cloud.env))
    assert (again.stderr, again.code) == ("", 0)
    assert re.fullmatch(
        re.escape(PLACE) + r": TERMINATED since HH:MM; it ran 0 min, about 0.00 EUR\n  1 x nvidia-l4\n"
        r"  stopped by its provider after 8 h\n",
        again.stdout,
    )
    assert [cloud.read()[key] for key in ("starts", "stops", "idle")] == [1, 1, 0]


def test_status_as_json(tmp_path: Path) -> None:
    repo, cloud = rented(tmp_path, GCLOUD + "  price_per_hour: 0.71\n  currency: USD\n",
                         started="2025-10-14T05:02:11.416-07:00", stopped="2025-10-14T06:32:11.416-07:00")  # fmt: skip
    said = repo.repoops("gpu", "status", "--json", env=cloud.env)
    assert (json.loads(said.stdout), said.stderr, said.code) == (
        {
            "schema": "repoops/gpu/1", "machine": PLACE, "provider": "gcloud", "status": "TERMINATED",
            "since": "2025-10-14T06:32:11.416000-07:00", "ran_s": 5400, "cost": {"amount": 1.06, "currency": "USD"},
            "accelerators": ["1 x nvidia-l4"], "limit_s": None, "note": "",
        },
        "",
        0,
    )  # fmt: skip
    assert cloud.verbs == ["describe"]


@pytest.mark.parametrize(
    ("fault", "said"),
    [
        ("quota", ("the project's quota is used up; gcloud: Quota 'NVIDIA_L4_GPUS' exceeded. Limit: 500.0 in region us-central1.\n"
         "  ask for more, or stop another machine: https://console.cloud.google.com/iam-admin/quotas\n")),
        ("missing", (f"there is no such instance; gcloud: The resource 'projects/{PROJECT}/zones/{ZONE}/instances/{NAME}' was "
         "not found\n  compare gpu.instance, gpu.zone and gpu.project with: gcloud compute instances list\n")),
    ],
)  # fmt: skip
def test_a_refusal_is_two_lines_and_exit_2(tmp_path: Path, fault: str, said: str) -> None:
    repo, cloud = rented(tmp_path, faults=[["start", fault]])
    start = f"TERMINATED; asking {PLACE} to start\n"
    assert repo.repoops("gpu", "start", env=cloud.env) == Output(
        "", f"{start}repoops gpu: {PLACE}: {said}", 2
    )


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("", ("gpu.provider: no GPU machine is configured\n  say in repoops.yaml: gpu: {provider: gcloud, "
         "instance: cudadent42-l4-dev, zone: us-central1-a}; docs/gpu.md has the keys\n")),
        ("gpu:\n  provider: aws\n", "gpu.provider: there is no provider 'aws'\n  choose: gcloud, sky, command\n"),
        ("gpu:\n  provider: gcloud\n", "gpu.instance: gcloud needs the name of an instance\n"),
        (GCLOUD + "  price_per_hour: cheap\n", "repoops.yaml:6: gpu.price_per_hour must be float or None, not 'cheap'\n"),
        (GCLOUD + "  max_run: long\n", ("gpu.max_run: 'long' is no time from 30 seconds to 120 days\n"
         "  for example: 8h, 90m, 1d12h\n")),
        ("gpu:\n  provider: command\n  status: [vm]\n  stop: [vm]\n", ("gpu.start: the provider `command` needs the command "
         "that starts\n  a list of words, for example: start: [vm, start, my-gpu]\n")),
        ("gpu:\n  provider: command\n  status: [a]\n  stop: [b]\n  start: [c]\n  running: '('\n",
         "gpu.running: is no regular expression: missing ), unterminated subpattern at position 0\n"),
        ("gpu:\n  provider: command\n  status: [a]\n  stop: [b]\n  start: [c]\n  max_run: 8h\n",
         "gpu.max_run: is another provider's; a plain command says it itself\n"),
    ],
)  # fmt: skip
def test_a_faulty_configuration_is_named_by_its_key(tmp_path: Path, config: str, said: str) -> None:
    repo, cloud = rented(tmp_path, config)
    assert repo.repoops("gpu", "stop", env=cloud.env) == Output("", f"repoops gpu: {said}", 2)
    assert cloud.verbs == []


PLAIN = """gpu:
  provider: command
  instance: my-gpu
  start: [sh, vm.sh, start]
  stop: [sh, vm.sh, stop]
  status: [sh, vm.sh, status]
  running: "state: on since (?P<since>.+)"
  terminated: "state: off"
  price_per_hour: 2
  currency: EUR
"""
VM = """case $1 in
  status) cat state ;;
  start) echo "state: on since $(date -u +%Y-%m-%dT%H:%M:%SZ)" > state; echo start >> calls ;;
  stop) echo "state: off" > state; echo stop >> calls; exit ${STOP_EXIT:-0} ;;
esac
"""


def test_plain_commands_of_any_provider(tmp_path: Path) -> None:
    repo, _ = rented(tmp_path, PLAIN)
    repo.write("vm.sh", VM)
    repo.write("state", "state: off\n")
    started = timeless(repo.repoops("gpu", "start"))
    assert (started.stdout, started.code) == ("my-gpu: RUNNING since HH:MM, 0 min, about 0.00 EUR\n", 0)
    assert repo.repoops("gpu", "start").code == 0
    stopped = repo.repoops("gpu", "stop", env={"STOP_EXIT": "3"})
    assert stopped == Output(
        "my-gpu: TERMINATED\n", "RUNNING; asking my-gpu to stop\nsh failed with exit 3: it said nothing; looking at its state\n", 0
    )  # fmt: skip
    assert repo.read("calls") == b"start\nstop\n"


@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("state: off state: on since noon", "its state was not told: both 'state: on since noon' and 'state: off' are in what it printed"),
        ("state: on since noon", "its state was not told: Invalid isoformat string: 'noon'"),
    ],
)  # fmt: skip
def test_an_answer_that_says_two_things_or_no_time_is_none(tmp_path: Path, state: str, said: str) -> None:
    repo, _ = rented(tmp_path, PLAIN)
    repo.write("vm.sh", VM)
    repo.write("state", state)
    found = subprocess.run(
        [sys.executable, "-c", ("import sys; from pathlib import Path; from repoops.config import load\n"
         "from repoops.gpu import drive\ndrive.see(load(Path('.')).gpu, drive.ONCE, print)")],
        cwd=repo.root, env={**os.environ, **ENV}, capture_output=True, text=True,
    )  # fmt: skip
    assert said in found.stderr


def test_a_login_becomes_ssh(tmp_path: Path) -> None:
    with sshd(tmp_path / "sshd") as server:
        own = ["ssh", "-F", f"{server.folder}/ssh_config", "-p", f"{server.port}", "loopback"]
        repo, cloud = rented(tmp_path, GCLOUD + f"  ssh: {json.dumps(own)}\n")
        said = repo.repoops("gpu", "ssh", "--", "printf", "%s|", "a b", "$(touch x)", "it's", env=cloud.env)
        assert said == Output("a b|$(touch x)|it's|", "", 0)
        assert repo.repoops("gpu", "ssh", "--", "exit 7", env=cloud.env).code == 127
        assert repo.repoops("gpu", "ssh", "--", "sh", "-c", "exit 7", env=cloud.env).code == 7
        started = repo.repoops("gpu", "start", env=cloud.env)
        assert (started.code, cloud.verbs) == (0, ["describe", "start", "describe"])
    assert repo.repoops("gpu", "ssh", "--print", "--", "nvidia-smi", env=cloud.env).stdout == (
        f"ssh -F {server.folder}/ssh_config -p {server.port} loopback nvidia-smi\n"
    )


def test_a_login_without_a_command_for_it_is_told(tmp_path: Path) -> None:
    repo, _ = rented(tmp_path, PLAIN)
    said = "repoops gpu: gpu.ssh: no ssh command is configured\n  for example: ssh: [ssh, l4]\n"
    assert repo.repoops("gpu", "ssh") == Output("", said, 2)


def killed_after(repo: Repo, cloud: Cloud, verb: str, calls: int) -> bool:
    """`kill -9` of `repoops gpu VERB` as soon as that many commands of its provider have begun; False where it ended first."""
    before = len(cloud.verbs)
    child = subprocess.Popen(
        [sys.executable, "-m", "repoops", "gpu", verb], cwd=repo.root, env={**os.environ, **ENV, **cloud.env},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        while child.poll() is None:
            if len(cloud.verbs) - before >= calls:
                child.send_signal(signal.SIGKILL)
                return child.wait() == -signal.SIGKILL
            time.sleep(0.002)
        return False
    finally:
        child.kill()
        child.wait()


def test_kill_9_at_any_point_and_again_is_one_start_and_one_stop(tmp_path: Path) -> None:
    """Also while the provider's command is on its way: it outlives us, and the next one waits for it."""
    for calls in range(1, 9):
        repo, cloud = rented(tmp_path / str(calls), steps=1)
        harmless = 0
        for verb in ("start", "stop"):
            cloud.set(faults=[[verb, "slow:0.3"]])
            harmless += not killed_after(repo, cloud, verb, calls)
            assert repo.repoops("gpu", verb, env=cloud.env).code == 0
            assert cloud.read()["status"] == {"start": "RUNNING", "stop": "TERMINATED"}[verb]
            assert cloud.verbs.count(verb) == 1
        assert [cloud.read()[key] for key in ("starts", "stops", "idle")] == [1, 1, 0]
        if harmless == 2:
            return
    raise AssertionError("it was killed each time")


def test_ctrl_c_ends_the_waiting_and_not_the_request(tmp_path: Path) -> None:
    repo, cloud = rented(tmp_path, faults=[["start", "slow:1"]])
    child = subprocess.Popen(
        [sys.executable, "-m", "repoops", "gpu", "start"], cwd=repo.root, env={**os.environ, **ENV, **cloud.env},
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while "start" not in cloud.verbs:
        time.sleep(0.002)
    child.send_signal(signal.SIGINT)
    _, said = child.communicate(timeout=20)
    assert said.splitlines()[:2] == [  # Typer's own word for it, if any, follows
        f"TERMINATED; asking {PLACE} to start",
        "what was asked for goes on at the provider; see: repoops gpu status",
    ]
    assert child.returncode == 130
    assert repo.repoops("gpu", "start", env=cloud.env).code == 0
    assert [cloud.read()[key] for key in ("starts", "idle")] == [1, 0]
