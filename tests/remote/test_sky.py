"""A job whose turn comes in SkyPilot's queue: a fake `sky` here, the stand-in and the job on a real sshd."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from repoops.errors import RepoOpsError
from repoops.remote import sky
from repoops.remote.ending import Ending
from repoops.remote.job import Job, JobSpec, cancel, submit
from repoops.remote.link import Event, Link
from repoops.remote.watch import follow
from repoops.vcs.read import Repository
from tests.remote.test_job import timeless
from tests.support.fake_sky import Sky

Shell = Callable[..., JobSpec]


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Sky:
    made = Sky.install(tmp_path / "cloud", status="UP")
    monkeypatch.setenv("PATH", made.env["PATH"])
    return made


def come(link: Link, job: Job, events: list[Event]) -> str:
    assert job.spec.queue is not None
    return sky.turn(link, job, job.spec.queue, events.append)


def test_it_begins_when_its_turn_has_come_with_the_cards_it_was_assigned(
    cluster: Sky, link: Link, work: Repository, sh: Shell, events: list[Event]
) -> None:
    """Its time limit counts from then."""
    cluster.set(held_back=1)
    job = submit(link, work, sh("echo card $CUDA_VISIBLE_DEVICES", queue=("--gpus=L4:1",), limit_s=2.0))
    assert come(link, job, events) == ""
    assert timeless(follow(link, job, lambda _: None)) == Ending("exited", code=0)
    assert job.log.read_bytes() == b"card 3\n"
    assert [call[:4] for call in cluster.read()["calls"] if call[0] == "exec"] == [
        ["exec", "--detach-run", f"--name=repoops-{job.id}", "--gpus=L4:1"]
    ]
    said = [event.text for event in events if event.kind == "queued"]
    assert said[:2] == ["in SkyPilot's queue: INIT", "in SkyPilot's queue: RUNNING"]


def test_a_stand_in_that_is_killed_ends_the_job_and_a_second_one_does_nothing(
    cluster: Sky, link: Link, work: Repository, sh: Shell, events: list[Event]
) -> None:
    job = submit(link, work, sh("echo begun; sleep 60", queue=()))
    assert come(link, job, events) == ""
    first = cluster.read()["jobs"][0]
    done = os.waitstatus_to_exitcode(os.system(first["command"]))  # noqa: S605 - as the queue would run it once more
    assert done == 0
    assert link.call("poll", job.id, "0", "0").answer["state"] == "running"
    os.killpg(first["pid"], signal.SIGKILL)
    ending = follow(link, job, lambda _: None)
    assert ending.words() == "cancelled: its place in the queue was taken from it"


def test_a_turn_that_comes_and_goes_while_skypilot_answers_is_no_refusal(
    cluster: Sky, link: Link, work: Repository, sh: Shell, events: list[Event]
) -> None:
    cluster.set(faults=[["queue", "prompt"], ["queue", "slow"]])
    job = submit(link, work, sh("echo ran", queue=()))
    assert come(link, job, events) == ""
    assert timeless(follow(link, job, lambda _: None)) == Ending("exited", code=0)


def test_what_never_gets_its_turn_is_told(
    cluster: Sky, link: Link, work: Repository, sh: Shell, events: list[Event]
) -> None:
    cluster.set(held_back=100, faults=[["exec", "mismatch"]])
    job = submit(link, work, sh("echo ran", queue=()))
    assert come(link, job, events) == (
        "SkyPilot refuses the job: Requested resources do not match the existing cluster."
    )
    lost = [{"job_id": 1, "name": f"repoops-{job.id}", "command": "", "pid": None, "ended": "CANCELLED", "code": "/none"}]  # fmt: skip
    cluster.set(jobs=lost)
    assert come(link, job, events) == "SkyPilot ended the job before its turn: CANCELLED"
    found = cancel(link, job.id)
    assert found is not None
    assert (found.words(), come(link, job, events)) == ("cancelled", "")


def test_a_cluster_that_skypilot_does_not_know_is_refused_before_anything_is_sent(
    cluster: Sky, link: Link
) -> None:
    cluster.set(status=None)
    with pytest.raises(RepoOpsError) as caught:
        sky.check(link.host)
    assert str(caught.value) == (
        "loopback: SkyPilot does not show the cluster's queue: Cluster 'loopback' does not exist.\n  see: sky queue loopback"
    )
