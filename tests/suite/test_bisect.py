"""The search for the commit that broke a kernel: its arithmetic on graphs, and the command on real histories."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repoops.report.verification import CaseResult, Failed, NotRun, Passed, Result
from repoops.suite.bisect import Step, search, step, wanted
from repoops.vcs import worktree
from repoops.vcs.read import open_repository
from tests.report.reports import written_out
from tests.suite.project import SCALE_CU, SPEC, project
from tests.support.repo import Repo


def on_a_line(bad: str, goods: Sequence[str], descended: bool) -> list[str]:
    """As git has it, for commits 0, 1, 2, … that each were made from the one before."""
    left = list(range(max(map(int, goods)) + 1, int(bad) + 1))
    assert not descended
    return [str(n) for n in sorted(left, key=lambda n: (abs(2 * (n - left[0] + 1) - len(left)), n))]


def before(commit: str) -> list[str]:
    return [str(int(commit) - 1)]


@given(st.integers(1, 200), st.data())
def test_the_first_bad_commit_is_found_and_those_that_cannot_be_tried_are_named(
    last: int, data: st.DataObject
) -> None:
    broke = data.draw(st.integers(1, last))
    skipped = data.draw(st.sets(st.integers(1, last - 1))) if last > 1 else set()

    def attempt(commit: str, left: int) -> Step:
        assert 1 < left <= last
        at = int(commit)
        return Step(commit, "skipped" if at in skipped else "bad" if at >= broke else "good")

    found = search(Step("0", "good"), Step(str(last), "bad"), on_a_line, before, attempt)
    first = min(n for n in range(broke, last + 1) if n not in skipped)
    unsaid = [n for n in range(first) if set(range(n, first)) <= skipped]
    assert sorted(map(int, found.commits)) == [*unsaid, first]
    assert (found.first is None) == bool(unsaid)
    if not skipped:
        assert len(found.steps) - 2 <= last.bit_length()


def ran(check: str, result: Result, kernel: str = "attention", version: str = "tiled") -> CaseResult:
    return CaseResult(f"{version}::{check}", kernel, version, check, "cpu: x86_64", result, 0.1)


@pytest.mark.parametrize(
    ("results", "verdict", "why"),
    [
        ([ran("numerics[S1]", Passed())], "good", ""),
        ([ran("numerics[S9]", Failed("off by 9")), ran("numerics[S1]", Failed("off by 1"))], "bad", "off by 1"),
        ([ran("compile[sm_80]", Failed("missing")), ran("numerics[S1]", Failed("x"))], "bad", "missing"),
        ([ran("numerics[S1]", Passed()), ran("numerics[S1]", Failed("x"), version="tiled_x")], "good", ""),
        ([ran("compile[sm_80]", Passed()), ran("numerics[S1]", NotRun("no llvmlite"))], "skipped", "no llvmlite"),
        ([], "skipped", "no test of it"),
    ],
)  # fmt: skip
def test_a_report_is_good_bad_or_says_nothing(results: list[CaseResult], verdict: str, why: str) -> None:
    from dataclasses import replace

    said = step("c", replace(written_out(), results=tuple(results), not_run=()), wanted("attention::tiled"))
    assert (said.verdict, said.why) == (verdict, why)


def test_what_is_wanted_is_a_kernel_a_version_or_an_expression() -> None:
    assert wanted("attention").select == "not mutant"
    assert wanted("attention::tiled").select == "(tiled) and not mutant"
    assert wanted("tiled or naive").select == "(tiled or naive) and not mutant"


# ---- the command

SOURCE = "kernels/scale/scale.cu"
RACES = SCALE_CU.replace(
    "    int i",
    "    __shared__ float last[256];\n    last[threadIdx.x] = x[0];\n    float z = last[255 - threadIdx.x] - x[0];\n    int i",
).replace("y[i] = 2", "y[i] = z + 2")


def bisected(repo: Repo, good: str, *options: str) -> tuple[int, dict[str, object]]:
    """What the command says, which must leave the repository as it was."""
    repo.write("note.txt", "not committed")
    before = repo.picture()
    said = repo.repoops("bisect", "scale", "--good", good, "--json", *options)
    assert repo.picture() == before
    assert repo.git("worktree", "list").count("\n") == 1
    found: dict[str, object] = json.loads(said.stdout or "{}")
    return said.code, found | {"stderr": said.stderr}


def test_the_commit_that_broke_a_kernel_is_found_past_some_that_cannot_be_run(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    good = repo.git("rev-parse", "HEAD").strip()
    spec = SPEC.format(name="scale", width="int32")
    repo.commit("words", {"README.md": "words\n"})
    repo.commit(
        "the specification is lost", {"kernels/scale/spec.py": "import no_such_module, repoops.suite\n"}
    )
    repo.commit("still lost", {"README.md": "more\n"})
    repo.commit("found again", {"kernels/scale/spec.py": spec})
    culprit = repo.commit("faster", {SOURCE: SCALE_CU.replace("2.0f", "1.5f")})
    repo.commit("words about it", {"README.md": "faster\n"})
    code, found = bisected(repo, good)
    assert (code, found["candidates"]) == (0, [culprit])
    first: dict[str, str] = found["first_bad"]  # type: ignore[assignment]
    assert (first["subject"], first["test"]) == ("faster", "kernels/scale/spec.py::plain[n1-fp32]")
    assert first["why"].startswith("deviates by ")
    assert "skipped" in [told["verdict"] for told in found["steps"]]  # type: ignore[union-attr, index]


@pytest.mark.parametrize(
    ("source", "why"),
    [(RACES, "racecheck"), (SCALE_CU.replace("2.0f", "missing"), 'identifier "missing" is undefined')],
)
def test_a_kernel_that_became_unsafe_or_does_not_compile_is_broken(
    tmp_path: Path, source: str, why: str
) -> None:
    repo = project(tmp_path / "r")
    good = repo.git("rev-parse", "HEAD").strip()
    culprit = repo.commit("tidy", {SOURCE: source})
    code, found = bisected(repo, good)
    assert (code, found["candidates"]) == (0, [culprit])
    assert why in found["first_bad"]["why"]  # type: ignore[index]


def merged(repo: Repo, branch: str, files: dict[str, str] | None = None) -> str:
    """Merges a branch, whatever it says; `files` are how conflicts were settled."""
    repo.git("merge", "-q", "--no-ff", "--no-commit", "-s", "ours" if files else "ort", branch)
    return repo.commit(f"merge {branch}", dict(files or {}))


def test_what_a_merged_branch_broke_is_found_on_the_branch(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    good = repo.commit("begin", {"README.md": "words\n"})
    repo.git("switch", "-q", "-c", "side", "HEAD~1")  # it parted before the good commit
    repo.commit("side words", {"side.md": "1\n"})
    culprit = repo.commit("faster", {SOURCE: SCALE_CU.replace("2.0f", "1.5f")})
    repo.commit("more side words", {"side.md": "2\n"})
    repo.git("switch", "-q", "main")
    repo.commit("words", {"README.md": "more\n"})
    merged(repo, "side")
    repo.commit("words about it", {"README.md": "faster\n"})
    code, found = bisected(repo, good)
    assert (code, found["candidates"]) == (0, [culprit])


def test_a_merge_that_is_bad_where_both_sides_are_good_is_found(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    good = repo.git("rev-parse", "HEAD").strip()
    repo.git("switch", "-q", "-c", "side")
    # The one side reads the factor from a header, the other renames it.
    repo.commit("factor apart", {"kernels/scale/factor.cuh": "#define FACTOR 2.0f\n"})
    repo.commit("used", {SOURCE: '#include "factor.cuh"\n' + SCALE_CU.replace("2.0f", "FACTOR")})
    repo.git("switch", "-q", "main")
    repo.commit("words", {"README.md": "words\n"})
    culprit = merged(repo, "side", {"kernels/scale/factor.cuh": "#define FACTOR 1.0f\n", SOURCE: '#include "factor.cuh"\n' + SCALE_CU.replace("2.0f", "FACTOR")})  # fmt: skip
    repo.commit("words after", {"README.md": "after\n"})
    code, found = bisected(repo, good)
    assert (code, found["candidates"]) == (0, [culprit])
    assert found["first_bad"]["subject"] == "merge side"  # type: ignore[index]


def test_a_branch_that_lacks_an_earlier_repair_broke_nothing(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    repo.commit("an old fault", {SOURCE: SCALE_CU.replace("2.0f", "4.0f")})
    repo.git("switch", "-q", "-c", "side")
    for n in range(3):
        repo.commit(f"side words {n}", {"side.md": f"{n}\n"})
    repo.git("switch", "-q", "main")
    good = repo.commit("repaired", {SOURCE: SCALE_CU})
    merged(repo, "side")
    culprit = repo.commit("a new fault", {SOURCE: SCALE_CU.replace("2.0f", "8.0f")})
    code, found = bisected(repo, good)
    assert (code, found["candidates"]) == (0, [culprit])


def test_ends_that_are_not_what_they_are_called_are_one_line(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    good = repo.git("rev-parse", "HEAD").strip()
    repo.commit("words", {"README.md": "words\n"})
    code, found = bisected(repo, good)
    assert code == 2
    assert str(found["stderr"]).endswith("repoops bisect: scale is not bad at HEAD: all its tests pass\n")
    for options, said in (
        (("--good", "HEAD"), "HEAD and HEAD are the same commit"),
        (("--good", "gone"), "there is no commit 'gone'\n  see: git log --oneline"),
        (
            ("--good", "HEAD", "--bad", good),
            f"{good} was not made from HEAD\n  begin where they part: --good {good[:12]}",
        ),
    ):
        told = repo.repoops("bisect", "scale", *options)
        assert (told.code, told.stderr) == (2, f"repoops bisect: {said}\n")


def test_a_work_tree_that_a_killed_process_left_is_cleared_away(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    ask = (
        "import os, signal; from repoops.vcs import worktree; from repoops.vcs.read import open_repository\n"
        "with worktree.temporary(open_repository(), 'HEAD'): os.kill(os.getpid(), signal.SIGKILL)"
    )
    subprocess.run(
        [sys.executable, "-c", ask], cwd=repo.root, env={**os.environ, "TMPDIR": str(tmp_path)}, check=False
    )
    (left,) = tmp_path.glob("repoops-worktree-*")
    before = repo.picture()
    with worktree.temporary(open_repository(repo.root), "HEAD") as tree:
        assert not left.exists()
        assert (tree / SOURCE).read_text() == SCALE_CU
        worktree.turn_to(tree, repo.git("rev-parse", "HEAD").strip())
    assert not tree.exists()
    assert repo.picture() == before
    assert repo.git("worktree", "list").count("\n") == 1
