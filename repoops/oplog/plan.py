"""What is to be done, as data: steps hold all that apply, recover and undo need, and no code.

Every path is relative to the work tree's root. Contents of `Write` travel in the plan and are
stored beside the journal, under their digest, before the first step is applied.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from repoops.files import RelPath, sha256


@dataclass(frozen=True, slots=True)
class FileState:
    """What lies at a path.

    Attributes:
        kind: `file`, `symlink`, `folder` or `absent`.
        mode: permission bits; 0 where absent or a symlink.
        digest: of a file's bytes or a symlink's target; None for a folder, where absent, and where
            only the kind matters, because the file is renamed and never rewritten.
    """

    kind: str
    mode: int = 0
    digest: str | None = None


ABSENT = FileState("absent")
SYMLINK = 0o120000
"""The mode of a `Write` that makes a symlink; its content is the target."""


@dataclass(frozen=True, slots=True)
class MakeFolder:
    """Makes one folder; its parent exists or is made by an earlier step."""

    path: RelPath


@dataclass(frozen=True, slots=True)
class Move:
    """Renames a file, symlink or folder inside the work tree; nothing lies at `target`."""

    source: RelPath
    target: RelPath
    before: FileState


@dataclass(frozen=True, slots=True)
class Write:
    """Puts `content` at a path; what lay there (`before`, maybe `ABSENT`) is kept for undo, mode and times too."""

    path: RelPath
    content: bytes
    before: FileState
    mode: int = 0o644

    @property
    def after(self) -> FileState:
        """What lies there afterwards."""
        if self.mode == SYMLINK:
            return FileState("symlink", 0, sha256(self.content))
        return FileState("file", self.mode, sha256(self.content))


@dataclass(frozen=True, slots=True)
class Remove:
    """Renames a file, symlink or whole folder into the operation's trash; nothing is deleted."""

    path: RelPath
    before: FileState


@dataclass(frozen=True, slots=True)
class Empty:
    """Removes all of a folder but the entries named in `keep`: the folder is renamed into the trash, made
    anew with its mode, and what is kept is renamed back; a few renames, however many entries go.
    """

    path: RelPath
    keep: tuple[str, ...]
    mode: int


@dataclass(frozen=True, slots=True)
class SetRef:
    """Moves a ref without following symbolic ones; None is absent. A detached `HEAD` is a ref too."""

    ref: str
    old: str | None
    new: str | None
    message: str


@dataclass(frozen=True, slots=True)
class IndexChange:
    """One path's row in the index before and after: `(mode, oid)`, or None where there is none."""

    path: RelPath
    old: tuple[str, str] | None
    new: tuple[str, str] | None


@dataclass(frozen=True, slots=True)
class SetIndex:
    """Changes the index in one rename. The file as it was is kept whole, flags and conflicts included.

    `blobs` are contents that rows in `changes` name and the object store may lack: stored first.
    With a `tree` the new index is that tree's, as `git read-tree --reset` makes it, and `changes` only
    tell what that comes to.
    """

    changes: tuple[IndexChange, ...]
    blobs: tuple[bytes, ...] = ()
    tree: str | None = None


Step = MakeFolder | Move | Write | Remove | Empty | SetRef | SetIndex


@dataclass(frozen=True, slots=True)
class Refusal:
    """Something the command leaves alone on purpose, and why."""

    path: RelPath
    why: str


@dataclass(frozen=True, slots=True)
class Base:
    """The state a plan was made for: HEAD's commit and branch, and a digest of what the index means."""

    head: str | None
    branch: str | None
    index: str


@dataclass(frozen=True, slots=True)
class Plan:
    """A command's whole intent: printable, pure, equal when computed twice.

    Attributes:
        command: `archive`, `clean-slate`, …; names the operation in `history`.
        base: refused at apply if it is no longer so.
        steps: applied in order; undone in reverse.
        refusals: shown to the user, not applied.
        facts: figures and reasons of the command, plain JSON, kept in the journal for summaries.
    """

    command: str
    base: Base
    steps: tuple[Step, ...]
    refusals: tuple[Refusal, ...] = ()
    facts: dict[str, Any] = field(default_factory=dict)
