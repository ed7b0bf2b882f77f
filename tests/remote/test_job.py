from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import replace

import pytest

from repoops.errors import RepoOpsError
from repoops.remote.ending import Ending
from repoops.remote.job import JobSpec, _spec_to, attach, cancel, listed, local_jobs, submit
from repoops.remote.link import Event, Link, compact
from repoops.remote.watch import collect, follow
from repoops.vcs.read import Repository, open_repository
from repoops.vcs.side import carry
from tests.support.repo import Repo
from tests.support.sshd import Sshd

Shell = Callable[..., JobSpec]


def timeless(ending: Ending) -> Ending:
    assert ending.seconds is not None
    return replace(ending, seconds=None)


def test_a_job_runs_in_the_very_tree_and_its_results_come_home(
    link: Link, work: Repository, sh: Shell, events: list[Event]
) -> None:
    line = (
        'cat a.txt "new file"; ./sub/tool.sh; printf "\\000\\377" > $REPOOPS_OUT/r.bin; echo x; echo err >&2'
    )
    job = submit(link, work, sh(line, out=("r.bin",)))
    assert timeless(follow(link, job, events.append)) == Ending("exited", code=0)
    assert job.log.read_bytes() == b"changed\nuntracked\ntool\nx\nerr\n"
    assert (collect(link, job) / "r.bin").read_bytes() == b"\0\377"
    assert [e.kind for e in events] == ["connected", "sending", "sending", "started", "log", "ended"]
    assert [j.state for j in local_jobs(work)] == ["acked"]


def test_a_warm_run_takes_four_calls(link: Link, work: Repository, sh: Shell) -> None:
    for calls in (6, 4):  # the first time: a look for the pack, and the pack
        before = link.calls
        job = submit(link, work, sh("echo x > $REPOOPS_OUT/r"))
        follow(link, job, lambda _: None)
        assert (collect(link, job) / "r").read_bytes() == b"x\n"
        assert link.calls - before == calls


@pytest.mark.parametrize(
    ("line", "ending", "words"),
    [
        ("exit 3", Ending("exited", code=3), "exited with 3"),
        ("kill -9 $$", Ending("signaled", signal=9), "killed by SIGKILL"),
        ("true", Ending("exited", code=0, missing=("nope",)), "exited with 0; not written: nope"),
    ],
)
def test_every_end_is_told_for_what_it_is(
    link: Link, work: Repository, sh: Shell, line: str, ending: Ending, words: str
) -> None:
    job = submit(link, work, sh(line, out=ending.missing))
    ended = follow(link, job, lambda _: None)
    assert timeless(ended) == ending
    assert ended.words() == words
    assert not ended.clean


def test_a_program_that_is_not_there_could_not_be_started(link: Link, work: Repository) -> None:
    job = submit(link, work, JobSpec(("no-such-program",), carry(work)))
    ended = timeless(follow(link, job, lambda _: None))
    assert ended == Ending("spawn_failed", what="[Errno 2] No such file or directory: 'no-such-program'")


def test_a_job_over_its_time_is_stopped_with_all_its_processes(
    link: Link, work: Repository, sh: Shell
) -> None:
    job = submit(
        link, work, sh("setsid sh -c 'trap \"\" TERM; while :; do sleep 1; done' & sleep 100", limit_s=1)
    )
    assert timeless(follow(link, job, lambda _: None)) == Ending("timeout")


def test_what_a_job_leaves_running_ends_with_it(
    link: Link, work: Repository, sh: Shell, server: Sshd
) -> None:
    line = "(setsid sleep 100 &) ; env -i setsid sleep 100 & echo done"
    job = submit(link, work, sh(line))
    assert timeless(follow(link, job, lambda _: None)) == Ending("exited", code=0)
    assert server.settled() == []


def test_cancel_stops_a_job(link: Link, work: Repository, sh: Shell) -> None:
    job = submit(link, work, sh("sleep 100"))
    ended = cancel(link, job.id)
    assert ended is not None
    assert timeless(ended) == Ending("cancelled", by="request")
    assert cancel(link, job.id) == ended


def test_a_job_that_was_cancelled_before_its_start_never_starts(link: Link, sh: Shell) -> None:
    spec = sh("touch started")
    name = "20250101-000000-00000000"
    ended = cancel(link, name)
    assert ended == Ending("cancelled", by="request", seconds=0.0)
    body = compact(_spec_to(spec))
    answer = link.call("start", name, hashlib.sha256(body).hexdigest()[:16], "-", stdin=body).answer
    assert (answer["state"], answer["exit"]["kind"]) == ("finished", "cancelled")


def test_another_machine_takes_a_job_up_by_its_id(link: Link, work: Repository, sh: Shell) -> None:
    job = submit(link, work, sh("echo hello; echo x > $REPOOPS_OUT/r"))
    other = Repo.create(work.root.parent / "other")
    elsewhere = open_repository(other.root)
    again = attach(link, elsewhere, job.id)
    assert replace(again, folder=job.folder) == job
    assert follow(link, again, lambda _: None).clean
    assert again.log.read_bytes() == b"hello\n"
    assert (collect(link, again) / "r").read_bytes() == b"x\n"
    assert [(row.id, row.acked) for row in listed(link)] == [(job.id, True)]


def test_a_job_that_nobody_knows_is_named(link: Link, work: Repository) -> None:
    with pytest.raises(RepoOpsError, match="no job 'nope'"):
        attach(link, work, "nope")
