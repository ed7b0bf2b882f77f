from __future__ import annotations

from typing import Annotated, Any

import typer

from repoops.cli import console, context
from repoops.codemap.draw import Drawing, draw, stale_lines
from repoops.codemap.facts import facts_to_json
from repoops.oplog.apply import apply
from repoops.oplog.observe import base, steps_to_write
from repoops.oplog.plan import Plan

SCHEMA = "repoops/codemap/1"


def command(
    check: Annotated[
        bool,
        typer.Option("--check", help="Change nothing; exit 1 and say what differs when the map is stale."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the map and change nothing.")] = False,
    tokens: Annotated[
        int | None,
        typer.Option(
            min=0, help="Size limit, kept by later runs; 0: none. By default what the map says, else 2000."
        ),
    ] = None,
    adopt: Annotated[
        bool,
        typer.Option("--adopt", help="Keep a map that people wrote as a hand-written part of the new one."),
    ] = False,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print the result as JSON; with --dry-run all facts, without a limit."),
    ] = False,
) -> None:
    """Regenerate CODEMAP.md from the tree; what people wrote between its markers survives."""
    repo, config = context.open_repo()
    drawing = draw(repo, config, tokens, adopt=adopt)
    if check:
        found = stale_lines(drawing) if drawing.present else ["is missing: repoops codemap"]
        _say({"stale": found}, [f"{drawing.path}: {line}" for line in found], drawing, as_json=as_json)
        raise typer.Exit(1 if found else 0)
    if dry_run:
        data = {"map": drawing.text, "facts": facts_to_json(drawing.facts)} if as_json else {}
        readable = drawing.text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
        return _say(data, [readable.rstrip("\r\n")], drawing, as_json=as_json)
    steps = steps_to_write(repo, drawing.path, drawing.content)
    if not steps:
        return _say({"operation": None}, [f"{drawing.path} is up to date"], drawing, as_json=as_json)
    receipt = apply(repo, Plan("codemap", base(repo), tuple(steps)))
    changes = [str(change) for change in drawing.differences()]
    lines = [*receipt.problems, *changes, f"{drawing.path} is written ({receipt.operation})"]
    _say({"operation": receipt.operation, "changes": changes, "problems": receipt.problems}, lines, drawing, as_json=as_json)  # fmt: skip
    raise typer.Exit(0 if receipt.agrees else 1)


def _say(data: dict[str, Any], lines: list[str], drawing: Drawing, *, as_json: bool) -> None:
    if as_json:
        console.out_json({"schema": SCHEMA, "path": drawing.path, **data})
    else:
        for line in lines:
            console.out(line)
