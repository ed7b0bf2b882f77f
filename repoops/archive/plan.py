"""Turns decisions into steps: moves, the rewriting they ask for, and one change of the index. Touches nothing.

A log that cannot be moved without loss (a link that would break, a rename git would not see, a
symlink that points to it) stays, and the plan says why.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from repoops.archive import index
from repoops.archive.decision import Decision
from repoops.archive.names import free_names
from repoops.archive.references import Mention
from repoops.archive.relinking import Rewriting, rewrite
from repoops.archive.survey import SUBMODULE, Row, Survey, object_id
from repoops.config import Config
from repoops.errors import RepoOpsError
from repoops.files import RelPath, sha256
from repoops.oplog.observe import base, file_state, missing_folders
from repoops.oplog.plan import (
    ABSENT,
    IndexChange,
    MakeFolder,
    Move,
    Plan,
    Refusal,
    SetIndex,
    Step,
    Write,
)
from repoops.vcs.history import FileHistory
from repoops.vcs.read import Repository, ignored, refuse_in_progress


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for beside the decisions.

    Attributes:
        histories: first and last commit of the files decided on, by path.
        references: places in CI, scripts and code that name a file to be moved, to be rewritten with it.
    """

    histories: Mapping[RelPath, FileHistory] = field(default_factory=dict)
    references: tuple[Mention, ...] = ()


def plan_archive(
    repo: Repository,
    found: Survey,
    decisions: Sequence[Decision],
    config: Config,
    request: Request | None = None,
) -> Plan:
    """The plan that moves what was decided on; without steps where nothing is to be moved.

    Raises:
        RepoOpsError: a merge or the like is under way, or the destination cannot be written to.
    """
    request = request or Request()
    refuse_in_progress(repo, "archive")
    destination = config.archive.destination
    _refuse_destination(repo, found, destination)
    wanted = [d.path for d in decisions if d.action == "archive"]
    page = f"{destination}/{index.NAME}"
    stay = dict(_hindrances(repo, found, wanted, destination))
    while True:
        leaving = [path for path in wanted if path not in stay]
        moves = free_names(leaving, destination, found, request.histories)
        done = rewrite(repo, found, moves, page=page, references=request.references)
        if not done.hindered:
            break
        stay |= done.hindered
    refusals = tuple(Refusal(path, why) for path, why in stay.items())
    if not moves:
        return Plan("archive", base(repo), (), refusals, {"moves": []})
    entries = index.entries(found, moves, request.histories)
    steps = _steps(repo, found, moves, done, entries=entries, destination=destination)
    return Plan("archive", base(repo), tuple(steps), refusals, _facts(found, moves, done, decisions))


def _refuse_destination(repo: Repository, found: Survey, destination: RelPath) -> None:
    missing_folders(repo, destination + "/x")
    parts = destination.split("/")
    for depth in range(1, len(parts) + 1):
        folder = "/".join(parts[:depth])
        row = found.rows.get(folder)
        if (row and row.mode == SUBMODULE) or os.path.lexists(repo.root / folder / ".git"):
            raise RepoOpsError(
                "the archive would lie in another repository",
                where=folder,
                remedy="set archive.destination in repoops.yaml",
            )


def _hindrances(
    repo: Repository, found: Survey, wanted: Iterable[RelPath], destination: RelPath
) -> Iterable[tuple[RelPath, str]]:
    """Files that cannot be moved whatever their links are, each with the reason."""
    wanted = list(wanted)
    hidden = ignored(repo, [f"{destination}/{path.rsplit('/', 1)[-1]}" for path in wanted])
    pointing: dict[RelPath, RelPath] = {}
    for link, leads_to in found.symlinks.items():
        pointing.setdefault(leads_to, link)
    for path in wanted:
        row = found.rows.get(path)
        if path.startswith(destination + "/"):
            yield path, "lies in the archive already"
        elif path in found.symlinks:
            yield path, f"is a symlink to {found.symlinks[path]}, which would lead elsewhere from the archive"
        elif path in pointing:
            yield path, f"{pointing[path]} is a symlink to it"
        elif row and row.flag:
            yield path, f"is marked {row.flag} in the index, so git would not see it move"
        elif path in found.deleted or file_state(repo, path).kind != "file":
            yield path, "is no file in the work tree"
        elif row is None and path not in found.untracked:
            yield path, "is ignored by git, and might not be where it goes"
        elif row is None and f"{destination}/{path.rsplit('/', 1)[-1]}" in hidden:
            yield path, f"is untracked, and {destination} is ignored: it would vanish from git status"


def _steps(
    repo: Repository,
    found: Survey,
    moves: Mapping[RelPath, RelPath],
    done: Rewriting,
    *,
    entries: Sequence[index.Entry],
    destination: RelPath,
) -> Iterable[Step]:
    page = f"{destination}/{index.NAME}"
    yield from (MakeFolder(folder) for folder in missing_folders(repo, page))
    states = {path: file_state(repo, path) for path in (*moves, *done.disk)}
    for old, new in moves.items():
        yield Move(old, new, states[old])
    for path, content in done.disk.items():
        if path == page:
            continue
        document = found.documents.get(path)
        if document and document.disk is not None and states[path].digest != sha256(document.disk):
            raise RepoOpsError("changed while it was read", where=path, remedy="run archive again")
        yield Write(moves.get(path, path), content, states[path], states[path].mode)
    old_page = found.documents.get(page)
    on_disk = index.page(done.disk.get(page) or (old_page.disk if old_page else None), entries, destination)
    before = file_state(repo, page)
    if before == ABSENT or before.digest != sha256(on_disk):
        yield Write(page, on_disk, before, before.mode if before.kind == "file" else 0o644)
    rows = _rows(found, moves, done)
    if rows or (old_page and old_page.row):
        staged = index.page(
            done.staged.get(page) or (old_page.blob if old_page else None), entries, destination
        )
        rows[page] = (old_page.row if old_page else None, staged)
    changes, blobs = _changes(found, moves, rows)
    if changes:
        yield SetIndex(changes, blobs)


def _rows(
    found: Survey, moves: Mapping[RelPath, RelPath], done: Rewriting
) -> dict[RelPath, tuple[Row | None, bytes | None]]:
    """By new path: the row as it was under the old one, and the bytes it gets (None: those it has)."""
    rows: dict[RelPath, tuple[Row | None, bytes | None]] = {}
    for old, new in moves.items():
        if old in found.rows:
            rows[new] = (found.rows[old], done.staged.get(old))
    for path, content in done.staged.items():
        if path not in moves:
            rows[path] = (found.rows[path], content)
    return rows


def _changes(
    found: Survey, moves: Mapping[RelPath, RelPath], rows: Mapping[RelPath, tuple[Row | None, bytes | None]]
) -> tuple[tuple[IndexChange, ...], tuple[bytes, ...]]:
    like = next((row.oid for row in found.rows.values()), "0" * 40)
    changes = [
        IndexChange(old, (found.rows[old].mode, found.rows[old].oid), None)
        for old in moves
        if old in found.rows
    ]
    blobs = []
    for path, (row, content) in rows.items():
        mode = row.mode if row else "100644"
        oid = row.oid if row and content is None else object_id(like, content or b"")
        present = found.rows.get(path)
        old = (present.mode, present.oid) if present else None
        if old != (mode, oid):
            changes.append(IndexChange(path, old, (mode, oid)))
            if content is not None:
                blobs.append(content)
    return tuple(changes), tuple(blobs)


def _facts(
    found: Survey, moves: Mapping[RelPath, RelPath], done: Rewriting, decisions: Sequence[Decision]
) -> dict[str, Any]:
    why = {d.path: [r.detail for r in d.reasons] for d in decisions}
    return {
        "root_files": found.root_files(),
        "moves": [
            {"from": old, "to": new, "tracked": old in found.rows, "reasons": why.get(old, [])}
            for old, new in moves.items()
        ],
        "links": sum(links for links, _ in done.edits.values()),
        "mentions": sum(mentions for _, mentions in done.edits.values()),
        "references": done.references,
        "folders": done.folders,
    }
