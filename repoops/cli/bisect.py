from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from repoops.cli import console, context
from repoops.config import Config
from repoops.errors import RepoOpsError
from repoops.oplog.lock import hold
from repoops.progress import Progress
from repoops.suite.bisect import Found, Step, Wanted, search, step, wanted
from repoops.vcs import bisect as commits
from repoops.vcs import worktree
from repoops.vcs.read import Repository, resolve
from repoops.words import many


def command(
    kernel: Annotated[
        str, typer.Argument(help="attention, attention::tiled, or an expression as pytest's -k.")
    ],
    good: Annotated[str, typer.Option(help="A commit at which it was right.")],
    bad: Annotated[str, typer.Option(help="A commit at which it is not.")] = "HEAD",
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as JSON.")] = False,
) -> None:
    """Find the commit that broke a kernel, without a GPU; your work tree, index and branches are not touched.

    A kernel is broken if it does not compile, fails a case, a gate or a check. A commit at which none of its
    tests can be run is skipped.

    Exit codes: 0 found; 1 not to be told from commits that had to be skipped; 2 the good commit is not good,
    the bad one not bad, or usage.
    """
    repo, config = context.open_repo()
    ends = _ends(repo, good, bad)
    asked = wanted(kernel)
    with hold(repo, "bisect.lock"), console.progress() as progress, worktree.temporary(repo, ends[0]) as tree:

        def attempt(commit: str, left: int) -> Step:
            return _attempt(repo, config, tree, asked, commit, left, progress)

        right, wrong = (
            _insist(kernel, given, attempt(commit, 0), meant)
            for given, commit, meant in zip((good, bad), ends, ("good", "bad"), strict=True)
        )
        found = search(
            right,
            wrong,
            lambda at, goods, descended: commits.between(repo, at, goods, descended=descended),
            lambda commit: commits.parents(repo, commit),
            attempt,
        )
    if as_json:
        console.out_json(_json(repo, kernel, found))
    else:
        for line in _lines(repo, kernel, found):
            console.out(line)
    raise typer.Exit(0 if found.first else 1)


def _ends(repo: Repository, good: str, bad: str) -> tuple[str, str]:
    """Both commits, one made from the other."""
    named = []
    for name in (good, bad):
        commit = resolve(repo, name)
        if commit is None:
            raise RepoOpsError(f"there is no commit {name!r}", remedy="see: git log --oneline")
        named.append(commit)
    if named[0] == named[1]:
        raise RepoOpsError(f"{good} and {bad} are the same commit")
    if not commits.descends(repo, named[1], named[0]):
        base = commits.merge_base(repo, *named)
        raise RepoOpsError(
            f"{bad} was not made from {good}",
            remedy=f"begin where they part: --good {base[:12]}" if base else "they have no commit in common",
        )
    return named[0], named[1]


def _attempt(
    repo: Repository, config: Config, tree: Path, asked: Wanted, commit: str, left: int, progress: Progress
) -> Step:
    """What the tool that runs now, not that of the commit, says of the commit's kernels."""
    from repoops.suite.runner import verify

    about = f"{commit[:12]}, {many(left, 'commit')} left" if left else commit[:12]
    progress(0, 1, about)
    worktree.turn_to(tree, commit)
    folders = [path if asked.kernel is None else f"{path}/{asked.kernel}" for path in config.verify.paths]
    there = [folder for folder in folders if (tree / folder).exists()]
    if not there:
        return Step(commit, "skipped", f"there is no {' or '.join(folders)}")
    report = verify(
        tree, backend="cpu", archs=config.verify.archs, paths=there, select=asked.select, foreign=True,
        progress=lambda done, total, what: progress(done, total, f"{about}: {what}"),
    )  # fmt: skip
    said = step(commit, report, asked)
    console.note(f"{commit[:12]} {said.verdict:<7} {commits.subject(repo, commit)}")
    return said


def _insist(kernel: str, given: str, said: Step, meant: str) -> Step:
    """A step that came out as its commit was named."""
    if said.verdict == meant:
        return said
    if said.verdict == "skipped":
        raise RepoOpsError(
            f"{kernel} cannot be run at {given}: {said.why}", remedy="name a commit at which it can"
        )
    if said.verdict == "bad":
        raise RepoOpsError(
            f"{kernel} is not good at {given}: {_brief(said)}", remedy="name an older commit: --good"
        )
    raise RepoOpsError(f"{kernel} is not bad at {given}: all its tests pass")


def _brief(said: Step) -> str:
    return said.why.splitlines()[0] if said.why else ""


def _lines(repo: Repository, kernel: str, found: Found) -> list[str]:
    if found.first is None:
        return [
            f"{kernel} broke in one of {len(found.commits)} commits, of which all but the last had to be skipped:",
            *(f"  {commit[:12]} {commits.subject(repo, commit)}" for commit in found.commits[1:]),
            f"  {found.commits[0][:12]} {commits.subject(repo, found.commits[0])}",
        ]
    first = found.first
    return [
        f"{kernel} broke in {first.commit[:12]}: {commits.subject(repo, first.commit)}",
        f"  {first.test}",
        *(f"    {line}" for line in first.why.splitlines()),
        f"  see it: git show {first.commit[:12]}",
    ]


def _json(repo: Repository, kernel: str, found: Found) -> dict[str, Any]:
    def told(said: Step) -> dict[str, Any]:
        return {
            "commit": said.commit, "subject": commits.subject(repo, said.commit), "verdict": said.verdict,
            "test": said.test, "why": said.why or None,
        }  # fmt: skip

    return {
        "schema": "repoops/bisect/1",
        "kernel": kernel,
        "first_bad": told(found.first) if found.first else None,
        "candidates": list(found.commits),
        "steps": [told(said) for said in found.steps],
    }
