from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from repoops.progress import as_line, from_line


@given(st.integers(0), st.integers(0), st.text())
def test_a_line_of_a_log_tells_what_was_told(done: int, total: int, what: str) -> None:
    line = as_line(done, total, what)
    assert line.splitlines() == [line]
    assert from_line(line) == (done, total, " ".join(what.split()))


def test_other_lines_tell_nothing() -> None:
    assert [from_line(line) for line in ("", "progress 1 of 2", "no progress 1 of 2: x", "1 of 2: x")] == [
        None
    ] * 4
