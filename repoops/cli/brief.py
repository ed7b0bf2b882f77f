from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from repoops import clock
from repoops.cli import console, context
from repoops.config import Config
from repoops.files import below
from repoops.report import store
from repoops.report.verification import VerificationReport
from repoops.search import index, kinds, query
from repoops.session import brief, past, record
from repoops.vcs import commits, read
from repoops.vcs.read import Repository
from repoops.vcs.run import git, text
from repoops.words import many

SCHEMA = "repoops/brief/1"
_LOGS = 3
"""How many of the newest logs that are not ours are read for what they say."""
_SAID = {"Failed already": kinds.FAILED, "Next": kinds.NEXT, "Lessons": kinds.LESSON}


def command(
    tokens: Annotated[int, typer.Option(min=100, metavar="N", help="Size limit.")] = 1000,
    as_json: Annotated[
        bool, typer.Option("--json", help="Print all of it as JSON, without a limit.")
    ] = False,
) -> None:
    """Print what the next session must know, from evidence: open problems, what failed already, what was measured, options."""
    repo, config = context.open_repo()
    sessions, problems = past.sessions(repo, config.archive.destination)
    for problem in problems:
        console.note(problem)
    known = record.read(repo)
    report = next(iter(store.recent(repo.state)), None) or next(
        (s.report for s in sessions if s.report), None
    )
    which = about(repo, config, report) if report else ""
    said = {} if sessions or known.start else _said(repo, config)
    found = brief.brief(brief.Known(state(repo, config, known), sessions, known, report, which, said))
    if as_json:
        console.out_json(
            {
                "schema": SCHEMA,
                "sections": {t: [asdict(line) for line in lines] for t, lines in found.items()},
            }
        )
    else:
        title = f"Brief of {repo.root.name}, {clock.now():%Y-%m-%d %H:%M}"
        console.out(brief.rendered(title, found, tokens).rstrip("\n"))


def state(repo: Repository, config: Config, known: record.SessionRecord) -> list[str]:
    """The repository in words: branch and commit, what is not committed or pushed, whether a session is open."""
    at = read.head(repo)
    branch = at.branch.removeprefix("refs/heads/") if at.branch else "no branch, HEAD is detached"
    changed = sum(not below(row.path, context.outputs(config)) for row in read.status(repo))
    where = f"{branch} at {at.commit[:10]}" if at.commit else f"{branch}, no commit yet"
    lines = [f"{where}, {many(changed, 'uncommitted path')}"]
    ahead = text(git(repo.root, "rev-list", "--count", "@{upstream}..HEAD", ok=(0, 128))).strip()
    if ahead not in ("", "0"):
        lines.append(f"{many(int(ahead), 'commit')} not pushed")
    if known.start:
        lines.append(
            f"a session is open since {known.start.at:%Y-%m-%d %H:%M}, {many(len(known.runs), 'run')}, {many(len(known.notes), 'note')}"
        )
    return lines


def about(repo: Repository, config: Config, report: VerificationReport) -> str:
    """Which tree a report is about, seen from here."""
    if report.subject is None:
        return "a report about no tree"
    if report.subject.tree == read.subject(repo, report.subject.exclude).tree:
        return "about this tree"
    commit = report.subject.commit
    if commit is None or read.resolve(repo, commit) is None:
        return f"about an earlier tree, {report.subject.tree[:10]}"
    changed = sum(below(file.path, config.verify.paths) for file in commits.changed(repo, commit))
    dirty = " with uncommitted changes" if report.subject.dirty else ""
    return f"about {commit[:10]}{dirty}; {many(changed, 'file')} of the suite {'differs' if changed == 1 else 'differ'} from that commit now"


def _said(repo: Repository, config: Config) -> brief.Brief:
    """What the newest logs say, where there is no session of ours to go by: none of it was measured."""
    with index.opened(repo) as db:
        with console.progress() as progress:
            index.update(db, repo, config.archive.destination, progress)
        return {
            title: [
                brief.Line(
                    place.text, f"said, not measured: {name.decode('utf-8', 'backslashreplace')}:{place.line}"
                )
                for name, place in query.newest(db, kind, _LOGS)
            ]
            for title, kind in _SAID.items()
        }
