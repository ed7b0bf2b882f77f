"""`repoops verify --on`: the CPU tier here, then the suite on hosts, and one report of what comes back."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import typer

from repoops.cli import console, context
from repoops.cli.asked import Asked, compared, earlier, keep
from repoops.config import Config, RemoteHost
from repoops.errors import RepoOpsError
from repoops.progress import from_line
from repoops.remote import hosts
from repoops.remote.errand import Bounds, Errand, begin, finish
from repoops.remote.job import Job, local_jobs
from repoops.remote.link import Event, Link, OnEvent
from repoops.remote.ssh import Host
from repoops.report import store, table
from repoops.report.evidence import Subject
from repoops.report.merge import Part, merge
from repoops.report.shards import Shard
from repoops.report.verification import NotRun, VerificationReport
from repoops.vcs.read import Repository, subject
from repoops.vcs.side import carry


@dataclass(frozen=True, slots=True)
class Trip:
    """Where to, and within which bounds; minutes, None: as configured for each host."""

    to: tuple[str, ...]
    local: bool = True
    split: str = "shard"
    limit: int | None = None
    idle: int | None = None
    shutdown: bool = False


SPLITS = ("shard", "arch")


def trip_to(
    names: str, *, local: bool, split: str, limit: int | None, idle: int | None, shutdown: bool
) -> Trip:
    """The trip that the command line asks for.

    Raises:
        RepoOpsError: it makes no sense.
    """
    if split not in SPLITS:
        raise RepoOpsError(
            f"{split!r} cannot be divided among hosts", remedy=f"choose: {' or '.join(SPLITS)}"
        )
    return Trip(hosts.split(names), local, split, limit, idle, shutdown)


@dataclass(frozen=True, slots=True)
class Leg:
    """One host, and what it is to do."""

    host: Host
    errand: Errand
    bounds: Bounds


def verify_on(repo: Repository, config: Config, asked: Asked, trip: Trip) -> VerificationReport:
    """Verifies the tree as it is now on hosts, and keeps the report if it is about all of the suite.

    Raises:
        RepoOpsError: the CPU tier failed here, or no host brought a report; said why.
    """
    exclude = context.outputs(config)
    about = subject(repo, exclude)
    legs = _legs(config, asked, trip, about)
    if trip.local:
        _cpu_tier(repo, config, asked, about)
    tree = carry(repo)
    if subject(repo, exclude).tree != about.tree:
        raise RepoOpsError("the tree has changed since it was verified here", remedy="begin again")
    for left in tree.left_behind:
        console.note(f"{left}: a repository of its own, which does not travel")
    known = {job.id for job in local_jobs(repo)}
    works: list[tuple[str, Errand, Callable[[OnEvent], Part]]] = []
    for leg in legs:

        def work(on_event: OnEvent, leg: Leg = leg) -> Part:
            link = Link(leg.host, on_event)
            return finish(link, begin(link, repo, leg.errand, tree, leg.bounds), on_event)

        works.append((leg.host.name, leg.errand, work))
    try:
        parts = all_of(works)
    except KeyboardInterrupt:
        detached([job for job in local_jobs(repo) if job.id not in known])
    for job in local_jobs(repo):
        if job.id not in known and job.state in ("new", "pushed", "submitted"):
            console.note(f"{job.host.name}: not ended here; to go on: repoops jobs attach {job.id}")
    errands = [leg.errand for leg in legs]
    return joined(repo, config, parts, errands, every_version=asked.every_version)


def joined(
    repo: Repository, config: Config, parts: Sequence[Part], errands: Sequence[Errand], *, every_version: bool
) -> VerificationReport:
    """One report of all parts, kept if it is about all of the suite and nothing is missing from it.

    Raises:
        RepoOpsError: there is none.
    """
    if len(parts) == 1:
        (part,) = parts
        if isinstance(part.outcome, NotRun):
            raise RepoOpsError(f"not verified: {part.outcome.why}", where=part.host)
        report = part.outcome
    else:
        report = merge(parts)
    if report.subject is not None:
        previous = earlier(repo, context.outputs(config), report.subject.tree)
        report = compared(report, previous, every_version=every_version)
    there = all(isinstance(part.outcome, VerificationReport) for part in parts)
    if there and all(errand.whole and errand.parts == len(parts) for errand in errands):
        keep(repo, report, errands[0].backend)
    return report


def all_of(works: Sequence[tuple[str, Errand, Callable[[OnEvent], Part]]]) -> list[Part]:
    """Does all errands at the same time, showing how each gets on; what a host could not do is a part that says why."""
    found: dict[int, Part] = {}
    faults: list[Exception] = []

    def do(number: int) -> None:
        host, errand, work = works[number]
        try:
            found[number] = work(_Teller(board, host))
        except RepoOpsError as error:
            why = str(error).removeprefix(f"{host}: ").replace("\n  ", "; ")
            found[number] = Part(host, NotRun(why), errand.task, errand.shard)
        except Exception as fault:  # noqa: BLE001 - a bug of ours, which a thread must not keep to itself
            faults.append(fault)

    with console.board([host for host, _, _ in works]) as board:
        if len(works) == 1:  # in this thread, so that Ctrl-C ends its call of ssh
            do(0)
        else:
            threads = [threading.Thread(target=do, args=(n,), daemon=True) for n in range(len(works))]
            for thread in threads:
                thread.start()
            while any(thread.is_alive() for thread in threads):
                for thread in threads:
                    thread.join(0.1)
    if faults:
        raise faults[0]
    return [found[number] for number in range(len(works))]


def detached(jobs: Sequence[Job]) -> None:
    """Says how to go on with what goes on without us.

    Raises:
        typer.Exit: 130, as a shell says of Ctrl-C.
    """
    for job in jobs:
        console.note(f"detached: job {job.id} goes on on {job.host.name}")
    if jobs:
        ids = " ".join(job.id for job in jobs)
        console.note(f"  to go on:  repoops jobs attach {ids}\n  to end it: repoops jobs cancel {ids}")
    raise typer.Exit(130)


def _legs(config: Config, asked: Asked, trip: Trip, about: Subject) -> list[Leg]:
    """What each host is to do."""
    if asked.failed:
        raise RepoOpsError("--failed is about what failed here", remedy="name the tests: -k, or paths")
    many = len(trip.to)
    if many > 1 and asked.shard:
        raise RepoOpsError("--shard is for one host", remedy="several hosts divide the suite by themselves")
    divided: list[tuple[str, Asked]] = [("the kernel suite", asked)]
    if many > 1 and trip.split == "shard":
        divided = [
            (str(shard), replace(asked, shard=shard)) for shard in (Shard(n + 1, many) for n in range(many))
        ]
    elif many > 1:
        archs = asked.archs or config.verify.archs
        if len(archs) < many:
            raise RepoOpsError(
                f"{len(archs)} architectures for {many} hosts",
                remedy="name more with --arch, or --split shard",
            )
        dealt = [archs[n::many] for n in range(many)]
        divided = [(", ".join(few), replace(asked, archs=few)) for few in dealt]
    legs = []
    for name, (task, own) in zip(trip.to, divided, strict=True):
        host, entry = hosts.named(config.hosts, name)
        errand = Errand(
            name, task, about, own.words(), asked.backend, entry.gpu, own.shard if many > 1 else None, asked.whole, many
        )  # fmt: skip
        legs.append(Leg(host, errand, _bounds(entry, trip)))
    return legs


def _bounds(entry: RemoteHost, trip: Trip) -> Bounds:
    limit, idle = trip.limit or entry.limit, trip.idle or entry.idle
    if trip.shutdown and idle is None:
        raise RepoOpsError(
            "--shutdown needs to know after how many minutes without contact",
            remedy="for example: --idle 30 --shutdown",
        )
    return Bounds(
        limit and limit * 60.0, idle and idle * 60.0, trip.shutdown or entry.shutdown, entry.slurm, entry.sky
    )


def _cpu_tier(repo: Repository, config: Config, asked: Asked, about: Subject) -> None:
    """What fails here need not cost time on a GPU.

    Raises:
        RepoOpsError: it failed, or could not be run.
    """
    from repoops.cli.verify import run

    stored = store.load(repo.state, about.tree) if asked.whole else None
    if stored is not None and stored.ok and any(row.ran_on.startswith("cpu: ") for row in stored.results):
        console.note(f"the CPU tier passed on this tree at {stored.started}")
        return
    console.note("the CPU tier runs here first; --no-local leaves it out")
    with console.progress() as progress:
        report = run(repo, config, progress, replace(asked, backend="cpu", bench=False))
    if report.ok and report.subject is not None:
        return
    for line in table.lines(report):
        console.out(line)
    if report.count("failed"):
        raise RepoOpsError(
            "the CPU tier failed here; nothing was sent to a host",
            remedy="mend it, or leave it out: --no-local",
            code=1,
        )
    raise RepoOpsError(
        "the CPU tier could not be run here; nothing was sent to a host", remedy="leave it out: --no-local"
    )


class _Teller:
    """Turns what a link tells, and the progress in a job's log, into a host's state on the board."""

    def __init__(self, board: console.Board, host: str) -> None:
        self.board, self.host = board, host
        self.rest = b""
        self.at = (0, 0)

    def __call__(self, event: Event) -> None:
        """Shows one event."""
        if event.kind == "log":
            *lines, self.rest = (self.rest + event.data).split(b"\n")
            told = [from_line(line.decode("utf-8", "replace")) for line in lines]
            for done, total, what in [found for found in told if found][-1:]:
                self.at = (done, total)
                self.show("running", f"running test {done} of {total}: {what}")
            return
        words = {
            "connected": "connected",
            "reconnecting": f"reconnecting (attempt {event.attempt}): {event.text}",
            "sending": f"sending {-(-event.done // 1024)} of {-(-event.total // 1024)} KiB",
            "queued": event.text,
            "started": f"running job {event.text}",
            "ended": event.text,
        }[event.kind]
        self.show(event.kind, words)

    def show(self, kind: str, words: str) -> None:
        """Puts it on the board."""
        self.board(self.host, kind, words, *self.at)
