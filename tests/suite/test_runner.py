"""`verify`: one report from a pytest of its own, whatever becomes of it."""

from __future__ import annotations

import json
import re
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from repoops.report import schema
from repoops.report.evidence import Subject
from repoops.report.verification import CaseResult, Failed, NotRun, VerificationReport
from repoops.suite import runner
from tests.suite.project import (
    BROKEN_CU,
    PLAIN_TESTS,
    SCALE_CU,
    SPILLS_CU,
    STAND_IN,
    add_kernel,
    light,
    project,
)
from tests.support.repo import Repo

SUBJECT = Subject("a" * 40, "b" * 40, dirty=False)
WHY = "the back end compile runs nothing, though "


def verified(repo: Repo, *paths: str, backend: str = "compile", **options: object) -> VerificationReport:
    seen: list[tuple[int, int]] = []
    options = {"jobs": 1, **options}  # a process for each core loads torch as often
    report = runner.verify(
        repo.root, backend=backend, archs=("sm_80",), paths=paths or ("kernels",), subject=SUBJECT,
        progress=lambda done, total, _: seen.append((done, total)), **options,  # type: ignore[arg-type]
    )  # fmt: skip
    assert report.subject == SUBJECT
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)
    assert all(done <= total for done, total in seen)
    Draft202012Validator(schema.read("verification-1")).validate(json.loads(json.dumps(report.to_json())))
    return report


@pytest.fixture(scope="module")
def everything(tmp_path_factory: pytest.TempPathFactory) -> dict[str, CaseResult]:
    """A repository with all kinds of trouble, verified once; results by test and check."""
    repo = project(tmp_path_factory.mktemp("runner") / "r")
    add_kernel(repo, "spills", SPILLS_CU)
    add_kernel(repo, "broken", BROKEN_CU)
    add_kernel(repo, "wide", SCALE_CU.replace("scale", "wide"), width="int64")
    repo.write("kernels/gone/spec.py", "import no_such_module, repoops.suite\n")
    repo.write("tests/test_plain.py", PLAIN_TESTS)
    report = verified(repo, "kernels", "tests")
    assert (report.backend, report.pytest_exit, report.ok) == ("compile", 1, False)
    (gone,) = report.not_run
    assert gone[0] == "kernels/gone/spec.py"
    assert "No module named 'no_such_module'" in gone[1]
    facts = dict(report.environment)
    assert facts["compile"].startswith("NVRTC ")
    assert "llvmlite" in facts["cpu"]
    assert "torch" in facts
    return {f"{r.test.rsplit('/', 1)[-1]} {r.kernel} {r.check}": r for r in report.results}


def why(result: CaseResult) -> str:
    assert isinstance(result.result, (Failed, NotRun))
    return result.result.why


def test_all_that_was_collected_is_reported(everything: dict[str, CaseResult]) -> None:
    assert {name: r.outcome for name, r in everything.items()} == {
        "spec.py::plain::compile[sm_80] scale compile[sm_80]": "passed",
        "spec.py::plain[n1-fp32] scale numerics[n1-fp32]": "not run",
        "spec.py::plain[n257-fp32] scale numerics[n257-fp32]": "not run",
        "spec.py::plain::compile[sm_80] spills compile[sm_80]": "failed",
        "spec.py::plain[n1-fp32] spills numerics[n1-fp32]": "not run",
        "spec.py::plain[n257-fp32] spills numerics[n257-fp32]": "not run",
        "spec.py::plain::compile[sm_80] broken compile[sm_80]": "failed",
        "spec.py::plain[n1-fp32] broken numerics[n1-fp32]": "not run",
        "spec.py::plain[n257-fp32] broken numerics[n257-fp32]": "not run",
        "spec.py::plain::compile[sm_80] wide compile[sm_80]": "failed",
        "spec.py::plain[n1-fp32] wide numerics[n1-fp32]": "not run",
        "spec.py::plain[n257-fp32] wide numerics[n257-fp32]": "not run",
        "test_plain.py::test_scale scale compile[sm_80]": "passed",
        "test_plain.py::test_scale scale test": "not run",
        "test_plain.py::test_wrong_width scale test": "failed",
        "test_plain.py::test_refused scale test": "failed",
        "test_plain.py::test_of_no_kernel_that_fails test_plain test": "failed",
    }


def test_what_compiled_has_its_resources(everything: dict[str, CaseResult]) -> None:
    for name in (
        "spec.py::plain::compile[sm_80] scale compile[sm_80]",
        "test_plain.py::test_scale scale compile[sm_80]",
    ):
        passed = everything[name]
        assert passed.ran_on == "compile: sm_80"
        assert passed.resources is not None
        assert (passed.resources.kernel, passed.resources.spill_stores, passed.resources.max_threads) == (
            "scale",
            0,
            256,
        )
    found = everything["spec.py::plain::compile[sm_80] scale compile[sm_80]"].resources
    assert found is not None
    assert (found.blocks, found.occupancy, found.limiter) == (8, 1.0, "threads")


def test_numerics_without_hardware_are_not_run_and_ran_nowhere(everything: dict[str, CaseResult]) -> None:
    missed = [r for r in everything.values() if r.outcome == "not run"]
    assert {r.ran_on for r in missed} == {""}
    assert all(why(r).removeprefix(WHY) in ("cpu could", "cuda could") for r in missed)


def test_each_failure_says_what_is_wrong_and_where(everything: dict[str, CaseResult]) -> None:
    assert "\n".join(
        why(everything["spec.py::plain::compile[sm_80] broken compile[sm_80]"]).splitlines()
    ) == (
        'kernels/broken/broken.cu:3: identifier "missing" is undefined\n      y[0] = missing;\n             ^'
    )
    spills = why(everything["spec.py::plain::compile[sm_80] spills compile[sm_80]"])
    assert spills.splitlines()[0].startswith("spills spills ")
    assert spills.splitlines()[1].startswith("spills has a stack frame of ")
    wide = why(everything["spec.py::plain::compile[sm_80] wide compile[sm_80]"])
    assert wide == "argument 3 of wide is numpy.int64(1): 8-byte integer, but its parameter is 4-byte integer"
    assert "numpy.int64(8): 8-byte integer, but its parameter is 4-byte" in why(
        everything["test_plain.py::test_wrong_width scale test"]
    )
    assert (
        "sm_80 refuses the launch of scale: CUDA_ERROR_INVALID_VALUE: 512 threads a block, __launch_bounds__ says at most 256"
        in why(everything["test_plain.py::test_refused scale test"])
    )
    assert "assert (1 + 1) == 3" in why(
        everything["test_plain.py::test_of_no_kernel_that_fails test_plain test"]
    )


def test_a_back_end_that_runs_kernels_is_judged(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    repo.write("conftest.py", STAND_IN.format(body="y[: int(n) - 1].copy_(2 * x[: int(n) - 1])", findings=""))
    report = verified(repo, backend="cpu", select="n257")
    (case,) = report.results
    assert (case.ran_on, case.outcome, report.backend) == ("cpu: a stand-in", "failed", "cpu")
    assert why(case) == "1 of 257 elements (0.389 %) were never written, the first at (256,)"
    assert case.error is not None
    repo.write(
        "conftest.py",
        STAND_IN.format(
            body="y.copy_(2 * x)", findings='Finding("memcheck", "bounds", "beyond y", "k.cu", 4),'
        ),
    )
    (case,) = verified(repo, backend="cpu", select="n257").results
    assert why(case) == "memcheck: beyond y at k.cu:4"
    assert [(f.check, f.file, f.line) for f in case.findings] == [("memcheck", "k.cu", 4)]


DIES = """
import os, signal
def test_dies(run_kernel):
    os.kill(os.getpid(), signal.SIGKILL)
def test_never_begins(run_kernel):
    pass
"""


def test_a_run_that_is_killed_leaves_what_it_said_and_the_rest_as_not_run(tmp_path: Path) -> None:
    repo = light(tmp_path / "r")
    repo.write("kernels/test_z.py", DIES)
    report = verified(repo, jobs=1)
    assert [r.outcome for r in report.results] == ["passed", "not run"]
    ((what, said),) = report.not_run
    assert what == "the kernel suite"
    assert said.startswith("pytest ended with signal 9 and left 2 of 3 tests unreported: ")
    assert (report.pytest_exit, report.ok) == (-9, False)


def test_one_of_several_processes_that_is_killed_loses_one_test(tmp_path: Path) -> None:
    repo = light(tmp_path / "r")
    repo.write("kernels/test_a.py", DIES)
    repo.write("kernels/test_z.py", repo.read("kernels/test_scale.py"))
    # What it was called with, an address, differs between processes in what pytest says of it.
    repo.write(
        "kernels/gone/spec.py", "import repoops.suite\ndef spec(of): raise TypeError('no')\nspec(object())\n"
    )
    report = verified(repo, jobs=2)
    assert [(r.test.rsplit("/", 1)[-1], r.outcome) for r in report.results] == [
        ("test_a.py::test_dies", "failed"),
        ("test_a.py::test_never_begins", "passed"),
        *[("test_scale.py::test_scale", outcome) for outcome in ("passed", "not run")],
        *[("test_z.py::test_scale", outcome) for outcome in ("passed", "not run")],
    ]
    assert re.fullmatch(
        r"worker 'gw\d' crashed while running 'kernels/test_a.py::test_dies'", why(report.results[0])
    )
    # Both processes could not collect it.
    assert [what for what, _ in report.not_run] == ["kernels/gone/spec.py"]


@pytest.mark.parametrize(
    ("files", "options", "said"),
    [
        ({}, {"paths": ("nowhere",)}, "no nowhere in this repository (verify.paths says where kernel tests lie)"),
        ({"kernels/readme.txt": "x"}, {}, "no test in kernels"),
        ({"kernels/test_x.py": "def test_x(): pass\n"}, {"select": "nothing"}, "no test in kernels that matches 'nothing'"),
        ({"kernels/test_x.py": "def test_x(): pass\n"}, {},
         "tests ran in kernels, but none of a kernel (a spec.py, or one that uses run_kernel)"),
        ({"kernels/test_x.py": "def test_x(): pass\n", "pytest.ini": "[pytest]\naddopts = --no-such-option\n"}, {},
         "pytest ended with status 4 before it began: python -m pytest: error: unrecognized arguments: --no-such-option"),
        ({"kernels/test_x.py": ""}, {"backend": "cpu", "checks": "memcheck,leaks"}, "there is no check 'leaks'; choose: memcheck, racecheck, "),
        ({"kernels/test_x.py": ""}, {"backend": "cpu", "order": "sideways"}, "there is no order 'sideways' of warps; choose: forward, "),
        ({"kernels/test_x.py": ""}, {"backend": "cpu", "jobs": 0}, "0 threads run nothing; --jobs takes a number from 1 on"),
        ({"kernels/test_x.py": ""}, {"archs": ("sm_9000",)}, "unknown architecture 'sm_9000'; known: sm_75, "),
        ({"kernels/test_x.py": ""}, {"archs": ("hopper",)}, "'hopper' is no architecture; write them as sm_80,sm_89"),
    ],
)  # fmt: skip
def test_a_run_in_which_nothing_could_be_verified_says_why(
    tmp_path: Path, files: dict[str, str], options: dict[str, object], said: str
) -> None:
    repo = Repo.create(tmp_path / "r")
    for name, content in files.items():
        repo.write(name, content)
    asked: dict[str, object] = {"backend": "compile", "archs": ("sm_80",), "paths": ("kernels",), **options}
    report = runner.verify(repo.root, subject=SUBJECT, **asked)  # type: ignore[arg-type]
    assert (report.results, report.ok) == ((), False)
    ((what, reason),) = report.not_run
    assert what == "the kernel suite"
    assert reason.startswith(said)


def test_what_is_not_installed_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(runner._NEEDS, "no_such_module", "no-such-package")
    report = verified(project(tmp_path / "r"))
    assert report.not_run == (
        ("the kernel suite", "no-such-package not installed; pip install 'repoops[kernels]'"),
    )
    assert not report.ok


# ---- the command


def test_the_command_prints_writes_and_keeps_the_report(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    said = repo.repoops("verify", "--backend", "cpu", "--report", "../report.json", "--junit", "../junit.xml")
    assert said.code == 0, said.stdout + said.stderr
    rows = said.stdout.splitlines()
    assert [re.split(r"\s{2,}", row) for row in rows[:2]] == [
        ["kernel", "version", "compiled", "cases", "error/bound", "checks", "registers", "spills", "occupancy", "sectors", "perf"],
        ["scale", "plain", "2/2", "2/2", "0/7.3e-07", "clean", "10", "0", "100%", "3.67", "not measured"],
    ]  # fmt: skip
    assert rows[-1].startswith("4 passed, 0 failed, 0 not run in ")
    report = VerificationReport.from_json(json.loads((tmp_path / "report.json").read_bytes()))
    assert report.subject is not None
    assert report.subject.tree == repo.git("rev-parse", "HEAD^{tree}").strip()
    kept = repo.root / ".git/repoops/reports" / f"{report.subject.tree}.json"
    assert VerificationReport.from_json(json.loads(kept.read_bytes())) == report
    suite = ET.parse(tmp_path / "junit.xml").getroot()  # noqa: S314 - our own output
    assert (suite.attrib["tests"], suite.attrib["skipped"], suite.attrib["failures"]) == ("4", "0", "0")


def test_exit_codes_and_what_is_kept(tmp_path: Path) -> None:
    repo = light(tmp_path / "r")
    reports = repo.root / ".git/repoops/reports"
    chosen = repo.repoops("verify", "--backend", "compile", "-k", "scale", "--arch", "sm_90", "--json")
    assert chosen.code == 0
    assert [(r["check"], r["result"]["outcome"]) for r in json.loads(chosen.stdout)["results"]] == [
        ("compile[sm_90]", "passed"), ("test", "not run"),
    ]  # fmt: skip
    for args, remark in (
        (("--check", "memchek"), "no check 'memchek'"), (("--backend", "gpu"), "no back end 'gpu'"), (("nowhere",), "no nowhere in this"),
        (("-k", "nothing"), "no test in kernels"),
    ):  # fmt: skip
        refused = repo.repoops("verify", *args)
        assert refused.code == 2, args
        assert remark in refused.stdout
    partly = repo.repoops("verify", "--check", "none")
    assert partly.code == 0, partly.stdout
    assert repo.repoops("verify", "--backend", "compile").code == 0
    assert not reports.exists()  # none of these was about the whole suite, with all that can be done here
    repo.write("kernels/scale.cu", SCALE_CU.replace("2.0f", "missing"))
    failed = repo.repoops("verify")
    assert failed.code == 1
    assert 'kernels/scale.cu:4: identifier "missing" is undefined' in failed.stdout
    assert len(list(reports.iterdir())) == 1


def test_nothing_but_not_run_is_no_success(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    said = repo.repoops("verify", "--backend", "compile", "-k", "n257")
    assert (said.code, said.stdout.splitlines()[-1][:33]) == (2, "0 passed, 0 failed, 1 not run in ")


def test_the_plugin_is_there_where_pytest_loads_none_by_itself(tmp_path: Path) -> None:
    said = light(tmp_path / "r").repoops(
        "verify", "--backend", "compile", env={"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    )
    assert (said.code, said.stdout.splitlines()[-1][:33]) == (0, "4 passed, 0 failed, 1 not run in ")


def test_a_tree_that_changes_meanwhile_makes_a_report_about_no_tree(tmp_path: Path) -> None:
    repo = light(tmp_path / "r")
    repo.write(
        "kernels/test_x.py", "from pathlib import Path\n\ndef test_x(): Path('made.txt').write_text('x')\n"
    )
    said = repo.repoops("verify", "--json")
    assert json.loads(said.stdout)["subject"] is None
    assert "the tree changed while the suite ran" in said.stderr
    assert not (repo.root / ".git/repoops/reports").exists()


def test_a_report_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    said = light(tmp_path / "r").repoops("verify", "--report", "no/such/folder/report.json")
    assert (said.code, said.stderr) == (
        2, "repoops verify: no/such/folder/report.json: cannot be written: No such file or directory\n"
    )  # fmt: skip
