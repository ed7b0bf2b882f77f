"""What RepoOps changes in git itself: refs, the index file, and the object store."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from repoops.files import RelPath
from repoops.vcs.read import Repository
from repoops.vcs.run import git, text


def index_path(repo: Repository) -> Path:
    """This work tree's index file, which may not exist yet."""
    return Path(
        text(git(repo.root, "rev-parse", "--path-format=absolute", "--git-path", "index")).rstrip("\n")
    )


def store_blobs(repo: Repository, contents: Iterable[bytes]) -> list[str]:
    """Puts contents into the object store, as they are, by one git, and returns their ids."""
    with tempfile.TemporaryDirectory(prefix="repoops-blobs-") as folder:
        paths = []
        for number, data in enumerate(contents):
            paths.append(Path(folder, str(number)))
            paths[-1].write_bytes(data)
        if not paths:
            return []
        listed = "".join(f"{path}\n" for path in paths).encode()
        said = git(repo.root, "hash-object", "-w", "--no-filters", "--stdin-paths", stdin=listed)
    return text(said).split()


def read_ref(repo: Repository, ref: str) -> str | None:
    """The object a ref names directly; None where there is none."""
    if ref == "HEAD":
        return text(git(repo.root, "rev-parse", "-q", "--verify", "HEAD", ok=(0, 1))).strip() or None
    return text(git(repo.root, "for-each-ref", "--format=%(objectname)", "--", ref)).strip() or None


def set_ref(repo: Repository, ref: str, old: str | None, new: str | None, message: str) -> None:
    """Moves a ref from `old` to `new`; git refuses if it is not at `old`."""
    zero = "0" * len(old or new or "0" * 40)
    if new is None:
        git(repo.root, "update-ref", "--no-deref", "-m", message, "-d", ref, old or zero)
    else:
        git(repo.root, "update-ref", "--no-deref", "--create-reflog", "-m", message, ref, new, old or zero)


def edit_index(repo: Repository, index: Path, rows: Sequence[tuple[RelPath, tuple[str, str] | None]]) -> None:
    """Sets rows of an index file that git does not use at the moment, and renews its stat data.

    Args:
        repo: the repository whose work tree the index is of.
        index: the file; made if absent.
        rows: path and `(mode, oid)`, or None to drop every stage of the path.
    """
    zero = "0" * (64 if _is_sha256(repo) else 40)
    lines = [f"0 {zero}\t{path}\0" for path, row in rows if row is None]
    lines += [f"{row[0]} {row[1]} 0\t{path}\0" for path, row in rows if row is not None]
    env = {"GIT_INDEX_FILE": str(index)}
    git(
        repo.root,
        "update-index",
        "-z",
        "--index-info",
        stdin="".join(lines).encode("utf-8", "surrogateescape"),
        env=env,
    )
    git(repo.root, "update-index", "-q", "--really-refresh", env=env, ok=(0, 1))


def read_tree(repo: Repository, index: Path, tree: str) -> None:
    """Makes an index file that git does not use at the moment that of a tree; flags of unchanged rows stay."""
    env = {"GIT_INDEX_FILE": str(index)}
    git(repo.root, "read-tree", "--reset", tree, env=env)
    git(repo.root, "update-index", "-q", "--refresh", env=env, ok=(0, 1))


def lock_of(index: Path) -> Path:
    """The file whose existence keeps git from the index."""
    return index.with_name(index.name + ".lock")


def _is_sha256(repo: Repository) -> bool:
    return text(git(repo.root, "rev-parse", "--show-object-format")).strip() == "sha256"


def same_file(a: Path, b: Path) -> bool:
    """Whether two names are one file."""
    try:
        return os.path.samestat(os.lstat(a), os.lstat(b))
    except FileNotFoundError:
        return False


def commit_only(repo: Repository, paths: Sequence[RelPath], message: str) -> str:
    """Commits the named paths as they lie on disk and nothing else; what is staged of others stays staged. Hooks do not run."""
    literal = [f":(top,literal){path}" for path in paths]
    present = [spec for spec, path in zip(literal, paths, strict=True) if os.path.lexists(repo.root / path)]
    git(repo.root, "add", "-f", "--", *present)
    known = set(text(git(repo.root, "ls-files", "-z", "--full-name", "--", *literal)).split("\0"))
    gone = [path for path in paths if not os.path.lexists(repo.root / path) and path in known]
    git(
        repo.root,
        "commit",
        "-q",
        "--no-verify",
        "-m",
        message,
        "--only",
        "--",
        *present,
        *(f":(top,literal){p}" for p in gone),
    )
    return text(git(repo.root, "rev-parse", "HEAD")).strip()
