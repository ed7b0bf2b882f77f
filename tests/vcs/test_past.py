"""What the past says is what git says: blame, trees, where a commit lies; whatever was moved, edited or merged."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from repoops.vcs.past import Past
from repoops.vcs.read import open_repository
from tests.support.repo import Repo


def by_git(repo: Repo, path: str) -> list[str | None]:
    ids = (line.split(" ", 1)[0] for line in repo.git("blame", "-l", "--root", "--", path).splitlines())
    return [None if set(id_) == {"0"} else id_ for id_ in ids]


def some_history(repo: Repo, seed: int) -> None:
    """Files that are written, edited, moved as they are, moved and edited, dropped and written again; a branch, merged."""
    dice = random.Random(seed)  # noqa: S311 - the same walk in every run
    names = [f"{folder}f{n}.md" for folder in ("", "docs/", "docs/deep/") for n in range(4)]
    there: dict[str, list[str]] = {}
    for step in range(25):
        act, name = dice.choice("wwemmxd"), dice.choice(names)
        if act == "w" or not there:
            there[name] = [f"{step} {line} {dice.random()}" for line in range(dice.randrange(3, 30))]
        else:
            old = dice.choice(sorted(there))
            rows = there.pop(old)
            (repo.root / old).unlink()
            if act in "ex":
                rows[dice.randrange(len(rows))] = f"{step} edited"
            if act != "d":
                there[old if act == "e" else name] = rows
        for path, rows in there.items():
            repo.write(path, "\n".join(rows) + "\n" * dice.randrange(2))
        if step == 12:
            repo.git("checkout", "-q", "-b", "side")
        if step == 18:
            repo.commit("before the merge")
            repo.git("checkout", "-q", "main")
            repo.git("merge", "-q", "--no-ff", "-m", "merge", "side")
        repo.commit(f"step {step}")


@pytest.mark.parametrize("seed", range(6))
def test_blame_and_trees_are_those_of_git(tmp_path: Path, seed: int) -> None:
    repo = Repo.create(tmp_path / "work")
    some_history(repo, seed)
    paths = [path for path in repo.git("ls-files", "-z").split("\0") if path]
    assert paths
    repo.write(paths[0], repo.read(paths[0]) + b"not committed\n")
    with Past(open_repository(repo.root)) as past:
        for path in paths:
            assert past.blame(path) == by_git(repo, path), path
        for commit in past.commits:
            rows = [row.split("\t") for row in repo.git("ls-tree", "-r", commit).splitlines()]
            assert dict(past.tree(commit).files) == {path: meta.split()[2] for meta, path in rows}


def test_a_commit_is_on_this_branch_on_another_ref_or_nowhere(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "work")
    first = repo.commit("one", {"a": "a\n"})
    repo.git("checkout", "-q", "-b", "other")
    second = repo.commit("two", {"b": "b\n"})
    repo.git("tag", "-a", "-m", "kept", "v1")
    repo.git("checkout", "-q", "main")
    repo.git("branch", "-q", "-D", "other")
    with Past(open_repository(repo.root)) as past:
        assert [past.where(id_) for id_ in (first, second, "0" * 40)] == [
            "this branch",
            "refs/tags/v1",
            "no ref",
        ]
        assert past.starting(second[:9].upper()) == [second]
        assert past.numstat(None, first) == (1, 1, 0)
        assert past.around(first) == [second]


def test_a_file_that_a_text_names_is_found_by_its_path_its_folder_or_its_end(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "work")
    at = repo.commit(
        "one", {"a.py": "", "src/a.py": "", "src/deep/b.py": "", "docs/c.md": "", "docs/LOG.md": ""}
    )
    with Past(open_repository(repo.root)) as past:
        tree = past.tree(at)
        asked = ("a.py", "./src/a.py", "b.py", "deep/b.py", "c.md", "eep/b.py", "d.py")
        assert [tree.find(name, "docs/LOG.md") for name in asked] == [
            ["a.py"], ["src/a.py"], ["src/deep/b.py"], ["src/deep/b.py"], ["docs/c.md"], [], [],
        ]  # fmt: skip


def test_before_the_first_commit_there_is_no_past(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "work")
    repo.write("a.md", "a\n")
    with Past(open_repository(repo.root)) as past:
        assert (past.commits, past.blame("a.md"), list(past.tree(None).files)) == ({}, [], ["a.md"])
