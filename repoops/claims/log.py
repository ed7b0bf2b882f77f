"""Every claim that a page makes of its repository, held against git at the commit that last touched its line."""

from __future__ import annotations

from collections.abc import Iterator

from repoops.claims import annotation
from repoops.claims.claim import Then
from repoops.claims.kinds import KINDS
from repoops.claims.said import said
from repoops.files import RelPath
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
    for each in said(data):
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
                if held is not None:
                    yield Verdict(
                        held.word, claim.words, held.why, each.line, held.command, kind, held.output, at or "", held.found
                    )  # fmt: skip


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
