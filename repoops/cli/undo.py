from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from repoops.cli import console, context
from repoops.oplog.undo import commits_since, undo
from repoops.words import counted, many


def command(
    operation: Annotated[
        str | None,
        typer.Argument(help="An id from `repoops history`, or its beginning; default: the latest."),
    ] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say whether it can be undone.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the receipt as JSON.")] = False,
) -> None:
    """Take an operation back, byte for byte."""
    repo = context.settled()
    with console.progress() as progress:
        receipt = undo(repo, operation, progress, dry_run=dry_run)
    commits = commits_since(repo, receipt.operation)
    if as_json:
        console.out_json(
            {"schema": "repoops/undo/1", "dry_run": dry_run, **asdict(receipt), "commits_since": commits}
        )
    else:
        console.out(f"{'can undo' if dry_run else 'undone'}: {receipt.operation} ({counted(receipt.counts)})")
        if commits:
            stay = "they stay" if commits > 1 else "it stays"
            console.note(
                f"since then: {many(commits, 'commit')}; {stay}, and what is undone is a change against that"
            )
        for problem in receipt.problems:
            console.note(problem)
    raise typer.Exit(0 if receipt.agrees else 1)
