"""What `--quick` runs, as pytest names it."""

from __future__ import annotations

import json
from pathlib import Path

from tests.suite.project import project, pytest_in
from tests.support.repo import Repo


def many(root: Path) -> Repo:
    """The kernel of `project` with a dozen cases, the largest first, and a mutant."""
    repo = project(root)
    spec = repo.read("kernels/scale/spec.py").decode()
    repo.write(
        "kernels/scale/spec.py",
        spec.replace("n=(1, 257), dtype", "n=(4096, 512, 257, 64, 3, 1), inputs=('normal', 'onehot'), dtype"),
    )
    repo.write(
        "kernels/scale/mutants/plain-half.patch",
        "class: missing scale\nexpect: numerics\n\nHalf of it.\n--- a/scale.cu\n+++ b/scale.cu\n@@ -4,1 +4,1 @@\n"
        "-    if (i < n) y[i] = 2.0f * x[i];\n+    if (i < n) y[i] = x[i];\n",
    )  # fmt: skip
    return repo


def test_the_first_case_the_smallest_sizes_one_architecture_and_other_tests_are_run(tmp_path: Path) -> None:
    repo = many(tmp_path / "r")
    repo.write("kernels/test_plain.py", "def test_of_no_kernel(): pass\n")
    asked = ("-q", "--collect-only", "--repoops-backend=compile", "kernels")
    assert "plain::mutant[half]" in pytest_in(repo, *asked).stdout
    said = pytest_in(repo, *asked, "--repoops-quick").stdout.splitlines()
    assert [line for line in said if "::" in line] == [
        "kernels/scale/spec.py::plain::compile[sm_80]",
        "kernels/scale/spec.py::plain[n4096-fp32]",
        "kernels/scale/spec.py::plain[n64-fp32]",
        "kernels/scale/spec.py::plain[n3-fp32]",
        "kernels/scale/spec.py::plain[n1-fp32]",
        "kernels/test_plain.py::test_of_no_kernel",
    ]
    assert "6/16 tests collected (10 deselected)" in said[-1]


def test_a_headline_case_that_is_among_the_cases_is_run_in_the_place_of_the_first(tmp_path: Path) -> None:
    repo = many(tmp_path / "r")
    spec = repo.read("kernels/scale/spec.py").decode()
    repo.write(
        "kernels/scale/spec.py",
        spec.replace(
            'source="none"', 'headline=tuple(grid(n=(2**24, 512), dtype=("float32",))), source="none"'
        ),
    )
    asked = ("-q", "--collect-only", "--repoops-backend=compile", "--repoops-quick", "kernels")
    said = pytest_in(repo, *asked).stdout.splitlines()
    assert [line.split("::")[-1] for line in said if "plain[n" in line] == [
        "plain[n512-fp32]",
        "plain[n64-fp32]",
        "plain[n3-fp32]",
        "plain[n1-fp32]",
    ]


def test_a_quick_report_says_that_it_is_a_part_and_is_not_kept(tmp_path: Path) -> None:
    repo = many(tmp_path / "r")
    said = repo.repoops("verify", "--backend", "cpu", "--quick", "--jobs", "1", "--report", "../report.json")
    assert said.code == 0, said.stdout + said.stderr
    assert said.stdout.splitlines()[-2:-1] == [
        "PART    --quick: of each version its headline case, else the first, and the smallest of its 3 smallest sizes, compiled for one architecture; no mutants"
    ]
    assert json.loads((tmp_path / "report.json").read_bytes())["environment"]["part"].startswith("--quick: ")
    assert not (repo.root / ".git/repoops/reports").exists()


def test_failed_runs_what_failed_last_and_says_so_where_nothing_did(tmp_path: Path) -> None:
    repo = many(tmp_path / "r")
    source = repo.read("kernels/scale/scale.cu")
    repo.write("kernels/scale/scale.cu", source.replace(b"i < n)", b"i < n && i != 300)"))
    first = repo.repoops("verify", "--backend", "cpu", "-k", "n512 or n64")
    assert first.code == 1
    assert first.stdout.startswith(
        "FAILED  scale plain numerics[n512-fp32], the smallest of 2 that fail (of 4), on cpu: "
    )
    repo.write("kernels/scale/scale.cu", source)
    again = repo.repoops("verify", "--backend", "cpu", "--failed")
    assert (again.code, again.stdout.splitlines()[-1][:33]) == (0, "2 passed, 0 failed, 0 not run in ")
    none = repo.repoops("verify", "--backend", "cpu", "--failed")
    assert (none.code, none.stdout.splitlines()[0]) == (
        2,
        "NOT RUN  the kernel suite: nothing failed in the last run in kernels",
    )
