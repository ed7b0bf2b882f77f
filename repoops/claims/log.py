"""Every claim that a page makes of its repository, held against git at the commit that last touched its line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

from repoops.claims import annotation, times
from repoops.claims.claim import Held, Then
from repoops.claims.kinds import KINDS
from repoops.claims.said import Said, said
from repoops.files import RelPath
from repoops.markdown.dates import date_in_name
from repoops.report.verdict import Verdict
from repoops.vcs.past import Past


def verdicts(past: Past, page: RelPath, data: bytes) -> Iterator[Verdict]:
    """The verdicts on one page, in the order of its lines.

    Args:
        past: the repository's history.
        page: its path; it may be untracked.
        data: what it holds now.
    """
    touched: list[str | None] | None = None
    sentences = list(said(data))
    for each in sentences:
        seen = set()
        for kind, way in KINDS.items():
            for claim in way.find(each):
                if (kind, claim.names, claim.counts) in seen:
                    continue
                seen.add((kind, claim.names, claim.counts))
                if touched is None:
                    touched = _touched(past, page, data)
                at = touched[each.line - 1] if each.line <= len(touched) else None
                held = way.hold(claim, Then(past, at, past.tree(at), page, each))
                if held is not None and held.word == "unsupported" and past.elsewhere(data):
                    why = f"{held.why}; but the page speaks of other repositories, too"
                    held = replace(held, word="unverifiable", why=why)
                if held is not None and held.word == "false" and kind in _OF_A_TREE:
                    held = _unless_older(held, _written(page, sentences), past, at)
                if held is not None:
                    yield Verdict(
                        held.word, claim.words, held.why, each.line, held.command, kind, held.output, at or "", held.found
                    )  # fmt: skip


_OF_A_TREE = ("line count", "file count", "test count", "path")


def _unless_older(held: Held, written: date | None, past: Past, at: str | None) -> Held:
    """Nobody knows what lay in the work tree of a page that says it was written days before it was committed."""
    if written is None or at is None:
        return held
    commit = past.commits[at]
    first = min(commit.authored, commit.committed).date()
    if (first - written).days <= 1:
        return held
    why = f"{held.why}; but the page is dated {written}, and was committed on {first}"
    return replace(held, word="unverifiable", why=why)


def _written(page: RelPath, sentences: list[Said]) -> date | None:
    """The date that a page bears in its first lines, else in its name."""
    for each in sentences:
        if each.line <= _HEAD and (claim := next(times.find(each), None)):
            return date.fromisoformat(claim.names[0])
    named = date_in_name(page.rpartition("/")[2])
    return date.fromisoformat(named) if named and not named.startswith("-") else None


_HEAD = 20
"""Lines in which a page says when it was written."""


def _touched(past: Past, page: RelPath, data: bytes) -> list[str | None]:
    """For each line the commit that last touched it; a note of ours names the one before the note, if the line was there then."""
    touched = past.blame(page)
    for line, (prefix, words) in annotation.pins(data).items():
        for commit in past.starting(prefix):
            then = past.tree(commit)
            for path in then.find(page.rpartition("/")[2]):
                rows = (past.content(then, path) or b"").decode("utf-8", "replace").splitlines()
                if line <= len(touched) and words in (row.rstrip() for row in rows):
                    touched[line - 1] = commit
    return touched
