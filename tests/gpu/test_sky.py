"""A cluster of SkyPilot behind `repoops gpu`: a fake `sky` on PATH (tests/support/fake_sky.py says what it was compared with)."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from pathlib import Path

import pytest

from repoops.config import Gpu
from repoops.errors import RepoOpsError
from repoops.gpu import drive, provider_of, sky
from repoops.gpu.drive import Pace
from repoops.gpu.provider import Answer
from repoops.gpu.state import State
from tests.gpu.test_drive import Run, refused
from tests.support.fake_sky import CLOUDLESS, NAME, REFUSALS, STALE, Sky, row
from tests.support.repo import Output, Repo

GPU = Gpu("sky", NAME, launch=("--gpus=L4:1", "--infra=gcp"), idle=30)
DOWN = Gpu("sky", NAME, launch=("l4.yaml",), idle=10, down=True)
QUICK = Pace(first=0.01, most=0.1, grace=0.2, answer=20, request=20, silence=1, whole=20, ssh=5)
UP = {
    "status": "UP",
    "launched_at": 1795901927,
    "autostop": 30,
    "to_down": False,
    "reason": None,
    "nodes": 1,
}
SINCE = datetime(2026, 11, 28, 21, 38, 47, tzinfo=timezone.utc)


@pytest.fixture
def cloud(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sky:
    made = Sky.install(tmp_path / "cloud")
    monkeypatch.setenv("PATH", made.env["PATH"])
    return made


def answer(stdout: str = "", stderr: str = "", exit_: int | None = 0, verb: str = "status") -> Answer:
    return Answer(("sky", verb), exit_, stdout, stderr, "2026-11-28T12:00:00+00:00", 61.0)


def told(stdout: str) -> State:
    return sky.read(GPU, sky.kept(answer(stdout)))


@pytest.mark.parametrize(
    ("row_", "state"),
    [
        (UP, State("RUNNING", SINCE, accelerators=("1 x L4",), note="SkyPilot stops it after 30 min without a job")),
        (UP | {"to_down": True, "nodes": 2}, State("RUNNING", SINCE, accelerators=("1 x L4 on each of 2 nodes",),
                                                   note="SkyPilot takes it down after 30 min without a job")),
        (UP | {"autostop": -1}, State("RUNNING", SINCE, accelerators=("1 x L4",), note="SkyPilot does not stop it by itself")),
        (UP | {"status": "STOPPED"}, State("TERMINATED", SINCE, accelerators=("1 x L4",))),
        (UP | {"status": "AUTOSTOPPING"}, State("AUTOSTOPPING", SINCE, accelerators=("1 x L4",),
                                                note="SkyPilot stops it after 30 min without a job")),
        (UP | {"status": "INIT", "reason": "Cluster is abnormal because  ray is unhealthy"},
         State("INIT", SINCE, accelerators=("1 x L4",), note="Cluster is abnormal because ray is unhealthy")),
    ],
)  # fmt: skip
def test_the_state_is_read_from_status(row_: dict[str, object], state: State) -> None:
    assert told(json.dumps([row(row_)], indent=2) + "\n") == state


def test_a_cluster_that_skypilot_does_not_know_is_said_to_be_unknown() -> None:
    found = told("Cluster(s) not found: \x1b[1ml4\x1b[0m.\n[]\nA newer SkyPilot is there.\n")
    assert found == State("TERMINATED", note="this SkyPilot knows no such cluster")


def test_what_is_kept_has_no_names_and_tells_the_same() -> None:
    kept = sky.kept(answer(json.dumps([row(UP)], indent=2)))
    assert "root" not in kept
    assert "fcd1e5cf" not in kept
    assert sky.read(GPU, kept) == told(json.dumps([row(UP)], indent=2))


@pytest.mark.parametrize(
    ("stdout", "why"),
    [
        (STALE + json.dumps([row(UP)], indent=2), f"SkyPilot could not ask the cloud: l4: {CLOUDLESS}"),
        (json.dumps([row(UP) | {"name": "l40"}], indent=2), "the answer is about l40"),
        (json.dumps([row(UP), row(UP)], indent=2), "the answer is not about one cluster"),
        (json.dumps([row(UP)], indent=2)[:300], "Unterminated string"),
        ("", "Expecting value"),
    ],
)  # fmt: skip
def test_what_it_remembers_and_what_is_torn_is_no_state(stdout: str, why: str) -> None:
    with pytest.raises(ValueError) as caught:
        told(stdout)
    assert str(caught.value).startswith(why)


@pytest.mark.parametrize(
    ("name", "kind", "said"),
    [
        ("cloudless", "final", f"no cloud is set up for SkyPilot; sky: {CLOUDLESS}"),
        ("access", "final", "no cloud is set up for SkyPilot; sky: Cloud access is not set up. Run: sky check"),
        ("capacity", "final", ("no cloud has such a machine free now; sky: Failed to provision all possible launchable resources. "
         "Relax the task's resource requirements: 1x <Cloud>({'L4': 1})")),
        ("mismatch", "final", "the cluster is another than gpu.launch says; sky: Requested resources do not match the existing cluster."),
        ("options", "final", "SkyPilot does not understand what it is asked; sky: No such option: --bogus (Possible options: --cpus, --gpus)"),
        ("offline", "lost", ("its answer was lost; sky: Could not connect to SkyPilot API server at http://127.0.0.1:46580. "
         "Please ensure that the server is running. Try: curl http://127.0.0.1:46580/api/health")),
    ],
)  # fmt: skip
def test_each_text_of_skypilot_is_one_line_that_says_what_it_means(name: str, kind: str, said: str) -> None:
    found = sky.fault(GPU, answer(stderr=REFUSALS[name], exit_=1, verb="launch"))
    assert found is not None
    assert (found.kind, found.what) == (kind, said)


def test_one_launch_and_one_stop_and_then_no_more(cloud: Sky, tmp_path: Path) -> None:
    run = Run(tmp_path, GPU, QUICK)
    assert [run.start().sent, run.start().sent, run.stop().sent, run.stop().sent, run.start().sent] == [
        1,
        0,
        1,
        0,
        1,
    ]
    assert cloud.read()["did"] == ["launch", "stop", "launch"]
    line = ["launch", "--yes", "--detach-run", "--cluster=l4", "--idle-minutes-to-autostop=30", "--gpus=L4:1", "--infra=gcp"]  # fmt: skip
    assert cloud.read()["calls"][1] == line
    assert run.said == ["TERMINATED; asking l4 to start", "RUNNING; asking l4 to stop", "TERMINATED; asking l4 to start"]  # fmt: skip


def test_taken_down_it_is_gone_and_that_is_said(cloud: Sky, tmp_path: Path) -> None:
    run = Run(tmp_path, DOWN, QUICK)
    run.start()
    assert cloud.read()["to_down"]
    assert run.stop().seen.state == State("TERMINATED", note="this SkyPilot knows no such cluster")
    assert cloud.read()["did"] == ["launch", "down"]


def test_a_lost_answer_is_asked_for_and_the_launch_is_one(cloud: Sky, tmp_path: Path) -> None:
    cloud.set(faults=[["launch", "lost"], ["stop", "offline"]])
    run = Run(tmp_path, GPU, QUICK)
    assert run.start().seen.state.status == "RUNNING"
    assert run.stop().seen.state.status == "TERMINATED"
    assert cloud.read()["did"] == ["launch", "stop"]


def test_a_cluster_that_is_not_well_is_launched_anew_and_can_be_stopped(cloud: Sky, tmp_path: Path) -> None:
    cloud.set(status="INIT", reason="Cluster is abnormal")
    assert Run(tmp_path, GPU, QUICK).start().seen.state.status == "RUNNING"
    cloud.set(status="INIT", reason="Cluster is abnormal")
    assert Run(tmp_path, GPU, QUICK).stop().seen.state.status == "TERMINATED"


def test_done_that_was_not_done_and_a_stop_that_failed_with_exit_0_are_errors(
    cloud: Sky, tmp_path: Path
) -> None:
    cloud.set(status="UP", faults=[["stop", "unstoppable"]])
    said = "l4: it is RUNNING after 1 request to stop: sky failed with exit 0: Stopping spot instances is currently not supported on AWS."
    assert refused(Run(tmp_path, GPU, QUICK).stop).startswith(said)
    cloud.set(status=None, faults=[["launch", "nothing"]])
    assert refused(Run(tmp_path, GPU, QUICK).start).startswith("l4: the provider said that it was started, and it is TERMINATED")  # fmt: skip


def test_a_state_that_is_only_remembered_is_asked_for_again(cloud: Sky) -> None:
    cloud.set(status="UP", faults=[["status", "stale"]])
    said: list[str] = []
    assert drive.see(GPU, QUICK, said.append).state.status == "RUNNING"
    assert said == [f"its state was not told: SkyPilot could not ask the cloud: l4: {CLOUDLESS}; asking again"]  # fmt: skip


@pytest.mark.parametrize(
    ("gpu", "said"),
    [
        (Gpu("sky", "l*", launch=("--gpus=L4:1",), idle=30), "gpu.instance: sky needs the name of a cluster: letters, digits, -_. and a letter first"),
        (Gpu("sky", NAME, idle=30), ("gpu.launch: sky needs the options of `sky launch`, or a task's file\n"
         '  for example: launch: ["--gpus=L4:1", "--infra=gcp/us-central1"]')),
        (Gpu("sky", NAME, launch=("l4.yaml",)), ("gpu.idle: sky needs the minutes without a job after which it stops the cluster, whoever is gone\n"
         "  for example: idle: 30")),
        (Gpu("sky", NAME, launch=("l4.yaml",), idle=30, zone="a"), "gpu.zone: is another provider's; for sky it stands in gpu.launch"),
        (Gpu("gcloud", NAME, idle=30), "gpu.idle: is sky's, not gcloud's"),
    ],
)  # fmt: skip
def test_a_faulty_configuration_is_named_by_its_key(gpu: Gpu, said: str) -> None:
    with pytest.raises(RepoOpsError) as caught:
        provider_of(gpu)
    assert str(caught.value) == said


def test_from_start_to_a_login_and_the_way_to_install_it(tmp_path: Path) -> None:
    config = "gpu:\n  provider: sky\n  instance: l4\n  launch: ['--gpus=L4:1']\n  idle: 30\n"
    repo = Repo.create(tmp_path / "repo")
    repo.commit(files={"repoops.yaml": config})
    missing = repo.repoops("gpu", "status", env={"PATH": "/usr/bin:/bin"})
    assert missing == Output(
        "", "repoops gpu: sky: is not installed\n  install SkyPilot: pip install 'repoops[sky]', with the cloud of yours: 'skypilot[gcp]'\n", 2
    )  # fmt: skip
    cloud = Sky.install(tmp_path / "cloud")
    login = cloud.folder / "bin" / "ssh"  # SkyPilot writes the name into ~/.ssh/config
    login.write_text('#!/bin/sh\necho "$@" > "$0.asked"\n')
    login.chmod(0o755)
    said = repo.repoops("gpu", "start", env=cloud.env)
    assert said.code == 0, said.stderr
    assert said.stdout.splitlines()[0].endswith("; SkyPilot stops it after 30 min without a job")
    assert (cloud.folder / "bin/ssh.asked").read_text() == "-o BatchMode=yes -o ConnectTimeout=10 l4 true\n"
