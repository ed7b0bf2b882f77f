from __future__ import annotations

from collections.abc import Iterable
from functools import cache, partial
from pathlib import Path
from typing import Annotated

import typer

from repoops import clock
from repoops.cli import audit, console, context
from repoops.config import Config
from repoops.errors import RepoOpsError
from repoops.files import atomic_write, below
from repoops.report import store
from repoops.search import index, query
from repoops.session import past, recheck, record
from repoops.session.record import Note
from repoops.timeline import gather, render
from repoops.timeline.model import Checked, Noted, Said, Timeline, ordered
from repoops.vcs.history import Touch, touches
from repoops.vcs.read import Repository

_LINES = 200
"""Lines of logs that are taken for one kernel, the best first."""


def command(
    kernel: Annotated[
        str | None, typer.Argument(help="None: a line for each kernel.", show_default=False)
    ] = None,
    html: Annotated[
        Path | None, typer.Option("--html", help="Write it as one page with plots, which needs no network.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print all of it as JSON.")] = False,
) -> None:
    """Show a kernel's history: commits, versions, verdicts, times that a GPU measured, and what was said of it."""
    repo, config = context.open_repo()
    timelines = _timelines(repo, config, kernel)
    now = clock.now()
    if html is not None:
        from repoops.timeline.page import page

        text = page(timelines, repo.root.name, f"{now:%Y-%m-%d %H:%M} (UTC{now:%z})", now.tzinfo)
        try:
            atomic_write(html, text.encode("utf-8", "backslashreplace"))
        except OSError as error:
            raise RepoOpsError(f"cannot be written: {error.strerror}", where=str(html)) from None
        console.note(f"written: {html}")
    if as_json:
        console.out_json({"schema": render.SCHEMA, "kernels": [render.plain(one) for one in timelines]})
    elif html is None or kernel is None:
        shown = (
            render.overview(timelines, now.tzinfo)
            if kernel is None
            else render.lines(timelines[0], now.tzinfo)
        )
        for line in shown:
            console.out(line)


def _timelines(repo: Repository, config: Config, kernel: str | None) -> list[Timeline]:
    touched = touches(repo, config.verify.paths)
    folders = gather.kernels(touched, config.verify.paths)
    reports: dict[str, list[Checked]] = {}
    for report in store.every(repo.state, audit.committed(repo, config)):
        for name, found in gather.checked(report).items():
            reports.setdefault(name, []).append(found)
        for name, places in gather.folders_of(report).items():
            folders.setdefault(name, set()).update(places)
    known = sorted(folders.keys() | reports.keys())
    if kernel is not None and kernel not in known:
        import difflib

        near = difflib.get_close_matches(kernel, known, n=1)
        raise RepoOpsError(
            f"no commit below {', '.join(config.verify.paths)} and no report has a kernel {kernel!r}",
            remedy=f"did you mean: repoops timeline {near[0]}" if near else "see: repoops timeline",
            code=1,
        )
    wanted = known if kernel is None else [kernel]
    said = _said(repo, config, wanted)
    notes = _notes(repo, config)
    return [
        ordered(
            name,
            sorted(folders.get(name, ())),
            [
                *gather.committed(_all(repo, touched, folders.get(name, ()), config), folders.get(name, ())),
                *reports.get(name, ()),
                *(note for note in notes if gather.names(name, note.text)),
                *said.get(name, ()),
            ],
        )
        for name in wanted
    ]


def _all(repo: Repository, touched: list[Touch], folders: Iterable[str], config: Config) -> list[Touch]:
    """The commits below a kernel's folders, asked for where its reports name a folder outside the suite's."""
    return (
        touched if all(below(folder, config.verify.paths) for folder in folders) else touches(repo, folders)
    )


def _notes(repo: Repository, config: Config) -> list[Noted]:
    """Of the open session and of all that ended."""
    sessions, problems = past.sessions(repo, config.archive.destination)
    for problem in problems:
        console.note(problem)
    found = [_noted(note, f"session {one.facts.start.id}") for one in sessions for note in one.facts.notes]
    return found + [_noted(note, "the open session") for note in record.read(repo).notes]


def _noted(note: Note, session: str) -> Noted:
    return Noted(note.at.isoformat(), note.kind, note.text, session)


def _said(repo: Repository, config: Config, kernels: Iterable[str]) -> dict[str, list[Said]]:
    """Lines of session logs that name a kernel; summaries of ours are left out: what they say stands in reports and notes."""
    found: dict[str, list[Said]] = {}
    ours = cache(partial(_ours, repo))
    with index.opened(repo) as db:
        with console.progress() as progress:
            index.update(db, repo, config.archive.destination, progress)
        for kernel in kernels:
            hits, _ = query.search(db, kernel.replace("_", " "), query.Filter(sources=("page",)), _LINES)
            for hit in hits:
                file = hit.name.decode("utf-8", "surrogateescape")
                log = hit.outcome or below(file, (config.archive.destination,))
                if log and gather.names(kernel, hit.place.text) and not ours(file):
                    said = Said(hit.date, file, hit.place.line, hit.heading, hit.place.text, hit.kinds)
                    found.setdefault(kernel, []).append(said)
    return found


def _ours(repo: Repository, file: str) -> bool:
    try:
        return recheck.is_summary((repo.root / file).read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return False
