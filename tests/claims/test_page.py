"""Passages come with the lines they stand on and what they stand under, whatever a page holds."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from repoops.claims.kinds import KINDS
from repoops.claims.page import Passage, passages
from repoops.claims.said import said
from repoops.markdown.source import Source


def test_items_and_rows_know_what_introduces_them() -> None:
    page = b"# Log\n\nFiles created:\n\n- one:\n  - two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n> said\n\n- [x] done\n"
    assert list(passages(page)) == [
        Passage("heading", ((1, "Log"),)),
        Passage("paragraph", ((3, "Files created:"),), ("Log",)),
        Passage("item", ((5, "one:"),), ("Log",), ("Files created:",)),
        Passage("item", ((6, "two"),), ("Log",), ("Files created:", "one:")),
        Passage("row", ((10, "a: 1; b: 2"),), ("Log",), (), (("a", "1"), ("b", "2"))),
        Passage("paragraph", ((12, "said"),), ("Log",), quoted=True),
        Passage("item", ((14, "[x] done"),), ("Log",), task="x"),
    ]


def test_lines_that_begin_like_labels_stand_for_themselves() -> None:
    page = b"**Status**: done\n**Date**: today\nCommit: `a`\nand more  \nlast\n"
    (found,) = passages(page)
    assert found.rows == ((1, "Status: done"), (2, "Date: today"), (3, "Commit: `a`\nand more"), (5, "last"))


def test_what_is_struck_through_commented_out_or_in_a_block_of_code_is_left_out() -> None:
    page = b"a ~~b~~ c <!-- d -->\n\n```\ne\n```\n\n    f\n\n<!-- g -->\n"
    assert [p.text.split() for p in passages(page)] == [["a", "c"]]


def test_a_dunder_outside_a_code_span_keeps_its_name() -> None:
    assert [p.text for p in passages(b"**pkg/__init__.py** (3 lines)\n")] == ["pkg/__init__.py (3 lines)"]


PIECES = st.sampled_from(
    ["# ", "- ", "1. ", "> ", "| a | b |\n|---|---|\n| ", "`", "**", "~~", "```\n", "<!-- ", " -->", "\n", "\n\n", "  \n", "\t", "[", "](", ")",
     "[x] ", "src/app.py", "Makefile", " (120 lines)", "90+ MD files archived", "Created ", "Deleted ", "Commit: ", "b3bf2ee", "Date: 2025-10-14",
     " 12:30 PM PST", "Duration: 4 hours", "make test", "3 tests in ", "12 files changed", "+3/-4", "Branch: main", "\r\n", "\r", "\\", "é", "\ud83d\ude00".encode("utf-16", "surrogatepass").decode("utf-16")]
)  # fmt: skip


@given(st.lists(st.one_of(PIECES, st.text(max_size=5)), max_size=40))
def test_any_page_is_read_and_every_sentence_begins_on_its_line(pieces: list[str]) -> None:
    data = "".join(pieces).encode("utf-8", "replace")
    rows = Source.of(data).lines
    last = 0
    for passage in passages(data):
        assert passage.line >= last or passage.kind == "row"
        last = passage.line
        for line, text in passage.rows:
            assert 1 <= line <= len(rows)
            assert passage.kind == "row" or text.count("\n") <= len(rows) - line
    for each in said(data):
        assert 1 <= each.line <= len(rows)
        first = each.text.split()[0].strip("`") if each.text.split() else ""
        assert (
            each.passage.cells or not first.isalnum() or not first.isascii() or first in rows[each.line - 1]
        )
        for kind in KINDS.values():
            for claim in kind.find(each):
                assert claim.words
