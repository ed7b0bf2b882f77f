"""A whole run with the connection broken at each of its steps: whole results, one run, nothing left over."""

from __future__ import annotations

import hashlib
import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from repoops.remote.ending import Ending
from repoops.remote.job import JobSpec, _spec_to, cancel, submit
from repoops.remote.link import Event, Link, compact, facts_of
from repoops.remote.transfer import send_file
from repoops.remote.watch import collect, follow
from repoops.vcs.read import Repository
from tests.support.proxy import Connection, Fault, proxy
from tests.support.sshd import Sshd

Shell = Callable[..., JobSpec]
LOG = b"".join(b"line %d\n" % n for n in range(2000))
RESULT = bytes(range(256)) * 40


@dataclass(frozen=True)
class Run:
    """A job that counts how often it ran, in a file that no fault can reach."""

    counter: Path

    def spec(self, sh: Shell) -> JobSpec:
        line = f"""
echo run >> "{self.counter}"
i=0; while [ $i -lt 2000 ]; do echo line $i; i=$((i+1)); done
"{sys.executable}" -c 'import os; open(os.environ["REPOOPS_OUT"] + "/r", "wb").write(bytes(range(256)) * 40)'
"""
        return sh(line, out=("r",), limit_s=60)

    def check(self, link: Link, work: Repository, spec: JobSpec) -> None:
        job = submit(link, work, spec)
        ending = follow(link, job, lambda _: None)
        assert (ending.kind, ending.code, ending.missing) == ("exited", 0, ())
        assert (collect(link, job) / "r").read_bytes() == RESULT
        assert job.log.read_bytes() == LOG
        assert self.counter.read_text() == "run\n"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "counter")


def points_in(passed: Connection) -> list[Fault]:
    """Where a connection is broken, from what it passed when it was left alone: once in every phase of a call."""
    up, down = passed.passed[True], passed.passed[False]
    return [
        Fault("cut", up // 2),  # among the keys
        Fault("cut", up - 250),  # the request, almost whole
        Fault("half", down - 300, up=False),  # the answer, torn
        Fault("cut", down - 60, up=False),  # done there, perhaps not heard of here
    ]


def break_every_step(server: Sshd, steps: int, work_through: Callable[[Link, int], None]) -> None:
    """Works through calls undisturbed, then again for every point of every connection, broken there."""
    calm: list[Connection] = []
    with proxy(server.port, seen=calm.append) as between:
        work_through(Link(server.host(between.port), patience_s=60), -1)
    assert len(calm) == steps
    points = [(number, fault) for number, passed in enumerate(calm) for fault in points_in(passed)]
    again = 0
    for n, (number, fault) in enumerate(points):
        with proxy(server.port, lambda k, at=number, what=fault: what if k == at else None) as between:
            work_through(Link(server.host(between.port), patience_s=60), n)
            assert between.faults == 1, (number, fault)
            again += between.connections > steps
    assert again >= len(points) // 2  # the others hit a connection whose answer had come whole


def test_a_run_survives_a_break_at_every_step(
    server: Sshd, work: Repository, sh: Shell, tmp_path: Path
) -> None:
    Run(tmp_path / "first").check(Link(server.host()), work, Run(tmp_path / "first").spec(sh))

    def work_through(link: Link, n: int) -> None:
        run = Run(tmp_path / f"counter{n}")
        run.check(link, work, run.spec(sh))

    break_every_step(server, 4, work_through)  # have, start, poll, ack


def test_an_agent_arrives_over_a_break_at_every_step(server: Sshd) -> None:
    def work_through(link: Link, n: int) -> None:
        link.host = replace(link.host, folder=str(server.folder / f"root{n}"))
        assert facts_of(link).root == link.host.folder

    break_every_step(server, 3, work_through)  # no agent, the agent, hello


def test_a_file_arrives_over_a_break_at_every_step(server: Sshd, tmp_path: Path) -> None:
    facts_of(Link(server.host()))

    def work_through(link: Link, n: int) -> None:
        # More than ssh's first 96 KiB would bring window adjusts, as many as it pleases: no point could be counted to.
        content = os.urandom(60_000)
        (tmp_path / f"blob{n}").write_bytes(content)
        assert Path(send_file(link, tmp_path / f"blob{n}")).read_bytes() == content

    break_every_step(server, 2, work_through)  # stat, put


def test_ten_breaks_while_it_runs_and_the_log_is_the_same(
    server: Sshd, work: Repository, sh: Shell, events: list[Event]
) -> None:
    line = "i=0; while [ $i -lt 60 ]; do echo tick $i; sleep 0.1; i=$((i+1)); done"
    kinds = ("cut", "close", "half", "half-close", "outage")
    faults = (Fault(kind, 1500 + 10 * n, up=False) for n, kind in enumerate(kinds * 2))
    with proxy(server.port, lambda k: next(faults, None) if k >= 7 else None) as between:
        link = Link(server.host(between.port), events.append, patience_s=60)
        job = submit(link, work, sh(line))
        assert follow(link, job, lambda _: None).clean
        assert job.log.read_bytes() == b"".join(b"tick %d\n" % n for n in range(60))
        assert between.faults == 10
    assert [e.kind for e in events].count("reconnecting") >= 10


@pytest.mark.parametrize("number", range(8))
def test_a_client_killed_at_any_call_is_taken_up_by_the_next(
    server: Sshd, work: Repository, run: Run, sh: Shell, number: int
) -> None:
    spec = run.spec(sh)
    clients: list[subprocess.Popen[bytes]] = []

    def strike(k: int) -> None:
        if k == number:
            os.kill(clients[0].pid, signal.SIGKILL)

    with proxy(server.port, strike) as between:
        line = [
            sys.executable, "-m", "tests.support.remote_client", str(work.root), str(server.folder / "ssh_config"),
            str(between.port), str(server.remote), sys.executable, *spec.argv,
        ]  # fmt: skip
        house = Path(__file__).parents[2]
        clients.append(subprocess.Popen(line, cwd=house, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE))
        _, words = clients[0].communicate()
        assert clients[0].returncode == -9, words.decode()
        again = subprocess.run(line, cwd=house, capture_output=True, text=True)
    assert again.returncode == 0, again.stderr
    folder, ending = again.stdout.splitlines()
    assert ending == "exited with 0"
    assert (Path(folder) / "r").read_bytes() == RESULT
    assert (Path(folder).parent / "log").read_bytes() == LOG
    assert run.counter.read_text() == "run\n"


def test_a_start_that_is_asked_again_runs_once(link: Link, work: Repository, run: Run, sh: Shell) -> None:
    spec = run.spec(sh)
    job = submit(link, work, spec)
    body = compact(_spec_to(spec))
    for _ in range(5):
        link.call("start", job.id, hashlib.sha256(body).hexdigest()[:16], "-", stdin=body)
    assert follow(link, job, lambda _: None).clean
    link.call("start", job.id, hashlib.sha256(body).hexdigest()[:16], "-", stdin=body)
    collect(link, job)
    assert run.counter.read_text() == "run\n"


def test_sshd_killed_and_back_is_one_more_outage(
    server: Sshd, link: Link, work: Repository, sh: Shell
) -> None:
    job = submit(link, work, sh("echo a; sleep 2; echo b"))
    server.kill()
    server.start()
    assert follow(link, job, lambda _: None).clean
    assert job.log.read_bytes() == b"a\nb\n"


def owner(server: Sshd, job_id: str) -> int:
    return int(json.loads((server.remote / "jobs" / job_id / "owner.json").read_text())["pid"])


def test_a_killed_supervisor_is_told_and_leaves_nothing(
    server: Sshd, link: Link, work: Repository, sh: Shell
) -> None:
    job = submit(link, work, sh("echo begun; echo some > $REPOOPS_OUT/r; (setsid sleep 100 &); sleep 100"))
    while not (server.remote / "jobs" / job.id / "out" / "r").exists():
        pass
    os.kill(owner(server, job.id), signal.SIGKILL)
    ending = follow(link, job, lambda _: None)
    assert ending == Ending("died")
    assert not ending.clean
    assert list(collect(link, job).iterdir()) == []
    assert (job.folder / "partial" / "r").read_bytes() == b"some\n"
    assert job.log.read_bytes() == b"begun\n"
    assert server.settled() == []


def test_a_start_after_a_death_is_no_second_run(
    server: Sshd, link: Link, work: Repository, sh: Shell, run: Run
) -> None:
    spec = sh(f'echo run >> "{run.counter}"; sleep 100')
    job = submit(link, work, spec)
    while not run.counter.exists():
        pass
    os.kill(owner(server, job.id), signal.SIGKILL)
    server.settled(2)
    body = compact(_spec_to(spec))
    answer = link.call("start", job.id, hashlib.sha256(body).hexdigest()[:16], "-", stdin=body).answer
    assert answer["state"] == "died"
    assert run.counter.read_text() == "run\n"


def test_a_reboot_is_told_from_a_death(rebooting: Sshd, work: Repository, sh: Shell, run: Run) -> None:
    link = Link(rebooting.host(), patience_s=60)
    job = submit(link, work, sh(f'echo begun; echo run >> "{run.counter}"; sleep 100'))
    while not run.counter.exists():
        pass
    rebooting.reboot()
    ending = follow(link, job, lambda _: None)
    assert ending == Ending("lost")
    assert ending.words() == "lost: the host has rebooted since"
    assert job.log.read_bytes() == b"begun\n"
    assert cancel(link, job.id) == Ending("lost")
    collect(link, job)
    again = submit(link, work, sh("true"))
    assert follow(link, again, lambda _: None).clean
    assert run.counter.read_text() == "run\n"


def test_a_start_before_and_after_a_reboot_is_not_two_runs(
    rebooting: Sshd, work: Repository, sh: Shell, run: Run
) -> None:
    link = Link(rebooting.host(), patience_s=60)
    spec = sh(f'echo run >> "{run.counter}"; sleep 100')
    job = submit(link, work, spec)
    while not run.counter.exists():
        pass
    rebooting.reboot()
    body = compact(_spec_to(spec))
    answer = link.call("start", job.id, hashlib.sha256(body).hexdigest()[:16], "-", stdin=body).answer
    assert answer["state"] == "lost"
    assert run.counter.read_text() == "run\n"
