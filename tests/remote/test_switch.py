"""The dead man's switch, in seconds where people would have minutes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from repoops.remote.ending import Ending
from repoops.remote.job import JobSpec, arm, disarm, listed, submit
from repoops.remote.link import Link
from repoops.remote.watch import follow
from repoops.vcs.read import Repository
from tests.support.sshd import Sshd

Shell = Callable[..., JobSpec]


def appears(path: Path, seconds: float = 20.0) -> bool:
    until = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < until:
        time.sleep(0.05)
    return path.exists()


def test_a_job_that_nobody_asks_for_is_stopped(link: Link, work: Repository, sh: Shell, server: Sshd) -> None:
    job = submit(link, work, sh("sleep 100", idle_s=1.5))
    assert appears(server.remote / "jobs" / job.id / "exit.json")
    ending = follow(link, job, lambda _: None)
    assert (ending.kind, ending.by) == ("cancelled", "deadman")
    assert ending.words() == "stopped by the dead man's switch: nobody had asked"


def test_the_host_is_shut_down_once_the_client_is_gone(
    link: Link, work: Repository, sh: Shell, tmp_path: Path
) -> None:
    down = tmp_path / "down"
    job = submit(link, work, sh("sleep 100", idle_s=1.5, shutdown=("sh", "-c", f'echo now >> "{down}"')))
    assert appears(down)
    time.sleep(1.0)
    assert down.read_text() == "now\n"
    ending = follow(link, job, lambda _: None)
    assert (ending.kind, ending.by) == ("cancelled", "deadman")


def test_contact_holds_the_switch_back(link: Link, tmp_path: Path) -> None:
    down = tmp_path / "down"
    arm(link, 5.0, ("touch", str(down)))
    until = time.monotonic() + 8
    while time.monotonic() < until:
        listed(link)
        assert not down.exists()
    disarm(link)


def test_a_disarmed_switch_does_nothing(link: Link, tmp_path: Path, server: Sshd) -> None:
    down = tmp_path / "down"
    arm(link, 2.0, ("touch", str(down)))
    disarm(link)
    assert server.settled(8) == []
    assert not down.exists()


def test_the_hard_limit_holds_whatever_the_contact(link: Link, tmp_path: Path) -> None:
    down = tmp_path / "down"
    arm(link, 1000.0, ("touch", str(down)), max_s=1.0)
    assert appears(down)


def test_a_reboot_sets_the_switch_anew_on_contact(rebooting: Sshd, tmp_path: Path) -> None:
    down = tmp_path / "down"
    link = Link(rebooting.host())
    arm(link, 2.0, ("touch", str(down)))
    rebooting.reboot()
    listed(link)
    assert appears(down)


def test_a_job_in_the_way_of_the_switch_is_told_so(link: Link, work: Repository, sh: Shell) -> None:
    job = submit(link, work, sh("sleep 100"))
    arm(link, 1.0, ())
    time.sleep(3)
    ending = follow(link, job, lambda _: None)
    assert ending == Ending("cancelled", by="deadman", seconds=ending.seconds)
