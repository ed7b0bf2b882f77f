"""The plan of a clean slate: what `git clean -fdx && git reset --hard TARGET` would leave, reached by renames."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repoops.cleanslate.inventory import Inventory, Target, take_stock, target_of, unchanged
from repoops.cleanslate.protected import Protected
from repoops.errors import RepoOpsError
from repoops.files import RelPath
from repoops.oplog.observe import base
from repoops.oplog.plan import (
    ABSENT,
    SYMLINK,
    Empty,
    FileState,
    IndexChange,
    MakeFolder,
    Plan,
    Refusal,
    Remove,
    SetIndex,
    SetRef,
    Step,
    Write,
)  # fmt: skip
from repoops.vcs.read import Entry, Head, Repository, head, index, resolve
from repoops.vcs.run import git, text
from repoops.vcs.write import read_ref

KEEP = "refs/repoops/keep"


@dataclass(frozen=True, slots=True)
class Slate:
    """What would happen: the plan, what goes and stays, and what is told besides."""

    plan: Plan
    inventory: Inventory
    target: Target
    changed: tuple[RelPath, ...]
    commits: tuple[str, ...]
    stashes: int


def choose_target(repo: Repository, wanted: str | None, configured: str | None) -> tuple[str, str]:
    """The commit to reset to, and why that one: what was asked for, else the configuration, the upstream, HEAD.

    Raises:
        RepoOpsError: there is no such commit, or no commit at all.
    """
    for name, why in ((wanted, "as asked for"), (configured, "clean-slate.onto of the configuration")):
        if name:
            found = resolve(repo, name)
            if found is None:
                raise RepoOpsError(
                    "is no commit", where=name, remedy="name a branch, tag or commit: --onto origin/main"
                )
            return found, f"{name}, {why}"
    upstream = text(git(repo.root, "rev-parse", "-q", "--abbrev-ref", "@{upstream}", ok=(0, 1, 128))).strip()
    if upstream and upstream != "@{upstream}" and (found := resolve(repo, "@{upstream}")):
        return found, f"{upstream}, the upstream of this branch"
    at = head(repo).commit
    if at is None:
        raise RepoOpsError("there is no commit to reset to", remedy="commit something first")
    return at, "HEAD, as this branch has no upstream"


def plan_slate(repo: Repository, commit: str, protected: Protected, here: RelPath) -> Slate:
    """Computes the plan; the one thing written is a dangling commit that holds what is staged, so that git keeps it.

    Args:
        repo: the repository.
        commit: what to reset to.
        protected: what stays beside what is right already.
        here: the current folder, from the root.

    Raises:
        RepoOpsError: conflicts in the index, or a protected file where the target needs another kind.
    """
    at, entries, target = head(repo), index(repo), target_of(repo, commit)
    committed = target if at.commit in (None, commit) else target_of(repo, at.commit)
    if any(e.stage for e in entries):
        raise RepoOpsError(
            "the index holds conflicts", remedy="resolve them, or: git checkout --ours/--theirs, then git add"
        )
    modules = {e.path for e in entries if e.mode == "160000"} | {
        p for p, (mode, _) in target.rows.items() if mode == "160000"
    }
    right = unchanged(repo, entries, target) | modules
    stock = take_stock(repo, right, {e.path for e in entries}, target.rows, protected, here)
    _refuse_conflicts(target, stock)
    writes = [
        path
        for path in target.rows
        if path not in right and path not in stock.stays and not _inside(path, stock.stays)
    ]
    absent = [m for m in modules & target.rows.keys() if not os.path.lexists(repo.root / m)]
    steps = [*_removals(repo, stock), *_writes(repo, target, writes, absent, stock)]
    kept, commits = _keep(repo, at, entries, target, committed)
    steps += kept
    branch = at.branch or "HEAD"
    if at.commit != target.commit:
        steps.append(SetRef(branch, at.commit, target.commit, "repoops clean-slate"))
    changes = _index_changes(entries, target)
    if changes or any(e.path not in right for e in entries):
        steps.append(SetIndex(changes, tree=target.tree))
    facts: dict[str, Any] = {"onto": target.commit, "commits": list(commits)}
    refusals = tuple(Refusal(path, why) for path, why in sorted(stock.stays.items()))
    changed = tuple(e.path for e in entries if e.path not in right)
    stashes = text(git(repo.root, "stash", "list", ok=(0, 1))).count("\n")
    return Slate(
        Plan("clean-slate", base(repo), tuple(steps), refusals, facts),
        stock,
        target,
        changed,
        commits,
        stashes,
    )


def _removals(repo: Repository, stock: Inventory) -> Iterable[Step]:
    """Deepest first, so that a folder is emptied before the one above it."""
    found: list[tuple[RelPath, Step]] = [(g.path, Remove(g.path, _kind(repo, g.path))) for g in stock.goes]
    for folder, keep in stock.empties.items():
        found.append((folder, Empty(folder, tuple(keep), stat.S_IMODE(os.lstat(repo.root / folder).st_mode))))
    return [step for _, step in sorted(found, key=lambda f: (-f[0].count("/"), f[0]))]


def _kind(repo: Repository, path: RelPath) -> FileState:
    """Kind alone: what is renamed and never rewritten need not be read."""
    mode = os.lstat(repo.root / path).st_mode
    kind = "symlink" if stat.S_ISLNK(mode) else "folder" if stat.S_ISDIR(mode) else "file"
    return FileState(kind, 0 if kind == "symlink" else stat.S_IMODE(mode))


def _refuse_conflicts(target: Target, stock: Inventory) -> None:
    """Raises where something stays in a folder in whose place the target has a file."""
    for folder in sorted(f for f in stock.keepers if target.rows.get(f, ("160000",))[0] != "160000"):
        held = next((path for path in sorted(stock.stays) if path.startswith(folder + "/")), None)
        raise RepoOpsError(
            f"{'is protected' if held else 'is the current folder'}, and the target has a file where its folder lies",
            where=held or folder,
            remedy="move it aside" if held else "change to the root",
        )


def _writes(
    repo: Repository, target: Target, paths: list[RelPath], modules: list[RelPath], stock: Inventory
) -> list[Step]:
    """What the target has and the work tree lacks, with the very bytes that git's own checkout would write.

    Submodules that are absent become empty folders, as git makes them.
    """
    steps: list[Step] = []
    made = set(stock.keepers)
    for module in sorted(modules):
        steps += _missing(module + "/", made)
    if not paths:
        return steps
    with tempfile.TemporaryDirectory(prefix="repoops-checkout-") as folder:
        # A work tree of its own: .gitattributes must be the target's, not what lies in the user's at the moment.
        tree = Path(folder, "tree")
        tree.mkdir()
        env = {
            "GIT_INDEX_FILE": str(Path(folder, "index")),
            "GIT_DIR": str(repo.git_dir),
            "GIT_WORK_TREE": str(tree),
        }
        git(tree, "read-tree", target.tree, env=env)
        listed = "".join(f"{path}\0" for path in paths).encode("utf-8", "surrogateescape")
        git(tree, "checkout-index", "-q", "-z", "--stdin", stdin=listed, env=env)
        for path in sorted(paths):
            steps += _missing(path, made)
            full = os.path.join(tree, path)
            if os.path.islink(full):
                steps.append(Write(path, os.fsencode(os.readlink(full)), ABSENT, SYMLINK))
            else:
                steps.append(
                    Write(path, Path(full).read_bytes(), ABSENT, stat.S_IMODE(os.lstat(full).st_mode))
                )
    return steps


def _missing(path: RelPath, made: set[RelPath]) -> Iterable[Step]:
    """Makes the folders above a path that are not there yet, and notes them in `made`."""
    parts = path.split("/")
    for depth in range(1, len(parts)):
        above = "/".join(parts[:depth])
        if above not in made:
            made.add(above)
            yield MakeFolder(above)


def _keep(
    repo: Repository, at: Head, entries: list[Entry], target: Target, committed: Target
) -> tuple[list[Step], tuple[str, ...]]:
    """Refs that keep commits which would be on no branch, and what is staged; and those commits, newest first."""
    steps: list[Step] = []
    commits: tuple[str, ...] = ()
    if at.commit and at.commit != target.commit:
        listed = git(
            repo.root, "for-each-ref", "--format=%(refname)", "refs/heads", "refs/tags", "refs/remotes"
        )
        exclude = [f"^{ref}" for ref in text(listed).split() if ref != at.branch]
        commits = tuple(text(git(repo.root, "rev-list", at.commit, f"^{target.commit}", *exclude)).split())
        if commits:
            steps += _ref(repo, f"{KEEP}/{at.commit[:12]}", at.commit, "commits that were on no other branch")
    if at.commit and {e.path: (e.mode, e.oid) for e in entries} != committed.rows:
        tree = text(git(repo.root, "write-tree")).strip()
        facts = (("NAME", "repoops"), ("EMAIL", "repoops@localhost"), ("DATE", "1970-01-01T00:00:00Z"))
        who = {f"GIT_{who}_{what}": value for who in ("AUTHOR", "COMMITTER") for what, value in facts}
        made = git(repo.root, "commit-tree", tree, "-p", at.commit, "-m", "what was staged", env=who)
        staged = text(made).strip()
        steps += _ref(repo, f"{KEEP}/{staged[:12]}", staged, "what was staged")
    return steps, commits


def _ref(repo: Repository, ref: str, commit: str, message: str) -> list[Step]:
    return [] if read_ref(repo, ref) == commit else [SetRef(ref, None, commit, message)]


def _index_changes(entries: list[Entry], target: Target) -> tuple[IndexChange, ...]:
    rows = {e.path: (e.mode, e.oid) for e in entries}
    paths = sorted({*rows, *target.rows})
    return tuple(
        IndexChange(p, rows.get(p), target.rows.get(p)) for p in paths if rows.get(p) != target.rows.get(p)
    )


def _inside(path: RelPath, folders: dict[RelPath, str]) -> bool:
    parts = path.split("/")
    return any("/".join(parts[:depth]) in folders for depth in range(1, len(parts)))
