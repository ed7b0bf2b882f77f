from __future__ import annotations

from typing import Annotated

import typer

from repoops import clock
from repoops.cli import console, context
from repoops.cli.session_start import start_now
from repoops.errors import RepoOpsError
from repoops.session import record


def command(
    text: Annotated[str, typer.Argument(help="What only a person knows.")],
    worked: Annotated[bool, typer.Option("--worked", help="A lesson: this worked.")] = False,
    failed: Annotated[bool, typer.Option("--failed", help="A lesson: this failed.")] = False,
    lesson: Annotated[bool, typer.Option("--lesson", help="A lesson: better next time.")] = False,
    next_: Annotated[bool, typer.Option("--next", help="Something to do next.")] = False,
    option: Annotated[bool, typer.Option("--option", help="One of several ways to go on.")] = False,
    recommended: Annotated[
        bool, typer.Option("--recommended", help="With --option or --next: the one to take.")
    ] = False,
) -> None:
    """Add what only a person knows; a summary shows it as stated, never as done."""
    flags = {"worked": worked, "failed": failed, "lesson": lesson, "next": next_, "option": option}
    kinds = [kind for kind, given in flags.items() if given] or ["note"]
    if len(kinds) > 1:
        raise RepoOpsError(f"--{kinds[0]} and --{kinds[1]} exclude each other", remedy="write two notes")
    if recommended and kinds[0] not in ("next", "option"):
        raise RepoOpsError("--recommended goes with --option or --next")
    if not text.strip():
        raise RepoOpsError("an empty note says nothing")
    repo, config = context.open_repo()
    if record.read(repo).start is None:
        start_now(repo, context.outputs(config), "began with its first note")
        console.note("no session was open: one begins with this note")
    record.append(repo, record.note_to_json(record.Note(clock.now(), kinds[0], text, recommended)))
    console.out(f"noted ({kinds[0]}): {text}")
