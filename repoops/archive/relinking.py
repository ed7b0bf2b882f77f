"""All rewriting that a set of moves asks for, on disk and in the index apart, and which moves it forbids. Writes nothing."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field

from repoops.archive.classify import OUR_SCHEMA, is_ours
from repoops.archive.references import Mention
from repoops.archive.similarity import SEEN_FROM, similarity
from repoops.archive.survey import Document, Survey, object_id
from repoops.files import RelPath
from repoops.markdown.facts import facts
from repoops.markdown.links import may_link
from repoops.markdown.relink import Relinked, relink
from repoops.markdown.resolve import reached
from repoops.vcs.read import Repository, blobs
from repoops.vcs.run import git, records


@dataclass(slots=True)
class Rewriting:
    """What is to be written, by the path before the move, and what stands against the moves.

    Attributes:
        disk: new contents of files in the work tree.
        staged: new contents of index rows.
        hindered: files that have to stay, with the reason; empty once the moves are sound.
        edits: how many links and code spans are rewritten in each file on disk.
        references: how many places in other files are.
        folders: folders that lose their last file, and where that goes.
        moves: what it was computed for, old path to new.
    """

    disk: dict[RelPath, bytes] = field(default_factory=dict)
    staged: dict[RelPath, bytes] = field(default_factory=dict)
    hindered: dict[RelPath, str] = field(default_factory=dict)
    edits: dict[RelPath, tuple[int, int]] = field(default_factory=dict)
    references: int = 0
    folders: dict[RelPath, RelPath] = field(default_factory=dict)
    moves: Mapping[RelPath, RelPath] = field(default_factory=dict)

    def hinder(self, path: RelPath, why: str) -> None:
        """A file has to stay, or one at least of those that would leave a folder empty: then all of them do."""
        for old in [path] if path in self.moves else [m for m in self.moves if posixpath.dirname(m) == path]:
            self.hindered[old] = why


def rewrite(
    repo: Repository,
    found: Survey,
    moves: Mapping[RelPath, RelPath],
    *,
    page: RelPath = "",
    references: Sequence[Mention] = (),
) -> Rewriting:
    """Computes the rewriting for `moves`; with `hindered` filled, ask again without those files.

    Args:
        repo: the repository.
        found: what is there.
        moves: old path to new.
        page: the archive's index: it names files where they came from, so its code spans are left alone.
        references: places that name a moved file in files that are no documents, to be rewritten.
    """
    done = Rewriting(folders=_emptied(found, moves), moves=moves)
    moved = {**moves, **done.folders}
    names = {old.encode("utf-8", "surrogateescape") for old in moves}
    for document in found.documents.values():
        if document.scan is None and not _names_one(document, names):
            continue
        _rewrite_document(
            found, document, moved, done, mentions=document.path != page and not _ours(document)
        )
    _apply(found, references, moves, done)
    for path in _renames_lost(repo, moves, done):  # fewer bytes change where code spans are left alone
        _rewrite_document(found, found.documents[path], moved, done, mentions=False)
    for path in _renames_lost(repo, moves, done):
        done.hindered[path] = "git would not see its rename: rewriting its links changes most of it"
    return done


def _ours(document: Document) -> bool:
    """Whether it is a summary of ours: the words in it are the evidence's, and `audit` would miss them."""
    data = document.disk or b""
    return OUR_SCHEMA.encode() in data[:200] and is_ours(facts(data))  # reading the front matter takes 10 ms


def _names_one(document: Document, names: AbstractSet[bytes]) -> bool:
    """A cheap test that finds every file whose links or code spans may ask for rewriting.

    A code span's content stands between two backticks; a staged version may have links that the file on disk has not.
    """
    texts = {id(t): t for t in (document.disk, document.blob) if t is not None}.values()
    return any(
        piece.strip().removeprefix(b"./") in names for text in texts for piece in text.split(b"`")
    ) or bool(document.blob is not document.disk and document.blob and may_link(document.blob))


def _rewrite_document(
    found: Survey, document: Document, moved: Mapping[RelPath, RelPath], done: Rewriting, *, mentions: bool
) -> None:
    """Both of a file's contents: what is staged may differ from what is on disk, and only our change is to be staged."""
    path = document.path
    for contents in (done.disk, done.staged, done.edits):
        contents.pop(path, None)
    same = document.blob is document.disk
    if document.disk is not None:
        result = relink(document.disk, path, moved, found.places, found=document.scan, mentions=mentions)
        _note_hindrances(found, document, result, moved, done)
        if result.edits:
            done.disk[path] = result.data
            done.edits[path] = (result.links, len(result.edits) - result.links)
            if same:
                done.staged[path] = result.data
    if document.blob is not None and not same:
        result = relink(document.blob, path, moved, found.places, mentions=mentions)
        _note_hindrances(found, document, result, moved, done)
        if result.edits:
            done.staged[path] = result.data


def _note_hindrances(
    found: Survey, document: Document, result: Relinked, moved: Mapping[RelPath, RelPath], done: Rewriting
) -> None:
    """Who has to stay for a link that cannot be rewritten: the file it is in, or else the one it leads to."""
    at = document.path
    for link in result.skipped:
        to = reached(at, link, found.places)
        why = f"its link in line {link.line} cannot be rewritten"
        if at not in moved and to is not None:
            why = f"the link to it in {at}:{link.line} cannot be rewritten"
        done.hinder(at if at in moved or to is None else to[1], why)
    if document.row is not None and document.row.flag and at not in moved:
        back = {new: old for old, new in moved.items()}
        for edit in result.edits:
            marked = f"{at}:{edit.at.line} names it and is marked {document.row.flag} in the index"
            done.hinder(back[edit.target], marked)


def _apply(
    found: Survey, references: Iterable[Mention], moves: Mapping[RelPath, RelPath], done: Rewriting
) -> None:
    """Rewrites references, from the end of each file on."""
    root = found.places.root
    by_file: dict[RelPath, list[Mention]] = {}
    for mention in references:
        if mention.target in moves:
            by_file.setdefault(mention.file, []).append(mention)
    for path, wanted in by_file.items():
        row = found.rows.get(path)
        disk = (root / path).read_bytes() if root is not None else b""
        why = ""
        if path in found.documents or any(disk[m.start : m.end] != m.old for m in wanted):
            why = "which cannot be rewritten"
        elif row is not None and row.flag:
            why = f"which is marked {row.flag} in the index"
        elif row is not None and object_id(row.oid, disk) != row.oid:
            why = "which has changes that are not staged"
        if why:
            for m in wanted:
                done.hinder(m.target, f"{path}:{m.line} names it, {why}")
            continue
        for m in sorted(wanted, key=lambda m: -m.start):
            disk = disk[: m.start] + m.rewritten(moves[m.target]) + disk[m.end :]
        done.references += len(wanted)
        done.disk[path] = disk
        if row is not None:
            done.staged[path] = disk


def _renames_lost(repo: Repository, moves: Mapping[RelPath, RelPath], done: Rewriting) -> list[RelPath]:
    """The moved files of which too little is left for git to see a rename."""
    committed = _committed(repo, [path for path in moves if path in done.staged])
    former = blobs(repo, list(committed.values()))
    return [
        path
        for path, old in zip(committed, former, strict=True)
        if path not in done.hindered and similarity(old, done.staged[path]) < SEEN_FROM
    ]


def _committed(repo: Repository, paths: Sequence[RelPath]) -> dict[RelPath, str]:
    """The blobs that HEAD has under some paths."""
    if not paths or not git(repo.root, "rev-parse", "-q", "--verify", "HEAD", ok=(0, 1)):
        return {}
    listed = {}
    for record in records(git(repo.root, "ls-tree", "-r", "-z", "--full-tree", "HEAD")):
        meta, path = record.split("\t", 1)
        listed[path] = meta.split(" ")[2]
    return {path: listed[path] for path in paths if path in listed}


def _emptied(found: Survey, moves: Mapping[RelPath, RelPath]) -> dict[RelPath, RelPath]:
    """Folders that lose all their files to one other folder: git keeps no empty folder, so links to it follow."""
    leaving: dict[RelPath, set[RelPath]] = {}
    for old, new in moves.items():
        leaving.setdefault(posixpath.dirname(old), set()).add(posixpath.dirname(new))
    emptied = {}
    for folder, targets in leaving.items():
        start = folder + "/"
        left = any(p.startswith(start) and p not in moves for p in found.places.files)
        if folder and not left and len(targets) == 1 and not next(iter(targets)).startswith(start):
            emptied[folder] = next(iter(targets))
    return emptied
