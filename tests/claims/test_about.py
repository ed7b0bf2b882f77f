"""Which kernel a sentence speaks of."""

from __future__ import annotations

import pytest

from repoops.claims.about import Names
from repoops.claims.gather import Text, verdicts

NAMES = Names.of(
    ["kernels/attention/tiled.cu", "kernels/copy.cu", "saxpy.cu", "src/tile_copy.cu"], ["kernels"], ()
)


def held(message: str) -> list[tuple[str, str]]:
    return [
        (verdict.word, verdict.command)
        for _, verdict in verdicts([Text("c0ffee", message.encode(), is_message=True)], NAMES, ())
    ]


@pytest.mark.parametrize(
    "message",
    [
        "saxpy 38 µs",
        "saxpy: 38 µs",
        "copy: from 51 to 38 µs",
        "tune `saxpy` to 38 µs",
        "tune saxpy.cu to 38 µs",
        "tune tile_copy to 38 µs",
    ],
)
def test_a_kernel_that_no_suite_has_is_known_by_its_file(message: str) -> None:
    """Where no report is stored nobody can tell: such a repository may keep its times elsewhere."""
    assert held(message) == [("unverifiable", "repoops verify")]


@pytest.mark.parametrize("message", ["copy files in 38 µs", "docs: a copy takes 38 µs", "mysaxpy.cu: 38 µs"])
def test_a_word_of_prose_is_not_taken_for_a_file(message: str) -> None:
    assert held(message) == []


def test_a_kernel_of_the_suite_has_a_report_or_no_times() -> None:
    assert held("attention: 38 µs") == [("unsupported", "repoops verify -k attention")]


def test_the_folder_of_the_suite_is_no_kernel() -> None:
    assert held("all of the kernels together take 38 µs") == [("unverifiable", "repoops verify")]
