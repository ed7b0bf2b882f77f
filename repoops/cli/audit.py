from __future__ import annotations

import os
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from repoops.cli import console, context
from repoops.errors import RepoOpsError
from repoops.session.recheck import Verdict, audit
from repoops.vcs.read import Repository


def command(
    file: Annotated[Path, typer.Argument(help="A session summary that session-end wrote.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print every verdict as JSON.")] = False,
) -> None:
    """Hold a summary against repository and evidence, claim by claim."""
    repo, _ = context.open_repo()
    at = inside(repo, file)
    verdicts = audit(repo, at)
    if as_json:
        console.out_json({"schema": "repoops/audit/1", "file": at, "verdicts": [asdict(v) for v in verdicts]})
    else:
        for line in lines(at, verdicts):
            console.out(line)
    raise typer.Exit(0 if all(v.fine for v in verdicts) else 1)


def lines(at: str, verdicts: list[Verdict]) -> list[str]:
    """What is not true in full, then the counts."""
    said = []
    for v in verdicts:
        if v.word != "true":
            said.append(f"{at}:{v.line}: {v.word}: {v.claim}" if v.line else f"{at}: {v.word}: {v.claim}")
            said.append(f"    {v.why}" + (f" ({v.command})" if v.command else ""))
    counts = Counter(v.word for v in verdicts)
    return [*said, f"{at}: " + ", ".join(f"{n} {word}" for word, n in sorted(counts.items()))]


def inside(repo: Repository, file: Path) -> str:
    """A path as given on the command line, relative to the repository's root."""
    at = os.path.relpath(os.path.abspath(file), repo.root).replace(os.sep, "/")
    if at.startswith("../"):
        raise RepoOpsError("lies outside this repository", where=str(file))
    return at
