from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repoops.globs import deciding
from repoops.vcs.read import ignored, open_repository
from tests.support.repo import Repo

TABLE = [
    ("*.md", "A.md", True),
    ("*.md", "docs/A.md", True),
    ("/*.md", "docs/A.md", False),
    ("/*.md", "A.md", True),
    ("docs/*.md", "docs/A.md", True),
    ("docs/*.md", "docs/x/A.md", False),
    ("docs/**/*.md", "docs/x/y/A.md", True),
    ("docs/**/*.md", "docs/A.md", True),
    ("**/A.md", "A.md", True),
    ("docs/**", "docs/x/A.md", True),
    ("docs/**", "docs", False),
    ("docs", "docs/x/A.md", True),
    ("docs/", "docs/x/A.md", True),
    ("docs/", "docs", False),
    ("SESSION_?.md", "SESSION_1.md", True),
    ("SESSION_?.md", "SESSION_12.md", False),
    ("SESSION_[0-9].md", "SESSION_7.md", True),
    ("SESSION_[!0-9].md", "SESSION_7.md", False),
    (r"\*.md", "A.md", False),
    (r"\*.md", "*.md", True),
    ("plan.md", "PLAN.md", False),
    ("a.md", "a_md", False),
]


@pytest.mark.parametrize(("glob", "path", "covered"), TABLE)
def test_a_glob_covers_what_gitignore_would(glob: str, path: str, covered: bool) -> None:
    assert (deciding(path, [glob]) == glob) == covered


def test_the_last_that_matches_decides() -> None:
    assert deciding("A.md", ["*.md", "!A.md"]) is None
    assert deciding("A.md", ["*.md", "!A.md", "A*"]) == "A*"
    assert deciding("A.md", ["!A.md"]) is None
    assert deciding("A.md", []) is None


# `**` beside other characters is left out: git before 2.41 reads it against its own documentation
ODD = re.compile(r"[^/]\*\*|\*\*[^/]|^[/*]*$")
GLOB = (
    st.lists(
        st.sampled_from(["a", "b", "*", "?", "/", "**", "[ab]", "[!a]", ".md", r"\*", "a*"]),
        min_size=1,
        max_size=5,
    )
    .map("".join)
    .filter(lambda glob: not ODD.search(glob))
)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(globs=st.lists(GLOB, min_size=1, max_size=12))
def test_git_agrees(tmp_path_factory: pytest.TempPathFactory, globs: list[str]) -> None:
    repo = Repo.create(Path(tmp_path_factory.mktemp("globs"), "r"))
    paths = ["a", "b.md", "ab", "*", "x/a", "x/b.md", "x/y/ab.md", "a/b/a", "ab/x"]
    repo.git("config", "core.ignoreCase", "false")
    at = open_repository(repo.root)
    for glob in globs:
        repo.write(".git/info/exclude", glob + "\n")
        assert {p for p in paths if deciding(p, [glob])} == ignored(at, paths), glob
