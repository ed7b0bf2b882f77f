from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from repoops import clock
from repoops.cli import audit, brief, console, context
from repoops.codemap.draw import read_present
from repoops.errors import RepoOpsError
from repoops.files import atomic_write
from repoops.html.page import page
from repoops.html.told import Session, Told
from repoops.session import past, record
from repoops.session.item import Item, Stated
from repoops.session.recheck import Stored
from repoops.session.render import span


def command(
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Where the page goes; by default under the git directory."),
    ] = None,
) -> None:
    """Build one page of sessions, verification history, claims and the code map, which needs no network; print where it lies."""
    repo, config = context.open_repo()
    sessions, problems = past.sessions(repo, config.archive.destination)
    for problem in problems:
        console.note(problem)
    reports = audit.stored(repo, config)
    present = read_present(repo, config.codemap.path)
    told = Told(
        name=repo.root.name,
        built=f"{clock.now():%Y-%m-%d %H:%M} (UTC{clock.now():%z})",
        state=[("state", "; ".join(brief.state(repo, config, record.read(repo))))],
        sessions=[_session(stored) for stored in sessions],
        reports=reports,
        about=brief.about(repo, config, reports[0]) if reports else "",
        claims=audit.everything(repo, config, reports),
        map_text=present.text if present else "",
        map_path=config.codemap.path,
    )
    where = output or repo.state / "report.html"
    try:
        repo.state.mkdir(parents=True, exist_ok=True)
        atomic_write(where, page(told).encode("utf-8", "surrogateescape"))
    except OSError as error:
        raise RepoOpsError(f"cannot be written: {error.strerror}", where=str(where)) from None
    console.out(str(where))


def _session(stored: Stored) -> Session:
    summary = stored.summary()
    facts = summary.facts
    return Session(
        date=f"{facts.end:%Y-%m-%d}",
        ended=f"{facts.end:%Y-%m-%d %H:%M}",
        outcome=summary.outcome,
        duration=f"{span(summary.duration)}, active {span(summary.active)}",
        folder=stored.folder,
        items=[
            (type(item.state).__name__.lower(), item.text, _source(item))
            for item in (*summary.items, *summary.machines, *summary.stated)
        ],
        commits=[(oid[:10], subject) for oid, subject, _ in facts.commits],
        notes=[(note.kind, note.text) for note in facts.notes if note.kind != "note"],
    )


def _source(item: Item) -> str:
    return "" if isinstance(item.state, Stated) else f"{item.state.evidence.id}.json"
