from __future__ import annotations

from typing import Annotated

import typer

from repoops.cli import console, context
from repoops.oplog.journal import operations
from repoops.words import counted


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print the operations as JSON.")] = False,
) -> None:
    """List the operations that changed files, oldest first."""
    repo = context.settled()
    found = operations(repo)
    if as_json:
        rows = [
            {
                "id": o.id,
                "command": o.command,
                "started": o.started,
                "state": o.state,
                "purged": o.purged,
                "counts": dict(o.counts),
            }
            for o in found
        ]
        console.out_json({"schema": "repoops/history/1", "operations": rows})
        return
    for o in found:
        gone = f", purged {o.purged[:10]}" if o.purged else ""
        console.out(
            f"{o.id}  {o.started[:16].replace('T', ' ')}  {o.state}{gone}  {counted(o.counts)}".rstrip()
        )
    if not found:
        console.note("no operation yet")
