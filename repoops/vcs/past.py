"""What a repository held at any commit: trees, contents, who wrote a line when; read once and kept, changes nothing."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from repoops.files import RelPath
from repoops.vcs import read
from repoops.vcs.read import Repository
from repoops.vcs.run import Batch, GitError, git, text


@dataclass(frozen=True, slots=True)
class PastCommit:
    """One commit of any ref.

    Attributes:
        id, parents, subject: as git has them.
        authored, committed: with the UTC offset that was recorded.
        changed: path → blob id after it, None where it was removed; empty for a merge.
    """

    id: str
    parents: tuple[str, ...]
    authored: datetime
    committed: datetime
    subject: str
    changed: Mapping[RelPath, str | None]


@dataclass(frozen=True, slots=True)
class Tree:
    """The files of a commit, or of the work tree (`commit` None): path → blob id, for the work tree an empty string."""

    commit: str | None
    files: Mapping[RelPath, str]
    names: Mapping[str, tuple[RelPath, ...]] = field(repr=False)

    def find(self, name: str, beside: RelPath = "") -> list[RelPath]:
        """The files that a text may mean by a path: that very path, else one from the text's folder, else all that end so.

        Args:
            name: as written.
            beside: the text's own path.
        """
        wanted = name.removeprefix("./").strip("/")
        folder = beside.rpartition("/")[0]
        for path in (wanted, f"{folder}/{wanted}"):
            if path in self.files:
                return [path]
        last = wanted.rpartition("/")[2]
        return [path for path in self.names.get(last, ()) if path.endswith(f"/{wanted}")]

    def holds_folder(self, name: str) -> bool:
        """Whether any file lies in a folder of that path."""
        return any(path.startswith(f"{name.strip('/')}/") for path in self.files)


def _tree(commit: str | None, files: Mapping[RelPath, str]) -> Tree:
    names: dict[str, list[RelPath]] = {}
    for path in files:
        names.setdefault(path.rpartition("/")[2], []).append(path)
    return Tree(commit, files, {name: tuple(paths) for name, paths in names.items()})


_RECORD = re.compile(r"\x01(?=[0-9a-f]{40,64}\x02)")
_FORGE = re.compile(rb"(?:github|gitlab|bitbucket|codeberg)\.(?:com|org)[/:][\w.-]+/([\w-]+(?:\.[\w-]+)*)")
_BLAMED = re.compile(rb"^([0-9a-f]{40,64}) \d+ (\d+)(?: \d+)?$")


class Past:
    """A repository's history, each question asked of git once. Use it as a context manager."""

    def __init__(self, repo: Repository) -> None:
        self.repo = repo
        self._batch = Batch(repo.root)
        self._trees: dict[str | None, Tree] = {}
        self._lines: dict[str, int | None] = {}
        self._subtrees: dict[str, tuple[tuple[RelPath, str], ...]] = {}
        self._stats: dict[tuple[str | None, str], tuple[int, int, int] | None] = {}
        self._known: dict[str, Any] = {}
        self._added: dict[RelPath, list[int]] = {}
        self._reach: dict[str, frozenset[str]] = {}

    def __enter__(self) -> Past:  # noqa: PYI034 - Self is there from Python 3.11
        return self

    def __exit__(self, kind: type[BaseException] | None, _: object, __: TracebackType | None) -> None:
        self._batch.__exit__()

    @cached_property
    def head(self) -> str | None:
        """HEAD's commit."""
        return read.head(self.repo).commit

    @cached_property
    def shallow(self) -> bool:
        """Whether this clone lacks history, so that what is absent here may well exist."""
        return text(git(self.repo.root, "rev-parse", "--is-shallow-repository")).strip() == "true"

    @cached_property
    def commits(self) -> Mapping[str, PastCommit]:
        """Every commit that a ref or HEAD reaches, newest first, with what it changed: one walk, renames not followed."""
        if self.head is None:
            return {}
        out = git(
            self.repo.root, "log", "--all", "HEAD", "--no-show-signature", "--no-renames", "--raw", "--no-abbrev", "-z",
            "--format=%x01%H%x02%P%x02%aI%x02%cI%x02%s%x02",
        )  # fmt: skip
        found = {}
        for record in _RECORD.split(text(out))[1:]:
            id_, parents, authored, committed, subject, rest = record.split("\x02", 5)
            found[id_] = PastCommit(
                id_, tuple(parents.split()), datetime.fromisoformat(_zone(authored)),
                datetime.fromisoformat(_zone(committed)), subject, dict(_raw(rest)),
            )  # fmt: skip
        return found

    @cached_property
    def versions(self) -> Mapping[RelPath, list[tuple[str, str]]]:
        """Path → (commit, blob id) of every version that any ref has, newest first."""
        found: dict[RelPath, list[tuple[str, str]]] = {}
        for commit in self.commits.values():
            for path, oid in commit.changed.items():
                if oid is not None:
                    found.setdefault(path, []).append((commit.id, oid))
        return found

    @cached_property
    def ever(self) -> Tree:
        """Every path that any commit wrote, as a tree of no commit."""
        return _tree(None, {path: versions[0][1] for path, versions in self.versions.items()})

    @cached_property
    def ancestors(self) -> frozenset[str]:
        """The commits that HEAD reaches."""
        return self.reach(self.head) if self.head else frozenset()

    @cached_property
    def branches(self) -> Mapping[str, str]:
        """Every ref under `refs/heads` and `refs/remotes` → its commit."""
        out = text(
            git(
                self.repo.root,
                "for-each-ref",
                "--format=%(refname) %(objectname)",
                "refs/heads",
                "refs/remotes",
            )
        )
        return dict(line.split(" ", 1) for line in out.splitlines())

    def reach(self, commit: str) -> frozenset[str]:
        """A commit and all before it."""
        if commit in self._reach:
            return self._reach[commit]
        seen: set[str] = set()
        todo = [commit]
        while todo:
            at = todo.pop()
            if at not in seen and at in self.commits:
                seen.add(at)
                todo += self.commits[at].parents
        self._reach[commit] = frozenset(seen)
        return self._reach[commit]

    def around(self, commit: str) -> list[str]:
        """A commit's parents and children: what a text tells of was often committed just before it, or just after."""
        return [*self.commits[commit].parents, *self._children.get(commit, ())]

    @cached_property
    def _children(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for commit in self.commits.values():
            for parent in commit.parents:
                found.setdefault(parent, []).append(commit.id)
        return found

    def tree(self, commit: str | None) -> Tree:
        """The files of a commit; of the work tree, tracked or untracked, where it is None."""
        if commit not in self._trees:
            if commit is None:
                listed = {*read.tracked(self.repo), *read.untracked(self.repo)}
                files = {path: "" for path in sorted(listed) if (self.repo.root / path).is_file()}
            else:
                files = dict(self._below(commit + "^{tree}"))
            self._trees[commit] = _tree(commit, files)
        return self._trees[commit]

    def _below(self, tree: str) -> tuple[tuple[RelPath, str], ...]:
        """Path and blob of every file of a tree; what commits share is read once."""
        if tree not in self._subtrees:
            kind, raw = self._batch.read(tree) or ("", b"")
            at, rows = 0, []
            width = len(self.head or "") // 2
            while kind == "tree" and at < len(raw):
                zero = raw.index(b"\0", at)
                mode, name = raw[at:zero].split(b" ", 1)
                oid = raw[zero + 1 : zero + 1 + width].hex()
                at = zero + 1 + width
                said = text(name)
                if mode == b"40000":
                    rows += [(f"{said}/{path}", blob) for path, blob in self._below(oid)]
                elif mode != b"160000":
                    rows.append((said, oid))
            self._subtrees[tree] = tuple(rows)
        return self._subtrees[tree]

    def content(self, tree: Tree, path: RelPath) -> bytes | None:
        """A file of a tree; None where this clone lacks it."""
        oid = tree.files[path]
        return self.blob(oid) if oid else Path(self.repo.root, path).read_bytes()

    def known(self, key: str, find: Callable[[], Any]) -> Any:
        """What was found under a key before, else what `find` finds now: facts of a blob are the same in every tree."""
        if key not in self._known:
            self._known[key] = find()
        return self._known[key]

    def blob(self, oid: str) -> bytes | None:
        """A blob's content, or None."""
        found = self._batch.read(oid)
        return found[1] if found and found[0] == "blob" else None

    def line_count(self, tree: Tree, path: RelPath) -> int | None:
        """How many lines a file of a tree has; one that does not end in a line break is counted."""
        oid = tree.files[path]
        return self.lines(oid) if oid else _lines(Path(self.repo.root, path).read_bytes())

    def lines(self, oid: str) -> int | None:
        """The same of a blob; None where this clone lacks it."""
        if oid not in self._lines:
            data = self.blob(oid)
            self._lines[oid] = None if data is None else _lines(data)
        return self._lines[oid]

    def blame(self, path: RelPath) -> list[str | None]:
        """For each line of a file as it lies in the work tree, the commit that last touched it; None: not committed.

        Renames of whole files are followed. A file whose history git cannot read in full (a partial
        clone) has for all its lines the commit that last touched it.
        """
        if self.head is None:
            return []
        data = Path(self.repo.root, path).read_bytes()
        oid = self.tree(self.head).files.get(path)
        if oid and self.blob(oid) == data and (writer := self._only_writer(path, oid)):
            return [writer] * _lines(data)
        try:
            out = git(self.repo.root, "blame", "--porcelain", "--", path)
        except GitError:
            last = text(git(self.repo.root, "log", "-1", "--format=%H", "--", path, ok=(0, 128))).strip()
            return [last or None] * _lines(data)
        found: dict[int, str | None] = {}
        for line in out.split(b"\n"):
            if match := _BLAMED.match(line):
                commit = match[1].decode()
                found[int(match[2])] = None if set(commit) == {"0"} else commit
        return [found.get(number) for number in range(1, max(found, default=0) + 1)]

    def _only_writer(self, path: RelPath, oid: str) -> str | None:
        """The commit that wrote a file if it was written once and since only moved as a whole; most logs are such, and need no blame."""
        rows = [row for row in self.versions.get(path, ()) if row[0] in self.ancestors]
        if len(rows) != 1 or rows[0][1] != oid:
            return None
        commit = self.commits[rows[0][0]]
        gone = [old for old, new in commit.changed.items() if new is None]
        if not gone:
            return commit.id
        before = self.tree(commit.parents[0]).files if commit.parents else {}
        same = [old for old in gone if before.get(old) == oid]
        return self._only_writer(same[0], oid) if len(same) == 1 else None

    def starting(self, prefix: str) -> list[str]:
        """The commits whose id begins so."""
        return [id_ for id_ in self.commits if id_.startswith(prefix.lower())]

    def where(self, commit: str) -> str:
        """Where a commit is to be found: `this branch`, or the first ref that reaches it."""
        return "this branch" if commit in self.ancestors else self._homes.get(commit, "no ref")

    @cached_property
    def _homes(self) -> Mapping[str, str]:
        """Commit → the first ref, by name, that reaches it."""
        out = text(git(self.repo.root, "for-each-ref", "--format=%(refname) %(objectname) %(*objectname)"))
        found: dict[str, str] = {}
        for line in out.splitlines():
            ref, *tips = line.split()
            todo = tips[-1:]
            while todo:
                at = todo.pop()
                if at not in found and at in self.commits:
                    found[at] = ref
                    todo += self.commits[at].parents
        return found

    @cached_property
    def _remotes(self) -> str:
        return text(git(self.repo.root, "config", "--get-regexp", r"^remote\..*\.url$", ok=(0, 1))).lower()

    def elsewhere(self, page: bytes) -> bool:
        """Whether a text names a repository on a forge that is none of this one's remotes."""
        named = {match[1].decode().lower().removesuffix(".git") for match in _FORGE.finditer(page)}
        return any(name not in self._remotes for name in named)

    def added(self, path: RelPath) -> list[int]:
        """How many lines each commit that changed a file added to it; the one that made it is left out."""
        if path not in self._added:
            try:
                out = git(
                    self.repo.root, "log", "--all", "--no-show-signature", "--no-renames", "--numstat", "--diff-filter=M",
                    "--format=", "--", f":(top,literal){path}",
                )  # fmt: skip
            except GitError:
                out = b""  # a partial clone
            rows = (row.split("\t") for row in text(out).splitlines())
            self._added[path] = [int(row[0]) for row in rows if row[0].isdigit()]
        return self._added[path]

    @cached_property
    def _nothing(self) -> str:
        """The empty tree, which git knows without having it."""
        return text(git(self.repo.root, "hash-object", "-t", "tree", "--stdin", stdin=b"")).strip()

    def numstat(self, base: str | None, commit: str) -> tuple[int, int, int] | None:
        """Files changed, lines added, lines removed from one commit to another (None: its first parent), renames as git finds them."""
        if (base, commit) not in self._stats:
            self._stats[base, commit] = self._numstat(base, commit)
        return self._stats[base, commit]

    def _numstat(self, base: str | None, commit: str) -> tuple[int, int, int] | None:
        parents = self.commits[commit].parents
        since = base or (parents[0] if parents else self._nothing)
        try:
            out = git(self.repo.root, "diff", "--numstat", "-M", "--no-ext-diff", since, commit, "--")
        except GitError:
            return None  # a partial clone
        rows = [row.split("\t", 2) for row in text(out).splitlines()]
        count = [sum(int(row[side]) for row in rows if row[side] != "-") for side in (0, 1)]
        return len(rows), count[0], count[1]


def _raw(rest: str) -> Iterator[tuple[RelPath, str | None]]:
    fields = iter(rest.split("\0"))
    for meta in fields:
        at = meta.rfind(":")
        if at >= 0 and len(parts := meta[at:].split(" ")) == 5:
            path = next(fields, "")
            yield path, None if parts[4] == "D" else parts[3]


def _lines(data: bytes) -> int:
    return data.count(b"\n") + (bool(data) and not data.endswith(b"\n"))


def _zone(stamp: str) -> str:
    """Python 3.10 reads no `Z`."""
    return stamp[:-1] + "+00:00" if stamp.endswith("Z") else stamp
