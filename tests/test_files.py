from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repoops.files import Text, atomic_write, digest, sha256, shown, walk_files


@given(st.binary())
def test_text_gives_back_every_byte(data: bytes) -> None:
    assert Text.of(data).encode() == data


def test_a_bom_is_no_part_of_the_text() -> None:
    assert Text.of(b"\xef\xbb\xbfa\r\n") == Text("a\r\n", bom=True)


def test_atomic_write_keeps_the_mode_and_leaves_nothing_beside(tmp_path: Path) -> None:
    path = tmp_path / "run.sh"
    path.write_bytes(b"old")
    path.chmod(0o750)
    atomic_write(path, b"new")
    assert (path.read_bytes(), stat.S_IMODE(path.stat().st_mode), os.listdir(tmp_path)) == (
        b"new",
        0o750,
        ["run.sh"],
    )


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.mkdir()
    (path / "inside").touch()
    with pytest.raises(OSError):
        atomic_write(path, b"new")
    assert os.listdir(tmp_path) == ["a"]


def test_digest_is_of_a_links_target_not_of_what_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"content")
    (tmp_path / "link").symlink_to("a")
    assert digest(tmp_path / "link") == sha256(b"a")
    assert digest(tmp_path / "a") == sha256(b"content")


def test_paths_are_shown_readable() -> None:
    assert shown("été/a\nb\udcff.md") == "été/a\\nb\\xff.md"


def test_walk_lists_links_to_folders_and_does_not_enter_them(tmp_path: Path) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b/x").touch()
    (tmp_path / "link").symlink_to("b")
    assert list(walk_files(tmp_path)) == ["link", "b/x"]
