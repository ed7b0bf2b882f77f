from __future__ import annotations

from typing import Annotated

import typer

from repoops.cli import console, context
from repoops.config import Config
from repoops.errors import RepoOpsError
from repoops.files import RelPath, shown
from repoops.oplog.apply import apply
from repoops.oplog.codec import plan_lines
from repoops.oplog.observe import base, steps_to_write
from repoops.oplog.plan import MakeFolder, Plan, Step
from repoops.rules import cursor, ignore
from repoops.vcs.read import Repository, tracked, untracked


def command(
    check: Annotated[
        bool,
        typer.Option(
            "--check", help="Change nothing; exit 1 when a generated part is stale or a rule has a fault."
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and change nothing.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Write .cursorignore and .cursor/rules/*.mdc; what people wrote in them is kept."""
    repo, config = context.open_repo()
    files = [*tracked(repo), *untracked(repo)]
    steps: list[Step] = []
    for path, text in _texts(repo, config, files):
        known = {s.path for s in steps if isinstance(s, MakeFolder)}
        steps += [
            s
            for s in steps_to_write(repo, path, text.encode())
            if not (isinstance(s, MakeFolder) and s.path in known)
        ]
    plan = Plan("rules", base(repo), tuple(steps))
    operation = apply(repo, plan).operation if steps and not check and not dry_run else None
    faults = [str(fault) for fault in cursor.faults(repo)]
    hidden = [
        f"{ignore.PATH} hides the tracked file {shown(p)}"
        for p in ignore.hidden(repo, config.archive.destination)
    ]
    pending = plan_lines(plan) if operation is None else []
    if as_json:
        console.out_json({
            "schema": "repoops/rules/1", "operation": operation, "pending": pending, "faults": faults, "hidden": hidden,
        })  # fmt: skip
    else:
        for line in (*pending, *faults, *hidden):
            console.out(line)
        console.out(
            f"rules: written ({operation})"
            if operation
            else "rules: " + ("to be written" if pending else "up to date")
        )
    raise typer.Exit(1 if faults or (check and (pending or hidden)) else 0)


def _texts(repo: Repository, config: Config, files: list[RelPath]) -> list[tuple[RelPath, str]]:
    texts = [(ignore.PATH, ignore.text_of(config, _present(repo, ignore.PATH)))]
    return texts + [
        (rule.path, cursor.text_of(rule, _present(repo, rule.path))) for rule in cursor.wanted(config, files)
    ]


def _present(repo: Repository, path: RelPath) -> str | None:
    try:
        return (repo.root / path).read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise RepoOpsError("is no UTF-8 text", where=path, remedy="save it as UTF-8") from None
