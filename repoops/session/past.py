"""Sessions that ended, read again from the evidence beside their summaries."""

from __future__ import annotations

import os

from repoops.errors import RepoOpsError
from repoops.files import RelPath
from repoops.session.recheck import Stored, load
from repoops.vcs.read import Repository


def sessions(repo: Repository, archive: RelPath) -> tuple[list[Stored], list[str]]:
    """Every session whose evidence lies in the archive, the newest first; and what of it could not be read, in words.

    Args:
        repo: the repository.
        archive: where session logs and their evidence go.
    """
    place = f"{archive.rstrip('/')}/evidence"
    found, problems = [], []
    try:
        names = sorted(os.listdir(repo.root / place))
    except OSError:
        return [], []
    for name in names:
        folder = f"{place}/{name}"
        if not (repo.root / folder / "session.json").is_file():
            continue
        try:
            found.append(load(repo, folder, dict.fromkeys(os.listdir(repo.root / folder), "")))
        except RepoOpsError as error:
            problems.append(str(error).replace("\n", "; "))
    return sorted(found, key=lambda stored: stored.facts.end, reverse=True), problems
