"""What is true on disk after the logs were moved: counted afresh, and held against what was there before."""

from __future__ import annotations

import os
from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import asdict, dataclass, field
from typing import Any

from repoops.archive.survey import Document, Reach, Survey, reaches, survey
from repoops.files import RelPath
from repoops.markdown.links import is_markdown
from repoops.progress import Progress, silent
from repoops.vcs.read import Repository
from repoops.vcs.run import git, records


@dataclass(frozen=True, slots=True)
class Lost:
    """A link that led somewhere before and does not lead there now; `file` and `line` are where it stands now."""

    file: RelPath
    line: int
    raw: str
    target: RelPath


@dataclass(frozen=True, slots=True)
class Measured:
    """Counts taken from disk and from git.

    Attributes:
        root_before, root_after: files in the root, tracked or untracked and not ignored.
        moved: files that are at their new place and no longer at the old one.
        tracked: how many of them are tracked; `renames`: how many of those git shows as renames.
        links: links that led somewhere before; `rewritten`: how many of them read otherwise now.
        mentions: how many more code spans than before name a moved file by its new path.
        broken: links that led somewhere before and do not lead to the same place now.
        dangling: links that led nowhere before, and were left alone.
    """

    root_before: int
    root_after: int
    moved: int
    tracked: int
    renames: int
    links: int
    rewritten: int
    mentions: int
    dangling: int
    broken: tuple[Lost, ...]

    @property
    def agrees(self) -> bool:
        """Whether every link leads where it did, and git sees every tracked move."""
        return not self.broken and self.renames == self.tracked

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        return asdict(self)


def measure(
    repo: Repository,
    before: Survey,
    moves: Mapping[RelPath, RelPath],
    *,
    folders: Mapping[RelPath, RelPath],
    page: RelPath,
    progress: Progress = silent,
) -> Measured:
    """Reads the repository again and compares.

    Args:
        repo: the repository, after the moves.
        before: what it was like before them.
        moves: old path to new.
        folders: folders that moved whole.
        page: the archive's index, whose links are new: they only have to lead somewhere.
        progress: told of each file read.
    """
    pages = {
        moves.get(path, path) for path, d in before.documents.items() if d.scan and not is_markdown(path)
    }
    after = survey(repo, (), pages=pages, progress=progress)
    renames = _renames(repo)
    moved = {**moves, **folders}
    tally = _Tally()
    names = {new.encode("utf-8", "surrogateescape") for new in moves.values()}
    for path, document in before.documents.items():
        here = moved.get(path, path)
        now = after.documents.get(here)
        was = reaches(path, document.scan, before.places)
        found = reaches(here, now.scan if now else None, after.places)
        if here == page:
            known = {reach.raw for reach in was if reach.path is None}
            tally.hold_page(page, [reach for reach in found if reach.raw not in known])
        else:
            tally.hold(here, was, found, moved)
            tally.mentions += _mentions(now, names) - _mentions(document, names)
    if page not in before.documents and page in after.documents:
        tally.hold_page(page, reaches(page, after.documents[page].scan, after.places))
    return Measured(
        root_before=before.root_files(),
        root_after=after.root_files(),
        moved=sum(_lies(repo, new) and not _lies(repo, old) for old, new in moves.items()),
        tracked=sum(old in before.rows for old in moves),
        renames=sum(renames.get(new) == old for old, new in moves.items()),
        links=tally.links,
        rewritten=tally.rewritten,
        mentions=tally.mentions,
        dangling=tally.dangling,
        broken=tuple(tally.broken),
    )


@dataclass(slots=True)
class _Tally:
    links: int = 0
    rewritten: int = 0
    mentions: int = 0
    dangling: int = 0
    broken: list[Lost] = field(default_factory=list)

    def hold(
        self, here: RelPath, was: list[Reach], now: list[Reach], moved: Mapping[RelPath, RelPath]
    ) -> None:
        """Holds each link of a file against what it led to before; they come in the same order."""
        for number, old in enumerate(was):
            if old.path is None:
                self.dangling += 1
                continue
            self.links += 1
            new = now[number] if number < len(now) else None
            wanted = moved.get(old.path, old.path)
            if new is None or (new.path, new.suffix) != (wanted, old.suffix):
                self.broken.append(Lost(here, new.line if new else old.line, old.raw, wanted))
            else:
                self.rewritten += new.raw != old.raw

    def hold_page(self, page: RelPath, now: list[Reach]) -> None:
        """The archive's index gains links: each has to lead somewhere."""
        self.broken += [Lost(page, reach.line, reach.raw, "") for reach in now if reach.path is None]


def _mentions(document: Document | None, names: AbstractSet[bytes]) -> int:
    """How often one of some names stands alone between two backticks."""
    disk = document.disk if document is not None else None
    return sum(piece.strip().removeprefix(b"./") in names for piece in (disk or b"").split(b"`"))


def _lies(repo: Repository, path: RelPath) -> bool:
    return os.path.lexists(repo.root / path)


def _renames(repo: Repository) -> dict[RelPath, RelPath]:
    """New path to old, as git shows what is staged with its own defaults."""
    fields = iter(records(git(repo.root, "diff", "--cached", "-M", "--no-ext-diff", "--name-status", "-z")))
    found = {}
    for status in fields:
        path = next(fields)
        if status[0] in "RC":
            new = next(fields)
            if status[0] == "R":
                found[new] = path
    return found
