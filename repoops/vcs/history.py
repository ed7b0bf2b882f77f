"""When files were committed, and how often; one walk over the history for all of them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from repoops.files import RelPath
from repoops.vcs.read import Repository, head
from repoops.vcs.run import git, text

_COMMIT = "\x01"


@dataclass(frozen=True, slots=True)
class FileHistory:
    """How many commits touched a path under this name, merges not counted, and the author dates of the first and last.

    Dates are RFC 3339 with the author's UTC offset.
    """

    commits: int
    first: str
    last: str


def file_histories(repo: Repository, folders: Iterable[RelPath] = ("",)) -> dict[RelPath, FileHistory]:
    """The history of each file that lies, or lay, directly in one of some folders; `` is the root.

    Renames are not followed: a file's history begins where it got this path. Paths that were
    never committed are absent.
    """
    if head(repo).commit is None:
        return {}
    globs = [f":(top,glob){_literal(folder)}*" for folder in folders]
    out = git(
        repo.root, "log", "--no-show-signature", "--no-renames", "--full-history", "--name-only", "-z", f"--format={_COMMIT}%aI", "--", *globs
    )  # fmt: skip
    found: dict[RelPath, list[str]] = {}
    for commit in text(out).split(_COMMIT)[1:]:
        date, _, names = commit.partition("\0")
        for name in names.removeprefix("\n").split("\0"):
            if name:
                found.setdefault(name, []).append(date.strip())
    return {name: FileHistory(len(dates), dates[-1], dates[0]) for name, dates in found.items()}


@dataclass(frozen=True, slots=True)
class Touch:
    """A commit that changed files below some folders: `(A, M, D or T, path)` each; `when` is the author's date, RFC 3339."""

    id: str
    when: str
    subject: str
    files: tuple[tuple[str, RelPath], ...]


def touches(repo: Repository, folders: Iterable[RelPath]) -> list[Touch]:
    """The commits reached from HEAD that changed files anywhere below some folders, oldest first; merges left out, no renames."""
    if head(repo).commit is None:
        return []
    places = [f":(top,glob){_literal(folder)}**" for folder in folders]
    if not places:
        return []
    out = git(
        repo.root, "log", "--no-show-signature", "--reverse", "--no-merges", "--no-renames", "--full-history", "--name-status",
        "-z", f"--format={_COMMIT}%H%n%aI%n%s", "--", *places,
    )  # fmt: skip
    found = []
    for commit in text(out).split(_COMMIT)[1:]:
        first, *rest = commit.split("\0")
        oid, when, subject = first.split("\n", 2)
        rows = [row.removeprefix("\n") for row in rest if row.strip("\n")]
        found.append(Touch(oid, when, subject, tuple(zip(rows[::2], rows[1::2], strict=True))))
    return found


def _literal(folder: RelPath) -> str:
    quoted = "".join("\\" + c if c in "*?[]\\" else c for c in folder.strip("/"))
    return quoted + "/" if quoted not in ("", ".") else ""
