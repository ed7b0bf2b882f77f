"""What lies on disk and in the index now: the `before` of every step, and the base of a plan."""

from __future__ import annotations

import os
import stat

from repoops.errors import RepoOpsError
from repoops.files import RelPath, digest, sha256
from repoops.oplog.plan import ABSENT, Base, FileState, MakeFolder, Step, Write
from repoops.vcs.read import Repository, head
from repoops.vcs.run import git


def file_state(repo: Repository, path: RelPath, *, content: bool = True) -> FileState:
    """What lies at a path of the work tree; symlinks are not followed.

    Without `content` no digest is taken: a file of gigabytes that is only renamed need not be read.

    Raises:
        RepoOpsError: it cannot be read, or is neither file, symlink nor folder.
    """
    full = repo.root / path
    try:
        found = os.lstat(full)
        if stat.S_ISLNK(found.st_mode):
            return FileState("symlink", 0, digest(full) if content else None)
        if stat.S_ISDIR(found.st_mode):
            return FileState("folder", stat.S_IMODE(found.st_mode))
        if stat.S_ISREG(found.st_mode):
            return FileState("file", stat.S_IMODE(found.st_mode), digest(full) if content else None)
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT
    except OSError as error:
        raise RepoOpsError(
            f"cannot be read: {error.strerror}",
            where=path,
            remedy="mend its permissions, or leave it out by config",
        ) from None
    raise RepoOpsError(
        "is neither a file, a symlink nor a folder", where=path, remedy="leave it out by config"
    )


def index_digest(repo: Repository) -> str:
    """A digest of what the index means (paths, modes, blobs, stages, flags), not of its stat data."""
    return sha256(git(repo.root, "ls-files", "-s", "-v", "-z"))


def base(repo: Repository) -> Base:
    """The state that a plan made now is for."""
    at = head(repo)
    return Base(at.commit, at.branch, index_digest(repo))


def steps_to_write(repo: Repository, path: RelPath, content: bytes, mode: int | None = None) -> list[Step]:
    """The steps that put a file at a path, missing folders first; none where it already holds that content."""
    before = file_state(repo, path)
    if before.kind == "file" and before.digest == sha256(content) and mode in (None, before.mode):
        return []
    if before.kind not in ("file", "absent"):
        raise RepoOpsError(f"is a {before.kind}, where a file should be written", where=path)
    steps: list[Step] = [MakeFolder(folder) for folder in missing_folders(repo, path)]
    kept = before.mode if before.kind == "file" else 0o644
    return [*steps, Write(path, content, before, kept if mode is None else mode)]


def missing_folders(repo: Repository, path: RelPath) -> list[RelPath]:
    """The folders above a path that do not exist yet, outermost first.

    Raises:
        RepoOpsError: something above it is a file or a symlink: writing would leave the work tree.
    """
    parts = path.split("/")[:-1]
    missing = []
    for depth in range(1, len(parts) + 1):
        folder = "/".join(parts[:depth])
        kind = file_state(repo, folder).kind
        if kind == "absent":
            missing.append(folder)
        elif kind != "folder":
            raise RepoOpsError(
                f"is a {kind}, where a folder is needed", where=folder, remedy="move it aside first"
            )
    return missing
