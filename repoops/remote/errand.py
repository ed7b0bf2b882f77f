"""`repoops verify` on a host: the job that does it, and what its end is worth: a report about the very tree, or why there is none."""

from __future__ import annotations

import contextlib
import json
import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from repoops.errors import RepoOpsError
from repoops.files import shown
from repoops.progress import from_line
from repoops.remote import sky
from repoops.remote.ending import Ending
from repoops.remote.job import Job, JobSpec, cancel, submit
from repoops.remote.link import Link, OnEvent, facts_of
from repoops.remote.watch import collect, follow
from repoops.report.evidence import Subject
from repoops.report.merge import HOST, Part
from repoops.report.shards import Shard
from repoops.report.verification import NotRun, VerificationReport
from repoops.vcs.read import Repository
from repoops.vcs.side import Carried

SCHEMA = "repoops/errand/1"
REPORT, FACTS, SLURM = "report.json", "facts.json", "slurm.json"
_STATES = {
    "TIMEOUT": "stopped at its time limit", "CANCELLED": "cancelled", "OUT_OF_MEMORY": "killed for want of memory",
    "NODE_FAIL": "lost: its node failed", "BOOT_FAIL": "lost: its node did not start", "PREEMPTED": "preempted by another job",
    "DEADLINE": "stopped at its deadline", "REVOKED": "revoked", "UNKNOWN": "Slurm has forgotten how",
}  # fmt: skip
_MOST_SKEW_S = 60.0
"""Seconds between two clocks beyond which a report's times say nothing."""
_FIRST_S = 60.0
"""Seconds that a host is given to answer for the first time: what never answered is not waited for as what did."""


@dataclass(frozen=True, slots=True)
class Errand:
    """What one host is to verify.

    Attributes:
        host: by the name that the user knows it by.
        task: in words, `the kernel suite`, `shard 2 of 3`.
        subject: what the report must be about.
        options: of `repoops verify` there, but for `--backend`.
        backend: `auto` is `cuda` where there is a card.
        gpu: a part of the expected card's name.
        shard: which part of the suite it is, its tests not known.
        whole: whether the report, with those of all other parts, is about all of the suite.
        parts: how many there are, on as many hosts.
    """

    host: str
    task: str
    subject: Subject
    options: tuple[str, ...]
    backend: str
    gpu: str | None = None
    shard: Shard | None = None
    whole: bool = False
    parts: int = 1

    def to_json(self) -> dict[str, Any]:
        """Plain data under the schema `repoops/errand/1`."""
        return {
            "schema": SCHEMA,
            "host": self.host,
            "task": self.task,
            "subject": self.subject.to_json(),
            "options": list(self.options),
            "backend": self.backend,
            "gpu": self.gpu,
            "shard": self.shard.to_json() if self.shard else None,
            "whole": self.whole,
            "parts": self.parts,
        }


@dataclass(frozen=True, slots=True)
class Bounds:
    """What stops a job: seconds it may run, seconds without contact, and whether the machine goes down then.

    `slurm` are options of sbatch where Slurm is to run it; the seconds it may run are then Slurm's to count. `sky` are
    options of `sky exec` where SkyPilot's queue is to let it begin.
    """

    limit_s: float | None = None
    idle_s: float | None = None
    shutdown: bool = False
    slurm: tuple[str, ...] | None = None
    sky: tuple[str, ...] | None = None


SHUTDOWN = ("sh", "-c", 'if [ "$(id -u)" = 0 ]; then exec poweroff; fi; exec sudo -n poweroff')


def job_of(errand: Errand, tree: Carried, python: str, bounds: Bounds) -> JobSpec:
    """The job that does an errand; everything that its end is judged by travels with it."""
    program, said = _text("there.py"), json.dumps(errand.to_json())
    argv: tuple[str, ...] = (python, "-c", program, said)
    if bounds.slurm is not None:
        minutes = [f"--time={math.ceil(bounds.limit_s / 60)}"] if bounds.limit_s else []
        argv = (python, "-c", _text("slurm.py"), program, json.dumps([*bounds.slurm, *minutes]), said)
    return JobSpec(
        argv=argv,
        tree=tree,
        limit_s=bounds.limit_s if bounds.slurm is None else None,
        idle_s=bounds.idle_s,
        shutdown=SHUTDOWN if bounds.shutdown else None,
        env={"PYTHONUNBUFFERED": "1"},
        out=(REPORT, FACTS),
        title=f"verify: {errand.task}",
        queue=bounds.sky,
    )


def _text(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")


def errand_of(spec: JobSpec) -> Errand:
    """The errand that a job does, from what is kept of it.

    Raises:
        RepoOpsError: the job does something else.
    """
    found = None
    with contextlib.suppress(ValueError, KeyError, TypeError, IndexError):
        said = json.loads(spec.argv[-1])
        if said["schema"] == SCHEMA:
            found = Errand(
                said["host"], said["task"], Subject.from_json(said["subject"]), tuple(said["options"]), said["backend"],
                said["gpu"], Shard.from_json(said["shard"]) if said["shard"] else None, said["whole"], said["parts"],
            )  # fmt: skip
    if found is None:
        raise RepoOpsError("not a job of `repoops verify --on`", where=spec.argv[0])
    return found


def check_clock(link: Link) -> None:
    """Refuses a host whose clock is so far from ours that no time in a report could be believed.

    Raises:
        RepoOpsError: by how much it differs.
    """
    skew = facts_of(link).skew_s
    if abs(skew) > _MOST_SKEW_S:
        raise RepoOpsError(
            f"clock skew: its clock is {abs(skew):.0f} s {'ahead of' if skew > 0 else 'behind'} ours",
            where=link.host.name,
            remedy="set it, for example: sudo chronyc makestep",
        )


def begin(link: Link, repo: Repository, errand: Errand, tree: Carried, bounds: Bounds) -> Job:
    """Starts the job.

    Raises:
        LinkLost: the link stayed down.
        RepoOpsError: the host refuses, or its clock is wrong.
    """
    if bounds.sky is not None:
        sky.check(link.host)
    check_clock(Link(link.host, link.on_event, _FIRST_S))
    return submit(link, repo, job_of(errand, tree, link.host.python, bounds))


def finish(link: Link, job: Job, on_event: OnEvent) -> Part:
    """Follows a job to its end and brings home what it is worth.

    Raises:
        LinkLost: the link stayed down; the job goes on.
        RepoOpsError: the job does something else.
    """
    errand, refused = errand_of(job.spec), ""
    if job.spec.queue is not None and job.state == "submitted":
        refused = sky.turn(link, job, job.spec.queue, on_event)
        if refused:
            cancel(link, job.id)
    ending = follow(link, job, on_event)
    folder = collect(link, job)
    found = NotRun(refused) if refused else judged(errand, ending, folder, _last_line(job))
    return Part(errand.host, found, errand.task, errand.shard)


def judged(errand: Errand, ending: Ending, folder: Path, last: str) -> VerificationReport | NotRun:
    """What a job that has ended is worth: its report, about the tree that was sent, or in words why it has none.

    Args:
        errand: what it was to do.
        ending: how it ended.
        folder: its verified results.
        last: the last line that it said.
    """
    if ending.kind != "exited":  # that nothing was written goes without saying
        return NotRun(_said(replace(ending, missing=()).words(), last))
    facts = _json(folder / FACTS)
    if facts is not None and facts["refused"]:
        return NotRun(str(facts["refused"]))
    queued = (_json(folder / SLURM) or {"jobs": {}})["jobs"]
    for number, state in queued.items():
        if state not in ("COMPLETED", "FAILED"):
            return NotRun(_said(f"Slurm ended job {number}: {_STATES.get(state, state)}", last))
    if facts is None:
        return NotRun(_said(ending.words(), last))
    found = _json(folder / REPORT)
    if found is None:
        return NotRun(_said(_how(facts["status"], ending), last))
    try:
        report = VerificationReport.from_json(found)
    except ValueError as error:
        return NotRun(f"what came back is no report: {error}")
    if report.subject is None:
        return NotRun("the tree changed while the suite ran there: the report is about no tree")
    if report.subject.tree != errand.subject.tree:
        return NotRun(
            f"the report is about another tree: {report.subject.tree[:12]}, not {errand.subject.tree[:12]}"
        )
    known = dict(report.environment) | dict(_facts(errand.host, facts, ending))
    known |= {"slurm": f"job {', '.join(queued)}"} if queued else {}
    known |= {"skypilot": f"task {facts['skypilot']}"} if facts.get("skypilot") else {}
    return replace(report, subject=errand.subject, environment=tuple(known.items()))


def _how(status: int | None, ending: Ending) -> str:
    """Why there is no report, from how the suite itself ended and what the host saw meanwhile."""
    how = (
        f"killed by signal {-status}" if status is not None and status < 0 else f"ended with status {status}"
    )
    said = f"repoops verify {how} and left no report"
    said += "; the kernel killed for want of memory while it ran" if ending.oom_kills else ""
    return said + ("; the host's disk is full" if ending.disk_full else "")


def _facts(host: str, facts: dict[str, Any], ending: Ending) -> list[tuple[str, str]]:
    """Of the machine, as facts of a report's environment."""
    said = [(HOST, host)]
    cards = facts["cards"]
    if cards:
        said.append(("gpu", _counted([card["name"] for card in cards])))
        said.append(("driver", ", ".join(sorted({card["driver_version"] for card in cards}))))
    if facts["clocks"]:
        said.append(("clocks", _clocks(facts["clocks"])))
    if ending.oom_kills:
        said.append(("memory", "the kernel killed for want of memory while the suite ran"))
    return said


def _counted(names: list[str]) -> str:
    return ", ".join(
        f"{names.count(name)} x {name}" if names.count(name) > 1 else name for name in dict.fromkeys(names)
    )


def _clocks(seen: dict[str, list[int]]) -> str:
    def span(name: str) -> str:
        low, high = seen[name]
        return f"{low} to {high} MHz" if low != high else f"{low} MHz"

    said = []
    if "clocks.sm" in seen:
        most = f" of {seen['clocks.max.sm'][1]}" if "clocks.max.sm" in seen else ""
        said.append(f"SM {span('clocks.sm')}{most}")
    if "clocks.mem" in seen:
        said.append(f"memory {span('clocks.mem')}")
    return ", ".join(said)


def _json(path: Path) -> Any:
    """A result; None where there is none, or one that is torn."""
    try:
        return json.loads(path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None


_TAIL = 4096


def _last_line(job: Job) -> str:
    if not job.log.exists():
        return ""
    with job.log.open("rb") as log:
        log.seek(max(0, log.seek(0, 2) - _TAIL))
        lines = log.read().decode("utf-8", "replace").splitlines()
    said = [line.strip() for line in lines if line.strip() and from_line(line) is None]
    return shown(said[-1])[:200] if said else ""


def _said(what: str, last: str) -> str:
    return f"{what}; it last said: {last}" if last else what
