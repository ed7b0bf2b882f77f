from __future__ import annotations

from typing import Annotated

import typer

from repoops import clock
from repoops.cli import console, context
from repoops.errors import RepoOpsError
from repoops.session import record
from repoops.session.begin import begin
from repoops.vcs.read import Repository, head, subject


def command(
    restart: Annotated[
        bool, typer.Option("--restart", help="Begin anew; the open session's notes and runs stay in its log.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the start as JSON.")] = False,
) -> None:
    """Record where a session begins: HEAD, branch, tree, time, machine, GPU."""
    repo, config = context.open_repo()
    open_one = record.read(repo).start
    if open_one and not restart:
        raise RepoOpsError(
            f"session {open_one.id} is open since {open_one.at:%Y-%m-%d %H:%M}",
            remedy="end it: repoops session-end; or begin anew: repoops session-start --restart",
        )
    start = start_now(repo, context.outputs(config))
    if as_json:
        console.out_json(record.start_to_json(start))
        return
    console.out(f"session {start.id} begins at {start.at:%Y-%m-%d %H:%M} (UTC{start.at:%z})")
    console.out(
        f"HEAD {(start.head or 'none')[:10]}, tree {(start.tree or '')[:10]}, gpu: {start.machine['gpu']}"
    )


def start_now(repo: Repository, exclude: tuple[str, ...], why: str = "") -> record.Start:
    """Records the start of a session and returns it."""
    start = begin(clock.now(), head(repo), subject(repo, exclude), why)
    record.append(repo, record.start_to_json(start))
    return start
