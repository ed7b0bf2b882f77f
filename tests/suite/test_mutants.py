"""Patches that put a bug into a kernel: found by version, read, applied to the letter, in sources and in headers."""

from __future__ import annotations

import difflib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repoops.errors import RepoOpsError
from repoops.kernel.model import Kernel
from repoops.nvidia.nvrtc import compile_ptx
from repoops.suite.mutants import CHECKS, CLASSES, Mutant, applied, find, outside, planted, read

SOURCE = """\
#include "factor.cuh"
extern "C" __global__ void scale(const float* x, float* y)
{
    const int i = threadIdx.x;
    y[i] = FACTOR * x[i];
}
"""
HEADER = "#pragma once\n#define FACTOR 2.0f\n"
HEAD = "class: missing scale\nexpect: numerics\n\nThe factor is left out.\n"


def diff(before: str, after: str, name: str = "scale.cu") -> str:
    made = difflib.unified_diff(before.splitlines(True), after.splitlines(True), f"a/{name}", f"b/{name}")
    return "".join(made)


LEFT_OUT = diff(SOURCE, SOURCE.replace("FACTOR * ", ""))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """`kernels/scale` with a source and a header of another folder."""
    (tmp_path / "scale" / "mutants").mkdir(parents=True)
    (tmp_path / "include").mkdir()
    (tmp_path / "scale" / "scale.cu").write_text(SOURCE)
    (tmp_path / "include" / "factor.cuh").write_text(HEADER)
    return tmp_path / "scale"


def patch(folder: Path, text: str, name: str = "plain-left-out") -> Path:
    path = folder / "mutants" / f"{name}.patch"
    path.write_text(text)
    return path


def test_a_mutant_is_of_the_longest_version_that_begins_its_name(folder: Path) -> None:
    for name in ("tiled-left-out", "tiled-fast-left-out", "tiled-fastest"):
        patch(folder, "", name)
    assert [(version, what) for version, what, _ in find(folder, ("tiled", "tiled-fast"))] == [
        ("tiled-fast", "left-out"),
        ("tiled", "fastest"),
        ("tiled", "left-out"),
    ]
    assert find(folder / "nowhere", ("tiled",)) == []
    with pytest.raises(RepoOpsError, match="of no version") as error:
        find(folder, ("tile",))
    assert error.value.remedy == "name it VERSION-WHAT.patch; there are tile"


def test_a_patch_says_what_it_is_of_and_what_must_see_it(folder: Path) -> None:
    found = read(
        patch(
            folder,
            HEAD.replace("scale", "scale (of the input)").replace("numerics", "numerics, gates") + LEFT_OUT,
        )
    )
    assert (found.bug, found.expect, found.place) == ("missing scale", ("numerics", "gates"), "scale.cu:5")
    assert applied(found, folder) == {folder / "scale.cu": SOURCE.replace("FACTOR * ", "")}


@pytest.mark.parametrize(
    ("text", "what", "remedy"),
    [
        (HEAD.replace("missing scale", "bad luck") + LEFT_OUT, "there is no class 'bad luck'", f"there are: {', '.join(CLASSES)}"),
        (HEAD.replace("numerics", "hope") + LEFT_OUT, "there is no check 'hope'", f"there are: {', '.join(CHECKS)}"),
        (HEAD.replace("expect: numerics\n", "") + LEFT_OUT, "it needs the keys class and expect at its head, and has class", "Mutants"),
        (LEFT_OUT, "and has none", "Mutants"),
        (HEAD + "--- nothing here\n", "it has no diff", "diff -u a/FILE b/FILE"),
        (HEAD + LEFT_OUT[: LEFT_OUT.rindex(" }")], "its diff cannot be read", "renew it"),
    ],
)  # fmt: skip
def test_what_is_no_mutant_is_named_with_how_to_mend_it(
    folder: Path, text: str, what: str, remedy: str
) -> None:
    with pytest.raises(RepoOpsError) as error:
        read(patch(folder, text))
    assert what in error.value.what
    assert remedy in (error.value.remedy or "")
    assert str(error.value.where).endswith("plain-left-out.patch")
    assert error.value.code == 1


def seed(before: str, after: str, folder: Path) -> Mutant:
    return read(patch(folder, HEAD + diff(before, after)))


def test_a_hunk_whose_lines_have_moved_is_found_where_they_stand_once(folder: Path) -> None:
    mutant = seed(SOURCE, SOURCE.replace("FACTOR * ", ""), folder)
    moved = "// one\n// two\n" + SOURCE
    (folder / "scale.cu").write_text(moved)
    assert applied(mutant, folder) == {folder / "scale.cu": moved.replace("FACTOR * ", "")}
    (folder / "scale.cu").write_text(moved + SOURCE)
    with pytest.raises(RepoOpsError, match=r"its lines stand there 2 times, at 4, 10"):
        applied(mutant, folder)


def test_a_patch_that_does_not_fit_says_which_hunk_and_how_to_renew_it(folder: Path) -> None:
    long = SOURCE.replace("{\n", "{\n" + "    // far\n" * 9)
    mutant = seed(long, long.replace("FACTOR * ", "").replace("scale(", "scala("), folder)
    (folder / "scale.cu").write_text(long.replace("y[i] = FACTOR", "y[i] = 2.0f"))
    with pytest.raises(RepoOpsError) as error:
        applied(mutant, folder)
    assert error.value.what == (
        "hunk 2 of 2 (@@ -11,5 +11,5 @@) does not fit scale.cu: "
        "line 14 is 'y[i] = 2.0f * x[i];', the patch has 'y[i] = FACTOR * x[i];'"
    )
    assert error.value.remedy == (
        "make the change in a copy and renew the patch below its preamble: diff -u a/scale.cu b/scale.cu"
    )
    (folder / "scale.cu").unlink()
    with pytest.raises(RepoOpsError, match=r"it changes scale\.cu, which cannot be read: No such file"):
        applied(mutant, folder)


def test_line_ends_are_kept_and_a_last_line_may_have_none(folder: Path) -> None:
    (folder / "scale.cu").write_bytes(b"a\r\nb\r\nc")
    path = folder / "mutants" / "plain-x.patch"
    path.write_bytes(
        HEAD.encode()
        + b"--- a/scale.cu\n+++ b/scale.cu\n@@ -1,3 +1,3 @@\n a\r\n-b\r\n+d\r\n c\n\\ No newline at end of file\n"
    )
    assert applied(read(path), folder) == {folder / "scale.cu": "a\r\nd\r\nc"}


LINES = st.lists(st.sampled_from(["a\n", "b\n", "{\n", "\n", "--- x\n", "+++ y\n"]), min_size=1, max_size=40)


@given(LINES, LINES)
def test_applying_a_diff_gives_the_other_file(before: list[str], after: list[str]) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        (folder / "mutants").mkdir()
        (folder / "scale.cu").write_text("".join(before))
        if before == after:
            return
        made = diff("".join(before), "".join(after))
        assert applied(read(patch(folder, HEAD + made)), folder) == {folder / "scale.cu": "".join(after)}


# ---- into a kernel


def kernel(folder: Path) -> Kernel:
    return Kernel(folder / "scale.cu", "scale", include=(folder.parent / "include",))


def ptx(made: Kernel) -> str:
    return compile_ptx(made, "sm_80")[0]


def test_a_source_is_changed_as_text_under_its_own_name(folder: Path, tmp_path: Path) -> None:
    texts = applied(read(patch(folder, HEAD + LEFT_OUT)), folder)
    made = planted(kernel(folder), texts, tmp_path / "room")
    assert made is not None
    assert (made.source, made.text) == (folder / "scale.cu", texts[folder / "scale.cu"])
    assert not (tmp_path / "room").exists()
    assert (
        planted(Kernel(folder.parent / "include" / "factor.cuh", "other"), texts, tmp_path / "room") is None
    )


@pytest.mark.parametrize("included", ['"factor.cuh"', '"../include/factor.cuh"', '"between.cuh"'])
def test_a_header_is_changed_however_it_is_included(folder: Path, tmp_path: Path, included: str) -> None:
    (folder / "scale.cu").write_text(SOURCE.replace('"factor.cuh"', included))
    (folder / "between.cuh").write_text('#include "../include/factor.cuh"\n')
    changed = HEADER.replace("2.0f", "3.0f")
    texts = applied(read(patch(folder, HEAD + diff(HEADER, changed, "../include/factor.cuh"))), folder)
    made = planted(kernel(folder), texts, tmp_path / "room")
    assert made is not None
    assert "0f40400000" in ptx(made)  # 3.0f
    assert "0f40400000" not in ptx(kernel(folder))
    assert (folder.parent / "include" / "factor.cuh").read_text() == HEADER
    said = f"{made.source}:5: it deviates"
    assert outside(said, tmp_path / "room") == f"{folder / 'scale.cu'}:5: it deviates"


def test_source_and_header_are_changed_together(folder: Path, tmp_path: Path) -> None:
    both = diff(SOURCE, SOURCE.replace("* x[i]", "+ x[i]")) + diff(
        HEADER, HEADER.replace("2.0f", "3.0f"), "../include/factor.cuh"
    )
    made = planted(kernel(folder), applied(read(patch(folder, HEAD + both)), folder), tmp_path / "room")
    assert made is not None
    assert "add.f32" in ptx(made) or "add.rn.f32" in ptx(made)
    assert "0f40400000" in ptx(made)


def test_includes_that_cannot_be_known_are_refused(folder: Path, tmp_path: Path) -> None:
    (folder / "scale.cu").write_text('#define WHICH "factor.cuh"\n#include WHICH\n')
    texts = {folder.parent / "include" / "factor.cuh": "#pragma once\n"}
    with pytest.raises(RepoOpsError, match="includes are computed by macros"):
        planted(kernel(folder), texts, tmp_path / "room")
