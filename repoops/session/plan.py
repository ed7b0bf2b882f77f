"""The steps of a session's end: the earlier summary into the archive, evidence and page in place."""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from datetime import datetime

from repoops.errors import RepoOpsError
from repoops.files import RelPath
from repoops.oplog.observe import file_state, missing_folders
from repoops.oplog.plan import ABSENT, FileState, MakeFolder, Move, Step, Write
from repoops.vcs.read import Repository, tracked, untracked


def refuse_place(repo: Repository, summary: RelPath) -> FileState:
    """What lies where the summary goes; raises unless it is a file or nothing."""
    there = file_state(repo, summary)
    if there.kind not in ("file", "absent"):
        raise RepoOpsError(f"is a {there.kind}, where the summary should be written", where=summary)
    return there


def steps(
    repo: Repository,
    summary: RelPath,
    page: bytes,
    files: Mapping[RelPath, bytes],
    archive: RelPath,
    now: datetime,
) -> list[Step]:
    """Every step, folders first.

    Args:
        repo: the repository.
        summary: where the page goes; what lies there moves to `archive`, its links kept.
        page: the new summary.
        files: evidence, path → content.
        archive: the folder of earlier summaries.
        now: names an earlier summary that does not say when it ended.
    """
    found: list[Step] = []
    folders: list[RelPath] = []
    earlier = refuse_place(repo, summary)
    moved_to = None
    if earlier.kind == "file":
        moved_to = _free(repo, archive, _name(repo, summary, now))
    for path in (*files, summary, *([moved_to] if moved_to else [])):
        folders += [f for f in missing_folders(repo, path) if f not in folders]
    found += [MakeFolder(folder) for folder in folders]
    if moved_to:
        found += _move(repo, summary, moved_to, earlier)
    found += [Write(path, content, file_state(repo, path)) for path, content in files.items()]
    found.append(Write(summary, page, ABSENT))
    return found


def _move(repo: Repository, source: RelPath, target: RelPath, state: FileState) -> list[Step]:
    from repoops.markdown.relink import relink
    from repoops.markdown.resolve import Places

    data = (repo.root / source).read_bytes()
    places = Places((*tracked(repo), *untracked(repo)), repo.root)
    there = relink(data, source, {source: target}, places).data
    step: list[Step] = [Move(source, target, state)]
    return step if there == data else [*step, Write(target, there, state, state.mode)]


def _name(repo: Repository, summary: RelPath, now: datetime) -> str:
    """`SESSION_2025-10-14_1453.md`, of when the earlier summary ended."""
    import yaml

    parts = (repo.root / summary).read_text(encoding="utf-8", errors="replace").split("---\n", 2)
    try:
        matter = yaml.safe_load(parts[1]) if len(parts) == 3 else None
        ended = datetime.fromisoformat(matter["ended"]) if isinstance(matter, dict) else now
    except (yaml.YAMLError, KeyError, ValueError, TypeError):
        ended = now
    return f"SESSION_{ended:%Y-%m-%d_%H%M}.md"


def _free(repo: Repository, folder: RelPath, name: str) -> RelPath:
    stem, suffix = posixpath.splitext(name)
    number = 1
    while file_state(repo, path := posixpath.join(folder, name)).kind != "absent":
        number += 1
        name = f"{stem}_{number}{suffix}"
    return path
