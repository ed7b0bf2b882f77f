"""The index: an SQLite database with FTS5 under the git directory, brought up to date before each search.

It is a cache: whatever it holds is read again from the repository where it is lost, damaged or of another version.
"""

from __future__ import annotations

import contextlib
import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from repoops.errors import RepoOpsError
from repoops.files import RelPath
from repoops.progress import Progress, silent
from repoops.search import found as files
from repoops.search import kinds
from repoops.search.passage import Passage, Source
from repoops.vcs import log
from repoops.vcs.read import Repository

_VERSION = 3
"""Of tables and of what is put into them; a database of another one is made anew."""
_BATCH = 5000
"""Passages that are put in at a time."""
_TABLES = """
CREATE TABLE source (id INTEGER PRIMARY KEY, kind TEXT, name BLOB UNIQUE, stamp TEXT, date TEXT, outcome TEXT, title TEXT);
CREATE TABLE passage (id INTEGER PRIMARY KEY, source INTEGER, line INTEGER, kinds INTEGER, heading TEXT, text TEXT);
CREATE INDEX passage_source ON passage (source);
CREATE VIRTUAL TABLE words USING fts5 (heading, text, content=passage, content_rowid=id, tokenize='porter unicode61');
CREATE TABLE version (blob TEXT PRIMARY KEY, date TEXT) WITHOUT ROWID;
CREATE TABLE state (key TEXT PRIMARY KEY, value TEXT);
"""


@dataclass(frozen=True, slots=True)
class Updated:
    """What bringing it up to date did: sources that were read, and that went; and how many sources and passages there are."""

    read: int
    gone: int
    sources: int
    passages: int


@contextmanager
def opened(repo: Repository) -> Iterator[sqlite3.Connection]:
    """The database, made where there is none; a damaged one is made anew.

    Raises:
        RepoOpsError: SQLite was built without FTS5, or the folder cannot be written.
    """
    path = repo.state / "search" / "index.sqlite"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(_connect(path)) as db:
            yield db
    except (sqlite3.OperationalError, OSError) as error:
        raise RepoOpsError(f"the search index cannot be used: {error}", where=str(path), remedy="check the folder, or remove the file: it is made anew") from None  # fmt: skip


def _connect(path: Path) -> sqlite3.Connection:
    for last in (False, True):
        db = sqlite3.connect(path, timeout=60, isolation_level=None)
        try:
            db.execute("PRAGMA journal_mode=WAL")
            db.execute("PRAGMA synchronous=OFF")  # a cache: what a power cut spoils is made anew
            with _transaction(db):
                if db.execute("PRAGMA user_version").fetchone()[0] != _VERSION:
                    _make(db)
            db.execute("SELECT count(*) FROM source, state").fetchone()
        except sqlite3.DatabaseError as error:
            db.close()
            if last or (isinstance(error, sqlite3.OperationalError) and "locked" in str(error)):
                raise
            for suffix in ("", "-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    Path(f"{path}{suffix}").unlink()
        else:
            return db
    raise AssertionError


def _make(db: sqlite3.Connection) -> None:
    for name, kind in db.execute(
        "SELECT name, type FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'words_%' AND name NOT LIKE 'sqlite_%'"
    ).fetchall():
        db.execute(f"DROP {kind} {name}")
    for statement in _TABLES.strip().split(";\n"):
        db.execute(statement)
    db.execute(f"PRAGMA user_version = {_VERSION}")


@contextmanager
def _transaction(db: sqlite3.Connection) -> Iterator[None]:
    db.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        db.execute("ROLLBACK")
        raise
    db.execute("COMMIT")


def update(
    db: sqlite3.Connection, repo: Repository, archive: RelPath, progress: Progress = silent
) -> Updated:
    """Reads what is new or has changed since it was last read, and forgets what is gone; all or nothing.

    Args:
        db: of `opened`.
        repo: the repository.
        archive: where session logs and their evidence go.
        progress: told of each source that is read.
    """
    with _transaction(db):
        fresh = db.execute("SELECT count(*) FROM source").fetchone()[0] == 0
        tips = log.tips(repo)
        read, gone = _commits(db, repo, tips, progress)
        algorithm = "sha256" if any(len(tip) == 64 for tip in tips) else "sha1"
        there = dict(db.execute("SELECT name, stamp FROM source WHERE kind != 'commit'"))
        now = {found.name: found for found in files.files(repo, archive)}
        lost = [name for name in there if name not in now]
        new = [found for name, found in now.items() if there.get(name) != found.stamp]
        gone += len(lost)
        _remove(db, [*lost, *(found.name for found in new if found.name in there)])
        dates = dict(db.execute("SELECT blob, date FROM version")) if new else {}
        writer = _Writer(db)
        for number, found in enumerate(new):
            progress(number, len(new), "reading")
            source = found.read(dates, algorithm)
            # one that holds nothing of ours is remembered all the same, so that it is not read again
            writer.add(source or Source("page", found.name, "", "", "", ()), found.stamp)
        writer.flush()
        if fresh and new:
            db.execute("INSERT INTO words (words) VALUES ('optimize')")
    sources, passages = db.execute(
        "SELECT (SELECT count(*) FROM source), (SELECT count(*) FROM passage)"
    ).fetchone()
    return Updated(read + len(new), gone, sources, passages)


def _commits(
    db: sqlite3.Connection, repo: Repository, tips: tuple[str, ...], progress: Progress
) -> tuple[int, int]:
    stored = db.execute("SELECT value FROM state WHERE key = 'tips'").fetchone()
    since: list[str] = json.loads(stored[0]) if stored else []
    now = list(tips)
    if since == now:
        return 0, 0
    gone = 0
    if since and not log.all_reachable(repo, since, now):
        since = []  # history was rewritten: what is no longer reached is forgotten
        gone = db.execute("SELECT count(*) FROM source WHERE kind = 'commit'").fetchone()[0]
        _remove(db, [name for (name,) in db.execute("SELECT name FROM source WHERE kind = 'commit'")])
        db.execute("DELETE FROM version")
    progress(0, 1, "reading the history")
    read = 0
    writer = _Writer(db)
    for message in log.messages_since(repo, now, since):
        subject = message.text.partition("\n")[0]
        passage = Passage(1, "", message.text.strip(), kinds.of_commit(subject))
        writer.add(Source("commit", message.id.encode(), message.date, "", subject, (passage,)), "")
        read += 1
    writer.flush()
    _versions(db, log.versions_since(repo, now, since, files.SUFFIXES))
    db.execute("INSERT OR REPLACE INTO state VALUES ('tips', ?)", (json.dumps(now),))
    return read, gone


def _versions(db: sqlite3.Connection, versions: Iterable[tuple[str, str, str]]) -> None:
    """Notes of each version when it first came to be; a renamed one is as old as it was under its former name."""
    dates = dict(db.execute("SELECT blob, date FROM version"))
    for blob, date, origin in versions:
        dates.setdefault(blob, dates.get(origin, date))
    db.executemany("INSERT OR IGNORE INTO version VALUES (?, ?)", dates.items())


class _Writer:
    """Puts sources in, many at a time; on its end all of them are in."""

    def __init__(self, db: sqlite3.Connection) -> None:
        self._db = db
        self._source, self._passage = db.execute("SELECT (SELECT ifnull(max(id), 0) FROM source), (SELECT ifnull(max(id), 0) FROM passage)").fetchone()  # fmt: skip
        self._sources: list[tuple[object, ...]] = []
        self._passages: list[tuple[object, ...]] = []

    def add(self, source: Source, stamp: str) -> None:
        self._source += 1
        self._sources.append(
            (self._source, source.kind, source.name, stamp, source.date, source.outcome, source.title)
        )
        for passage in source.passages:
            self._passage += 1
            self._passages.append((self._passage, self._source, passage.line, passage.kinds, passage.heading, passage.text))  # fmt: skip
        if len(self._passages) > _BATCH:
            self.flush()

    def flush(self) -> None:
        self._db.executemany("INSERT INTO source VALUES (?, ?, ?, ?, ?, ?, ?)", self._sources)
        self._db.executemany("INSERT INTO passage VALUES (?, ?, ?, ?, ?, ?)", self._passages)
        words = ((row[0], row[4], row[5]) for row in self._passages)
        self._db.executemany("INSERT INTO words (rowid, heading, text) VALUES (?, ?, ?)", words)
        self._sources, self._passages = [], []


def _remove(db: sqlite3.Connection, names: Iterable[bytes]) -> None:
    for name in names:
        (at,) = db.execute("SELECT id FROM source WHERE name = ?", (name,)).fetchone()
        db.execute(
            "INSERT INTO words (words, rowid, heading, text) SELECT 'delete', id, heading, text FROM passage WHERE source = ?", (at,)
        )  # fmt: skip
        db.execute("DELETE FROM passage WHERE source = ?", (at,))
        db.execute("DELETE FROM source WHERE id = ?", (at,))
