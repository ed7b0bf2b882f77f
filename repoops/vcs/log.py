"""The history as text: messages of commits, and when each version of a file came to be."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from repoops.vcs.read import Repository, head
from repoops.vcs.run import git, records, text


@dataclass(frozen=True, slots=True)
class Message:
    """A commit: full id, author date (RFC 3339), message."""

    id: str
    date: str
    text: str


def tips(repo: Repository) -> tuple[str, ...]:
    """The commits that branches, remote branches and HEAD point at, sorted; none where nothing was committed."""
    said = text(
        git(repo.root, "for-each-ref", "--format=%(objectname) %(objecttype)", "refs/heads", "refs/remotes")
    )
    found = {row.split(" ")[0] for row in said.splitlines() if row.endswith(" commit")}
    at = head(repo).commit
    return tuple(sorted(found | ({at} if at else set())))


def all_reachable(repo: Repository, commits: Sequence[str], now: Sequence[str]) -> bool:
    """Whether every one of these commits is still there and still reached from those of `now`."""
    wanted = "".join(f"{commit}\n" for commit in commits).encode()
    known = git(repo.root, "cat-file", "--batch-check", stdin=wanted)
    if b" missing\n" in known:
        return False
    listed = "".join(f"{commit}\n" for commit in (*commits, *(f"^{tip}" for tip in now))).encode()
    return not git(repo.root, "rev-list", "--max-count=1", "--stdin", stdin=listed)


def messages_since(repo: Repository, now: Sequence[str], since: Sequence[str]) -> Iterator[Message]:
    """Commits reached from those of `now` and not from `since`, oldest first, merges included."""
    if not now:
        return
    out = git(repo.root, "log", "--no-show-signature", "--reverse", "-z", "--format=%H %aI%n%B", "--stdin", stdin=_range(now, since))  # fmt: skip
    for record in records(out):
        first, _, body = record.partition("\n")
        oid, _, date = first.partition(" ")
        yield Message(oid, date, body)


def versions_since(
    repo: Repository, now: Sequence[str], since: Sequence[str], suffixes: Sequence[str]
) -> Iterator[tuple[str, str, str]]:
    """Each version of files with some suffixes that these commits brought: (its blob, the author's date, the blob it was renamed from).

    The last is empty but for a rename, whose version is as old as what it was renamed from. Oldest first, merges left out.
    """
    globs = [f":(top,icase,glob)**/*{suffix}" for suffix in suffixes]
    out = git(
        repo.root, "log", "--no-show-signature", "--reverse", "--no-merges", "--full-history", "--raw", "-M", "--no-abbrev", "-z",
        "--diff-filter=AMRT", "--format=\x01%aI", "--stdin", stdin=_range(now, since) + b"--\n" + "\n".join(globs).encode() + b"\n",
    )  # fmt: skip
    date = ""
    for record in records(out):
        row = record.lstrip("\n")
        if row.startswith("\x01"):
            date = row[1:].strip()
        elif row.startswith(":"):
            _, _, old, new, status = row[1:].split(" ")
            yield new, date, old if status.startswith("R") else ""


def _range(now: Sequence[str], since: Sequence[str]) -> bytes:
    return "".join(f"{commit}\n" for commit in (*now, *(f"^{old}" for old in since))).encode()
