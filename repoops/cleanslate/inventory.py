"""What lies in a work tree against the commit it is to be reset to: what stays, what goes, and why."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from repoops.cleanslate.protected import FOLDERS, Protected
from repoops.files import RelPath
from repoops.vcs.read import Entry, Repository
from repoops.vcs.run import git, records, text


@dataclass(frozen=True, slots=True)
class Target:
    """The commit to reset to: its id, its tree's id, and path → (mode, oid)."""

    commit: str
    tree: str
    rows: dict[RelPath, tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Gone:
    """Something that goes: a file, symlink or whole folder; `kind` is `tracked`, `untracked` or `folder`."""

    path: RelPath
    kind: str


@dataclass(slots=True)
class Inventory:
    """What a walk over the work tree found.

    Attributes:
        goes: the topmost things that go.
        empties: folder → names of its entries that stay, where more goes than stays.
        stays: path → why, of what is protected.
        keepers: folders that remain because something in them does.
    """

    goes: list[Gone] = field(default_factory=list)
    empties: dict[RelPath, list[str]] = field(default_factory=dict)
    stays: dict[RelPath, str] = field(default_factory=dict)
    keepers: set[RelPath] = field(default_factory=set)


def target_of(repo: Repository, commit: str) -> Target:
    """Reads a commit's tree."""
    tree = text(git(repo.root, "rev-parse", "--verify", commit + "^{tree}")).strip()
    rows = {}
    for record in records(git(repo.root, "ls-tree", "-r", "-z", "--full-tree", tree)):
        meta, path = record.split("\t", 1)
        mode, _, oid = meta.split(" ")
        rows[path] = (mode, oid)
    return Target(commit, tree, rows)


def unchanged(repo: Repository, entries: list[Entry], target: Target) -> set[RelPath]:
    """Tracked paths that on disk are already what the target has; flags that hide a change do not hide it here."""
    at_stage_0 = {e.path: (e.mode, e.oid) for e in entries if e.stage == 0}
    same = {path for path, row in at_stage_0.items() if target.rows.get(path) == row}
    touched = set(records(git(repo.root, "diff-files", "--name-only", "-z", "--ignore-submodules=all")))
    flagged = [(r[0], r[2:]) for r in records(git(repo.root, "ls-files", "-v", "-z")) if r[0] in "hSs"]
    # A sparse checkout leaves these out: they are absent on purpose, and stay so.
    sparse = {path for flag, path in flagged if flag in "Ss" and not os.path.lexists(repo.root / path)}
    touched |= {p for _, p in flagged if p in same and p not in sparse and not _is(repo, p, at_stage_0[p])}
    return (same - touched) | sparse


def _is(repo: Repository, path: RelPath, row: tuple[str, str]) -> bool:
    """Whether a file's content is its index row's, hashed anew through its filters."""
    full = repo.root / path
    mode, oid = row
    if full.is_symlink():
        data = os.fsencode(os.readlink(full))
        return mode == "120000" and text(git(repo.root, "hash-object", "--stdin", stdin=data)).strip() == oid
    if not full.is_file():
        return False
    executable = "100755" if os.access(full, os.X_OK) else "100644"
    return mode == executable and text(git(repo.root, "hash-object", "--", path)).strip() == oid


def take_stock(
    repo: Repository,
    stay: set[RelPath],
    tracked: set[RelPath],
    wanted: Iterable[RelPath],
    protected: Protected,
    here: RelPath,
) -> Inventory:
    """Walks the work tree once.

    Args:
        repo: the repository.
        stay: files that stay because they are right already, and submodules.
        tracked: what the index has.
        wanted: what the target has.
        protected: what else stays.
        here: the current folder, which is emptied entry by entry so that it does not move away below the shell.
    """
    found = Inventory()
    chain = set(_folders_above(here)) | ({here} if here else set())
    found.keepers |= chain
    inhabited = chain | {above for path in stay for above in _folders_above(path)}
    known = tracked.union(wanted)
    holders = {above for path in known for above in _folders_above(path)}
    _walk(_Walk(repo, stay, tracked, known, holders, protected, chain, inhabited, found), "")
    return found


@dataclass(frozen=True, slots=True)
class _Walk:
    """What every folder of one walk is looked at with.

    `known` is what the index or the target has, `holders` are the folders above that; `inhabited` folders
    have something below that stays.
    """

    repo: Repository
    stay: set[RelPath]
    tracked: set[RelPath]
    known: set[RelPath]
    holders: set[RelPath]
    protected: Protected
    chain: set[RelPath]
    inhabited: set[RelPath]
    found: Inventory

    def nothing_below(self, folder: RelPath) -> bool:
        """Whether a folder can go whole: nothing in it stays, at any depth. Reads names only."""
        if folder in self.inhabited:
            return False
        waiting = [os.path.join(self.repo.root, folder)]
        while waiting:
            at = waiting.pop()
            with os.scandir(at) as scanned:
                entries = list(scanned)
            if self.protected.spares([entry.name for entry in entries]):
                return False
            waiting += [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
        return True


def _walk(walk: _Walk, folder: RelPath, shelter: str | None = None) -> bool:
    """Takes stock of one folder; True if anything in it stays.

    In a folder of a protected name that has tracked files too, `shelter` is why all the others stay.
    """
    found, protected = walk.found, walk.protected
    keep: list[str] = []
    leave: list[Gone] = []
    prefix = folder + "/" if folder else ""
    with os.scandir(walk.repo.root / folder if folder else walk.repo.root) as scanned:
        entries = sorted(scanned, key=lambda e: e.name)
    for entry in entries:
        name, path = entry.name, prefix + entry.name
        if not folder and name == ".git":
            keep.append(name)
        elif entry.is_dir(follow_symlinks=False):
            kept_before = len(found.goes), dict(found.empties)
            lent = shelter if path not in walk.holders else None
            if (
                not lent
                and path not in walk.stay
                and walk.nothing_below(path)
                and not protected.folder(path, name, ())
            ):
                leave.append(Gone(path, "folder"))
                continue
            names = os.listdir(entry.path)
            why = "a submodule" if path in walk.stay else protected.folder(path, name, names) or lent
            inner = shelter
            if why and path in walk.holders and protected.by_name_alone(path, name, names):
                why, inner = None, why  # tracked files in it follow the target
            if why:
                found.stays[path] = why
                keep.append(name)
            elif _walk(walk, path, inner):
                keep.append(name)
            else:
                del found.goes[kept_before[0] :]  # the folder goes whole, not piece by piece
                found.empties = kept_before[1]
                leave.append(Gone(path, "folder"))
        elif path in walk.stay:
            keep.append(name)
        elif why := protected.file(path, name) or _sheltered(walk, entry, path, shelter):
            found.stays[path] = why
            keep.append(name)
        else:
            leave.append(Gone(path, "tracked" if path in walk.tracked else "untracked"))
    if folder and len(leave) > 8 + 2 * len(keep) and keep and folder not in walk.chain:
        found.empties[folder] = keep
    else:
        found.goes += leave
    stays = bool(keep) or folder in walk.chain
    if stays and folder:
        found.keepers.add(folder)
    return stays


def _sheltered(walk: _Walk, entry: os.DirEntry[str], path: RelPath, shelter: str | None) -> str | None:
    """Why an untracked entry stays for the sake of its folder's name, or of its own where it links to such a folder."""
    if path in walk.known:
        return None
    return shelter or ("a protected name" if entry.is_symlink() and entry.name in FOLDERS else None)


def _folders_above(path: RelPath) -> Iterator[RelPath]:
    parts = path.split("/")
    return ("/".join(parts[:depth]) for depth in range(1, len(parts)))


def size(repo: Repository, path: RelPath) -> int:
    """Bytes of a file, or of all files below a folder; links count for themselves."""
    full = repo.root / path
    if full.is_symlink() or not full.is_dir():
        try:
            return full.lstat().st_size
        except OSError:
            return 0
    total, waiting = 0, [str(full)]
    while waiting:
        with (
            contextlib.suppress(OSError),
            os.scandir(waiting.pop()) as entries,
        ):  # unreadable: moved all the same
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(entry.path)
                else:
                    total += entry.stat(follow_symlinks=False).st_size
    return total
