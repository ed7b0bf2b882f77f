from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.archive.index import BEGIN, END, Entry, page
from repoops.errors import RepoOpsError
from repoops.markdown.links import find_links
from repoops.markdown.resolve import Places, reached
from tests.archive.moving import HOME, moved
from tests.support.repo import Repo

ONE = Entry("ONE.md", "One", "done", "ONE.md", "2025-10-01", "2025-10-02")
TWO = Entry("a | [b] (c).md", "Two | [x] `y` <z>", "not stated", "sub/a | b.md", "2025-10-01", "2025-10-03")


def test_the_whole_page(repo: Repo) -> None:
    repo.commit(
        files={"LOG_COMPLETE.md": "# A log\n**Status**: ❌ failed\n"}, date="2025-10-01T23:30:00-0700"
    )
    repo.commit(
        files={"LOG_COMPLETE.md": "# A log | with a pipe\n**Status**: ❌ failed\n"},
        date="2025-10-02T12:00:00+0000",
    )
    repo.write("UNTITLED [1].md", "nothing\n")
    moved(repo, ["LOG_COMPLETE.md", "UNTITLED [1].md"])
    assert repo.read(f"{HOME}/INDEX.md").decode() == (
        "# Archived session logs\n"
        "\n"
        "<!-- repoops:index:begin -->\n"
        "Dates are those of the first and last commit under the source path; the outcome is what the log\n"
        "itself claims, which nobody has checked here. Text outside the two markers is kept.\n"
        "\n"
        "| last commit | first commit | log | claimed outcome | source path |\n"
        "|---|---|---|---|---|\n"
        "| 2025-10-02 | 2025-10-01 | [A log \\| with a pipe](LOG_COMPLETE.md) | failed | LOG\\_COMPLETE.md |\n"
        "| not committed | not committed | [UNTITLED \\[1\\].md](UNTITLED%20%5B1%5D.md) | not stated | UNTITLED \\[1\\].md |\n"
        "<!-- repoops:index:end -->\n"
    )


def test_hand_written_text_and_line_ends_survive() -> None:
    first = page(None, [ONE], HOME).replace(b"# Archived session logs\n", b"# Mine\n\nwords\n") + b"more\n"
    crlf = b"\xef\xbb\xbf" + first.replace(b"\n", b"\r\n")
    second = page(crlf, [TWO], HOME)
    assert second.startswith(b"\xef\xbb\xbf# Mine\r\n\r\nwords\r\n\r\n" + BEGIN.encode())
    assert second.endswith(END.encode() + b"\r\nmore\r\n")
    assert second.count(b"\n") == second.count(b"\r\n")
    assert second.index(b"Two") < second.index(b"One")  # newest first


def test_a_page_of_someone_elses_gains_the_rows_at_its_end() -> None:
    assert page(b"# Notes", [ONE], HOME).startswith(b"# Notes\n\n" + BEGIN.encode())
    assert page(b"", [ONE], HOME).startswith(BEGIN.encode())


def test_rows_mended_by_hand_stay_and_one_of_the_same_name_is_replaced() -> None:
    first = page(None, [ONE, TWO], HOME).replace(b"| done |", b"| done, I checked |")
    assert b"| done, I checked |" in page(first, [], HOME)
    again = Entry("ONE.md", "One again", "failed", "ONE.md", "2025-10-09", "2025-10-09")
    assert page(first, [again], HOME).count(b"(ONE.md)") == 1
    odd = first.replace(END.encode(), b"| a row of mine |\n" + END.encode())
    assert b"| a row of mine |\n" in page(odd, [again], HOME)


@pytest.mark.parametrize("text", [BEGIN, END, f"{END}\n{BEGIN}\n", f"{BEGIN}\n{BEGIN}\n{END}\n"])
def test_broken_markers_are_refused(text: str) -> None:
    with pytest.raises(RepoOpsError, match="two markers") as refused:
        page(text.encode(), [ONE], HOME)
    assert refused.value.where == f"{HOME}/INDEX.md"


WORDS = st.text(min_size=1, max_size=12).filter(lambda t: t.strip(" .") and "/" not in t and "\0" not in t)


@settings(max_examples=80)
@given(st.lists(st.tuples(WORDS, WORDS, st.sampled_from(["2025-10-01", "not committed"])), max_size=5))
def test_every_row_links_to_its_file_and_the_page_is_stable(rows: list[tuple[str, str, str]]) -> None:
    added = [Entry(n, t, "done", n, "2025-09-01", day) for n, t, day in {r[0]: r for r in rows}.values()]
    made = page(None, added, HOME)
    assert page(made, [], HOME) == made == page(made, added, HOME) == page(None, added[::-1], HOME)
    places = Places(f"{HOME}/{entry.name}" for entry in added)
    led = [reached(f"{HOME}/INDEX.md", link, places) for link in find_links(made)]
    assert sorted(to[1] for to in led if to) == sorted(f"{HOME}/{entry.name}" for entry in added)
