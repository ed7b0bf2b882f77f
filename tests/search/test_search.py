from __future__ import annotations

import json
import re
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repoops.errors import RepoOpsError
from repoops.search.query import expression
from tests.support.repo import Output, Repo

ARCHIVE = "docs/archive/session_logs"
LOG = """\
# Attention session

**Status**: ❌ BLOCKED

## Root cause

The kernel stopped with a misaligned address: each row is 65 halves, 130 bytes.

## Fix

Pad the pitch to 72 halves.

## Lessons

Compute sanitizer is slow.
"""
GUIDE = "# Guide\n\nHow to read a misaligned address report.\n"


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "repo")
    repo.commit(
        "attention: first try", {f"{ARCHIVE}/A.md": LOG, "GUIDE.md": GUIDE}, date="2025-10-14T12:00:00+0200"
    )
    repo.commit(
        "fix: misaligned address in K tiles\n\nThe pitch is 72 halves now.",
        {"a.cu": "int x;\n"},
        date="2025-10-15T12:00:00+0200",
    )
    return repo


def test_a_failure_and_what_solved_it(repo: Repo) -> None:
    assert repo.repoops("search", "misaligned address", "--failed") == Output(
        stdout=f"{ARCHIVE}/A.md:7  2025-10-14  failed  outcome failed  Attention session > Root cause\n"
        "    The kernel stopped with a misaligned address: each row is 65 halves, 130 bytes.\n"
        "    solved at line 11: Pad the pitch to 72 halves.\n",
        stderr="that is all\n",
        code=0,
    )


def test_what_only_a_heading_says_shows_the_first_line_below_that_says_something(repo: Repo) -> None:
    repo.write("B.md", "# B\n\n## Octopus tiles\n\n```\n**Date**: today\n| --- |\nEight arms.\n```\n")
    said = repo.repoops("search", "octopus")
    assert said.stdout.splitlines()[1:] == ["    Eight arms."]
    assert said.stdout.startswith("B.md:8  ")


def hits(repo: Repo, *args: str) -> list[dict[str, Any]]:
    said = repo.repoops("search", "--json", *args)
    assert said.code in (0, 1), said.stderr
    found: list[dict[str, Any]] = json.loads(said.stdout)["hits"]
    return found


def names(repo: Repo, *args: str) -> list[str]:
    return [f"{hit['name']}:{hit['line']}" for hit in hits(repo, *args)]


def test_filters(repo: Repo) -> None:
    fix = repo.git("rev-parse", "HEAD").strip()
    assert set(names(repo, "misaligned address")) == {f"{ARCHIVE}/A.md:7", f"{fix}:1", "GUIDE.md:3"}
    assert names(repo, "misaligned", "--in", "commit") == [f"{fix}:1"]
    assert names(repo, "misaligned", "--since", "2025-10-15") == [f"{fix}:1"]
    assert names(repo, "misaligned", "--until", "2025-10-14", "--outcome", "failed") == [f"{ARCHIVE}/A.md:7"]
    assert names(repo, "sanitizer", "--lesson") == [f"{ARCHIVE}/A.md:15"]
    assert names(repo, "sanitizer", "--decision") == []
    assert names(repo, "misaligned", "--kernel", "attention") == [f"{ARCHIVE}/A.md:7"]
    assert names(repo, "address misaligned") == []  # quoted, it is a phrase
    assert len(names(repo, "address", "misaligned")) == 3
    assert len(names(repo, "misalign*")) == 3


def test_the_index_follows_the_tree(repo: Repo) -> None:
    assert names(repo, "wandering") == []
    repo.write("NEW.md", "# New\n\nA wandering pitch.\n")
    assert names(repo, "wandering") == ["NEW.md:3"]
    repo.commit("new", date="2025-10-20T12:00:00+0200")
    repo.git("mv", "NEW.md", f"{ARCHIVE}/NEW.md")
    repo.commit("archive", date="2025-11-01T12:00:00+0200")
    said = json.loads(repo.repoops("search", "wandering", "--json").stdout)
    assert [(hit["name"], hit["date"][:10]) for hit in said["hits"]] == [(f"{ARCHIVE}/NEW.md", "2025-10-20")]
    repo.write(f"{ARCHIVE}/NEW.md", "# New\n\nIt stays.\n")
    assert names(repo, "wandering") == []
    repo.git("rm", "-q", "-f", f"{ARCHIVE}/NEW.md")
    assert names(repo, "stays") == []


def test_a_rewritten_history_is_forgotten(repo: Repo) -> None:
    repo.commit("a sentence that will be amended")
    assert len(names(repo, "amended")) == 1
    repo.git("commit", "-q", "--amend", "--allow-empty", "-m", "a sentence of another kind")
    assert names(repo, "amended") == []
    assert len(names(repo, "another kind")) == 1


def test_other_branches_are_searched(repo: Repo) -> None:
    repo.git("checkout", "-q", "-b", "side")
    side = repo.commit("what was learned on the side")
    repo.git("checkout", "-q", "main")
    assert names(repo, "learned") == [f"{side}:1"]


def test_notes_runs_and_their_logs_are_found(repo: Repo) -> None:
    repo.write("bad.py", "import sys\nprint('step 1')\nprint('illegal memory access')\nsys.exit(3)\n")
    repo.repoops("session-start")
    repo.repoops("run", "--", sys.executable, "bad.py")
    repo.repoops("note", "three stages\nspill registers", "--failed")
    repo.repoops("note", "three stages\nspill registers", "--failed")
    kept = ".git/repoops/session"
    opened(repo, ("spill", "--in", "note"), f"{kept}/log.jsonl", f"{kept}/log.jsonl")
    opened(repo, ("illegal memory", "--failed", "--in", "run"), f"{kept}/evidence/run-1.txt")
    said = repo.repoops("search", "illegal memory")
    day = hits(repo, "illegal memory")[0]["date"][:10]
    assert said.stdout == (
        f"{kept}/evidence/run-1.txt:2  {day}  failed  outcome failed  {sys.executable} bad.py\n"
        "    illegal memory access\n"
    )
    assert repo.repoops("session-end", "--no-verify").code in (0, 1)
    (session,) = repo.root.glob(f"{ARCHIVE}/evidence/*")
    place = session.relative_to(repo.root).as_posix()
    opened(repo, ("spill", "--in", "note"), f"{place}/session.json", f"{place}/session.json")
    opened(repo, ("illegal memory", "--outcome", "failed", "--in", "run"), f"{place}/run-1.txt")


def opened(repo: Repo, args: tuple[str, ...], *files: str) -> None:
    """The hits lie in these files, each on a line of its own, and there what was asked for stands."""
    found = hits(repo, *args)
    assert [hit["file"] for hit in found] == list(files)
    assert len({(hit["file"], hit["line"]) for hit in found}) == len(files)
    for hit in found:
        assert args[0] in (repo.root / hit["file"]).read_text().split("\n")[hit["line"] - 1]


def test_an_archive_that_git_ignores_is_searched(repo: Repo) -> None:
    repo.commit("ignore", {".gitignore": "docs/archive/\n*SUMMARY*\n"})
    repo.write(f"{ARCHIVE}/B_SUMMARY.md", "# B\n\nhidden from git\n")
    repo.write("node_modules_SUMMARY.md", "hidden from git, and elsewhere\n")
    assert names(repo, "hidden from git") == [f"{ARCHIVE}/B_SUMMARY.md:3"]


def test_a_damaged_index_is_made_anew(repo: Repo) -> None:
    before = names(repo, "misaligned")
    path = repo.root / ".git/repoops/search/index.sqlite"
    for damage in (b"", b"not a database at all" * 100, path.read_bytes()[:5000]):
        path.write_bytes(damage)
        assert names(repo, "misaligned") == before


def test_killed_while_it_reads_it_starts_again(repo: Repo) -> None:
    for number in range(400):
        repo.write(f"logs/{number}.md", LOG * 20)
    path = repo.root / ".git/repoops/search/index.sqlite"
    for wait in (0.05, 0.2, 0.4):
        process = subprocess.Popen(
            [sys.executable, "-m", "repoops", "search", "sanitizer"],
            cwd=repo.root,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        while not path.exists() and process.poll() is None and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
    said = json.loads(repo.repoops("search", "sanitizer", "--json", "--limit", "5000").stdout)
    assert said["matches"] == 1 + 400 * 20
    with sqlite3.connect(path) as db:
        db.execute("INSERT INTO words (words, rank) VALUES ('integrity-check', 1)")
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_odd_names(repo: Repo) -> None:
    odd = b"caf\xe9 $(touch x)\n.md"
    Path(repo.root, odd.decode("utf-8", "surrogateescape")).write_text("a peculiar word\n")
    said = repo.repoops("search", "peculiar")
    assert said.code == 0
    assert re.fullmatch(r"caf\\xe9 \$\(touch x\)\\n.md:1  [\d-]{10}\n    a peculiar word\n", said.stdout)


@pytest.mark.parametrize(
    ("args", "line"),
    [
        (("...",), "nothing to look for"),
        (("x", "--outcome", "great"), "--outcome knows no 'great'"),
        (("x", "--since", "yesterday"), "--since takes a date, not 'yesterday'"),
        (("x", "--in", "mail"), "--in knows no 'mail'"),
    ],
)
def test_what_cannot_be_asked_is_one_line(repo: Repo, args: tuple[str, ...], line: str) -> None:
    said = repo.repoops("search", *args)
    assert (said.code, said.stdout) == (2, "")
    assert line in said.stderr
    assert "Traceback" not in said.stderr


def test_nothing_committed_and_nothing_found(tmp_path: Path) -> None:
    empty = Repo.create(tmp_path / "empty")
    assert empty.repoops("search", "x") == Output("", "nothing found\n", 1)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_query_or_refused(words: str) -> None:
    db = sqlite3.connect(":memory:")
    db.execute("CREATE VIRTUAL TABLE words USING fts5 (text, tokenize='porter unicode61')")
    db.execute("INSERT INTO words VALUES ('some text')")
    try:
        asked = expression(words)
    except RepoOpsError:
        return
    db.execute("SELECT count(*) FROM words WHERE words MATCH ?", (asked,)).fetchone()
