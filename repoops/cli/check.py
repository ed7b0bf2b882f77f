from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Annotated

import typer

from repoops.cli import console, context
from repoops.config import Config
from repoops.progress import Progress
from repoops.vcs.read import Repository
from repoops.words import many

if TYPE_CHECKING:
    from repoops.archive.check import Problem


def command(
    claims: Annotated[
        bool,
        typer.Option(
            "--claims",
            help="Hold what new lines and commit messages claim, too: it must be true or supported.",
        ),
    ] = False,
    since: Annotated[
        str | None,
        typer.Option(
            "--since", help="With --claims: what is new is new since the merge base with REV.", metavar="REV"
        ),
    ] = None,
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
        if claims or since:
            wrong += _claims(repo, config, since, progress)
    if as_json:
        console.out_json({"schema": "repoops/check/1", "problems": [asdict(problem) for problem in wrong]})
    else:
        for problem in wrong:
            console.out(str(problem))
        if not wrong:
            console.note(f"{many(len(found.documents), 'document')} checked, nothing found")
    raise typer.Exit(1 if wrong else 0)


def _claims(repo: Repository, config: Config, since: str | None, progress: Progress) -> list[Problem]:
    """What is wrong of the claims on lines, and in messages, that are new since a merge base."""
    from repoops.archive.check import Problem
    from repoops.claims import gather
    from repoops.cli.audit import claims, stored
    from repoops.session import recheck
    from repoops.vcs import fresh, read

    base = fresh.merge_base(repo, since or config.clean_slate.onto)
    console.note(f"claims that are new since {base[:10]}" if base else "all claims: there is no base")
    lines = fresh.new_lines(repo, base, gather.SUFFIXES)
    pages = {path: (repo.root / path).read_bytes() for path in lines}
    summaries = [path for path, data in pages.items() if recheck.is_summary(data.decode("utf-8", "replace"))]
    texts = [gather.Text(path, data) for path, data in pages.items() if path not in summaries]
    messages = {id_[:12]: body for id_, body in read.messages(repo, since=base)}
    texts += [
        gather.Text(id_, body.encode("utf-8", "surrogateescape"), True) for id_, body in messages.items()
    ]
    held = [
        (at, v)
        for at, v in claims(repo, config, texts, stored(repo, config), progress)
        if at in messages or v.line in lines[at]
    ]
    # A summary rests on its evidence as a whole: where a line of it is new, all of it is held against that.
    held += [(at, v) for at in summaries for v in recheck.audit(repo, at)]
    return [
        Problem(
            "claims",
            f"{v.word}: {v.claim}: {v.why}" + (f" ({v.command})" if v.command else ""),
            at,
            v.line or None,
        )
        for at, v in held
        if not v.fine
    ]
