"""The same end as git's, without git's losses; and everything back."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repoops.cleanslate.plan import choose_target, plan_slate
from repoops.cleanslate.protected import Protected
from repoops.oplog.apply import apply
from repoops.oplog.undo import undo
from repoops.vcs.read import open_repository
from tests.support.crash import crash_loop
from tests.support.repo import Repo


def messy(root: Path) -> Repo:
    """Every kind of change at once, and an upstream one commit away."""
    repo = Repo.create(root)
    repo.commit(files={"a": "a\n", "b/c": "c\n", "b/d": "d\n", "mode.sh": "#!\n", "gone": "g\n", "kind": "file\n",
                       ".gitignore": "*.o\nbuild/\n.env\n", "flag": "flag\n"})  # fmt: skip
    repo.git("branch", "upstream")
    repo.commit("mine", {"mine": "unpushed\n", "b/c": "c, committed\n"})
    repo.git("branch", "-q", "--set-upstream-to=upstream")
    repo.write("a", "a, edited\n")
    repo.write("b/d", "d, staged\n")
    repo.git("add", "b/d")
    repo.write("b/d", "d, staged, then edited\n")
    repo.write("staged new", "n\n")
    repo.git("add", "staged new")
    (repo.root / "mode.sh").chmod(0o755)
    (repo.root / "gone").unlink()
    (repo.root / "kind").unlink()
    (repo.root / "kind").symlink_to("a")
    repo.git("update-index", "--assume-unchanged", "flag")
    repo.write("flag", "an edit that git does not see\n")
    repo.write("build/deep/x.o", b"\0")
    repo.write("build/.env", "SECRET=1\n", mode=0o600)
    repo.write("loose/file", "untracked\n")
    (repo.root / "empty/inner").mkdir(parents=True)
    repo.write(".env", "TOKEN=x\n", mode=0o600)
    return repo


def git_way(repo: Repo, target: str, folder: Path) -> dict[str, object]:
    """What git's own commands leave of a copy."""
    shutil.copytree(repo.root, folder, symlinks=True)
    copy = Repo(folder)
    copy.git("clean", "-q", "-fdx")
    copy.git("reset", "-q", "--hard", target)
    copy.git("clean", "-q", "-fdx")  # what reset leaves untracked once an index entry is dropped
    return copy.picture()


def ours(repo: Repo, target: str | None = None) -> str:
    at = open_repository(repo.root)
    commit, _ = choose_target(at, target, None)
    slate = plan_slate(at, commit, Protected((), None), "")
    receipt = apply(at, slate.plan)
    assert receipt.agrees, receipt.problems
    return receipt.operation


def without(picture: dict[str, object], *names: str) -> dict[str, object]:
    files: dict[str, object] = picture["files"]  # type: ignore[assignment]
    left = {path: what for path, what in files.items() if path not in names}
    return {**picture, "files": left, "status": "", "index": ""}


def test_the_end_is_gits_and_the_protected_stay(tmp_path: Path) -> None:
    repo = messy(tmp_path / "repo")
    wanted = git_way(repo, "upstream", tmp_path / "git")
    before = repo.picture()
    ours(repo)
    assert without(repo.picture(), ".env", "build", "build/.env") == without(wanted)
    assert repo.git("ls-files", "-s") == Repo(tmp_path / "git").git("ls-files", "-s")
    assert repo.git("status", "--porcelain") == ""
    assert repo.read(".env") == b"TOKEN=x\n"
    assert repo.read("build/.env") == b"SECRET=1\n"
    undo(open_repository(repo.root))
    assert repo.picture() == before


def test_times_come_back_too(tmp_path: Path) -> None:
    repo = messy(tmp_path / "repo")
    times = {
        p: os.lstat(p).st_mtime_ns for p in repo.root.rglob("*") if ".git" not in p.parts and not p.is_dir()
    }
    ours(repo)
    undo(open_repository(repo.root))
    assert {p: os.lstat(p).st_mtime_ns for p in times} == times


def test_commits_on_no_branch_and_what_was_staged_survive_a_collection(tmp_path: Path) -> None:
    repo = messy(tmp_path / "repo")
    mine, before = repo.git("rev-parse", "HEAD").strip(), repo.picture()
    ours(repo)
    repo.git("reflog", "expire", "--expire=now", "--all")
    repo.git("gc", "-q", "--prune=now")
    assert repo.git("cat-file", "-t", mine) == "commit\n"
    undo(open_repository(repo.root))
    assert repo.picture() == before
    assert repo.git("show", ":b/d") == "d, staged\n"
    assert repo.git("show", ":staged new") == "n\n"


NAMES = ["a", "b", "d", "d/x", "d/y", "d/e/z", "f g", "h.o"]
STATES = st.fixed_dictionaries({
    n: st.tuples(st.sampled_from(["no", "one", "two"]), st.sampled_from(["no", "one", "two"]),
                 st.sampled_from(["keep", "edit", "delete", "stage", "chmod"]))
    for n in NAMES
})  # fmt: skip


def build(root: Path, states: dict[str, tuple[str, str, str]]) -> Repo:
    """Two commits and a work tree, from `name -> (in the target, in HEAD, in the work tree)`."""
    repo = Repo.create(root)
    repo.commit(files={".gitignore": "*.o\n"})
    for commit in (0, 1):
        repo.git("rm", "-rq", "--cached", "--ignore-unmatch", ".")
        for entry in repo.root.iterdir():
            if entry.name not in (".git", ".gitignore"):
                shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        for name, state in states.items():
            if state[commit] != "no" and not any(
                (repo.root / p).is_file() for p in map(str, Path(name).parents)
            ):
                if (repo.root / name).is_dir():
                    continue
                repo.write(name, state[commit])
        repo.git("add", "-fA")
        repo.git("commit", "-q", "--allow-empty", "-m", str(commit))
        repo.git("tag", "target" if commit == 0 else "start")
    for name, (_, _, change) in states.items():
        full = repo.root / name
        blocked = any((repo.root / p).is_file() for p in map(str, Path(name).parents)) or full.is_dir()
        if change == "delete" and full.is_file():
            full.unlink()
        elif change in ("edit", "stage") and not blocked:
            repo.write(name, f"{change}d")
            if change == "stage":
                repo.git("add", "-f", "--", name)
        elif change == "chmod" and full.is_file():
            full.chmod(0o755)
    return repo


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STATES)
def test_any_tree_ends_as_gits_does_and_comes_back(
    tmp_path: Path, states: dict[str, tuple[str, str, str]]
) -> None:
    number = len(list(tmp_path.iterdir()))
    repo = build(tmp_path / f"r{number}", states)
    wanted = git_way(repo, "target", tmp_path / f"g{number}")
    before = repo.picture()
    at = open_repository(repo.root)
    slate = plan_slate(at, choose_target(at, "target", None)[0], Protected((), None), "")
    assert plan_slate(at, slate.target.commit, Protected((), None), "").plan == slate.plan
    if slate.plan.steps:
        receipt = apply(at, slate.plan)
        assert receipt.agrees, receipt.problems
    assert without(repo.picture()) == without(wanted)
    assert repo.git("ls-files", "-s") == Repo(tmp_path / f"g{number}").git("ls-files", "-s")
    if slate.plan.steps:
        assert undo(at).agrees
    assert repo.picture() == before


def scattered(root: Path) -> Repo:
    repo = Repo.create(root)
    for n in range(3):
        repo.write(f"s{n}/kept", str(n))
        repo.write(f"s{n}/sub/kept", "k")
    repo.commit(files={".gitignore": "*.o\n"})
    for n in range(3):
        for m in range(40):
            repo.write(f"s{n}/{m}.o", b"\0")
        repo.write(f"s{n}/.env.local", "secret")
    repo.write("s1/kept", "edited")
    return repo


def test_a_folder_with_much_to_go_and_little_to_stay_is_emptied_in_a_few_renames(tmp_path: Path) -> None:
    repo = scattered(tmp_path / "repo")
    wanted = git_way(repo, "HEAD", tmp_path / "git")
    before = repo.picture()
    at = open_repository(repo.root)
    slate = plan_slate(at, choose_target(at, None, None)[0], Protected((), None), "")
    assert len(slate.plan.steps) < 10
    assert apply(at, slate.plan).agrees
    env = [f"s{n}/.env.local" for n in range(3)]
    assert without(repo.picture(), *env) == without(wanted)
    undo(at)
    assert repo.picture() == before


def test_what_was_made_since_in_an_emptied_folder_keeps_undo_from_losing_it(tmp_path: Path) -> None:
    repo = scattered(tmp_path / "repo")
    ours(repo)
    repo.write("s0/new", "a day's work")
    said = repo.repoops("undo")
    assert (said.code, said.stdout) == (1, "")
    assert "s0/new was made since" in said.stderr
    assert repo.read("s0/new") == b"a day's work"


@pytest.mark.parametrize("make", [messy, scattered])
def test_a_killed_clean_slate_is_old_or_new_and_loses_nothing(
    tmp_path: Path, make: Callable[[Path], Repo]
) -> None:
    old = make(tmp_path / "picture").picture()
    numbers = iter(range(10_000))

    def judge(repo: Repo, n: int) -> None:
        history = repo.repoops("history")
        assert history.code == 0
        if "  applied  " in history.stdout:
            assert repo.repoops("undo").code == 0
        now = repo.picture()
        assert now == old, f"after the {n}-th effect"

    loop = crash_loop(lambda: make(tmp_path / str(next(numbers))), ["clean-slate", "--yes"], judge)
    assert loop > 20


# What git does to one's work, and RepoOps does not (each first shown to be so).


def both(tmp_path: Path, make: Callable[[Repo], None]) -> tuple[Repo, Repo]:
    repo = Repo.create(tmp_path / "ours")
    make(repo)
    shutil.copytree(repo.root, tmp_path / "gits", symlinks=True)
    git = Repo(tmp_path / "gits")
    git.git("clean", "-q", "-fdx")
    git.git("reset", "-q", "--hard")
    return repo, git


def test_git_deletes_an_untracked_file_where_a_tracked_folder_belongs(tmp_path: Path) -> None:
    def make(repo: Repo) -> None:
        repo.commit(files={"d/x": "x"})
        shutil.rmtree(repo.root / "d")
        repo.write("d", "a day's work")

    repo, git = both(tmp_path, make)
    assert git.read("d/x") == b"x"
    ours(repo)
    assert repo.read("d/x") == b"x"
    undo(open_repository(repo.root))
    assert repo.read("d") == b"a day's work"


def test_git_overwrites_edits_that_it_was_told_to_assume_unchanged(tmp_path: Path) -> None:
    def make(repo: Repo) -> None:
        repo.commit(files={"f": "committed"})
        repo.git("update-index", "--assume-unchanged", "f")
        repo.write("f", "edited")

    repo, git = both(tmp_path, make)
    assert git.read("f") == b"committed"
    before = repo.picture()
    ours(repo)
    assert repo.read("f") == b"committed"
    undo(open_repository(repo.root))
    assert repo.picture() == before


def test_git_deletes_staged_new_files_and_empty_folders_and_env(tmp_path: Path) -> None:
    def make(repo: Repo) -> None:
        repo.commit(files={"a": "a", ".gitignore": ".env\n"})
        repo.write("new", "staged")
        repo.git("add", "new")
        (repo.root / "empty").mkdir()
        repo.write(".env", "KEY=1")

    repo, git = both(tmp_path, make)
    assert sorted(p.name for p in git.root.iterdir()) == [".git", ".gitignore", "a"]
    before = repo.picture()
    ours(repo)
    assert repo.read(".env") == b"KEY=1"
    undo(open_repository(repo.root))
    assert repo.picture() == before


def test_nested_repositories_and_linked_worktrees_are_never_removed(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit(files={"a": "a"})
    nested = Repo.create(repo.root / "untracked/deep/nested")
    nested.commit(files={"work": "w"})
    repo.write("untracked/other", "o")
    repo.git("worktree", "add", "-q", "wt")
    repo.write("wt/unsaved", "u")
    copy = tmp_path / "gits"
    shutil.copytree(repo.root, copy, symlinks=True)
    Repo(copy).git("clean", "-q", "-ffdx")
    assert not (copy / "untracked").exists()
    assert not (copy / "wt").exists()
    said = repo.repoops("clean-slate", "--yes")
    assert said.code == 0
    assert "stays: untracked/deep/nested (a repository of its own)\n" in said.stdout
    assert "stays: wt (a repository of its own)\n" in said.stdout
    assert (repo.root / "wt/unsaved").exists()
    assert nested.read("work") == b"w"
    assert not (repo.root / "untracked/other").exists()


def test_virtual_environments_and_configured_globs_stay(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit(files={"a": "a", "repoops.yaml": "clean-slate:\n  protect: [data/**, '*.keep']\n"})
    for path in ("env3/pyvenv.cfg", "env3/bin/python", "data/big", "x/y.keep", "x/z", "wandb/run", "mine/m"):
        repo.write(path, "x")
    assert repo.repoops("clean-slate", "--yes", "--keep", "mine/").code == 0
    left = sorted(
        p.relative_to(repo.root).as_posix()
        for p in repo.root.rglob("*")
        if ".git" not in p.parts and p.is_file()
    )
    assert left == [
        "a",
        "data/big",
        "env3/bin/python",
        "env3/pyvenv.cfg",
        "mine/m",
        "repoops.yaml",
        "wandb/run",
        "x/y.keep",
    ]


def test_the_current_folder_is_emptied_and_stays(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit(files={"a": "a"})
    repo.write("out/deep/x", "x")
    assert repo.repoops("clean-slate", "--yes", cwd=repo.root / "out/deep").code == 0
    assert (repo.root / "out/deep").is_dir()
    assert not (repo.root / "out/deep/x").exists()


def test_attributes_decide_what_lands_in_the_work_tree(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit(files={".gitattributes": "*.bat eol=crlf\n", "x.bat": "one\r\ntwo\r\n"})
    repo.write("x.bat", "edited")
    ours(repo)
    assert repo.read("x.bat") == b"one\r\ntwo\r\n"
    assert repo.git("status", "--porcelain") == ""


def test_a_detached_head_is_reset_and_its_commits_are_kept(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit(files={"a": "1"})
    repo.git("checkout", "-q", "--detach")
    lost = repo.commit(files={"a": "2"})
    ours(repo, "main")
    assert repo.read("a") == b"1"
    assert lost in repo.git("for-each-ref", "--format=%(objectname)", "refs/repoops/keep")
    undo(open_repository(repo.root))
    assert repo.git("rev-parse", "HEAD").strip() == lost


def test_it_asks_shows_and_says_what_it_did(tmp_path: Path) -> None:
    repo = messy(tmp_path / "repo")
    before = repo.picture()
    refused = repo.repoops("clean-slate")
    assert refused.code == 2
    assert refused.stderr.endswith(
        "repoops clean-slate: nobody can be asked here\n  say --yes, or look first: --dry-run\n"
    )
    shown = repo.repoops("clean-slate", "--dry-run")
    assert shown.code == 0
    assert shown.stdout.splitlines()[0].endswith("(upstream, the upstream of this branch)")
    for line in (
        "commits on no other branch, kept by a ref: 1",
        "stays: .env (likely a secret)",
        "stays: build/.env (likely a secret)",
    ):
        assert line in shown.stdout.splitlines()
    plan = json.loads(repo.repoops("clean-slate", "--dry-run", "--json").stdout)
    assert plan["command"] == "clean-slate"
    assert repo.picture() == before
    assert repo.repoops("clean-slate", "--yes").code == 0
    assert repo.repoops("clean-slate", "--yes").stdout == "already clean\n"
    assert (
        "no such" in repo.repoops("clean-slate", "--onto", "nowhere").stderr
        or "is no commit" in repo.repoops("clean-slate", "--onto", "nowhere").stderr
    )


def test_a_merge_in_progress_is_refused(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit(files={"a": "1"})
    repo.write(".git/MERGE_HEAD", repo.git("rev-parse", "HEAD"))
    said = repo.repoops("clean-slate", "--yes")
    assert (said.code, said.stdout) == (2, "")
    assert "clean-slate cannot be done during a merge" in said.stderr


def test_the_trash_is_listed_and_purged_and_undo_then_says_so(tmp_path: Path) -> None:
    repo = messy(tmp_path / "repo")
    operation = ours(repo)
    assert operation in repo.repoops("trash", "list").stdout
    assert repo.repoops("trash", "purge", "--older-than", "1d", "--yes").stdout == ""
    assert repo.repoops("trash", "purge", "--older-than", "0").code == 2
    assert "is no age" in repo.repoops("trash", "purge", "--older-than", "soon", "--yes").stderr
    assert operation in repo.repoops("trash", "purge", "--older-than", "0", "--yes").stdout
    assert repo.repoops("trash", "list").stderr == "the trash is empty\n"
    assert "cannot be undone: its trash was purged on" in repo.repoops("undo", operation).stderr


def test_a_large_file_is_moved_and_moved_back_unread(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit(files={"a": "a"})
    size = 1 << 28
    with open(repo.root / "model.bin", "wb") as file:
        file.truncate(size)

    def read_so_far() -> int:
        said = Path("/proc/self/io").read_text() if Path("/proc/self/io").exists() else "rchar: 0"
        return int(said.split("rchar:")[1].split()[0])

    before = read_so_far()
    ours(repo)
    undo(open_repository(repo.root))
    assert (repo.root / "model.bin").stat().st_size == size
    assert read_so_far() - before < size // 4
