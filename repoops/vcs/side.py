"""The exact work tree as git objects, for carrying elsewhere: in an object folder of our own, the user's untouched."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from repoops.errors import RepoOpsError
from repoops.files import RelPath
from repoops.vcs.read import Repository, copy_index, head, writing_to
from repoops.vcs.run import git, records, text


@dataclass(frozen=True, slots=True)
class Carried:
    """A work tree as objects: its tree id, the commit it stands on (None: none yet), the object format.

    `left_behind` names nested repositories, which a tree holds by name alone.
    """

    tree: str
    base: str | None
    format: str
    left_behind: tuple[RelPath, ...] = ()


def side_objects(repo: Repository) -> Path:
    """Where objects lie that only the carried trees need; git's own folder is an alternate of it."""
    return repo.state / "side" / "objects"


def carry(repo: Repository) -> Carried:
    """Writes the work tree, uncommitted and untracked files included, as a tree; ignored files are no part of it.

    Raises:
        RepoOpsError: a submodule with files in it, or files that a filter such as Git LFS keeps
            elsewhere: their content would not come along.
    """
    side_objects(repo).mkdir(parents=True, exist_ok=True)
    at = head(repo)
    with tempfile.TemporaryDirectory(prefix="repoops-carry-") as folder:
        env = {**_environment(repo), "GIT_INDEX_FILE": str(Path(folder, "index"))}
        copy_index(repo, env)
        tracked = set(_gitlinks(repo, env))
        git(repo.root, "add", "-A", "--", ".", env=env)
        links = [path for path in _gitlinks(repo, env) if _filled(repo.root / path)]
        for path in links:
            if path in tracked:
                raise RepoOpsError(
                    "a submodule's files do not travel with the tree",
                    where=path,
                    remedy="run without them (git submodule deinit), or keep their files in this repository",
                )
        _refuse_filters(repo, env)
        tree = text(git(repo.root, "write-tree", env=env)).strip()
    fmt = text(git(repo.root, "rev-parse", "--show-object-format")).strip()
    return Carried(tree, at.commit, fmt, tuple(links))


def pack(repo: Repository, carried: Carried, elsewhere: Iterable[Sequence[str]], file: Path) -> int:
    """Writes a pack of all that a carried tree and its commit need and the other side lacks; returns the number of objects.

    Args:
        repo: the repository.
        carried: what is to be there afterwards.
        elsewhere: pairs of tree and commit (`-`: none) of which the other side has everything.
        file: the pack; self-contained, deltas only among its own objects.
    """
    wanted = _objects(repo, [carried.tree], carried.base)
    for tree, base in elsewhere:
        if _known(repo, [tree, *([base] if base != "-" else [])]):
            wanted -= _objects(repo, [tree], None if base == "-" else base)
    listed = "".join(f"{oid}\n" for oid in sorted(wanted)).encode()
    with tempfile.TemporaryDirectory(prefix="repoops-pack-", dir=file.parent) as folder:
        name = text(
            git(
                repo.root, "pack-objects", "-q", "--threads=1", str(Path(folder, "pack")),
                stdin=listed, env=_environment(repo),
            )
        ).strip()  # fmt: skip
        os.replace(Path(folder, f"pack-{name}.pack"), file)
    return len(wanted)


def _environment(repo: Repository) -> dict[str, str]:
    return writing_to(repo, side_objects(repo))


def _objects(repo: Repository, trees: list[str], base: str | None) -> set[str]:
    """The ids of trees and everything below them, and of a commit with its tree."""
    found = set(trees)
    if base:
        found |= {base, text(git(repo.root, "rev-parse", "--verify", base + "^{tree}")).strip()}
    for top in [*trees, *([base] if base else [])]:
        rows = records(
            git(repo.root, "ls-tree", "-r", "-t", "-z", "--full-tree", top, env=_environment(repo))
        )
        found |= {row.split(" ", 2)[2].split("\t", 1)[0] for row in rows if not row.startswith("160000")}
    return found


def _known(repo: Repository, oids: list[str]) -> bool:
    asked = "".join(f"{oid}\n" for oid in oids).encode()
    said = git(repo.root, "cat-file", "--batch-check", stdin=asked, env=_environment(repo))
    return not any(line.endswith(b" missing") for line in said.splitlines())


def _gitlinks(repo: Repository, env: dict[str, str]) -> list[RelPath]:
    rows = records(git(repo.root, "ls-files", "-s", "-z", "--full-name", env=env))
    return [row.split("\t", 1)[1] for row in rows if row.startswith("160000")]


def _filled(folder: Path) -> bool:
    return folder.is_dir() and any(folder.iterdir())


def _refuse_filters(repo: Repository, env: dict[str, str]) -> None:
    listed = git(repo.root, "ls-files", "-z", env=env)
    said = records(git(repo.root, "check-attr", "-z", "--stdin", "filter", stdin=listed, env=env))
    kept = [
        path
        for path, _, value in zip(said[::3], said[1::3], said[2::3], strict=True)
        if value not in ("unspecified", "unset")
    ]
    if kept:
        raise RepoOpsError(
            f"the content of {len(kept)} file{'s' * (len(kept) > 1)} is kept by a filter such as Git LFS and does not travel",
            where=kept[0],
            remedy="keep what the run needs in git itself, or fetch it on the host",
        )
