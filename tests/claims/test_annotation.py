"""Notes stand beside claims, change nothing that a page says, survive the next audit, and can be taken back."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from repoops.claims.annotation import annotated, pins, without_notes
from repoops.claims.page import passages
from repoops.report.verdict import Verdict
from tests.claims.test_page import PIECES
from tests.support.repo import Output, Repo

LOG = (
    "# Log\n\n**File**: `a.py` (50 lines)  \n**Date**: October 14, 2025\n\n| File | Lines |\n|---|---|\n| `a.py` | 70 |\n\n"
    "Only prose.\n\n## `a.py` (90 lines) ##\n"
)


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "work")
    made.commit("begin", {"a.py": "x\n" * 50, "LOG.md": LOG})
    made.commit("later", {"a.py": "x\n" * 70})
    return made


def test_each_claim_gets_its_note_and_undo_takes_them_back(repo: Repo) -> None:
    at = repo.git("rev-parse", "--short=12", "HEAD~1").strip()
    later = repo.git("rev-parse", "--short=12", "HEAD").strip()
    before = repo.picture()
    said = repo.repoops("audit", "LOG.md", "--annotate")
    assert repo.read("LOG.md").decode() == (
        f"# Log\n\n**File**: `a.py` (50 lines) <!-- repoops:audit {at} true: a.py: 50 lines: it has 50 -->  \n"
        f"**Date**: October 14, 2025 <!-- repoops:audit {at} true: Date: October 14, 2025: committed that day -->\n\n"
        f"| File | Lines |\n|---|---|\n| `a.py` | 70 <!-- repoops:audit {at} true: a.py: 70 lines: it has 70 at commit {later} --> |\n\n"
        f"Only prose.\n\n## `a.py` (90 lines) <!-- repoops:audit {at} false: a.py: 90 lines: it has 50 --> ##\n"
    )
    operation = said.stdout.rsplit(" ", 1)[1].strip()
    assert said == Output(
        stdout="LOG.md:12: false: a.py: 90 lines\n"
        f"    it has 50 (git show {at}:a.py | grep -c '' → 50)\n"
        f"LOG.md: 1 false, 3 true\nannotated 1 file; undo: repoops undo {operation}\n",
        stderr="",
        code=1,
    )
    assert repo.repoops("undo", operation).code == 0
    assert repo.picture() == before


def test_a_note_names_what_was_held_and_so_what_was_not(repo: Repo) -> None:
    """The line count is left alone here, since the sentence speaks of two files; `true` alone would speak for it."""
    at = repo.commit("more", {"MORE.md": "# Log\n\n- Created `a.py` and `b.py` (20 lines of speed)\n"})[:12]
    assert repo.repoops("audit", "MORE.md", "--annotate").code == 0
    assert repo.read("MORE.md").decode() == (
        "# Log\n\n- Created `a.py` and `b.py` (20 lines of speed) "
        f"<!-- repoops:audit {at} true: created: a.py: it is there as a.py -->\n"
    )


def test_annotating_twice_changes_nothing_and_the_verdicts_stay(repo: Repo) -> None:
    def verdicts() -> list[dict[str, str]]:
        return json.loads(repo.repoops("audit", "--json", "LOG.md").stdout)["verdicts"]

    before = verdicts()
    assert repo.repoops("audit", "LOG.md", "--annotate").code == 1
    once = repo.read("LOG.md")
    assert verdicts() == before
    assert repo.repoops("audit", "LOG.md", "--annotate").stdout.endswith("\nnothing to annotate\n")
    repo.commit("the notes")
    assert verdicts() == before
    assert repo.repoops("audit", "LOG.md", "--annotate").stdout.endswith("\nnothing to annotate\n")
    assert repo.read("LOG.md") == once


def test_a_note_on_a_line_that_was_changed_since_is_not_believed(repo: Repo) -> None:
    assert repo.repoops("audit", "LOG.md", "--annotate").code == 1
    repo.write("LOG.md", repo.read("LOG.md").replace(b"(50 lines)", b"(51 lines)"))
    (found,) = (
        v for v in json.loads(repo.repoops("audit", "--json", "LOG.md").stdout)["verdicts"] if v["line"] == 3
    )
    assert (found["word"], found["commit"]) == ("false", "")


def test_a_dry_run_prints_the_plan(repo: Repo) -> None:
    before = repo.picture()
    said = repo.repoops("audit", "LOG.md", "--annotate", "--dry-run")
    assert said.stdout.splitlines()[-1].startswith("write   LOG.md (")
    assert repo.picture() == before


def test_line_ends_and_byte_order_mark_stay() -> None:
    page = b"\xef\xbb\xbf`a.py` (5 lines)\r\nmore\r\n"
    noted = annotated(page, [Verdict("false", "5", "it has 7 | `x` --> y", 1, commit="a" * 40)])
    assert noted == (
        b"\xef\xbb\xbf`a.py` (5 lines) <!-- repoops:audit aaaaaaaaaaaa false: 5: it has 7 \xc2\xa6 'x' \xe2\x80\x93\xe2\x80\xba y -->\r\nmore\r\n"
    )
    assert pins(noted) == {1: ("aaaaaaaaaaaa", "`a.py` (5 lines)")}


def meaning(data: bytes) -> list[object]:
    return [
        (p.kind, p.headings, p.lead, p.cells, [(n, t.split()) for n, t in p.rows]) for p in passages(data)
    ]


@example([], [(1, "a carriage return\r")])
@given(
    st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=30),
    st.lists(st.tuples(st.integers(1, 20), st.text(max_size=20)), max_size=5),
)
def test_notes_on_any_page_keep_its_meaning_and_come_off_again(
    pieces: list[str], notes: list[tuple[int, str]]
) -> None:
    data = without_notes("".join(pieces).encode("utf-8", "replace"))
    verdicts = [Verdict("false", "x", why, line, commit="b" * 40) for line, why in notes]
    noted = annotated(data, verdicts)
    assert meaning(noted) == meaning(data)
    assert without_notes(noted) == data
    assert annotated(noted, verdicts) == noted


def test_a_note_that_would_stand_inside_a_code_span_is_left_out_and_the_others_are_not() -> None:
    page = b"`code over\ntwo lines` (5 lines)\n\n`a.py` (5 lines)\n"
    verdicts = [Verdict("false", "5", "it has 7", line, commit="a" * 40) for line in (1, 4)]
    assert annotated(page, verdicts) == (
        b"`code over\ntwo lines` (5 lines)\n\n`a.py` (5 lines) <!-- repoops:audit aaaaaaaaaaaa false: 5: it has 7 -->\n"
    )
