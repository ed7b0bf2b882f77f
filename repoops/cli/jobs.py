from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timezone
from typing import Annotated

import typer

from repoops.cli import console, context, on
from repoops.cli.verify import show
from repoops.config import Config
from repoops.errors import RepoOpsError
from repoops.files import shown
from repoops.remote import hosts, job
from repoops.remote.errand import Errand, errand_of, finish
from repoops.remote.job import Job
from repoops.remote.link import Event, Link, OnEvent
from repoops.remote.ssh import Host
from repoops.remote.watch import collect
from repoops.report.merge import Part
from repoops.vcs.read import Repository

group = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
                    help="What runs on hosts, begun here or elsewhere.")  # fmt: skip
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON.")]
On = Annotated[
    str | None, typer.Option("--on", metavar="HOST", help="Where, for a job that was not begun here.")
]
Ids = Annotated[list[str], typer.Argument(help="As `repoops jobs` lists them.")]
Id = Annotated[str, typer.Argument(help="As `repoops jobs` lists it.")]
_PATIENCE_S = 60.0
"""For one question: whoever asks is waiting."""


@group.callback(invoke_without_command=True)
def list_(ctx: typer.Context, to: On = None, as_json: AsJson = False) -> None:
    """List what was begun here; with --on, what a host has, whoever began it."""
    if ctx.invoked_subcommand is not None:
        return
    repo, config = context.open_repo()
    rows = _there(config, to) if to is not None else [_row(known) for known in job.local_jobs(repo)]
    if as_json:
        console.out_json({"schema": "repoops/jobs/1", "jobs": rows})
        return
    for row in rows:
        console.out(
            "  ".join(shown(str(row[name])) for name in ("id", "host", "state", "what", "began") if row[name])
        )
    if not rows:
        console.note("no jobs" + (f" on {to}" if to else ""))


@group.command()
def attach(ids: Ids, to: On = None, as_json: AsJson = False) -> None:
    """Go on with jobs to their end: shows their progress, brings home their reports as one."""
    repo, config = context.open_repo()
    found = [_find(repo, config, wanted, to) for wanted in ids]
    works: list[tuple[str, Errand, Callable[[OnEvent], Part]]] = []
    for known in found:

        def work(on_event: OnEvent, known: Job = known) -> Part:
            link = Link(known.host, on_event)
            return finish(link, job.attach(link, repo, known.id), on_event)

        works.append((known.host.name, errand_of(known.spec), work))
    try:
        parts = on.all_of(works)
    except KeyboardInterrupt:
        on.detached(found)
    errands = [errand for _, errand, _ in works]
    whole = all(errand.whole and errand.parts == len(errands) for errand in errands)
    report = on.joined(repo, config, parts, errands, every_version=whole)
    raise typer.Exit(show(report, as_json=as_json))


@group.command()
def cancel(ids: Ids, to: On = None) -> None:
    """End jobs; one whose start is still on its way never begins."""
    repo, config = context.open_repo()
    ended = True
    for wanted in ids:
        link = _link(_where(repo, config, wanted, to))
        ending = job.cancel(link, wanted)
        ended &= ending is not None
        console.out(f"{wanted}  {ending.words() if ending else 'asked to end, and has not ended yet'}")
    raise typer.Exit(0 if ended else 1)


@group.command()
def fetch(wanted: Id, to: On = None) -> None:
    """Bring home the log and the results of a job that has ended, whatever it was, and say where they lie."""
    repo, config = context.open_repo()
    link = _link(_where(repo, config, wanted, to))
    state = {row.id: row.state for row in job.listed(link)}.get(wanted, "unknown")
    if state in ("running", "prepared"):
        raise RepoOpsError(
            f"job {wanted} is still {state}",
            where=link.host.name,
            remedy=f"repoops jobs attach {wanted}" + (f" --on {to}" if to else ""),
        )
    known = job.attach(link, repo, wanted)
    collect(link, known)
    console.out(str(known.folder))


def _link(host: Host) -> Link:
    """A host that is asked one thing; what keeps it from answering is told, less and less often."""

    def tell(event: Event) -> None:
        if event.kind == "reconnecting" and event.attempt & (event.attempt - 1) == 0:
            console.note(f"{host.name}: reconnecting (attempt {event.attempt}): {event.text}")

    return Link(host, tell, _PATIENCE_S)


def _find(repo: Repository, config: Config, wanted: str, to: str | None) -> Job:
    """A job that was begun here, else one that a host knows."""
    here = {known.id: known for known in job.local_jobs(repo)}
    if wanted in here:
        return here[wanted]
    link = _link(_where(repo, config, wanted, to))
    return job.attach(link, repo, wanted)


def _where(repo: Repository, config: Config, wanted: str, to: str | None) -> Host:
    if to is not None:
        return hosts.named(config.hosts, to)[0]
    here = {known.id: known.host for known in job.local_jobs(repo)}
    if wanted not in here:
        raise RepoOpsError(
            f"no job {wanted!r} was begun here", remedy="see: repoops jobs; or name its host: --on HOST"
        )
    return here[wanted]


def _row(known: Job) -> dict[str, object]:
    states = {
        "new": "being sent", "pushed": "being started", "submitted": "started", "collected": "done", "acked": "done",
    }  # fmt: skip
    what = known.spec.title or known.spec.argv[0]
    return {
        "id": known.id, "host": known.host.name, "state": states[known.state], "what": what, "began": "", "tree": known.spec.tree.tree,
    }  # fmt: skip


def _there(config: Config, to: str) -> list[dict[str, object]]:
    host, _ = hosts.named(config.hosts, to)
    rows: list[dict[str, object]] = []
    for row in job.listed(_link(host)):
        began = (
            datetime.fromtimestamp(row.started, timezone.utc).isoformat(" ", "seconds") if row.started else ""
        )
        state = row.ending.words() if row.ending else row.state
        rows.append(
            {"id": row.id, "host": to, "state": state, "what": row.title, "began": began, "tree": row.tree}
        )
    return rows
