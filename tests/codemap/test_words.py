"""What a map takes from people's words, and how it words what it counts."""

from __future__ import annotations

import pytest

from repoops.codemap.folders import magnitude
from repoops.codemap.prose import first_prose, quoted
from repoops.codemap.symbols import first_sentence, module
from tests.support.repo import Repo


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("One thing. And more.", "One thing"),
        ("Tagged JSON\n~~~~~~~~~~~\n\nA compact form. More.", "A compact form"),
        ("Title\n=====\nBelow it. More.", "Below it"),
        ("Only a title\n------------\n", "Only a title"),
        ("a\n--", "a --"),
        ("", ""),
    ],
)
def test_the_first_sentence_is_no_heading(text: str, said: str) -> None:
    assert first_sentence(text) == said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("built in the `tutorial`_.", "built in the tutorial."),
        ("see `the docs <https://x.org/a_b>`__ first", "see the docs first"),
        ("good.<br>Thanks <a href='x'>all</a>", "good. Thanks all"),
        ("a `std::vector<int>` of `_names_`", "a std::vector<int> of _names_"),
    ],
)
def test_markup_of_other_languages_goes(text: str, said: str) -> None:
    assert quoted(text, 100) == said


def test_a_line_of_emphasis_is_no_purpose() -> None:
    assert (
        first_prose("# CUTLASS\n\n_CUTLASS 4.7.0 - Aug 2026_\n\n_It_ is a library of _templates_.\n")
        == "_It_ is a library of _templates_"
    )


def test_counts_in_words_are_true() -> None:
    assert [magnitude(n) for n in (1, 2, 9, 10, 23, 24, 99, 100, 199, 200, 999, 1000, 1999, 2000)] == [
        "one", "a few", "a few", "over ten", "over ten", "dozens of", "dozens of", "over a hundred", "over a hundred",
        "hundreds of", "hundreds of", "over a thousand", "over a thousand", "thousands of",
    ]  # fmt: skip


def test_names_for_annotations_alone_are_left_out() -> None:
    source = "T = TypeVar('T')\nP = t.ParamSpec('P')\nSIZE = 3\nTable = make('x')\ndef f(): ...\n"
    assert module("a.py", source).names == ("f", "SIZE", "Table")


def test_a_map_of_programs(repo: Repo) -> None:
    repo.commit(files={
        "Makefile": "train:\n\tcc train.c\nclean:\n", "train.c": '#include "use.cuh"\nint main() {}\n', "setup.py": "", "use.cuh": "__global__ void used() {}\n" + "// more\n" * 90,
        "dev/a.cu": "__global__ void tried() {}\n" + "// more\n" * 90, "crates/x/Cargo.toml": '[package]\nname = "x"\n', "crates/x/src/main.rs": "//! Runs x all day. More.\nfn main() {}\n",
        "crates/x/README.md": "", "crates/x/LICENSE": "", "y/Cargo.toml": '[[bin]]\nname = "rg"\npath = "core.rs"\n', "y/core.rs": "fn main() {}\n",
    })  # fmt: skip
    text = repo.repoops("codemap", "--dry-run").stdout
    for lines in (
        "## Entry points\n\n- `make train`, `make clean`\n- binary `x`: `crates/x/src/main.rs`\n- binary `rg`: `y/core.rs`\n",
        "## Folders\n\n- `./`: train.c, use.cuh\n- `crates/x/`: Runs x all day\n- `crates/x/src/`: main.rs\n",
    ):
        assert lines in text
    few = repo.repoops("codemap", "--dry-run", "--tokens", "220").stdout
    assert "- `use.cuh`: `used`\n- and 1 more\n" in few  # what others include comes before what nobody does
