"""A claim that a page makes of its repository, the time at which it made it, and what came of it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from repoops.claims.quantity import Quantity
from repoops.claims.said import Said
from repoops.files import RelPath
from repoops.vcs.past import Past, Tree


@dataclass(frozen=True, slots=True)
class Claim:
    """What a sentence states.

    Attributes:
        words: as written.
        names: what it names: paths, commits, a branch or a command, as its kind reads them.
        counts: the numbers, in its kind's order.
        how: what is said of them, in the kind's own words.
    """

    words: str
    names: tuple[str, ...] = ()
    counts: tuple[Quantity, ...] = ()
    how: str = ""


@dataclass(frozen=True, slots=True)
class Then:
    """The repository as it was when a statement was last touched.

    Attributes:
        past: all that git knows.
        at: the commit; None: not committed, and held against the work tree.
        tree: its files.
        page: the path of the text that states it.
        said: the sentence.
    """

    past: Past
    at: str | None
    tree: Tree
    page: RelPath
    said: Said

    @property
    def rev(self) -> str:
        """The commit as a person types it."""
        return self.at[:12] if self.at else "HEAD"

    def show(self, path: RelPath) -> str:
        """The command that prints a file as it was then."""
        return f"git show {shlex.quote(f'{self.rev}:{path}')}" if self.at else f"cat {shlex.quote(path)}"

    def list(self, *paths: str) -> str:
        """The command that lists files as they were then."""
        tail = "".join(f" {shlex.quote(path)}" for path in paths if path)
        return f"git ls-tree -r --name-only {self.rev} --{tail}" if self.at else f"git ls-files -co --exclude-standard --{tail}"  # fmt: skip


@dataclass(frozen=True, slots=True)
class Held:
    """What came of a claim: a word of `report.verdict.WORDS`, why, a command with its output, and where a commit was found."""

    word: str
    why: str
    command: str
    output: str = ""
    found: str = ""


def versions(then: Then, name: str) -> list[tuple[RelPath, str, str]]:
    """Path, commit and blob of every version of a file of that name that any ref has; none where several paths fit."""
    paths = then.past.ever.find(name, then.page)
    if len(paths) != 1:
        return []
    return [(paths[0], commit, oid) for commit, oid in then.past.versions[paths[0]]]


def soon(then: Then, commit: str) -> bool:
    """Whether a commit lies before the statement, or within two days after it."""
    if then.at is None:
        return True
    return then.past.commits[commit].committed - then.past.commits[then.at].committed <= timedelta(days=2)


def at_commit(then: Then, oids: Iterable[tuple[str, str]]) -> tuple[str, str] | None:
    """Of (commit, blob) pairs the one whose commit is nearest in time to the statement."""
    pairs = list(oids)
    if not pairs or then.at is None:
        return pairs[0] if pairs else None
    when = then.past.commits[then.at].committed
    return min(pairs, key=lambda pair: abs(then.past.commits[pair[0]].committed - when))
