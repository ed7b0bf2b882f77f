from __future__ import annotations

import re
from datetime import timedelta
from typing import Annotated

import typer

from repoops.cli import console, context
from repoops.errors import RepoOpsError
from repoops.files import shown
from repoops.oplog import trash

group = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False,
                    help="What operations moved aside, kept for undo.")  # fmt: skip
AsJson = Annotated[bool, typer.Option("--json", help="Print as JSON.")]


@group.command("list")
def list_(as_json: AsJson = False) -> None:
    """List what is kept, oldest first."""
    repo = context.settled()
    _show(trash.kept(repo), as_json=as_json, none="the trash is empty")


@group.command()
def purge(
    older_than: Annotated[str, typer.Option(help="30d, 12h, 45m; 0 for everything.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    as_json: AsJson = False,
) -> None:
    """Delete what is older; those operations cannot be undone any more."""
    repo = context.settled()
    age = _age(older_than)
    if not yes:
        if not console.interactive():
            raise RepoOpsError(
                "nobody can be asked here", remedy="say --yes, or look first: repoops trash list"
            )
        typer.confirm(f"Delete what is older than {older_than} for good?", abort=True, err=True)
    _show(trash.purge(repo, age), as_json=as_json, none="nothing is that old")


def _age(words: str) -> timedelta:
    found = re.fullmatch(r"(\d+)([dhm]?)", words.strip())
    if not found or (not found[2] and found[1] != "0"):
        raise RepoOpsError(f"{words!r} is no age", remedy="for example: --older-than 30d, 12h, 45m, or 0")
    return timedelta(**{{"d": "days", "h": "hours", "m": "minutes", "": "days"}[found[2]]: int(found[1])})


def _show(found: list[trash.Kept], *, as_json: bool, none: str) -> None:
    rows = [
        {
            "operation": k.operation,
            "command": k.command,
            "state": k.state,
            "bytes": k.size,
            "started": k.started.isoformat(),
            "names": list(k.names),
        }
        for k in found
    ]
    if as_json:
        console.out_json({"schema": "repoops/trash/1", "kept": rows})
        return
    for k in found:
        more = f" and {len(k.names) - 3} more" if len(k.names) > 3 else ""
        console.out(
            f"{k.operation}  {k.size / 1024:.0f} KiB  {k.state}  {', '.join(map(shown, k.names[:3]))}{more}"
        )
    if not found:
        console.note(none)
