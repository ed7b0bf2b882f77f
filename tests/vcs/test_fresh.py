"""The lines that are new since a commit: edited and added ones; none of a file that only moved."""

from __future__ import annotations

from pathlib import Path

import pytest

from repoops.errors import RepoOpsError
from repoops.vcs.fresh import merge_base, new_lines
from repoops.vcs.read import open_repository
from tests.support.repo import Repo


def test_new_lines_are_those_that_the_commit_does_not_have(tmp_path: Path) -> None:
    made = Repo.create(tmp_path / "work")
    text = "".join(f"line {n}\n" for n in range(20))
    first = made.commit(
        "one", {"a.md": text, "moved.md": text + "own\n", "gone.md": text + "gone\n", "b.txt": text}
    )
    made.git("mv", "moved.md", "with space é.md")
    made.git("rm", "-q", "gone.md")
    made.commit("two", {"a.md": text.replace("line 3\n", "line three\nand more\n") + "end\n", "b.txt": "x\n"})
    made.write("new.md", "1\n2\n")
    made.git("add", "new.md")
    made.write("new.md", "1\n2\n3\n")
    repo = open_repository(made.root)
    assert new_lines(repo, first, (".md",)) == {
        "a.md": frozenset({4, 5, 22}),
        "new.md": frozenset({1, 2, 3}),
        "with space é.md": frozenset(),
    }


def test_one_diff_tells_the_lines_of_every_file_whatever_it_is_called_or_holds(tmp_path: Path) -> None:
    """Added lines that look like a diff's own, odd names, a file that ended otherwise before, and the user's own settings."""
    made = Repo.create(tmp_path / "work")
    text = "".join(f"line {n}\n" for n in range(20))
    odd = 'q"uo\tte\\ \nn\udce9.md'
    first = made.commit("one", {"a.md": text, odd: text, "sub/z.md": text, "was.txt": text})
    made.git("mv", "was.txt", "was.md")
    look = "++ b/sub/z.md\n@@ -1 +1,9 @@\ndiff --git a/x b/x\n"
    made.commit("two", {"a.md": look + text + "end\n", odd: text + "end\n", "was.md": "top\n" + text})
    for key, value in (("noPrefix", "true"), ("interHunkContext", "50"), ("renames", "false")):
        made.git("config", f"diff.{key}", value)
    assert new_lines(open_repository(made.root), first, (".md",)) == {
        "a.md": frozenset({1, 2, 3, 24}),
        odd: frozenset({21}),
        "was.md": frozenset({1}),
    }


def test_the_merge_base_is_that_of_the_named_or_the_usual_branch(tmp_path: Path) -> None:
    made = Repo.create(tmp_path / "work")
    first = made.commit("one")
    made.git("checkout", "-q", "-b", "work")
    second = made.commit("two")
    repo = open_repository(made.root)
    assert merge_base(repo, None) == first
    assert merge_base(repo, second) == second
    with pytest.raises(RepoOpsError, match="no such revision"):
        merge_base(repo, "nowhere")
    made.git("branch", "-q", "-D", "main")
    with pytest.raises(RepoOpsError, match="no branch to compare with"):
        merge_base(repo, None)
    made.git("checkout", "-q", "--orphan", "apart")
    made.commit("alone")
    with pytest.raises(RepoOpsError, match="has no commit in common with HEAD"):
        merge_base(repo, second)
