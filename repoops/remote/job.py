"""A job from the client's side: begun, found again after a crash or from another machine, cancelled, listed.

What the client knows is kept under the git directory, `repoops/jobs/<id>/`: `job.json` with the state
(new, pushed, submitted, collected, acked; each durable before the next step), `log` (its size is the
offset to go on from), `out/` (verified results), `partial/` (unverified ones of a job that was lost).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shlex
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from repoops import clock
from repoops.errors import RepoOpsError
from repoops.files import atomic_write, hex_digest
from repoops.remote.ending import Ending, ending_of
from repoops.remote.link import Link, compact
from repoops.remote.ssh import Host
from repoops.remote.transfer import push
from repoops.vcs.read import Repository
from repoops.vcs.side import Carried

STATES = ("new", "pushed", "submitted", "collected", "acked")
_RESULT = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+,=@-]{0,99}")


@dataclass(frozen=True, slots=True)
class JobSpec:
    """What is to run on a host, in which tree, and what stops it.

    `argv` is run without a shell in the root of the tree, with `env` on top of the login's environment
    and `REPOOPS_OUT` naming the folder for results; `out` names those that must be there afterwards
    (others are brought back too). `limit_s` bounds the run; after `idle_s` without any contact the host
    stops it and, if `shutdown` is given, runs that command then, or later when nobody has asked for so long.
    `title` says in words what the job is, for whoever lists the host's. With a `queue`, options of `sky exec`, it
    begins when its turn has come in SkyPilot's queue, and `limit_s` counts from then.
    """

    argv: tuple[str, ...]
    tree: Carried
    limit_s: float | None = None
    idle_s: float | None = None
    shutdown: tuple[str, ...] | None = None
    env: Mapping[str, str] = field(default_factory=dict)
    out: tuple[str, ...] = ()
    title: str = ""
    queue: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Job:
    """A job and where the client keeps it; `state` is one of `STATES`."""

    id: str
    host: Host
    spec: JobSpec
    folder: Path
    state: str

    @property
    def log(self) -> Path:
        """The output so far: exactly the bytes the job has written, in order."""
        return self.folder / "log"

    @property
    def out(self) -> Path:
        """Verified results."""
        return self.folder / "out"


@dataclass(frozen=True, slots=True)
class Listed:
    """A job as its host lists it: `state` unknown, prepared, running, finished, lost or died; `started` in POSIX seconds."""

    id: str
    state: str
    ending: Ending | None
    title: str
    tree: str
    started: float | None
    acked: bool


def submit(link: Link, repo: Repository, spec: JobSpec) -> Job:
    """Brings the tree to the host and starts the job there, once, whatever happens to the connection.

    Killed at any point, `attach` goes on where it stopped, with the same tree.

    Raises:
        LinkLost: the link stayed down for the link's patience.
        RepoOpsError: the host refused.
    """
    for name in spec.out:
        if not _RESULT.fullmatch(name):
            raise RepoOpsError("not a name for a result", where=repr(name))
    if spec.shutdown and not spec.idle_s:
        raise RepoOpsError("a shutdown needs to know after how long without contact", where="idle_s")
    name = f"{clock.now():%Y%m%d-%H%M%S}-{secrets.token_hex(4)}"
    job = Job(name, link.host, spec, jobs_folder(repo) / name, "new")
    job.out.mkdir(parents=True)
    _save(job)
    return _go_on(link, repo, job)


def attach(link: Link, repo: Repository, wanted: str) -> Job:
    """A job by its id: one that was begun here and interrupted is brought to run; one begun elsewhere is taken up.

    Raises:
        RepoOpsError: the host has no such job, and it was not begun here.
    """
    here = {job.id: job for job in local_jobs(repo)}
    if wanted in here:
        return _go_on(link, repo, here[wanted])
    if not _RESULT.fullmatch(wanted) or link.call("poll", wanted, "0", "0").answer["state"] == "unknown":
        raise _no_job(link, wanted)
    raw = link.call("read", wanted, "spec", "0", str(1 << 22)).payload
    job = Job(wanted, link.host, _spec_from(json.loads(raw)), jobs_folder(repo) / wanted, "submitted")
    job.out.mkdir(parents=True, exist_ok=True)
    _save(job)
    return job


def cancel(link: Link, wanted: str) -> Ending | None:
    """Stops a job, or keeps it from ever starting; its ending, None if it still has not ended after some seconds."""
    if not _RESULT.fullmatch(wanted):
        raise _no_job(link, wanted)
    return ending_of(link.call("cancel", wanted).answer)


def listed(link: Link) -> list[Listed]:
    """Every job that the host knows, oldest first."""
    return [
        Listed(row["id"], row["state"], ending_of(row), row["title"], row["tree"], row["at"], row["acked"])
        for row in link.call("list").answer["jobs"]
    ]


def arm(link: Link, idle_s: float, shutdown: tuple[str, ...], max_s: float | None = None) -> None:
    """Sets the host's dead man's switch: without contact for `idle_s`, or after `max_s` in any case, jobs stop and `shutdown` runs.

    Every call counts as contact. `shutdown` may be empty.
    """
    body = compact(shutdown)
    link.call("arm", f"{idle_s:g}", f"{max_s or 0:g}", _short(body), stdin=body)


def disarm(link: Link) -> None:
    """Takes the switch off."""
    link.call("disarm")


def jobs_folder(repo: Repository) -> Path:
    """Where the client keeps what it knows of jobs."""
    return repo.state / "jobs"


def local_jobs(repo: Repository) -> list[Job]:
    """Jobs that were begun or taken up from this work tree, oldest first."""
    folder = jobs_folder(repo)
    found = []
    for name in sorted(os.listdir(folder)) if folder.is_dir() else []:
        file = folder / name / "job.json"
        if file.is_file():  # killed before it was written: nothing was begun
            whole = json.loads(file.read_bytes())
            host = Host(**{**whole["host"], "options": tuple(whole["host"]["options"])})
            found.append(Job(name, host, _spec_from(whole["spec"]), folder / name, whole["state"]))
    return found


def advance(job: Job, state: str) -> Job:
    """The same job in a later state, which is durable when this returns."""
    later = replace(job, state=state)
    _save(later)
    return later


def _go_on(link: Link, repo: Repository, job: Job) -> Job:
    """Brings a job as far as submitted, from wherever it stands."""
    name: str | None = None
    for _ in range(8):  # a host may lose what was brought (its gc), or a starter may die
        if job.state == "new":
            name = push(link, repo, job.spec.tree, job.folder)
            job = advance(job, "pushed")
        if job.state != "pushed":
            return job
        if name is None and (job.folder / "pack").exists():
            name = hex_digest(job.folder / "pack")
        body = compact(_spec_to(job.spec))
        answer = link.call("start", job.id, _short(body), name or "-", stdin=body).answer
        if answer["state"] not in ("prepared", "unknown"):
            job = advance(job, "submitted")
            (job.folder / "pack").unlink(missing_ok=True)
        elif "missing" in answer:
            (job.folder / "pack").unlink(missing_ok=True)
            name, job = None, advance(job, "new")
    if job.state != "submitted":
        raise RepoOpsError("the host could not start the job", where=f"{link.host.name}: {job.id}")
    return job


def _no_job(link: Link, wanted: str) -> RepoOpsError:
    name = link.host.name
    return RepoOpsError(
        f"no job {wanted!r}", where=name, remedy=f"see: repoops jobs --on {shlex.quote(name)}"
    )


def _short(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()[:16]


def _save(job: Job) -> None:
    host = {**asdict(job.host), "options": list(job.host.options)}
    whole = {"schema": "repoops/job/1", "state": job.state, "host": host, "spec": _spec_to(job.spec)}
    atomic_write(job.folder / "job.json", json.dumps(whole, indent=1).encode("ascii"), 0o600)


def _spec_to(spec: JobSpec) -> dict[str, Any]:
    return {
        "title": spec.title or shlex.join(spec.argv),
        "argv": list(spec.argv),
        "env": dict(spec.env),
        "tree": spec.tree.tree,
        "base": spec.tree.base or "-",
        "format": spec.tree.format,
        "limit_s": spec.limit_s,
        "idle_s": spec.idle_s,
        "shutdown": list(spec.shutdown) if spec.shutdown else None,
        "out": list(spec.out),
        "queue": None if spec.queue is None else list(spec.queue),
    }


def _spec_from(raw: Mapping[str, Any]) -> JobSpec:
    base = None if raw["base"] == "-" else raw["base"]
    return JobSpec(
        argv=tuple(raw["argv"]),
        tree=Carried(raw["tree"], base, raw["format"]),
        limit_s=raw["limit_s"],
        idle_s=raw["idle_s"],
        shutdown=tuple(raw["shutdown"]) if raw["shutdown"] else None,
        env=raw["env"],
        out=tuple(raw["out"]),
        title=raw["title"] if raw["title"] != shlex.join(raw["argv"]) else "",
        queue=None if raw.get("queue") is None else tuple(raw["queue"]),
    )
