"""Mutants on trial, in a repository of its own: what kills them, what becomes of those that nothing kills."""

from __future__ import annotations

import difflib
import json
from pathlib import Path

import pytest

from repoops.report.verification import CaseResult, VerificationReport
from tests.suite.project import SCALE_CU, project, pytest_in
from tests.support.repo import Repo

Trials = dict[str, CaseResult]


def seed(
    repo: Repo, what: str, expect: str, old: str, new: str, bug: str = "wrong index", file: str = "scale.cu"
) -> None:
    before = repo.read(f"kernels/scale/{file}").decode()
    after = before.replace(old, new)
    lines = difflib.unified_diff(before.splitlines(True), after.splitlines(True), f"a/{file}", f"b/{file}")
    repo.write(
        f"kernels/scale/mutants/plain-{what}.patch", f"class: {bug}\nexpect: {expect}\n\n{''.join(lines)}"
    )


def seeded(root: Path) -> Repo:
    repo = project(root)
    repo.write(
        "kernels/scale/scale.cu", '#include "../include/factor.cuh"\n' + SCALE_CU.replace("2.0f", "FACTOR")
    )
    repo.write("kernels/include/factor.cuh", "#pragma once\n#define FACTOR 2.0f\n")
    seed(repo, "thrice", "numerics", "FACTOR *", "3.0f *", "missing scale")
    seed(repo, "no-guard", "memcheck", "if (i < n) y", "y", "unguarded tail")
    seed(repo, "in-the-header", "numerics", "2.0f", "4.0f", "missing scale", "../include/factor.cuh")
    seed(repo, "half", "coverage, numerics", "i < n", "i < n / 2", "half coverage")
    seed(
        repo, "next", "numerics", "y[i] =", "y[i + 1] ="
    )  # beside its output, before anything is wrong in it
    seed(repo, "refused", "compile", "__launch_bounds__(256)", "__launch_bounds__(128)", "too many resources")
    seed(repo, "no-mutant", "numerics", "FACTOR * x[i]", "x[i] * FACTOR")
    seed(repo, "mistaken", "racecheck", "FACTOR *", "3.0f *")
    seed(repo, "stale", "numerics", "FACTOR *", "3.0f *")
    repo.write(
        "kernels/scale/mutants/plain-stale.patch",
        repo.read("kernels/scale/mutants/plain-stale.patch").decode().replace("(i < n)", "(i < m)"),
    )
    repo.write("kernels/scale/elsewhere.cuh", "#define NOBODY 1\n")
    seed(repo, "elsewhere", "numerics", "1", "2", "wrong index", "elsewhere.cuh")
    return repo


def tried(repo: Repo, *options: str) -> Trials:
    done = pytest_in(repo, "-q", "--repoops-report=report.json", *options, "kernels")
    report = VerificationReport.from_json(json.loads(repo.read("report.json")))
    assert done.returncode == report.pytest_exit, done.stdout
    return {r.check.removeprefix("mutant[")[:-1]: r for r in report.results if r.check.startswith("mutant[")}


@pytest.fixture(scope="module")
def trials(tmp_path_factory: pytest.TempPathFactory) -> Trials:
    return tried(
        seeded(tmp_path_factory.mktemp("trial") / "r"), "--repoops-backend=cpu", "--repoops-check=none"
    )


def why(case: CaseResult) -> str:
    return str(getattr(case.result, "why", ""))


@pytest.mark.parametrize(
    ("what", "by", "case", "evidence"),
    [
        ("thrice", ("numerics",), "n1-fp32", "deviates by"),
        ("no-guard", ("memcheck",), "n1-fp32", "memcheck: load of 4 bytes"),  # though the run was told to watch nothing
        ("in-the-header", ("numerics",), "n1-fp32", "deviates by"),
        ("half", ("coverage",), "n1-fp32", "1 of 1 elements (100 %) were never written"),
        ("refused", ("compile",), None, "sm_80 refuses the launch of scale: CUDA_ERROR_INVALID_VALUE: 256 threads a block"),
    ],
)  # fmt: skip
def test_a_mutant_is_killed_by_what_its_patch_expects(
    trials: Trials, what: str, by: tuple[str, ...], case: str | None, evidence: str
) -> None:
    found = trials[what]
    assert (found.outcome, found.kernel, found.version) == ("passed", "scale", "plain"), why(found)
    assert found.mutant is not None
    assert (found.mutant.killed_by[0], found.mutant.case) == (by[0], case)
    assert evidence in (found.mutant.evidence or "")
    assert found.findings == ()  # of the bug, and not of the kernel
    assert found.ran_on.startswith("cpu: " if case else "compile: sm_80")


def test_it_runs_on_until_the_expected_check_sees_it(trials: Trials) -> None:
    found = trials["next"].mutant
    assert trials["next"].outcome == "passed", why(trials["next"])
    assert found is not None
    assert found.killed_by == ("coverage", "memcheck", "numerics")
    assert found.case == "n257-fp32"


def test_a_survivor_fails_with_the_line_of_the_patch(trials: Trials) -> None:
    assert trials["no-mutant"].outcome == "failed"
    assert why(trials["no-mutant"]) == (
        "kernels/scale/mutants/plain-no-mutant.patch survives 2 cases: wrong index (an element, row, head or batch is taken "
        "for another), expected numerics\nscale.cu:5\n-     if (i < n) y[i] = FACTOR * x[i];\n+     if (i < n) y[i] = x[i] * FACTOR;"
    )
    assert trials["no-mutant"].mutant is not None
    assert trials["no-mutant"].mutant.killed_by == ()


def test_a_mutant_that_something_else_killed_fails_and_is_dead(trials: Trials) -> None:
    found = trials["mistaken"]
    assert found.outcome == "failed"
    assert why(found).startswith("killed by numerics, expected racecheck: deviates by")
    assert found.mutant is not None
    assert found.mutant.killed_by == ("numerics",)


def test_a_patch_that_cannot_be_tried_fails(trials: Trials) -> None:
    assert "hunk 1 of 1 (@@ -2,5 +2,5 @@) does not fit scale.cu" in why(trials["stale"])
    assert "(i < m)" in why(trials["stale"])
    assert why(trials["elsewhere"]).endswith(
        "plain-elsewhere.patch changes elsewhere.cuh, of which no case's kernel is made"
    )


def test_where_nothing_runs_only_what_compilers_refuse_is_tried(tmp_path: Path) -> None:
    repo = seeded(tmp_path / "r")
    found = tried(repo, "--repoops-backend=compile", "-k", "mutant and (thrice or refused)")
    assert {what: case.outcome for what, case in found.items()} == {"thrice": "not run", "refused": "passed"}
    assert why(found["thrice"]) == "the back end compile runs nothing, though cpu could"


def test_a_patch_of_no_version_stops_the_collection_of_its_kernel(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    repo.write("kernels/scale/mutants/tiled-x.patch", "")
    done = pytest_in(repo, "-q", "--repoops-backend=compile", "kernels")
    assert "kernels/scale/mutants/tiled-x.patch: this mutant is of no version" in done.stdout
    assert done.returncode == 2
