"""The plugin under plain pytest, in repositories of its own: collection, selection, workers, and the file it writes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from repoops.report.verification import VerificationReport
from tests.suite.project import PLAIN_TESTS, STAND_IN, light, project, pytest_in


def test_the_plugin_loads_nothing_but_pytest() -> None:
    ask = (
        "import sys, pytest; before = set(sys.modules); import repoops.suite.plugin;"
        "print(sorted(m for m in set(sys.modules) - before if m.split('.')[0] not in sys.stdlib_module_names))"
    )
    said = subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout
    assert said.strip() == "['repoops', 'repoops.suite', 'repoops.suite.plugin']"


@pytest.mark.parametrize("module", ["repoops.report.table", "repoops.report.junit", "repoops.report.store", "repoops.report.schema",
                                    "repoops.cli.verify", "repoops.suite.runner"])  # fmt: skip
def test_reports_and_the_command_load_without_torch(module: str) -> None:
    ask = f"import sys, {module}; print(sorted({{'torch', 'numpy', 'cuda', 'pytest'}} & set(sys.modules)))"
    assert (
        subprocess.run([sys.executable, "-c", ask], capture_output=True, text=True, check=True).stdout.strip()
        == "[]"
    )


def test_items_are_named_selected_and_not_run_without_hardware(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    said = pytest_in(repo, "-vv", "-rs", "--repoops-backend=compile", "--repoops-arch=sm_90,sm_89", "kernels")
    assert said.returncode == 0
    assert [
        line.split(" (")[0].split("  ")[0] for line in said.stdout.splitlines() if line.startswith("kernels/")
    ] == [
        "kernels/scale/spec.py::plain::compile[sm_90] PASSED",
        "kernels/scale/spec.py::plain[n1-fp32] SKIPPED",
        "kernels/scale/spec.py::plain[n257-fp32] SKIPPED",
    ]
    alone = pytest_in(repo, "-rs", "--repoops-backend=compile", "--repoops-arch=sm_89", "kernels")
    assert "plain is written for sm_80, sm_90" in alone.stdout
    chosen = pytest_in(
        repo,
        "--repoops-backend=compile",
        "-k",
        "compile and sm_80",
        "--repoops-report=report.json",
        "kernels",
    )
    assert "1 passed, 3 deselected" in chosen.stdout
    report = VerificationReport.from_json(json.loads(repo.read("report.json")))
    assert (report.subject, report.backend, report.pytest_exit) == (None, "compile", 0)
    assert [(r.test, r.outcome) for r in report.results] == [
        ("kernels/scale/spec.py::plain::compile[sm_80]", "passed")
    ]


def test_last_failed_comes_back_to_what_failed(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    source = repo.read("kernels/scale/scale.cu")
    repo.write("kernels/scale/scale.cu", source.replace(b"2.0f * x[i]", b"missing"))
    first = pytest_in(repo, "--repoops-backend=compile", "kernels")
    assert 'kernels/scale/scale.cu:4: identifier "missing" is undefined' in first.stdout
    assert "3 failed" not in first.stdout
    assert "2 failed" in first.stdout
    repo.write("kernels/scale/scale.cu", source)
    assert "2 passed" in pytest_in(repo, "--repoops-backend=compile", "--lf", "kernels").stdout


def test_the_fixture_runs_kernels_where_something_can_and_the_report_is_no_evidence(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    repo.write("tests/test_plain.py", PLAIN_TESTS)
    repo.write("conftest.py", STAND_IN.format(body="y.copy_(2 * x)", findings=""))
    options = ("--repoops-backend=cpu", "--repoops-arch=sm_80", "--repoops-report=report.json")
    ran = pytest_in(repo, *options, "kernels", "tests")
    assert ran.returncode == 1, ran.stdout + ran.stderr
    report = VerificationReport.from_json(json.loads(repo.read("report.json")))
    assert (report.subject, report.backend, report.pytest_exit) == (None, "cpu", 1)
    assert dict(report.environment)["cpu"] == "a stand-in"
    assert {(r.test, r.check, r.ran_on, r.outcome) for r in report.results} == {
        ("kernels/scale/spec.py::plain::compile[sm_80]", "compile[sm_80]", "compile: sm_80", "passed"),
        ("kernels/scale/spec.py::plain[n1-fp32]", "numerics[n1-fp32]", "cpu: a stand-in", "passed"),
        ("kernels/scale/spec.py::plain[n257-fp32]", "numerics[n257-fp32]", "cpu: a stand-in", "passed"),
        ("tests/test_plain.py::test_scale", "test", "cpu: a stand-in", "passed"),
        (
            "tests/test_plain.py::test_wrong_width",
            "test",
            "cpu: a stand-in",
            "passed",
        ),  # torch does not mind the width
        ("tests/test_plain.py::test_refused", "test", "cpu: a stand-in", "passed"),
        ("tests/test_plain.py::test_of_no_kernel_that_fails", "test", "", "failed"),
    }
    errors = [r.error for r in report.results if r.check.startswith("numerics")]
    assert all(error is not None and 0 == error.max <= error.bound for error in errors)


def test_workers_tell_the_same(tmp_path: Path) -> None:
    repo = light(tmp_path / "r")
    repo.write("kernels/test_bad.py", repo.read("kernels/test_scale.py").replace(b'"scale")', b'"scales")'))
    ran = pytest_in(
        repo, "-n", "2", "--repoops-backend=compile", "--repoops-arch=sm_80", "--repoops-report=report.json"
    )
    assert ran.returncode == 1, ran.stdout + ran.stderr
    report = VerificationReport.from_json(json.loads(repo.read("report.json")))
    assert {(r.test, r.check, r.ran_on, r.outcome) for r in report.results} == {
        ("kernels/test_scale.py::test_scale", "compile[sm_80]", "compile: sm_80", "passed"),
        ("kernels/test_scale.py::test_scale", "test", "", "not run"),
        ("kernels/test_bad.py::test_scale", "test", "", "failed"),
    }


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--repoops-backend=gpu", "ERROR: there is no back end 'gpu'"),
        ("--repoops-check=leaks", "ERROR: there is no check 'leaks'"),
        ("--repoops-order=seed:x", "ERROR: there is no order 'seed:x' of warps"),
    ],
)
def test_an_option_that_cannot_be_met_ends_the_run_with_its_reason(
    tmp_path: Path, option: str, said: str
) -> None:
    ran = pytest_in(project(tmp_path / "r"), option, "kernels")
    assert ran.returncode == 4
    assert ran.stderr.startswith(said)


def test_a_spec_without_a_specification_is_an_error_of_collection(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    repo.write("kernels/scale/spec.py", "from repoops.suite.spec import grid\n")
    ran = pytest_in(repo, "kernels")
    assert ran.returncode == 2
    assert "spec.py imports repoops.suite but defines no SPEC = KernelSpec(…)" in ran.stdout


def test_another_projects_spec_file_is_left_alone(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    repo.write("kernels/scale/spec.py", "raise SystemExit('imported')\n")
    assert pytest_in(repo, "kernels").returncode == 5


def test_each_test_is_found_by_the_id_that_a_failure_names(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    repo.write("kernels/scale/mutants/plain-half.patch", "class: missing scale\nexpect: numerics\n\n")
    at = "kernels/scale/spec.py::plain"
    ids = [f"{at}{rest}" for rest in ("::compile[sm_80]", "[n257-fp32]", "::mutant[half]")]
    said = pytest_in(repo, "--collect-only", "-q", *ids).stdout.splitlines()
    assert [line for line in said if "::" in line] == ids
    said = pytest_in(repo, "--collect-only", "-q", "kernels", "-k", "plain::mutant").stdout.splitlines()
    assert [line for line in said if "::" in line] == ids[-1:]
