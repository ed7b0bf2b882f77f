"""Commits that a page names by their ids: on this branch, on another ref, or nowhere."""

from __future__ import annotations

import re
from collections.abc import Iterator

from repoops.claims.claim import Claim, Held, Then
from repoops.claims.said import Said

ID = re.compile(r"(?<![\w/.:@\x22“-])(?P<id>(?=[0-9a-f]*\d)(?=[0-9a-f]*[a-f])[0-9a-f]{7,40})(?![\w/-]|\.\w)")
_SPEAKS = re.compile(
    r"\b(commit(?:s|ted)?|HEAD|cherry-pick(?:ed)?|revert(?:ed)?|merged?|SHA)\b", re.IGNORECASE
)
_OTHER = re.compile(
    r"\b(sha-?(?:1|256|512)|md5|checksum|digest|docker|image|container|hash(?:es)? of|dataset|dvc|model|build id|run id|uuid|"
    r"github\.com|flake|revision \w+-\d|"
    r"e\.g\.|example|placeholder|fake|mock|dummy|not (?:a )?real|abc123\w*|deadbeef\w*)\b|sha256:|https?://",
    re.IGNORECASE,
)


_ELSEWHERE = re.compile(
    r"\b(upstream|submodule|vendored|third[- ]party|cutlass|fork(?:ed)?|pytorch|triton|nixpkgs)\b",
    re.IGNORECASE,
)


def find(said: Said) -> Iterator[Claim]:
    """Ids in a sentence, row or list that speaks of commits; no digest of anything else."""
    heads = " ".join(head for head, _ in said.passage.cells)
    around = " ".join((said.passage.text, *said.passage.lead))
    if (
        _OTHER.search(said.text)
        or _ELSEWHERE.search(around)
        or not _SPEAKS.search(f"{said.text} {said.nearest} {heads}")
    ):
        return
    for match in ID.finditer(said.text.replace("`", " ")):
        yield Claim(f"commit {match['id']}", (match["id"],))


def hold(claim: Claim, then: Then) -> Held | None:
    """Whether any ref reaches it; what this clone lacks may have been rewritten away, or lie in a clone that has it."""
    (name,) = claim.names
    found = then.past.starting(name)
    command = f"git log -1 --oneline {name}"
    if not found:
        if then.past.shallow:
            return Held("unverifiable", "this clone is shallow, and has no such commit", command)
        return Held("unsupported", "absent: no ref of this clone has such a commit", command)
    commit = then.past.commits[found[0]]
    where = then.past.where(commit.id)
    return Held("true", f"on {where}", command, f"{commit.id[:12]} {commit.subject}"[:100], where)
