from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any

import typer

from repoops.cli import console, context
from repoops.codemap.answers import keep, state
from repoops.codemap.draw import Drawing, draw, known_calls, stale_lines
from repoops.codemap.render import TOKENS
from repoops.config import Config
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
            min=0,
            metavar="N",
            help="Size limit, kept by later runs; 0: none. By default what the map says, else 2000.",
        ),
    ] = None,
    adopt: Annotated[
        bool,
        typer.Option("--adopt", help="Keep a map that people wrote as a hand-written part of the new one."),
    ] = False,
    calls: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Print who calls NAME (or path:NAME) and whom it calls; nothing is written."
        ),
    ] = None,
    as_json: Annotated[
        bool,
        typer.Option("--json", help="Print the result as JSON; with --dry-run all facts, without a limit."),
    ] = False,
) -> None:
    """Regenerate CODEMAP.md from the tree; what people wrote between its markers survives."""
    before = state()
    repo, config = context.open_repo()
    shows = folder is not None or form is not None or dry_run
    if sum((check, shows, calls is not None)) > 1:
        alone = "--check" if check else "--calls"
        raise RepoOpsError(
            f"{alone} prints no map",
            remedy="leave it out, or whatever of FOLDER, --format, --dry-run is given",
        )
    if calls is not None:
        said = _called(repo, config, calls, as_json=as_json)
    else:
        drawing = draw(repo, config, tokens, adopt=adopt or folder is not None)
        if check:
            said = _checked(drawing, as_json=as_json)
        elif shows:
            said = _shown(repo, drawing, folder, tokens, as_json=as_json or form is Format.json)
        else:
            said = _written(repo, drawing, as_json=as_json)
    if said.text:
        console.out(said.text.removesuffix("\n"))
    if said.holds and sys.argv[1:2] == ["codemap"]:
        keep(sys.argv[2:], before, said.text, said.code)
    raise typer.Exit(said.code)


@dataclass(frozen=True, slots=True)
class Said:
    """What is printed and the exit code; `holds` where the same would be said again until something changes."""

    text: str
    code: int
    holds: bool = True


def _called(repo: Repository, config: Config, name: str, *, as_json: bool) -> Said:
    from repoops.codemap.callers import answer, answer_to_json, asked_for

    found = known_calls(repo, config)
    functions = asked_for(found, name)
    if as_json:
        return Said(_json({"functions": answer_to_json(found, functions)}), 0)
    return Said(answer(found, functions), 0)


def _checked(drawing: Drawing, *, as_json: bool) -> Said:
    found = stale_lines(drawing) if drawing.present else ["is missing: repoops codemap"]
    lines = [f"{drawing.path}: {line}" for line in found]
    return _said({"stale": found}, lines, drawing, 1 if found else 0, as_json=as_json)


def _shown(
    repo: Repository, drawing: Drawing, folder: str | None, tokens: int | None, *, as_json: bool
) -> Said:
    """The map, or that of a folder, or the facts of either."""
    facts, text = drawing.facts, drawing.text
    if folder is not None:
        from repoops.codemap.folder import folder_map, within
        from repoops.codemap.resources import measured

        inside = os.path.relpath(folder, repo.root).replace(os.sep, "/")
        facts = within(drawing.facts, inside)
        text = folder_map(
            drawing.facts, inside, TOKENS if tokens is None else tokens, drawing.churn, measured(repo)
        )
    if as_json:
        from repoops.codemap.facts import facts_to_json
        from repoops.codemap.resources import measured, measured_to_json

        hot = drawing.churn
        spots = hot and {
            "up_to": hot.anchor,
            "commits": hot.commits,
            "files": [list(row) for row in hot.counts],
        }
        data = {**facts_to_json(facts), "hot_spots": spots, "compiled": measured_to_json(measured(repo))}
        return Said(_json({"path": drawing.path, "map": text, "facts": data}), 0, holds=False)
    readable = text.encode("utf-8", "surrogateescape").decode("utf-8", "replace").rstrip("\r\n") + "\n"
    return Said(
        readable, 0, holds=folder is None
    )  # reports, which a folder's map quotes, are no part of the state


def _written(repo: Repository, drawing: Drawing, *, as_json: bool) -> Said:
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
        return _said({"operation": None, "wrong": drawing.wrong}, lines, drawing, as_json=as_json)
    receipt = apply(repo, Plan("codemap", base(repo), tuple(steps)))
    changes = [str(change) for change in drawing.differences()]
    lines = [
        *receipt.problems, *changes, *(f"{drawing.path}: {line}" for line in drawing.wrong),
        *(f"{path} is written ({receipt.operation})" for path in written),
    ]  # fmt: skip
    data = {"operation": receipt.operation, "written": written, "changes": changes, "wrong": drawing.wrong, "problems": receipt.problems}  # fmt: skip
    return _said(data, lines, drawing, 0 if receipt.agrees else 1, as_json=as_json, holds=False)


def _said(
    data: dict[str, Any],
    lines: list[str],
    drawing: Drawing,
    code: int = 0,
    *,
    as_json: bool,
    holds: bool = True,
) -> Said:
    text = _json({"path": drawing.path, **data}) if as_json else "".join(f"{line}\n" for line in lines)
    return Said(text, code, holds)


def _json(data: dict[str, Any]) -> str:
    return json.dumps({"schema": SCHEMA, **data}, indent=2, ensure_ascii=True) + "\n"
