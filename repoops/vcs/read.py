"""What git knows, read through plumbing with `-z`; nothing here changes a repository."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from repoops.errors import RepoOpsError
from repoops.files import RelPath
from repoops.report.evidence import Subject
from repoops.vcs.run import GitError, git, records, text


@dataclass(frozen=True, slots=True)
class Repository:
    """Where a work tree and its git directory lie.

    `git_dir` is this work tree's own (`.git/worktrees/NAME` in a linked one); `state` is where
    RepoOps keeps its journal, `git rev-parse --git-path repoops`.
    """

    root: Path
    git_dir: Path
    common_dir: Path
    state: Path


@dataclass(frozen=True, slots=True)
class Entry:
    """One row of the index: `mode` as git writes it (`100644`), `stage` 0 unless unmerged."""

    path: RelPath
    mode: str
    oid: str
    stage: int


@dataclass(frozen=True, slots=True)
class Head:
    """`commit` is None before the first commit, `branch` (`refs/heads/…`) is None when detached."""

    commit: str | None
    branch: str | None


@dataclass(frozen=True, slots=True)
class Status:
    """One line of `status --porcelain=v2`: `xy` is the two-letter code, `??` untracked, `!!` ignored."""

    xy: str
    path: RelPath
    origin: RelPath | None = None


def open_repository(start: str | os.PathLike[str] = ".") -> Repository:
    """Finds the repository that holds `start`.

    Raises:
        RepoOpsError: there is none, it is bare, or git refuses it (owner, format).
    """
    at = str(Path(start).resolve())
    try:
        answer = git(
            start, "rev-parse", "--path-format=absolute", "--show-toplevel", "--absolute-git-dir",
            "--git-common-dir", "--git-path", "repoops",
        )  # fmt: skip
    except GitError as error:
        if "not a git repository" in error.stderr:
            raise RepoOpsError(
                "not a git repository", where=at, remedy="change into one, or: git init"
            ) from None
        if "must be run in a work tree" not in error.stderr:
            raise
        if text(git(start, "rev-parse", "--is-bare-repository")).strip() == "true":
            raise RepoOpsError(
                "a bare repository has no work tree", where=at, remedy="add one: git worktree add ../work"
            ) from None
        raise RepoOpsError(
            "inside a git directory, not a work tree", where=at, remedy="change to the work tree"
        ) from None
    root, git_dir, common, state = (Path(line) for line in text(answer).rstrip("\n").split("\n"))
    return Repository(root, git_dir, common, state)


_IN_PROGRESS = {
    "MERGE_HEAD": ("merge", "git merge --abort"),
    "rebase-merge": ("rebase", "git rebase --abort"),
    "rebase-apply": ("rebase", "git rebase --abort"),
    "CHERRY_PICK_HEAD": ("cherry-pick", "git cherry-pick --abort"),
    "REVERT_HEAD": ("revert", "git revert --abort"),
    "BISECT_LOG": ("bisect", "git bisect reset"),
}


def refuse_in_progress(repo: Repository, doing: str) -> None:
    """Raises if a merge, rebase, cherry-pick, revert or bisect has begun and not ended, or the index is locked."""
    for name, (what, abort) in _IN_PROGRESS.items():
        if (repo.git_dir / name).exists():
            raise RepoOpsError(
                f"{doing} cannot be done during a {what}",
                where=str(repo.git_dir / name),
                remedy=f"finish it, or: {abort}",
            )
    lock = repo.git_dir / "index.lock"
    if lock.exists():
        raise RepoOpsError(
            "another git process holds the index",
            where=str(lock),
            remedy="wait for it; if none runs, a crash left the file: remove it",
        )


def head(repo: Repository) -> Head:
    """HEAD's commit and branch."""
    commit = text(git(repo.root, "rev-parse", "-q", "--verify", "HEAD^{commit}", ok=(0, 1))).strip() or None
    said = (repo.git_dir / "HEAD").read_text(encoding="utf-8", errors="surrogateescape").strip()
    if said == "ref: refs/heads/.invalid":  # the reftable format keeps HEAD elsewhere
        said = "ref: " + text(git(repo.root, "symbolic-ref", "-q", "HEAD", ok=(0, 1))).strip()
    branch = (said.removeprefix("ref: ") if said.startswith("ref: ") else "") or None
    return Head(commit, branch)


def resolve(repo: Repository, name: str) -> str | None:
    """The commit a name stands for, or None."""
    out = git(
        repo.root, "rev-parse", "-q", "--verify", "--end-of-options", name + "^{commit}", ok=(0, 1, 128)
    )
    return text(out).strip() or None


def index(repo: Repository, paths: Sequence[RelPath] = ()) -> list[Entry]:
    """The index's rows, all of them or those of some paths."""
    entries = []
    for record in records(git(repo.root, "ls-files", "-s", "-z", "--full-name", "--", *_literal(paths))):
        meta, path = record.split("\t", 1)
        mode, oid, stage = meta.split(" ")
        entries.append(Entry(path, mode, oid, int(stage)))
    return entries


def tracked(repo: Repository) -> list[RelPath]:
    """Every path in the index, once."""
    return list(dict.fromkeys(entry.path for entry in index(repo)))


def messages(repo: Repository, most: int | None = None, since: str | None = None) -> list[tuple[str, str]]:
    """Id and message of the newest commits of HEAD, at most so many, not those that `since` reaches; none where nothing was committed."""
    if head(repo).commit is None:
        return []
    limit = [] if most is None else [f"--max-count={most}"]
    span = f"{since}..HEAD" if since else "HEAD"
    said = records(git(repo.root, "log", *limit, "-z", "--format=%H%n%B", span, "--"))
    return [(id_, body) for id_, _, body in (record.partition("\n") for record in said)]


def untracked(repo: Repository) -> list[RelPath]:
    """Files that are neither tracked nor ignored."""
    return records(git(repo.root, "ls-files", "-o", "--exclude-standard", "-z", "--full-name"))


def ignored(repo: Repository, paths: Iterable[RelPath]) -> set[RelPath]:
    """Those of `paths` that git's exclude rules cover, whether or not they are tracked."""
    listed = "\0".join(paths)
    if not listed:
        return set()
    out = git(
        repo.root, "check-ignore", "--no-index", "-z", "--stdin",
        stdin=listed.encode("utf-8", "surrogateescape"), ok=(0, 1),
    )  # fmt: skip
    return set(records(out))


def status(repo: Repository, *, untracked_files: str = "all", ignored_files: bool = False) -> list[Status]:
    """`git status --porcelain=v2`, parsed; submodules as git shows them."""
    args = ["status", "--porcelain=v2", "-z", f"--untracked-files={untracked_files}"]
    if ignored_files:
        args.append("--ignored=traditional")
    rows = []
    pending = iter(records(git(repo.root, *args)))
    for record in pending:
        kind = record[0]
        if kind == "1":
            rows.append(Status(record.split(" ", 8)[1], record.split(" ", 8)[8]))
        elif kind == "2":
            fields = record.split(" ", 9)
            rows.append(Status(fields[1], fields[9], next(pending)))
        elif kind == "u":
            rows.append(Status(record.split(" ", 10)[1], record.split(" ", 10)[10]))
        elif kind in "?!":
            rows.append(Status(kind * 2, record[2:]))
    return rows


def blobs(repo: Repository, oids: Sequence[str]) -> list[bytes]:
    """The contents of blobs, in order, by one `cat-file --batch`."""
    if not oids:
        return []
    out = git(repo.root, "cat-file", "--batch", stdin="".join(f"{oid}\n" for oid in oids).encode())
    found, at = [], 0
    for oid in oids:
        end = out.index(b"\n", at)
        header = out[at:end].split(b" ")
        if len(header) != 3:
            raise RepoOpsError(
                "git has no such object", where=oid, remedy="fetch it: the clone is partial or damaged"
            )
        size = int(header[2])
        found.append(out[end + 1 : end + 1 + size])
        at = end + 1 + size + 1
    return found


def subject(repo: Repository, exclude: Sequence[RelPath] = ()) -> Subject:
    """What the work tree is right now, uncommitted and untracked files included, as a git tree id.

    The tree is written into a temporary object folder through a temporary index, so that the
    repository stays as it was to the byte. Ignored files are no part of it; `exclude` names files
    and folders that are not either (the summary cannot be part of what it describes).
    """
    at = head(repo)
    with _apart(repo) as env:
        copy_index(repo, env)
        git(repo.root, "add", "-A", "--", ".", env=env)
        drop = [p for p in exclude if p]
        if drop:
            git(repo.root, "rm", "-r", "-q", "--cached", "--ignore-unmatch", "--", *_literal(drop), env=env)
        tree = text(git(repo.root, "write-tree", env=env)).strip()
        committed = None if at.commit is None else committed_tree(repo, at.commit, drop)
    return Subject(commit=at.commit, tree=tree, dirty=tree != committed, exclude=tuple(drop))


def committed_tree(repo: Repository, commit: str, exclude: Sequence[RelPath] = ()) -> str:
    """The tree id of a commit less some paths; equals `subject(…).tree` where the work tree was that commit's."""
    if not exclude:
        return text(git(repo.root, "rev-parse", "--verify", commit + "^{tree}")).strip()
    with _apart(repo) as env:
        git(repo.root, "read-tree", commit, env=env)
        git(repo.root, "rm", "-r", "-q", "--cached", "--ignore-unmatch", "--", *_literal(exclude), env=env)
        return text(git(repo.root, "write-tree", env=env)).strip()


@contextlib.contextmanager
def _apart(repo: Repository) -> Iterator[dict[str, str]]:
    """The environment of an empty index and an object folder of their own, which go away."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="repoops-tree-") as folder:
        objects = Path(folder, "objects")
        objects.mkdir()
        yield {"GIT_INDEX_FILE": str(Path(folder, "index")), **writing_to(repo, objects)}


def writing_to(repo: Repository, objects: Path) -> dict[str, str]:
    """The environment in which git writes objects into a folder, and reads the repository's own beside them."""
    return {
        "GIT_OBJECT_DIRECTORY": str(objects),
        "GIT_ALTERNATE_OBJECT_DIRECTORIES": str(repo.common_dir / "objects"),
    }


def copy_index(repo: Repository, env: Mapping[str, str]) -> None:
    """Begins the index that an environment names with what the real one holds, so that git need not read every file anew."""
    real = text(git(repo.root, "rev-parse", "--path-format=absolute", "--git-path", "index")).rstrip("\n")
    with contextlib.suppress(FileNotFoundError):
        shutil.copyfile(real, env["GIT_INDEX_FILE"])


def _literal(paths: Iterable[RelPath]) -> list[str]:
    """Paths as pathspecs from the root, with no glob and no magic in them."""
    return [f":(top,literal){path}" for path in paths]
