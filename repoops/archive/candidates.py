"""Gathers what may be a log: markdown, and text whose name says log, directly in the folders that the configuration names."""

from __future__ import annotations

import os
import posixpath
import re
from collections.abc import Iterable, Iterator, Mapping

from repoops.archive import words
from repoops.archive.expected import expected
from repoops.archive.signals import Candidate
from repoops.archive.survey import Survey
from repoops.config import Config
from repoops.files import RelPath
from repoops.markdown.facts import facts
from repoops.vcs.history import FileHistory, file_histories
from repoops.vcs.read import Repository

_MARKDOWN = (".md", ".markdown")
_MAX_BYTES = 2_000_000
_README = re.compile(
    r"readme(?:[-_.][a-z]{2}(?:[-_][a-z]{2,4})?)?(?:\.(?:md|markdown|rst|txt|adoc))?", re.IGNORECASE
)
"""A README, maybe of one language: README_zh.md, README.pt-BR.md."""


def gather(
    repo: Repository, found: Survey, config: Config, histories: Mapping[RelPath, FileHistory] | None = None
) -> list[Candidate]:
    """Every candidate with what is known of it, sorted by path.

    Args:
        repo: the repository.
        found: what is there.
        config: names the folders; what lies in folders below them is not looked at.
        histories: as `file_histories` gives them for those folders; read where they are not given.
    """
    folders = [folder.strip("/") if folder.strip("/") != "." else "" for folder in config.archive.folders]
    if histories is None:
        histories = file_histories(repo, folders)
    if (
        len({history.first for history in histories.values()})
        == 1
        >= max(h.commits for h in histories.values())
    ):
        histories = {}  # one commit brought everything, or the clone is shallow: of a file it says nothing
    return [c for folder in dict.fromkeys(folders) for c in _in_folder(repo, found, folder, histories)]


def _in_folder(
    repo: Repository, found: Survey, folder: RelPath, histories: Mapping[RelPath, FileHistory]
) -> Iterator[Candidate]:
    listed = {*found.rows, *found.untracked} - found.deleted
    here = {path for path in listed if posixpath.dirname(path) == folder}
    hidden = _hidden(repo, folder) - here
    paths = sorted(path for path in here | hidden if _may_be_a_log(path))
    texts = {path: data for path in paths if (data := _read(repo, found, path)) is not None}
    readmes = [
        (p, data)
        for p in sorted(here)
        if _README.fullmatch(posixpath.basename(p)) and (data := _read(repo, found, p))
    ]
    named = _named(texts, readmes)
    logs = {path: words.words(_stem(path)) for path in texts if _says_log(path) and not expected(path)}
    for path, data in texts.items():
        yield Candidate(
            path,
            facts(data),
            histories.get(path),
            named.get(path),
            _siblings(path, logs),
            hidden=path in hidden,
        )


def _may_be_a_log(path: RelPath) -> bool:
    extension = posixpath.splitext(path)[1].lower()
    return extension in _MARKDOWN or (extension == ".txt" and _says_log(path))


def _says_log(path: RelPath) -> bool:
    return words.first_of(_stem(path), words.LOG, words.LOG_ANYWHERE) is not None


def _stem(path: RelPath) -> str:
    return posixpath.splitext(posixpath.basename(path))[0]


def _hidden(repo: Repository, folder: RelPath) -> set[RelPath]:
    """What else lies in a folder on disk: files that git ignores."""
    try:
        with os.scandir(repo.root / folder) as entries:
            names = [entry.name for entry in entries if entry.is_file(follow_symlinks=False)]
    except (FileNotFoundError, NotADirectoryError):
        return set()
    return {posixpath.join(folder, name) for name in names}


def _read(repo: Repository, found: Survey, path: RelPath) -> bytes | None:
    """A file's bytes; None for a symlink, a folder, what cannot be read, and what is too long to be a log."""
    document = found.documents.get(path)
    if document is not None and document.disk is not None:
        return document.disk if len(document.disk) <= _MAX_BYTES else None
    full = repo.root / path
    try:
        if os.path.islink(full) or os.path.getsize(full) > _MAX_BYTES:
            return None
        return full.read_bytes()
    except OSError:
        return None


def _named(
    texts: Iterable[RelPath], readmes: Iterable[tuple[RelPath, bytes]]
) -> dict[RelPath, tuple[RelPath, int]]:
    """Where a README beside them first names each file."""
    by_name = {posixpath.basename(path).encode("utf-8", "surrogateescape"): path for path in texts}
    if not by_name:
        return {}
    longest_first = sorted(by_name, key=len, reverse=True)
    pattern = re.compile(
        rb"(?<![\w.~/-])(?:\./)?("
        + b"|".join(re.escape(name) for name in longest_first)
        + rb")(?![\w-]|\.\w)"
    )
    named: dict[RelPath, tuple[RelPath, int]] = {}
    for readme, data in readmes:
        for match in pattern.finditer(data):
            named.setdefault(by_name[match[1]], (readme, data.count(b"\n", 0, match.start()) + 1))
    return named


def _siblings(path: RelPath, logs: Mapping[RelPath, list[str]]) -> tuple[RelPath, ...]:
    """Logs that begin with the same word, if it is a topic and not itself a word of logs or guides."""
    first = words.words(_stem(path))[:1]
    if not first or first[0] in words.LOG | words.WORK | words.GUIDE or len(first[0]) < 2:
        return ()
    return tuple(other for other, named in logs.items() if other != path and named[:1] == first)
