"""The branch a page says it was written on, and the commit it calls HEAD."""

from __future__ import annotations

import re
from collections.abc import Iterator

from repoops.claims.claim import Claim, Held, Then
from repoops.claims.said import Said

_BRANCH = re.compile(
    r"^\W*(?:git |current |working )?branch\W{0,2}:\W{0,3}`?(?P<name>[\w.-]+(?:/[\w.-]+)*)`?\W*$",
    re.IGNORECASE,
)
_HEAD = re.compile(r"\bHEAD(?: is(?: at)?| at|:| =)?\W{1,4}(?P<name>[0-9a-f]{7,40})\b")
_NO_NAME = re.compile(
    r"none|unknown|tbd|n/?a|new|detached|ready|clean|pushed|created|deleted|merged|protection|coverage"
)


def find(said: Said) -> Iterator[Claim]:
    """A line `Branch: NAME` or a row of that, and `HEAD: ID`."""
    if said.hedged:
        return
    if match := _HEAD.search(said.text.replace("`", "")):
        yield Claim(f"HEAD {match['name']}", (match["name"],), how="head")
    elif (match := _BRANCH.match(said.text)) and not _NO_NAME.fullmatch(match["name"].lower()):
        yield Claim(f"branch {match['name']}", (match["name"],), how="branch")


def hold(claim: Claim, then: Then) -> Held | None:
    """A branch exists with the statement's commit on it, or did by a merge's subject; a HEAD is that commit or one before."""
    (name,) = claim.names
    if claim.how == "head":
        return _head(name, then)
    own = re.compile(rf"refs/(?:heads|remotes/[^/]+)/{re.escape(name)}")
    refs = [ref for ref in then.past.branches if own.fullmatch(ref)]
    listing = f"git branch -a --list '{name}' '*/{name}'"
    for ref in refs:
        if then.at is None or then.at in then.past.reach(then.past.branches[ref]):
            return Held(
                "true",
                f"{ref} has the statement's commit",
                f"{listing} --contains {then.rev}",
                _short(ref),
                ref,
            )
    if refs:
        return Held("unverifiable", f"{refs[0]} exists, and lacks the statement's commit (squashed, or rebased)", listing, _short(refs[0]), refs[0])  # fmt: skip
    merged = re.compile(rf"(?:[/']|from \S+/){re.escape(name)}(?:'|\s|$)")
    for commit in then.past.commits.values():
        if len(commit.parents) > 1 and merged.search(commit.subject):
            command = f"git log --all --merges --oneline --grep={name}"
            return Held("true", "a merge names it", command, f"{commit.id[:12]} {commit.subject}"[:100], then.past.where(commit.id))  # fmt: skip
    return Held("unverifiable", "no ref of that name is left", listing)


def _short(ref: str) -> str:
    """A ref as `git branch` lists it."""
    return ref.removeprefix("refs/heads/").removeprefix("refs/")


def _head(name: str, then: Then) -> Held | None:
    found = then.past.starting(name)
    command = f"git log -1 --oneline {name}"
    if not found:
        word = "unverifiable" if then.past.shallow else "unsupported"
        return Held(word, "absent: no ref of this clone has such a commit", command)
    commit = then.past.commits[found[0]]
    where = then.past.where(commit.id)
    if then.at is None or commit.id in then.past.reach(then.at):
        return Held("true", f"at or before the statement's commit, on {where}", command, f"{commit.id[:12]} {commit.subject}"[:100], where)  # fmt: skip
    return Held("unverifiable", f"on {where}, which is not the statement's line", command, "", where)
