from __future__ import annotations

from typing import Annotated

import typer

from repoops.cli import console, context
from repoops.codemap.draw import draw, stale
from repoops.codemap.render import TOKENS
from repoops.oplog.apply import apply
from repoops.oplog.observe import base, steps_to_write
from repoops.oplog.plan import Plan


def command(
    check: Annotated[
        bool,
        typer.Option("--check", help="Change nothing; exit 1 and say what differs when the map is stale."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the map and change nothing.")] = False,
    tokens: Annotated[int, typer.Option(help="Size budget; a token is taken as four characters.")] = TOKENS,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Regenerate CODEMAP.md from the tree; what people wrote between its markers survives."""
    repo, config = context.open_repo()
    at = config.codemap.path
    if check:
        found = stale(repo, config)
        if not (repo.root / at).exists():
            found = [f"there is no {at}: repoops codemap"]
        if as_json:
            console.out_json({"schema": "repoops/codemap/1", "path": at, "stale": found})
        else:
            for line in found:
                console.out(f"{at}: {line}")
        raise typer.Exit(1 if found else 0)
    text = draw(repo, config, tokens)
    if dry_run:
        console.out_json(
            {"schema": "repoops/codemap/1", "path": at, "map": text}
        ) if as_json else console.out(text.rstrip("\n"))
        return
    steps = steps_to_write(repo, at, text.encode())
    operation = None
    if steps:
        operation = apply(repo, Plan("codemap", base(repo), tuple(steps))).operation
    if as_json:
        console.out_json({"schema": "repoops/codemap/1", "path": at, "operation": operation})
    else:
        console.out(f"{at}: written ({operation})" if operation else f"{at}: up to date")
