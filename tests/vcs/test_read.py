from __future__ import annotations

import os
from pathlib import Path

import pytest

from repoops.errors import RepoOpsError
from repoops.vcs import read
from repoops.vcs.read import Status, open_repository
from tests.support.repo import Repo


def refusal(start: Path) -> RepoOpsError:
    with pytest.raises(RepoOpsError) as caught:
        open_repository(start)
    return caught.value


def test_no_repository_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_CEILING_DIRECTORIES", str(tmp_path.parent))
    assert refusal(tmp_path).what == "not a git repository"
    assert refusal(tmp_path / "absent").what == "no such folder"


def test_a_bare_repository_and_a_git_directory_are_refused(repo: Repo, tmp_path: Path) -> None:
    repo.commit(files={"a": "a"})
    repo.git("clone", "-q", "--bare", ".", str(tmp_path / "bare"))
    assert refusal(tmp_path / "bare").what == "a bare repository has no work tree"
    assert refusal(repo.root / ".git").what == "inside a git directory, not a work tree"


def test_a_linked_worktree_has_a_state_folder_of_its_own(repo: Repo, tmp_path: Path) -> None:
    repo.commit(files={"a/b": "a"})
    repo.git("worktree", "add", "-q", str(tmp_path / "linked"))
    at = open_repository(tmp_path / "linked" / "a")
    assert at.root == tmp_path / "linked"
    assert at.git_dir == at.state.parent != at.common_dir == repo.root / ".git"


def test_a_surrounding_hooks_environment_does_not_lead_astray(
    repo: Repo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Repo.create(tmp_path / "other")
    monkeypatch.setenv("GIT_DIR", str(other.root / ".git"))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other.root / ".git/index"))
    assert open_repository(repo.root).git_dir == repo.root / ".git"


def test_odd_names_survive(repo: Repo) -> None:
    names = ["a b.md", "new\nline", "été", os.fsdecode(b"latin-\xe9"), '"quoted"', "-dash", ":(top)magic"]
    for name in names:
        repo.write(name, "x")
    assert sorted(read.untracked(open_repository(repo.root))) == sorted(names)
    repo.commit()
    at = open_repository(repo.root)
    assert sorted(read.tracked(at)) == sorted(names)
    assert [e.path for e in read.index(at, [":(top)magic"])] == [":(top)magic"]


def test_status_tells_renames_conflicts_ignored_and_untracked(repo: Repo) -> None:
    repo.commit(files={"old.md": "one\ntwo\nthree\n", "both": "base", ".gitignore": "*.log\n"})
    repo.git("switch", "-q", "-c", "side")
    repo.commit(files={"both": "side"})
    repo.git("switch", "-q", "main")
    repo.commit(files={"both": "main"})
    repo.git("mv", "old.md", "new name.md")
    repo.write("x.log")
    repo.write("loose")
    at = open_repository(repo.root)
    assert read.status(at, ignored_files=True) == [
        Status("R.", "new name.md", "old.md"), Status("??", "loose"), Status("!!", "x.log")
    ]  # fmt: skip
    repo.git("commit", "-qm", "moved")
    with pytest.raises(AssertionError):
        repo.git("merge", "-q", "side")
    assert Status("UU", "both") in read.status(at)
    with pytest.raises(RepoOpsError, match="archive cannot be done during a merge"):
        read.refuse_in_progress(at, "archive")


def test_the_subject_is_the_tree_a_commit_would_have(repo: Repo) -> None:
    repo.commit(files={"a": "a", "logs/s.md": "s", ".gitignore": "*.o\n"})
    at = open_repository(repo.root)
    clean = read.subject(at)
    assert (clean.tree, clean.dirty) == (repo.git("rev-parse", "HEAD^{tree}").strip(), False)
    repo.write("a", "changed")
    repo.write("sub/new", "new", mode=0o755)
    repo.write("x.o", "ignored")
    before = repo.picture(), sorted(p for p in (repo.root / ".git/objects").rglob("*"))
    now, without = read.subject(at), read.subject(at, exclude=["logs", "sub/new"])
    assert (repo.picture(), sorted((repo.root / ".git/objects").rglob("*"))) == before
    commit = repo.commit()
    assert now.tree == repo.git("rev-parse", "HEAD^{tree}").strip() != clean.tree
    assert (now.dirty, without.dirty) == (True, True)
    assert without.tree == read.committed_tree(at, commit, ["logs", "sub/new"]) != now.tree
    assert read.subject(at, exclude=["logs", "sub/new"]) == type(now)(
        commit, without.tree, False, ("logs", "sub/new")
    )


def test_the_subject_of_a_repository_without_commits(repo: Repo) -> None:
    repo.write("a", "a")
    found = read.subject(open_repository(repo.root))
    assert (found.commit, found.dirty) == (None, True)


def test_blobs_come_in_order(repo: Repo) -> None:
    repo.commit(files={"a": "one\n", "b": b"\x00two", "c": ""})
    at = open_repository(repo.root)
    assert read.blobs(at, [e.oid for e in read.index(at)]) == [b"one\n", b"\x00two", b""]
    with pytest.raises(RepoOpsError, match="no such object"):
        read.blobs(at, ["0" * 40])


def test_ignored_names_those_that_rules_cover_tracked_or_not(repo: Repo) -> None:
    repo.commit(files={"docs/archive/a.md": "a", ".gitignore": "archive/\n"})
    at = open_repository(repo.root)
    assert read.ignored(at, ["docs/archive/a.md", "docs/b.md", "docs/archive/é x.md"]) == {
        "docs/archive/a.md", "docs/archive/é x.md",
    }  # fmt: skip
