from __future__ import annotations

import os
from dataclasses import asdict
from datetime import date
from typing import Annotated, Any

import typer

from repoops.cli import console, context
from repoops.errors import RepoOpsError
from repoops.files import shown
from repoops.search import index, kinds, query
from repoops.search.found import KEPT
from repoops.search.passage import KINDS
from repoops.vcs.read import Repository

SCHEMA = "repoops/search/1"


def command(
    words: Annotated[
        list[str],
        typer.Argument(help='What to look for: all of the words; "a phrase"; the beginning of a wor*.'),
    ],
    failed: Annotated[
        bool, typer.Option("--failed", help="Only what tells of a failure; with what solved it.")
    ] = False,
    lesson: Annotated[bool, typer.Option("--lesson", help="Only lessons.")] = False,
    decision: Annotated[bool, typer.Option("--decision", help="Only decisions and options.")] = False,
    kernel: Annotated[str, typer.Option(help="Only where this kernel is named.")] = "",
    outcome: Annotated[
        str, typer.Option(help="Only logs and runs that came out so: done, partial or failed.")
    ] = "",
    since: Annotated[str, typer.Option(help="From this date on: 2025-10-14.")] = "",
    until: Annotated[str, typer.Option(help="Up to this date.")] = "",
    within: Annotated[str, typer.Option("--in", help=f"Only in these, by commas: {', '.join(KINDS)}.")] = "",
    limit: Annotated[int, typer.Option(min=1, metavar="N", help="At most so many hits.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print the hits as JSON.")] = False,
) -> None:
    """Find what was said before, in session logs, commits, notes, runs and reports, the best first.

    Exit codes: 0 something was found, 1 nothing was.
    """
    repo, config = context.open_repo()
    only = query.Filter(
        kind=failed * kinds.FAILED | lesson * kinds.LESSON | decision * kinds.DECISION,
        outcome=_one_of(outcome, ("", "done", "partial", "failed"), "--outcome"),
        kernel=kernel, since=_day(since, "--since"), until=_day(until, "--until"),
        sources=tuple(_one_of(word.strip(), KINDS, "--in") for word in within.split(",") if word.strip()),
    )  # fmt: skip
    # A phrase that the shell has taken the quotes from arrives as one argument: it stays a phrase.
    asked = " ".join(f'"{word}"' if " " in word.strip() and '"' not in word else word for word in words)
    query.expression(asked)
    with index.opened(repo) as db:
        with console.progress() as progress:
            index.update(db, repo, config.archive.destination, progress)
        hits, total = query.search(db, asked, only, limit)
    if as_json:
        console.out_json({"schema": SCHEMA, "matches": total, "hits": [_json(repo, hit) for hit in hits]})
    else:
        for hit in hits:
            _print(repo, hit)
        left = total - len(hits)
        console.note(
            "nothing found" if not hits else f"{left} more: --limit {limit + left}" if left else "that is all"
        )
    raise typer.Exit(0 if hits else 1)


def _print(repo: Repository, hit: query.Hit) -> None:
    about = ", ".join(hit.kinds)
    # what a log's line stands under is the command that wrote it
    heading = hit.heading if hit.file == hit.name else query.shortened(hit.title)
    facts = [hit.date[:10], about, f"outcome {hit.outcome}" if hit.outcome else "", shown(heading)]
    console.out(f"{_place(repo, hit)}:{hit.place.line}" + "".join(f"  {fact}" for fact in facts if fact))
    console.out(f"    {shown(hit.place.text.strip())}")
    if hit.solved:
        console.out(f"    solved at line {hit.solved.line}: {shown(hit.solved.text)}")


def _place(repo: Repository, hit: query.Hit) -> str:
    """`commit` and its short id, or a path from the root, which leads into the git directory for what RepoOps keeps there."""
    if hit.kind == "commit":
        return f"commit {hit.name.decode()[:10]}"
    return shown(_file(repo, hit))


def _file(repo: Repository, hit: query.Hit) -> str:
    kept = hit.file.removeprefix(KEPT)
    path = os.fsdecode(kept)
    return path if kept == hit.file else os.path.relpath(repo.state / path, repo.root)


def _json(repo: Repository, hit: query.Hit) -> dict[str, Any]:
    return {
        **asdict(hit),
        "name": hit.name.decode("utf-8", "backslashreplace"),
        "file": None if hit.kind == "commit" else shown(_file(repo, hit)),
        "line": hit.place.line,
    }


def _one_of(word: str, allowed: tuple[str, ...], option: str) -> str:
    if word not in allowed:
        raise RepoOpsError(
            f"{option} knows no {word!r}", remedy=f"one of: {', '.join(filter(None, allowed))}"
        )
    return word


def _day(given: str, option: str) -> str:
    try:
        return date.fromisoformat(given).isoformat() if given else ""
    except ValueError:
        raise RepoOpsError(
            f"{option} takes a date, not {given!r}", remedy=f"for example: {option} 2025-10-14"
        ) from None
