"""What earlier runs read is used again and never changes what a map says, whatever happened to files or to the store."""

from __future__ import annotations

import json
import random
from pathlib import Path

import pytest

from repoops.codemap.draw import draw
from repoops.codemap.memo import read_memo
from repoops.codemap.scan import scan
from repoops.config import Config
from repoops.vcs.read import open_repository
from tests.support import cuda_repo
from tests.support.repo import Repo

CONFIG = Config()


def store(repo: Repo) -> Path:
    return open_repository(repo.root).state / "codemap" / "files.json"


def text(repo: Repo) -> str:
    return draw(open_repository(repo.root), CONFIG, 0).text


def afresh(repo: Repo) -> str:
    store(repo).unlink(missing_ok=True)
    return text(repo)


def test_a_second_run_reads_no_source_again(repo: Repo) -> None:
    cuda_repo.make(repo)
    first = text(repo)
    at = open_repository(repo.root)
    tree = scan(at)
    asked: list[str] = []
    for stage, kept in tree.memo.old.items():
        for path in tree.files:
            if tree.blob(path) in kept:
                tree.ask(stage, path, asked.append)
    assert asked == []
    assert text(repo) == first
    before = store(repo).stat().st_mtime_ns
    assert text(repo) == first
    assert store(repo).stat().st_mtime_ns == before


@pytest.mark.parametrize("seed", range(3))
def test_after_any_changes_a_warm_map_is_the_cold_one(repo: Repo, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - seeded on purpose
    files = {path: content for path, content in cuda_repo.FILES.items() if "/" in path}
    cuda_repo.make(repo)
    text(repo)
    for _ in range(12):
        path = rng.choice(sorted(files))
        what = rng.choice(("edit", "remove", "stage", "move", "crlf", "restore", "commit"))
        if what == "edit":
            repo.write(
                path,
                files[path]
                + rng.choice(("\nint x;\n", "\ndef added(): ...\n", "\n__global__ void added() {}\n")),
            )
        elif what == "remove":
            (repo.root / path).unlink(missing_ok=True)
        elif what == "crlf":
            repo.write(path, files[path].replace("\n", "\r\n"))
        elif what == "move":
            repo.write(path.replace("/", "/moved_", 1), files[path])
        elif what == "restore":
            repo.write(path, files[path])
        elif what == "stage":
            repo.git("add", "-A")
        else:
            repo.commit("more")
        assert text(repo) == (warm := text(repo)), what
        kept = store(repo).read_bytes()
        assert afresh(repo) == warm, (what, path)
        store(repo).write_bytes(kept)


@pytest.mark.parametrize(
    "damage",
    [b"", b"{", b"[]", b"null", b'{"code": "older", "stages": {"module:py": {"x": 1}}}', b"\xff" * 9],
)
def test_a_damaged_store_is_as_good_as_none(repo: Repo, damage: bytes) -> None:
    cuda_repo.make(repo)
    first = text(repo)
    store(repo).write_bytes(damage)
    assert text(repo) == first
    assert json.loads(store(repo).read_bytes())["stages"]


def test_a_store_that_cannot_be_written_changes_nothing(repo: Repo) -> None:
    cuda_repo.make(repo)
    first = text(repo)
    store(repo).unlink()
    store(repo).parent.rmdir()
    store(repo).parent.write_text("in the way")
    assert text(repo) == first


def test_only_what_this_tree_needs_is_kept(repo: Repo) -> None:
    cuda_repo.make(repo)
    text(repo)
    size = store(repo).stat().st_size
    for n in range(6):
        repo.write("src/a.cu", cuda_repo.FILES["src/a.cu"] + f"// {n}\n")
        text(repo)
    assert store(repo).stat().st_size < size * 1.2


def test_files_that_git_was_told_not_to_look_at_are_looked_at(repo: Repo) -> None:
    cuda_repo.make(repo)
    repo.commit()
    repo.git("update-index", "--assume-unchanged", "fast/cli.py")
    repo.git("update-index", "--skip-worktree", "fast/plugin.py")
    repo.write("fast/cli.py", "def seen_all_the_same(): ...\n")
    (repo.root / "fast/plugin.py").unlink()
    said = text(repo)
    assert "`seen_all_the_same`" in said
    assert "`fast/plugin.py`: `pytest_configure`" not in said


def test_a_filter_makes_the_disk_decide(repo: Repo) -> None:
    repo.git("config", "filter.swap.clean", "sed s/shown/hidden/")
    repo.git("config", "filter.swap.smudge", "sed s/hidden/shown/")
    repo.commit(files={".gitattributes": "*.py filter=swap\n", "a.py": "def shown(): ...\n"})
    assert scan(open_repository(repo.root)).blobs == {}
    assert "`shown`" in text(repo)


def test_a_linked_work_tree_keeps_a_store_of_its_own(repo: Repo) -> None:
    cuda_repo.make(repo)
    repo.commit()
    repo.git("worktree", "add", "-q", "../linked")
    linked = Repo(repo.root.parent / "linked")
    linked.write("fast/cli.py", "def other(): ...\n")
    assert text(linked) != text(repo)
    assert store(linked) != store(repo)
    assert read_memo(open_repository(linked.root).state).old
