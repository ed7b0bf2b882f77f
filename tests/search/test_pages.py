from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repoops.archive.signals import Candidate, next_steps
from repoops.markdown.facts import facts
from repoops.search import kinds
from repoops.search.pages import outcome, passages, read, title_of

LINES = st.sampled_from(
    ["", "  ", "words", "- item", "- ❌ broken", "1. one", "| a | b |", "```", "````", "~~~", "```py", "# one", "## Root cause", "### `x` ##", "#no", "    # code", "Fix: pad it", "\ttab", "é ✅"]
)  # fmt: skip


def headings(rows: list[str]) -> set[int]:
    """Numbers of the lines that are headings, by the rules of CommonMark for fences, written down once more."""
    found, fence = set(), ""
    for number, row in enumerate(rows, 1):
        body = row.lstrip(" ")
        indented = len(row) - len(body) > 3
        mark = (
            ""
            if indented
            else next((body[: len(body) - len(body.lstrip(c))] for c in "`~" if body.startswith(c * 3)), "")
        )
        if fence:
            if mark.startswith(fence) and not body.strip().strip(mark[0]):
                fence = ""
        elif mark:
            fence = mark
        elif not indented and body.startswith("#") and body.lstrip("#")[:1] in (" ", "\t"):
            found.add(number)
    return found


@given(st.lists(LINES, max_size=120))
def test_every_line_is_in_one_passage_and_where_it_says(rows: list[str]) -> None:
    said: dict[int, str] = {}
    for passage in passages("\n".join(rows)):
        for offset, text in enumerate(passage.text.split("\n")):
            assert passage.line + offset not in said
            said[passage.line + offset] = text
    at = headings(rows)
    for number, row in enumerate(rows, 1):
        if number in at:
            assert number not in said
        elif row.strip():
            assert said[number].rstrip() == row.rstrip()


@given(st.binary(max_size=400))
def test_no_bytes_are_too_odd(data: bytes) -> None:
    text = read(data)
    title_of(text)
    outcome(text)
    for passage in passages(text):
        passage.text.encode()


LOG = """\
# Session ✅ COMPLETE

**Status:** ⚠️ PARTIAL: one test fails
**Date**: October 14, 2025

## Results

- ✅ builds
- ❌ misaligned address
  from an odd pitch
- ✅ runs

## Root cause
### Where

the pitch of 65 halves

## The fix

pad it

## Notes

Fix: pad it

## Lessons & decisions

measure first
"""


def test_what_a_passage_is_about_comes_from_its_headings_and_marks() -> None:
    found = [
        (p.line, p.heading, p.text, [name for name, bit in kinds.NAMES.items() if p.kinds & bit])
        for p in passages(LOG)
    ]
    title = "Session ✅ COMPLETE"
    assert found == [
        (3, title, "**Status:** ⚠️ PARTIAL: one test fails\n**Date**: October 14, 2025", []),
        (8, f"{title} > Results", "- ✅ builds", []),
        (9, f"{title} > Results", "- ❌ misaligned address\n  from an odd pitch", ["failed"]),
        (11, f"{title} > Results", "- ✅ runs", []),
        (16, "Root cause > Where", "the pitch of 65 halves", ["failed"]),
        (20, f"{title} > The fix", "pad it", ["solved"]),
        (24, f"{title} > Notes", "Fix: pad it", ["solved"]),
        (28, f"{title} > Lessons & decisions", "measure first", ["lesson", "decision"]),
    ]
    assert (title_of(LOG), outcome(LOG)) == (title, "partial")


def test_a_heading_in_a_fence_is_text() -> None:
    (first, second) = passages("```sh\n# build\nmake\n```\n# Real\n\nbody\n")
    assert (first.line, first.heading, first.text) == (1, "", "```sh\n# build\nmake\n```")
    assert (second.line, second.heading, second.text) == (7, "Real", "body")


def test_a_long_section_is_cut_at_empty_lines() -> None:
    body = "\n".join(f"line {n}" if n % 15 else "" for n in range(1, 101))
    found = list(passages("# t\n" + body))
    assert [p.line for p in found] == [2, 32, 62, 92]
    assert all(p.text.count("\n") < 40 for p in found)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**Result**: 40 µs\n**Status**: ✅ done\n", "done"),
        ("Stand: blocked\n", "failed"),
        ("State: Oregon\n", "other"),
    ],
)
def test_search_and_archive_read_the_same_outcome(text: str, expected: str) -> None:
    assert outcome(text) == expected
    assert (facts(text.encode()).outcome or "") == expected


def test_a_heading_that_says_what_comes_next_does_so_for_both() -> None:
    for heading in ("Follow-ups", "Immediate priorities", "Próximos pasos", "What's next?"):
        assert kinds.of_heading(heading) & kinds.NEXT, heading
        said = Candidate("a.md", facts(f"# {heading}\n".encode()))
        assert next_steps(said) is not None, heading
