"""Hot spots: the files that most commits changed, counted up to a commit that the map names.

A count up to HEAD would make the map stale with every commit. The map therefore remembers the commit
up to which it counted, as it remembers its budget, and counts anew when that one lies 200 commits back.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

from repoops.codemap.scan import Tree, is_test
from repoops.codemap.suffixes import SOURCES
from repoops.files import RelPath
from repoops.vcs.read import Repository
from repoops.vcs.run import GitError, git, records, text

COMMITS = 300
"""The newest commits that are counted, merges aside."""
_OLD = 200
_FEW = 20
"""Commits below which nothing is said: everything is new there."""
_NAMED = re.compile(r"up to commit `([0-9a-f]{10})`")


@dataclass(frozen=True, slots=True)
class Churn:
    """`commits` were counted up to `anchor`; `counts` are those of each file, the most changed first.

    `carried` is the present map's line, where the history is not here to be counted.
    """

    anchor: str
    commits: int
    counts: tuple[tuple[RelPath, int], ...]
    carried: str = ""


def anchor(repo: Repository, present: str | None) -> str | None:
    """The commit to count up to: the one that the present map names while it is near, else HEAD; None for a new repository."""
    found = _NAMED.search(present or "")
    if found:
        try:
            sides = text(git(repo.root, "rev-list", "--count", "--left-right", f"{found[1]}...HEAD"))
            ahead, behind = map(int, sides.split())
            if not ahead and behind <= _OLD:
                return found[1]
        except GitError:
            pass  # a commit of another history: count anew
    try:
        return text(git(repo.root, "rev-parse", "--verify", "-q", "HEAD^{commit}")).strip()[:10] or None
    except GitError:
        return None


def churn(repo: Repository, tree: Tree, present: str | None) -> Churn | None:
    """The counts of source files that the tree still has and that are no tests; None where too little is known.

    A shallow clone cannot count: it believes what the present map says.
    """
    if (repo.common_dir / "shallow").exists():
        said = re.search(r"^[^\n]*up to commit `([0-9a-f]{10})`[^\n]*", present or "", re.MULTILINE)
        return Churn(said[1], 0, (), said[0].rstrip("\r")) if said else None
    at = anchor(repo, present)
    if at is None:
        return None
    try:
        count, rows = tree.memo.ask("churn", at, lambda: _counted(repo, at))
    except GitError:
        return None
    if count < _FEW:
        return None
    kept = [(path, n) for path, n in rows if path.endswith(SOURCES) and tree.has(path) and not is_test(path)]
    return Churn(at, count, tuple(sorted(kept, key=lambda row: (-row[1], row[0]))))


def _counted(repo: Repository, at: str) -> list[object]:
    """How many commits, and `[path, commits]` of every path that two or more changed."""
    said = git(repo.root, "log", f"--max-count={COMMITS}", "--no-merges", "--no-renames", "--name-only",
               "-z", "--format=%x01", at, "--")  # fmt: skip
    counts: Counter[RelPath] = Counter()
    commits = 0
    for record in records(said):
        commits += record.count("\x01")
        path = record.replace("\x01", "").lstrip("\n")
        if path:
            counts[path] += 1
    return [commits, sorted([path, n] for path, n in counts.items() if n > 1)]
