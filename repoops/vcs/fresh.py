"""What is new since a commit: the lines of the files that changed, as `git diff` has them; changes nothing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from repoops.errors import RepoOpsError
from repoops.files import RelPath
from repoops.vcs.read import Repository, resolve
from repoops.vcs.run import git, records, text

_USUAL = ("origin/HEAD", "origin/main", "origin/master", "main", "master")


def merge_base(repo: Repository, rev: str | None) -> str:
    """The newest commit that HEAD and `rev` both reach; without one, the branch that is usually merged into.

    Raises:
        RepoOpsError: there is no such revision, or no such commit.
    """
    onto = next((name for name in ([rev] if rev else _USUAL) if resolve(repo, name)), None)
    if onto is None:
        raise RepoOpsError(
            "no such revision" if rev else "no branch to compare with", where=rev or ", ".join(_USUAL),
            remedy="name the branch that this one is to be merged into: --since REV",
        )  # fmt: skip
    found = text(git(repo.root, "merge-base", "HEAD", onto, "--", ok=(0, 1))).strip()
    if not found:
        raise RepoOpsError(
            "has no commit in common with HEAD", where=onto, remedy="fetch more of the history"
        )
    return found


_HUNK = re.compile(rb"^@@ -\S+ \+(\d+)(?:,(\d+))? @@", re.MULTILINE)


def new_lines(repo: Repository, base: str, endings: Sequence[str]) -> Mapping[RelPath, frozenset[int]]:
    """Path → the lines of the work tree (from 1) that a commit does not have, for files that end so; a file only moved has none."""
    listed = iter(records(git(repo.root, "diff", "--name-status", "--diff-filter=d", "-M", "-z", base, "--")))
    found = {}
    for status in listed:
        paths = [next(listed)] + ([next(listed)] if status[0] in "RC" else [])
        if paths[-1].endswith(tuple(endings)):
            specs = [f":(top,literal){path}" for path in paths]
            out = git(repo.root, "diff", "-U0", "-M", "--no-color", "--no-ext-diff", base, "--", *specs)
            found[paths[-1]] = frozenset(
                line
                for match in _HUNK.finditer(out)
                for line in range(int(match[1]), int(match[1]) + int(match[2] or 1))
            )
    return found
