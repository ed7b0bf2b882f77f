"""Disks that are full, results that are torn, clocks that are wrong, Pythons that are old."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from repoops import clock
from repoops.errors import RepoOpsError
from repoops.remote.job import JobSpec, listed, submit
from repoops.remote.link import Link, facts_in, facts_of
from repoops.remote.transfer import send_file
from repoops.remote.watch import collect, follow
from repoops.vcs.read import Repository
from tests.support.proxy import Fault, proxy
from tests.support.sshd import Sshd, sshd

Shell = Callable[..., JobSpec]


@pytest.fixture
def small(tmp_path: Path) -> Iterator[Sshd]:
    """A machine with 4 MiB of disk."""
    with sshd(tmp_path / "sshd", own_boot_id=True, disk=4 << 20) as made:
        yield made
        made.kill()
        assert made.settled() == []


def test_a_file_that_does_not_fit_is_refused_by_name(small: Sshd, tmp_path: Path) -> None:
    (tmp_path / "big").write_bytes(os.urandom(6 << 20))
    with pytest.raises(RepoOpsError, match="put: the disk is full") as caught:
        send_file(Link(small.host()), tmp_path / "big")
    assert caught.value.remedy == "make room there, or give another folder"


def test_a_job_that_fills_the_disk_is_told_of_it(small: Sshd, work: Repository, sh: Shell) -> None:
    link = Link(small.host())
    job = submit(link, work, sh("echo begun; dd if=/dev/zero of=filler bs=64k; echo status $?", limit_s=60))
    ending = follow(link, job, lambda _: None)
    assert ending.disk_full
    assert ending.words().endswith("; the host's disk is full")
    assert job.log.read_bytes().startswith(b"begun\n")


def test_a_result_that_changed_after_its_digest_is_torn(
    link: Link, work: Repository, sh: Shell, server: Sshd
) -> None:
    job = submit(link, work, sh("head -c 3000000 /dev/zero > $REPOOPS_OUT/r"))
    assert follow(link, job, lambda _: None).clean
    with (server.remote / "jobs" / job.id / "out" / "r").open("r+b") as file:
        file.write(b"x")
    with pytest.raises(RepoOpsError, match="a result is torn"):
        collect(link, job)
    assert [row.acked for row in listed(link)] == [False]


def test_a_log_that_changed_is_noticed(link: Link, work: Repository, sh: Shell, server: Sshd) -> None:
    job = submit(link, work, sh("echo abc; sleep 2"))
    log = server.remote / "jobs" / job.id / "log"
    while not log.exists() or log.read_bytes() != b"abc\n":
        pass
    job.log.write_bytes(b"abd\n")
    with pytest.raises(RepoOpsError, match="the log here is not the one that was written"):
        follow(link, job, lambda _: None)
    assert follow(link, job, lambda _: None).clean
    assert job.log.read_bytes() == b"abc\n"


def test_a_big_log_and_big_results_come_whole(link: Link, work: Repository, sh: Shell) -> None:
    job = submit(
        link,
        work,
        sh(
            "head -c 5000000 /dev/zero; for n in 1 2 3; do head -c 1500000 /dev/urandom > $REPOOPS_OUT/r$n; done"
        ),
    )
    assert follow(link, job, lambda _: None).clean
    assert job.log.read_bytes() == bytes(5_000_000)
    assert sorted((p.name, p.stat().st_size) for p in collect(link, job).iterdir()) == [
        (f"r{n}", 1_500_000) for n in (1, 2, 3)
    ]


def test_links_among_results_are_not_followed(link: Link, work: Repository, sh: Shell) -> None:
    job = submit(
        link,
        work,
        sh("ln -s /etc/passwd $REPOOPS_OUT/r; mkdir $REPOOPS_OUT/d; mkfifo $REPOOPS_OUT/f", out=("r",)),
    )
    ending = follow(link, job, lambda _: None)
    assert ending.missing == ("r",)
    assert list(collect(link, job).iterdir()) == []


def test_a_clock_that_differs_is_measured(link: Link) -> None:
    answer = link.call("hello").answer
    assert abs(facts_in(answer).skew_s) < 5
    wrong = {**answer, "now": clock.now().timestamp() + 3600}
    assert 3595 < facts_in(wrong).skew_s < 3605


def test_a_file_resumes_where_the_connection_broke(server: Sshd, tmp_path: Path) -> None:
    content = os.urandom(8 << 20)
    (tmp_path / "blob").write_bytes(content)
    facts_of(Link(server.host()))
    with proxy(server.port, lambda k: Fault("close", 1_500_000) if k % 2 else None) as between:
        there = send_file(Link(server.host(between.port)), tmp_path / "blob")
        assert between.faults >= 4
        assert between.sent_up < 1.5 * len(content)  # from the start each time it would never arrive
    assert Path(there).read_bytes() == content


def test_a_host_without_python_is_named(server: Sshd) -> None:
    host = replace(server.host(), python="no-such-python")
    with pytest.raises(RepoOpsError, match="cannot run 'no-such-python'") as caught:
        facts_of(Link(host))
    assert caught.value.remedy == "install Python 3.8 or later there, or name it in the configuration"


def oldest() -> str | None:
    found = shutil.which("python3.8")
    folder = os.environ.get("PYENV_ROOT") or os.path.expanduser("~/.pyenv")
    candidates = [found, *map(str, Path(folder, "versions").glob("3.8.*/bin/python3"))]
    for python in filter(None, candidates):
        if subprocess.run([python, "-c", "pass"], capture_output=True).returncode == 0:
            return python
    return None


@pytest.mark.skipif(oldest() is None, reason="no Python 3.8 here")
def test_the_agent_runs_on_the_oldest_python(server: Sshd, work: Repository, sh: Shell) -> None:
    link = Link(replace(server.host(), python=str(oldest())))
    assert facts_of(link).python.startswith("3.8.")
    job = submit(link, work, sh("echo x > $REPOOPS_OUT/r", out=("r",)))
    assert follow(link, job, lambda _: None).clean
    assert (collect(link, job) / "r").read_bytes() == b"x\n"


def test_gc_takes_what_is_old_and_leaves_what_runs(
    link: Link, work: Repository, sh: Shell, server: Sshd
) -> None:
    done = submit(link, work, sh("true"))
    assert follow(link, done, lambda _: None).clean
    running = submit(link, work, sh("sleep 5; cat a.txt"))
    link.call("gc", "0")
    assert [row.id for row in listed(link)] == [running.id]
    assert follow(link, running, lambda _: None).clean
    assert running.log.read_bytes() == b"changed\n"
    link.call("gc", "0")
    assert [os.listdir(server.remote / n) for n in ("jobs", "blobs", "trees")] == [[], [], []]
    again = submit(link, work, sh("cat a.txt"))
    assert follow(link, again, lambda _: None).clean


def test_a_shell_that_never_runs_the_agent_is_told_soon(server: Sshd) -> None:
    (server.bin / "strange").write_text("#!/bin/sh\necho This account is not available >&2\nexit 1\n")
    (server.bin / "strange").chmod(0o755)
    with pytest.raises(RepoOpsError, match="the host answers, but not RepoOps's agent: This account is not"):
        facts_of(Link(replace(server.host(), python="strange")))


@contextlib.contextmanager
def little_memory(server: Sshd) -> Iterator[None]:
    """Puts a machine's processes into a control group with 48 MiB."""
    v1, v2 = Path("/sys/fs/cgroup/memory"), Path("/sys/fs/cgroup")
    parent, limit = (v1, "memory.limit_in_bytes") if v1.is_dir() else (v2, "memory.max")
    group = parent / f"repoops-test-{os.getpid()}"
    try:
        group.mkdir()
        (group / limit).write_text(str(48 << 20))
        assert server.process
        (group / "cgroup.procs").write_text(str(server.process.pid))
    except OSError as error:
        pytest.skip(f"no control group of our own: {error.strerror}")
    try:
        yield
    finally:
        server.kill()
        server.settled(5)
        group.rmdir()


def test_a_job_that_the_kernel_kills_for_want_of_memory_is_told_so(
    link: Link, work: Repository, sh: Shell, server: Sshd
) -> None:
    facts_of(link)
    with little_memory(server):
        job = submit(link, work, sh("exec python3 -c \"x = b'x' * (200 << 20)\"", limit_s=60))
        ending = follow(link, job, lambda _: None)
        assert (ending.kind, ending.signal) == ("signaled", 9)
        assert ending.oom_kills >= 1
        assert ending.words() == "killed by SIGKILL; the kernel killed for want of memory while it ran"
