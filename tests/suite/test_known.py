"""A `-k` that matches nothing: answered from what the last run collected, as long as nothing can have changed it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from repoops.suite import known
from repoops.suite.known import Known
from tests.suite.project import light


def test_it_is_answered_without_collecting_again_until_a_test_may_have_another_name(tmp_path: Path) -> None:
    repo = light(tmp_path / "r")
    repo.write(".gitignore", repo.read(".gitignore").decode() + "collected\n")
    repo.write("kernels/test_one.py", "with open('collected', 'a') as file: file.write('x')\ndef test_one(): pass\n")  # fmt: skip
    said = "NOT RUN  the kernel suite: no test in kernels that matches 'nosuch'\n0 passed, 0 failed, 0 not run in S s, back end none\n"
    for _ in range(2):
        found = repo.repoops("verify", "-k", "nosuch", "--jobs", "1")
        assert (re.sub(r"[\d.]+ s,", "S s,", found.stdout), found.code) == (said, 2)
        assert repo.read("collected") == b"x"
        repo.write("kernels/scale.cu", "// another kernel, and no other test")
    repo.write("kernels/test_nosuch.py", "def test_two(): pass\n")
    # A path is one from the current folder, as for git and pytest.
    found = repo.repoops("verify", "test_nosuch.py", "-k", "nosuch", "--jobs", "1", cwd=repo.root / "kernels")
    assert "tests ran in kernels/test_nosuch.py that matches 'nosuch', but none of a kernel" in found.stdout


@pytest.mark.parametrize(
    ("select", "none"),
    [
        ("Tiled and S65", False), ("tiled and S1", True), ("nosuch", True), ("not nosuch", False), ("naive or split", False),
        ("slow", False), ("", True),
    ],
)  # fmt: skip
def test_it_is_read_as_pytest_reads_it(tmp_path: Path, select: str, none: bool) -> None:
    kept = Known(tmp_path / "state" / "tests.json", "key")
    assert not known.none_matches(kept, select)  # nothing is known yet
    known.keep(kept, [["attention", "spec.py", "tiled[S65-fp16]"], ["attention", "naive[S1-fp16]", "slow"]])
    assert known.none_matches(kept, select) == none
    assert not known.none_matches(Known(kept.file, "another"), select)


def test_one_that_cannot_be_read_is_wrong_usage(tmp_path: Path) -> None:
    repo = light(tmp_path / "r")
    found = repo.repoops("verify", "-k", "tiled and", "--jobs", "2")
    assert (found.stdout, found.code) == ("", 2)
    what, remedy = found.stderr.splitlines()
    assert what.startswith("repoops verify: -k 'tiled and' cannot be read: ")
    assert what.endswith("got end of input")
    assert remedy == "  join words by and, or, not and parentheses: -k 'tiled and not (S1 or S65)'"
