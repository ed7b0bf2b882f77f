from __future__ import annotations

import os
from enum import Enum
from typing import Annotated, Any

import typer

from repoops.cli import console, context
from repoops.codemap.draw import Drawing, draw, stale_lines
from repoops.codemap.render import TOKENS
from repoops.errors import RepoOpsError
from repoops.vcs.read import Repository

SCHEMA = "repoops/codemap/2"


class Format(str, Enum):
    """How a map is printed."""

    md = "md"
    json = "json"


def command(
    folder: Annotated[
        str | None,
        typer.Argument(help="Print the map of this folder: its files, kernels, tests; nothing is written."),
    ] = None,
    check: Annotated[
        bool,
        typer.Option("--check", help="Change nothing; exit 1 and say what differs when the map is stale."),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the map and change nothing.")] = False,
    form: Annotated[
        Format | None,
        typer.Option("--format", help="Print the map as markdown, or all facts as JSON; change nothing."),
    ] = None,
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
    shows = folder is not None or form is not None or dry_run
    if check and shows:
        raise RepoOpsError("--check prints no map", remedy="leave it out, or FOLDER, --format and --dry-run")
    drawing = draw(repo, config, tokens, adopt=adopt or (shows and folder is not None))
    if check:
        found = stale_lines(drawing) if drawing.present else ["is missing: repoops codemap"]
        _say({"stale": found}, [f"{drawing.path}: {line}" for line in found], drawing, as_json=as_json)
        raise typer.Exit(1 if found else 0)
    if shows:
        return _show(repo, drawing, folder, tokens, as_json=as_json or form is Format.json)
    return _write(repo, drawing, as_json=as_json)


def _show(
    repo: Repository, drawing: Drawing, folder: str | None, tokens: int | None, *, as_json: bool
) -> None:
    """Prints the map, or that of a folder, or the facts of either."""
    from repoops.codemap.facts import facts_to_json
    from repoops.codemap.folder import folder_map, within
    from repoops.codemap.resources import measured, measured_to_json

    facts, text = drawing.facts, drawing.text
    if folder is not None:
        inside = os.path.relpath(folder, repo.root).replace(os.sep, "/")
        facts = within(drawing.facts, inside)
        text = folder_map(
            drawing.facts, inside, TOKENS if tokens is None else tokens, drawing.churn, measured(repo)
        )
    if as_json:
        hot = drawing.churn
        spots = hot and {
            "up_to": hot.anchor,
            "commits": hot.commits,
            "files": [list(row) for row in hot.counts],
        }
        data = {**facts_to_json(facts), "hot_spots": spots, "compiled": measured_to_json(measured(repo))}
        return console.out_json({"schema": SCHEMA, "path": drawing.path, "map": text, "facts": data})
    return console.out(text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").rstrip("\r\n"))


def _write(repo: Repository, drawing: Drawing, *, as_json: bool) -> None:
    from repoops.codemap.agents import PATH
    from repoops.oplog.apply import apply
    from repoops.oplog.observe import base, steps_to_write
    from repoops.oplog.plan import Plan

    written = [drawing.path] if not drawing.fresh else []
    steps = steps_to_write(repo, drawing.path, drawing.content)
    if drawing.agents and not drawing.agents.fresh:
        steps += steps_to_write(repo, PATH, drawing.agents.content)
        written.append(PATH)
    if not steps:
        lines = [*(f"{drawing.path}: {line}" for line in drawing.wrong), f"{drawing.path} is up to date"]
        return _say({"operation": None, "wrong": drawing.wrong}, lines, drawing, as_json=as_json)
    receipt = apply(repo, Plan("codemap", base(repo), tuple(steps)))
    changes = [str(change) for change in drawing.differences()]
    lines = [
        *receipt.problems, *changes, *(f"{drawing.path}: {line}" for line in drawing.wrong),
        *(f"{path} is written ({receipt.operation})" for path in written),
    ]  # fmt: skip
    data = {"operation": receipt.operation, "written": written, "changes": changes, "wrong": drawing.wrong, "problems": receipt.problems}  # fmt: skip
    _say(data, lines, drawing, as_json=as_json)
    raise typer.Exit(0 if receipt.agrees else 1)


def _say(data: dict[str, Any], lines: list[str], drawing: Drawing, *, as_json: bool) -> None:
    if as_json:
        console.out_json({"schema": SCHEMA, "path": drawing.path, **data})
    else:
        for line in lines:
            console.out(line)
