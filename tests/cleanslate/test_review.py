"""Corners in which a clean slate once ended otherwise than git's, or took what it should leave."""

from __future__ import annotations

import shutil
from pathlib import Path

from repoops.oplog.undo import undo
from repoops.vcs.read import open_repository
from tests.cleanslate.test_cleanslate import git_way, ours, without
from tests.support.repo import Repo


def test_attributes_edited_in_the_work_tree_do_not_decide_what_is_checked_out(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit(files={".gitattributes": "*.txt text eol=lf\n", "x.txt": "one\ntwo\n"})
    repo.write(".gitattributes", "*.txt text eol=crlf\n")
    repo.write("x.txt", "edited")
    wanted, before = git_way(repo, "HEAD", tmp_path / "git"), repo.picture()
    ours(repo)
    assert without(repo.picture()) == without(wanted)
    undo(open_repository(repo.root))
    assert repo.picture() == before


def test_a_sparse_checkout_stays_sparse(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit(files={"in/a": "a", "out/b": "b", "top": "t"})
    repo.git("sparse-checkout", "set", "in")
    repo.write("in/a", "edited")
    wanted, before = git_way(repo, "HEAD", tmp_path / "git"), repo.picture()
    ours(repo)
    assert not (repo.root / "out").exists()
    assert without(repo.picture()) == without(wanted)
    assert repo.git("status", "--porcelain") == ""
    undo(open_repository(repo.root))
    assert repo.picture() == before


def test_a_missing_submodule_folder_is_made_again(tmp_path: Path) -> None:
    library = Repo.create(tmp_path / "library")
    library.commit(files={"l": "l"})
    repo = Repo.create(tmp_path / "repo")
    repo.git("-c", "protocol.file.allow=always", "submodule", "--quiet", "add", str(library.root), "deep/lib")
    repo.commit()
    shutil.rmtree(repo.root / "deep")
    wanted, before = git_way(repo, "HEAD", tmp_path / "git"), repo.picture()
    ours(repo)
    assert without(repo.picture()) == without(wanted)
    assert repo.git("status", "--porcelain") == ""
    undo(open_repository(repo.root))
    assert repo.picture() == before


def test_tracked_files_in_a_folder_of_a_protected_name_follow_the_target(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit(files={"src/checkpoints/save.py": "old", "src/checkpoints/load.py": "l"})
    repo.git("branch", "target")
    repo.commit(files={"src/checkpoints/save.py": "new", "src/checkpoints/extra.py": "e"})
    (repo.root / "src/checkpoints/load.py").unlink()
    repo.write("src/checkpoints/step-1000.pt", "a night's training")
    repo.write("src/checkpoints/run/weights", "w")
    before = repo.picture()
    ours(repo, "target")
    assert repo.git("status", "--porcelain", "-uno") == ""
    assert repo.read("src/checkpoints/save.py") == b"old"
    assert repo.read("src/checkpoints/load.py") == b"l"
    assert not (repo.root / "src/checkpoints/extra.py").exists()
    assert repo.read("src/checkpoints/step-1000.pt") == b"a night's training"
    assert repo.read("src/checkpoints/run/weights") == b"w"
    undo(open_repository(repo.root))
    assert repo.picture() == before


def test_direnv_files_and_links_of_protected_names_stay(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit(files={"a": "a"})
    repo.write("build/.envrc", "export KEY=1")
    (tmp_path / "disk").mkdir()
    (repo.root / "checkpoints").symlink_to(tmp_path / "disk")
    repo.write("x", "x")
    ours(repo)
    assert repo.read("build/.envrc") == b"export KEY=1"
    assert (repo.root / "checkpoints").is_symlink()


def test_a_secret_in_a_folder_where_the_target_has_a_file_is_refused_by_name(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit(files={"d": "a file"})
    (repo.root / "d").unlink()
    repo.write("d/.env", "KEY=1")
    before = repo.picture()
    said = repo.repoops("clean-slate", "--yes")
    assert (said.code, said.stdout) == (2, "")
    assert "d/.env: is protected, and the target has a file where its folder lies" in said.stderr
    assert repo.picture() == before
