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


_PART = re.compile(
    rb"^(?:(?P<file>diff --git )|\+\+\+ (?P<path>[^\n]*)|@@ -\S+ \+(?P<at>\d+)(?:,(?P<count>\d+))? @@)",
    re.MULTILINE,
)
_PLAIN = (
    "--no-color", "--no-ext-diff", "--no-textconv", "--src-prefix=a/", "--dst-prefix=b/", "--inter-hunk-context=0",
)  # fmt: skip
"""A diff whose form no configuration changes."""


def new_lines(repo: Repository, base: str, endings: Sequence[str]) -> Mapping[RelPath, frozenset[int]]:
    """Path → the lines of the work tree (from 1) that a commit does not have, for files that end so; a file only moved has none."""
    found: dict[RelPath, set[int]] = {}
    specs = [f":(top,glob)**/*{ending}" for ending in endings]
    listed = iter(records(git(repo.root, "diff", "--name-status", "--diff-filter=d", "-M", "-z", base, "--")))
    for status in listed:
        paths = [next(listed)] + ([next(listed)] if status[0] in "RC" else [])
        if paths[-1].endswith(tuple(endings)):
            found[paths[-1]] = set()
            # where a file came from may end otherwise
            specs += [f":(top,literal){path}" for path in paths[:-1] if not path.endswith(tuple(endings))]
    path, inside = "", False
    for match in _PART.finditer(git(repo.root, "diff", "-U0", "-M", *_PLAIN, base, "--", *specs)):
        if match["file"]:
            path, inside = "", False
        elif match["at"]:
            inside = True
            if path in found:
                first = int(match["at"])
                found[path].update(range(first, first + int(match["count"] or 1)))
        elif not inside:  # in a hunk it is an added line
            path = _path(match["path"])
    return {path: frozenset(lines) for path, lines in found.items()}


def _path(written: bytes) -> RelPath:
    """The path of a line `+++ b/PATH`: git quotes one with odd characters, and ends one that has spaces with a tab."""
    written = written.removesuffix(b"\t")
    if written.startswith(b'"'):
        written = _ESCAPE.sub(lambda m: bytes([int(m[1], 8)]) if m[1] else _LETTERS[m[2]], written[1:-1])
    return text(written.removeprefix(b"b/"))


_ESCAPE = re.compile(rb"\\(?:([0-7]{3})|(.))")
_LETTERS = {
    b"a": b"\a", b"b": b"\b", b"t": b"\t", b"n": b"\n", b"v": b"\v", b"f": b"\f", b"r": b"\r", b'"': b'"', b"\\": b"\\",
}  # fmt: skip
