"""Names and arguments that a shell, git or we might take for something else: nothing executed, nothing lost."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from pathlib import Path

import pytest

from repoops.errors import RepoOpsError
from repoops.files import walk_files
from repoops.remote.job import JobSpec, submit
from repoops.remote.link import Link
from repoops.remote.watch import collect, follow
from repoops.vcs.read import open_repository, subject
from repoops.vcs.side import Carried, carry, pack
from tests.support.repo import Repo
from tests.support.sshd import Sshd

NAMES = [
    "$(touch x)", "`touch x`", "-rf", "--exec=touch x", "a b", "'", '"', "new\nline", "tab\t", "; touch x", "*", "~",
    "\\", "!!", "é", "#", "&& touch x", "sub/$(touch x)/-f", "sub/..a", ".hidden", "a" * 200, "\udcff\udcfe",
]  # fmt: skip

# What the job writes of the tree it runs in: every path with its kind and content.
TELL = """
import hashlib, json, os, sys
found = {}
for at, names, files in os.walk("."):
    names[:] = [n for n in names if n != ".git"]
    for n in files + [n for n in names if os.path.islink(os.path.join(at, n))]:
        p = os.path.join(at, n)
        what = "->" + os.readlink(p) if os.path.islink(p) else hashlib.sha256(open(p, "rb").read()).hexdigest()
        found[os.path.relpath(p)] = [what, bool(os.lstat(p).st_mode & 0o100)]
json.dump([found, sys.argv[1:], os.environ["ODD"]], open(os.environ["REPOOPS_OUT"] + "/r", "w"))
"""


def told_here(root: Path) -> dict[str, list[object]]:
    found: dict[str, list[object]] = {}
    for rel in walk_files(root):
        full = root / rel
        if rel.split("/")[0] != ".git":
            what = (
                "->" + os.readlink(full)
                if full.is_symlink()
                else hashlib.sha256(full.read_bytes()).hexdigest()
            )
            found[rel] = [what, bool(full.lstat().st_mode & 0o100)]
    return found


def everything(folder: Path) -> dict[str, str]:
    """Every file of a git directory but our own state, with its content."""
    return {
        rel: hashlib.sha256((folder / rel).read_bytes()).hexdigest()
        for rel in walk_files(folder)
        if not rel.startswith("repoops/")
    }


@pytest.fixture
def hostile(repo: Repo) -> Repo:
    repo.commit("first", {"kept.txt": "x\n", "gone.txt": "y\n", ".gitignore": "*.ignored\n"})
    repo.git("checkout", "-q", "-b", "$(touch${IFS}x)")
    for n, name in enumerate(NAMES):
        repo.write(name, f"content {n}\n")
    repo.git("add", "--", ":(literal)*", "a b")
    repo.write("a b", "changed again\n")
    repo.write("script.sh", "#!/bin/sh\n", mode=0o755)
    repo.write("big.bin", bytes(range(256)) * 1000)
    repo.write("no.ignored", "stays here")
    (repo.root / "link").symlink_to("kept.txt")
    (repo.root / "dangling").symlink_to("$(touch x)/nowhere")
    (repo.root / "gone.txt").unlink()
    return repo


def test_every_name_and_every_argument_arrives_as_it_is(link: Link, hostile: Repo, tmp_path: Path) -> None:
    work = open_repository(hostile.root)
    git_before = everything(hostile.root / ".git")
    odd = "$(touch x); `touch x` 'é\n\""
    argv = (sys.executable, "-c", TELL, *NAMES)
    carried = carry(work)
    job = submit(link, work, JobSpec(argv, carried, env={"ODD": odd}, out=("r",)))
    assert follow(link, job, lambda _: None).clean, job.log.read_text()
    files, arguments, variable = json.loads((collect(link, job) / "r").read_text())
    here = told_here(hostile.root)
    del here["no.ignored"]
    assert files == here
    assert arguments == NAMES
    assert variable == odd
    assert everything(hostile.root / ".git") == git_before
    assert carried.tree == subject(work).tree
    touched = [*tmp_path.rglob("x"), Path.home() / "x"]
    assert [path for path in touched if path.exists()] == []


def test_the_tree_there_has_the_same_subject(server: Sshd, link: Link, hostile: Repo) -> None:
    work = open_repository(hostile.root)
    job = submit(link, work, JobSpec(("true",), carry(work)))
    assert follow(link, job, lambda _: None).clean
    there = open_repository(server.remote / "trees" / job.spec.tree.tree)
    assert subject(there) == subject(work)
    assert subject(there).dirty


def test_a_tree_that_a_job_has_changed_is_made_anew(link: Link, hostile: Repo) -> None:
    work = open_repository(hostile.root)
    for _ in range(2):
        line = "ls -A; rm kept.txt; echo more > added; git -c user.name=a -c user.email=a@b commit -qam x"
        job = submit(link, work, JobSpec(("sh", "-c", line), carry(work)))
        follow(link, job, lambda _: None)
        assert b"kept.txt" in job.log.read_bytes()
        assert b"added" not in job.log.read_bytes()


def test_two_jobs_at_once_have_a_tree_each(link: Link, hostile: Repo) -> None:
    work = open_repository(hostile.root)
    slow = submit(link, work, JobSpec(("sh", "-c", "pwd; sleep 3"), carry(work)))
    quick = submit(link, work, JobSpec(("sh", "-c", "pwd"), carry(work)))
    assert follow(link, quick, lambda _: None).clean
    assert follow(link, slow, lambda _: None).clean
    assert slow.log.read_bytes() != quick.log.read_bytes()


def test_a_repository_without_a_commit_travels(link: Link, repo: Repo) -> None:
    repo.write("a b", "only\n")
    work = open_repository(repo.root)
    job = submit(link, work, JobSpec(("cat", "a b"), carry(work)))
    assert follow(link, job, lambda _: None).clean
    assert job.log.read_bytes() == b"only\n"


def test_a_folder_with_a_hostile_name_holds_it_all(server: Sshd, hostile: Repo) -> None:
    folder = str(server.folder / 'it\'s $(touch x) "a b"')
    link = Link(server.host(folder=folder))
    work = open_repository(hostile.root)
    job = submit(
        link,
        work,
        JobSpec(("sh", "-c", 'echo y > $REPOOPS_OUT/r 2>&1 || echo y > "$REPOOPS_OUT/r"'), carry(work)),
    )
    assert follow(link, job, lambda _: None).clean
    assert (collect(link, job) / "r").read_bytes() == b"y\n"
    assert sorted(os.listdir(folder)) == ["agent", "blobs", "git", "host", "jobs", "trees"]


def test_only_what_is_missing_is_packed(hostile: Repo, tmp_path: Path) -> None:
    work = open_repository(hostile.root)
    first = carry(work)
    everything_in_it = pack(work, first, [], tmp_path / "one")
    hostile.write("a b", "third\n")
    second = carry(work)
    assert everything_in_it > 25
    assert (
        pack(work, second, [(first.tree, first.base or "-")], tmp_path / "two") == 2
    )  # the blob and the root
    assert pack(work, second, [("0" * 40, "-")], tmp_path / "three") == everything_in_it


def test_files_that_a_filter_keeps_are_refused(hostile: Repo) -> None:
    hostile.write(".gitattributes", "*.bin filter=lfs\n")
    hostile.git("config", "filter.lfs.clean", "cat")
    with pytest.raises(
        RepoOpsError, match="the content of 1 file is kept by a filter such as Git LFS"
    ) as caught:
        carry(open_repository(hostile.root))
    assert caught.value.where == "big.bin"


def test_a_submodule_is_refused_and_a_nested_repository_named(hostile: Repo) -> None:
    nested = Repo.create(hostile.root / "nested")
    nested.commit("x", {"f": "f"})
    assert carry(open_repository(hostile.root)).left_behind == ("nested",)
    hostile.git(
        "-c", "protocol.file.allow=always", "submodule", "-q", "add", "--", str(nested.root), "module"
    )
    with pytest.raises(RepoOpsError, match="a submodule's files do not travel") as caught:
        carry(open_repository(hostile.root))
    assert caught.value.where == "module"


def test_the_object_format_is_kept(link: Link, tmp_path: Path) -> None:
    (tmp_path / "sha256").mkdir()
    repo = Repo(tmp_path / "sha256")
    repo.git("init", "-q", "-b", "main", "--object-format=sha256")
    repo.commit("x", {"f": "f\n"})
    work = open_repository(repo.root)
    carried = carry(work)
    assert isinstance(carried, Carried)
    assert (carried.format, len(carried.tree)) == ("sha256", 64)
    job = submit(link, work, JobSpec(("cat", "f"), carried))
    assert follow(link, job, lambda _: None).clean
