from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from repoops.cleanslate.inventory import size
from repoops.cleanslate.plan import Slate, choose_target, plan_slate
from repoops.cleanslate.protected import Protected, running_environment
from repoops.cli import console, context
from repoops.errors import RepoOpsError
from repoops.files import shown
from repoops.oplog.apply import apply
from repoops.oplog.codec import plan_to_json
from repoops.vcs.read import Repository, refuse_in_progress
from repoops.words import many

_MOST = 20


def command(
    onto: Annotated[
        str | None,
        typer.Option(help="What to reset to; default: the configuration, else the upstream, else HEAD."),
    ] = None,
    keep: Annotated[
        list[str] | None, typer.Option(help="A glob that stays in place too; may be given often.")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what would go and change nothing.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print plan or receipt as JSON.")] = False,
) -> None:
    """Reset to a clean tree, as git clean -fdx and git reset --hard would; `repoops undo` brings everything back."""
    repo, config = context.open_repo()
    refuse_in_progress(repo, "clean-slate")
    commit, why = choose_target(repo, onto, config.clean_slate.onto)
    protected = Protected(
        (*config.clean_slate.protect, *(keep or ())), running_environment(repo.root, sys.prefix)
    )
    here = os.path.relpath(Path.cwd(), repo.root).replace(os.sep, "/")
    slate = plan_slate(repo, commit, protected, "" if here == "." else here)
    if not slate.plan.steps:
        console.out_json({"schema": "repoops/clean-slate/1", "operation": None}) if as_json else console.out(
            "already clean"
        )
        return
    if dry_run and as_json:
        console.out_json(plan_to_json(slate.plan))
        return
    if dry_run or not yes:
        for line in _tell(repo, slate, why):
            (console.out if dry_run else console.note)(line)
    if dry_run:
        return
    if not yes:
        if not console.interactive():
            raise RepoOpsError("nobody can be asked here", remedy="say --yes, or look first: --dry-run")
        typer.confirm("Go on?", abort=True, err=True)
    with console.progress() as progress:
        receipt = apply(repo, slate.plan, progress)
    _say(slate, receipt.operation, receipt.counts, why, as_json=as_json)
    for problem in receipt.problems:
        console.note(problem)
    raise typer.Exit(0 if receipt.agrees else 1)


def _tell(repo: Repository, slate: Slate, why: str) -> list[str]:
    """What would go, the largest first, and what stays."""
    rows = [(size(repo, gone.path), gone.kind, gone.path) for gone in slate.inventory.goes]
    rows += [(size(repo, folder), "emptied", folder) for folder in slate.inventory.empties]
    rows.sort(key=lambda row: (-row[0], row[2]))
    said = [f"reset to {slate.target.commit[:10]} ({why})"]
    said += [f"{_bytes(row[0]):>10}  {row[1]:<9}  {shown(row[2])}" for row in rows[:_MOST]]
    if len(rows) > _MOST:
        said.append(f"{_bytes(sum(row[0] for row in rows[_MOST:])):>10}  {len(rows) - _MOST} more")
    said.append(f"{_bytes(sum(row[0] for row in rows)):>10}  in all, into the trash under the git directory")
    if slate.changed:
        said.append(f"tracked paths that change: {len(slate.changed)}")
    if slate.commits:
        said.append(f"commits on no other branch, kept by a ref: {len(slate.commits)}")
    if slate.stashes:
        said.append(f"stashes, not touched: {slate.stashes}")
    return said + [f"stays: {shown(r.path)} ({r.why})" for r in slate.plan.refusals]


def _say(slate: Slate, operation: str, counts: dict[str, int], why: str, *, as_json: bool) -> None:
    if as_json:
        data: dict[str, Any] = {"schema": "repoops/clean-slate/1", "operation": operation, "counts": counts}
        console.out_json(
            data | {"onto": slate.target.commit, "stays": {r.path: r.why for r in slate.plan.refusals}}
        )
        return
    for refusal in slate.plan.refusals:
        console.out(f"stays: {shown(refusal.path)} ({refusal.why})")
    console.out(
        f"reset to {slate.target.commit[:10]} ({why}): {many(counts['removed'], 'entry', 'entries')} in the trash, {many(counts['written'], 'file')} written; "
        f"bring everything back: repoops undo {operation[:4]}"
    )


def _bytes(count: int) -> str:
    amount = float(count)
    for unit in ("B", "KiB", "MiB"):
        if amount < 1024:
            return f"{amount:.0f} {unit}"
        amount /= 1024
    return f"{amount:.1f} GiB"
