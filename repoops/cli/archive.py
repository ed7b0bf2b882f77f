from __future__ import annotations

from dataclasses import asdict, replace
from typing import Annotated, Any

import typer

from repoops.archive.decision import Decision
from repoops.cli import console, context
from repoops.oplog.apply import apply
from repoops.oplog.codec import plan_to_json
from repoops.oplog.plan import Plan

SCHEMA = "repoops/archive/1"


def command(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print every decision with its reason; change nothing.")
    ] = False,
    include_referenced: Annotated[
        bool,
        typer.Option(
            "--include-referenced",
            help="Move files that CI, scripts or code name too, and rewrite those places.",
        ),
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Move session logs out of the root, keeping every link."""
    from repoops.archive import render
    from repoops.archive.decide import decide
    from repoops.archive.index import NAME
    from repoops.archive.measure import measure
    from repoops.archive.notes import notes, secrets_in
    from repoops.archive.plan import Request, plan_archive
    from repoops.archive.survey import survey
    from repoops.vcs.history import file_histories

    repo, config = context.open_repo()
    destination = config.archive.destination
    with console.progress() as progress:
        found = survey(repo, config.archive.folders, progress=progress)
        histories = file_histories(repo, config.archive.folders)
        decided = decide(
            repo, found, config, histories, include_referenced=include_referenced, progress=progress
        )
        plan = plan_archive(repo, found, decided.decisions, config, Request(histories, decided.references))
    decisions = render.effective(decided.decisions, plan)
    moves = {move["from"]: move["to"] for move in plan.facts["moves"]}
    remarks, secrets = notes(repo, list(moves.values())), secrets_in(repo, moves)
    if plan.steps and not dry_run:
        secrets = [replace(secret, file=moves[secret.file]) for secret in secrets]
    said = _json(decisions, plan, dry_run=dry_run) | {
        "notes": remarks,
        "secrets": [asdict(s) for s in secrets],
    }
    last = [*(f"secret   {secret}" for secret in secrets), *(f"note     {remark}" for remark in remarks)]
    if dry_run or not plan.steps:
        lines = render.plan_lines(decisions, plan, destination) if dry_run else ["nothing to archive"]
        _show(said, [*lines, *last], as_json=as_json)
        return
    with console.progress() as progress:
        receipt = apply(repo, plan, progress)
        measured = measure(
            repo, found, moves, folders=plan.facts["folders"], page=f"{destination}/{NAME}", progress=progress
        )
    lines = render.receipt_lines(plan, measured, destination, receipt.operation)
    said |= {"operation": receipt.operation, "problems": receipt.problems, "measured": measured.to_json()}
    _show(said, [*receipt.problems, *lines, *last], as_json=as_json)
    raise typer.Exit(0 if receipt.agrees and measured.agrees else 1)


def _json(decisions: list[Decision], plan: Plan, *, dry_run: bool) -> dict[str, Any]:
    return {
        "schema": SCHEMA,
        "dry_run": dry_run,
        "decisions": [asdict(decision) for decision in decisions],
        "plan": plan_to_json(plan),
    }


def _show(data: dict[str, Any], lines: list[str], *, as_json: bool) -> None:
    if as_json:
        console.out_json(data)
    else:
        console.out("\n".join(lines))
