from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from repoops.cli import console, context


def command(
    as_json: Annotated[bool, typer.Option("--json", help="Print the findings as JSON.")] = False,
) -> None:
    """Fail when logs are back in the root, links are broken, the map is stale or a ceiling is passed."""
    from repoops.archive.check import Problem, problems
    from repoops.archive.decide import decide
    from repoops.archive.survey import survey
    from repoops.codemap.draw import stale
    from repoops.vcs.history import file_histories

    repo, config = context.open_repo()
    with console.progress() as progress:
        found = survey(repo, config.archive.folders, progress=progress)
        histories = file_histories(repo, config.archive.folders)
        decisions = decide(repo, found, config, histories, progress=progress).decisions
        wrong = problems(found, decisions, config.check)
        if config.check.codemap:
            wrong += [Problem("codemap", line, config.codemap.path) for line in stale(repo, config)]
    if as_json:
        console.out_json({"schema": "repoops/check/1", "problems": [asdict(problem) for problem in wrong]})
    else:
        for problem in wrong:
            console.out(str(problem))
        if not wrong:
            count = len(found.documents)
            console.note(f"{count} document{'' if count == 1 else 's'} checked, nothing found")
    raise typer.Exit(1 if wrong else 0)
