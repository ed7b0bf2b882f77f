"""Reports as JSON, under their schemas, as a table, as JUnit XML, and kept by tree."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import HealthCheck, given, settings
from jsonschema import Draft202012Validator

from repoops.errors import RepoOpsError
from repoops.report import failures, junit, schema, store, table
from repoops.report.evidence import Evidence, Subject
from repoops.report.held import Held
from repoops.report.speed import Timing
from repoops.report.verification import (
    CaseResult,
    Failed,
    Kills,
    Mutant,
    NotRun,
    Passed,
    Resources,
    Result,
    VerificationReport,
)
from tests.report.reports import REPORTS, TREE, written_out

REPORT = Draft202012Validator(schema.read("verification-1"))
EVIDENCE = Draft202012Validator(schema.read("evidence-1"))
SLOW = settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("name", schema.NAMES)
def test_the_schemas_are_schemas(name: str) -> None:
    Draft202012Validator.check_schema(schema.read(name))


@SLOW
@given(REPORTS)
def test_json_gives_the_report_back_and_fits_the_schema(report: VerificationReport) -> None:
    stored = json.loads(json.dumps(report.to_json(), allow_nan=False))
    assert VerificationReport.from_json(stored) == report
    assert [error.message for error in REPORT.iter_errors(stored)] == []


def changed(path: str, value: Any) -> dict[str, Any]:
    data: Any = json.loads(json.dumps(written_out().to_json()))
    *way, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    at = data
    for part in way:
        at = at[part]
    at[last] = value
    return data  # type: ignore[no-any-return]


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("schema", "repoops/verification/2"),
        ("backend", "gpu"),
        ("surprise", 1),
        ("subject.tree", "main"),
        ("started", "yesterday"),
        ("results.0.result", {"outcome": "skipped", "why": None}),
        ("results.2.result", {"outcome": "failed", "why": None}),  # no failure without a reason
        ("results.3.result", {"outcome": "not run", "why": ""}),
        ("results.3.result", {"outcome": "passed", "why": None}),  # numerics that ran nowhere cannot have passed
        ("results.1.ran_on", "compile: sm_89"),  # nor by being compiled
        ("results.0.timing", {"method": "events", "samples": 9, "p50_us": 1, "p5_us": 1, "p95_us": 1, "baseline": None, "baseline_p50_us": None}),
        ("results.0.resources.registers", -1),
    ],
)  # fmt: skip
def test_the_schema_refuses_what_must_not_be(path: str, value: Any) -> None:
    assert REPORT.is_valid(json.loads(json.dumps(written_out().to_json())))
    assert not REPORT.is_valid(changed(path, value))


def test_what_is_no_report_is_named() -> None:
    with pytest.raises(ValueError, match="schema is 'other'"):
        VerificationReport.from_json({"schema": "other"})
    broken = changed("results.0.result", {"outcome": "passed"})
    with pytest.raises(ValueError, match="not a verification report: KeyError"):
        VerificationReport.from_json(broken)


@pytest.mark.parametrize(("status", "failed"), [(0, ()), (1, ()), (0, ("t",))])
def test_evidence_fits_its_schema(status: int, failed: tuple[str, ...]) -> None:
    evidence = Evidence("run-1", Subject(None, TREE, dirty=False), ("make", "test"), status, "2025-10-14T15:10:00-03:00", 1.5,
                        "sha256:" + "0" * 64, "run-1.log", ("a",), failed, None, (("tests", 3.0),))  # fmt: skip
    stored = json.loads(json.dumps(evidence.to_json()))
    assert [error.message for error in EVIDENCE.iter_errors(stored)] == []
    assert Evidence.from_json(stored) == evidence
    stored["predicate"]["result"] = "PASSED"
    assert EVIDENCE.is_valid(stored) == (status == 0 and not failed)


@pytest.mark.parametrize("where", ["", "compile: sm_89"])
def test_numerics_that_nothing_ran_cannot_pass_and_have_no_time(where: str) -> None:
    with pytest.raises(ValueError, match="numerics cannot pass on"):
        CaseResult("t", "attention", "naive", "numerics[S1]", where, Passed(), 0.0)
    with pytest.raises(ValueError, match="GPU time from"):
        CaseResult(
            "t",
            "attention",
            "naive",
            "bench",
            where,
            Passed(),
            0.0,
            timing=Timing("events", 9, 1.0, 1.0, 1.0),
        )
    with pytest.raises(ValueError, match="numerics cannot pass on"):
        VerificationReport.from_json(changed("results.1.ran_on", where))


RULE = "2 x torch"


def tried(
    what: str, expected: str, killed_by: tuple[str, ...], result: Result, version: str = "tiled"
) -> CaseResult:
    found = Mutant(
        f"mutants/tiled-{what}.patch", "missing barrier", (expected,), RULE, killed_by, "S65", "it deviates"
    )
    return CaseResult(
        f"t::{what}", "attention", version, f"mutant[{what}]", "cpu: x86_64", result, 0.1, mutant=found
    )


TRIALS = (
    tried("a", "numerics", ("numerics",), Passed()),
    tried("b", "numerics", (), Failed("survives 3 cases")),
    tried("c", "racecheck", ("numerics",), Failed("killed by numerics, expected racecheck")),
    tried("d", "racecheck", (), NotRun("no llvmlite")),
    tried("e", "memcheck", ("memcheck", "fences"), Passed(), "naive"),
    CaseResult("t::f", "attention", "naive", "mutant[f]", "", Failed("hunk 1 does not fit"), 0.0),
)


def test_mutants_are_counted_by_version_and_by_tolerance() -> None:
    report = replace(written_out(), results=(*written_out().results, *TRIALS))
    assert report.mutants() == (
        # What was killed by another check than expected is dead all the same; the tolerance answers for its own.
        Kills(
            "attention", "tiled", killed=2, ran=3, not_run=1, tolerance=RULE, by_numerics=1, for_numerics=2
        ),
        Kills(
            "attention", "naive", killed=1, ran=2, not_run=0, tolerance=RULE, by_numerics=0, for_numerics=0
        ),
    )
    assert table.lines(report)[-1] == (
        "4 passed, 4 failed, 2 not run, mutants 3 of 5 killed, 1 not run in 12.3 s, execution on the CPU (x86_64), not on a GPU"
    )
    stored = json.loads(json.dumps(report.to_json()))
    assert stored["mutants"][0]["killed"] == 2
    assert REPORT.is_valid(stored)
    assert VerificationReport.from_json(stored) == report


def test_it_is_shown_by_what_each_mutant_was_killed_and_what_the_tolerance_is_worth() -> None:
    report = replace(written_out(), results=TRIALS)
    shown = [line for line in table.lines(report, verbose=True) if line.startswith(("KILLED", "TOLERANCE"))]
    assert shown == [
        "KILLED  attention tiled a (missing barrier): by numerics on S65: it deviates",
        "KILLED  attention tiled c (missing barrier): by numerics on S65: it deviates",
        "KILLED  attention naive e (missing barrier): by memcheck, fences on S65: it deviates",
        "TOLERANCE  attention: 2 x torch: killed 1 of 2 mutants that it is to kill",
    ]
    rows = [line for line in table.lines(report, verbose=True) if re.match(r"class|missing", line)]
    assert rows == [
        "class of bug     mutants  seen by",
        "missing barrier  3/4      numerics 2, memcheck 1, fences 1",
    ]
    assert not [
        line for line in table.lines(report) if line.startswith(("KILLED", "TOLERANCE", "class of bug"))
    ]


def test_that_there_is_nothing_to_compare_with_is_said_to_whoever_wants_all_of_it() -> None:
    held = Held("attention", "tiled", (), (), (), "sha256:a")
    none, some = (
        replace(written_out(), held=(held,)),
        replace(written_out(), held=(held,), compared_with=TREE),
    )
    assert "no earlier report to compare with" in table.lines(none, verbose=True)
    assert "no earlier report to compare with" not in table.lines(none)
    assert "no earlier report to compare with" not in table.lines(some, verbose=True)


def test_a_mutant_that_nothing_killed_cannot_pass() -> None:
    with pytest.raises(ValueError, match="a mutant that nothing killed cannot pass"):
        tried("a", "numerics", (), Passed())
    stored = json.loads(json.dumps(replace(written_out(), results=TRIALS).to_json()))
    stored["results"][0]["mutant"]["killed_by"] = []
    assert not REPORT.is_valid(stored)


def test_a_report_of_before_there_were_mutants_is_read() -> None:
    stored = json.loads(json.dumps(written_out().to_json()))
    for name in ("mutants", "held", "compared_with", "changes"):
        del stored[name]
    for result in stored["results"]:
        del result["mutant"]
    assert REPORT.is_valid(stored)
    assert VerificationReport.from_json(stored) == written_out()


# ---- the table


def test_the_table_says_what_failed_where_it_ran_and_what_did_not() -> None:
    assert (
        "\n".join(table.lines(written_out()))
        == """\
FAILED  attention tiled numerics[S65-fp16], on cuda: NVIDIA L4
        deviates by 0.5
        second line
ERROR   kernels/attention/tiled.cu:40: racecheck read-after-write: missing barrier (x 3)
        in attention_tiled, block (0, 1, 0), thread (32, 0, 0), address 0x10, tile_k
           40 |     total = partial[lane];
              |             ^
        and 2 more findings: -v
        again: repoops verify 'spec.py::tiled[S65-fp16]'
NOTE    compiled by nvcc 13.5: host code

kernel     version  compiled  cases           error/bound  checks              registers  spills  occupancy  sectors  perf
attention  tiled    1/1       1/2, 1 not run  0.5/0.004    1 error, 1 warning  40         0       83%        4.10     not measured

NOT RUN  1 check: needs sm_90
NOT RUN  kernels/gemm/spec.py: ImportError: no module named numpy
2 passed, 1 failed, 1 not run in 12.3 s, back end cuda (NVIDIA L4, sm_89)"""
    )


def test_more_words_show_every_case_and_every_finding_once() -> None:
    assert (
        "\n".join(table.lines(written_out(), verbose=True))
        == """\
FAILED  attention tiled numerics[S65-fp16], on cuda: NVIDIA L4
        deviates by 0.5
        second line
        again: repoops verify 'spec.py::tiled[S65-fp16]'
ERROR   kernels/attention/tiled.cu:40: racecheck read-after-write: missing barrier (x 6)
        in attention_tiled, block (0, 1, 0), thread (32, 0, 0), address 0x10, tile_k
           40 |     total = partial[lane];
              |             ^
WARNING attention: racecheck same-value-write: all write 1 (x 100)
        in attention
NOTE    compiled by nvcc 13.5: host code

kernel     version  check               ran on   result   error/bound  registers  spills  stack  shared  occupancy             sectors/request  s
attention  tiled    compile[sm_89]      compile  passed                40         0       0      9344    83 % (shared memory)                   0.50
attention  tiled    numerics[S1-fp16]   cuda     passed   0.001/0.004                                                                           0.10
attention  tiled    numerics[S65-fp16]  cuda     failed   0.5/0.004                                                            4.10             0.10
attention  tiled    numerics[S9-fp8]    nowhere  not run                                                                                        0.00

NOT RUN  1 check: needs sm_90
NOT RUN  kernels/gemm/spec.py: ImportError: no module named numpy
2 passed, 1 failed, 1 not run in 12.3 s, back end cuda (NVIDIA L4, sm_89)"""
    )


def ran(check: str, result: Result, version: str = "tiled", ran_on: str = "cpu: x86_64") -> CaseResult:
    return CaseResult(f"spec.py::{version}[{check}]", "attention", version, check, ran_on, result, 0.1)


def allots(arch: str, registers: int, result: Result | None = None) -> CaseResult:
    found = ran(f"compile[{arch}]", result or Passed(), ran_on=f"compile: {arch}")
    return replace(found, resources=Resources(arch, registers, 0, 0, 0, 0, 0, occupancy=0.75))


def test_a_row_has_all_architectures_mutants_and_what_watched() -> None:
    results = (
        allots("sm_80", 32), allots("sm_89", 40, Failed("spills")), ran("numerics[S1]", Passed()), *TRIALS,
        ran("numerics[S1]", Passed(), "naive"), ran("numerics[S1]", NotRun("compiles only"), "later", ""),
    )  # fmt: skip
    report = replace(written_out(), results=results, not_run=())
    said = table.lines(report)
    first = next(number for number, line in enumerate(said) if line.startswith("kernel "))
    assert said[first : first + 5] == [
        "kernel     version  compiled  cases    checks   mutants  registers  spills  occupancy  perf",
        "attention  tiled    1/2       1/1      clean    2/3      32/40      0       75%        not measured",
        "attention  naive              1/1      clean    1/2                                    not measured",
        "attention  later              not run  not run                                         not measured",
        "registers, spills and occupancy on sm_80, sm_89",
    ]
    for asked, told in (("none", "off    "), ("memcheck", "clean (memcheck)")):
        (row,) = [
            line
            for line in table.lines(replace(report, command=(f"--repoops-check={asked}",)))
            if line.startswith("attention  naive")
        ]
        assert f" {told} " in row


def test_of_many_cases_that_fail_the_smallest_is_shown_and_the_others_counted() -> None:
    names = ("B2-S512-D64-fp16", "B2-S9-D64-fp16-seed7", "B2-S65-D64-fp16-onehot")
    results = (
        *(ran(f"numerics[{name}]", Failed(f"wrong in {name}")) for name in names), ran("numerics[B1-S1-D64-fp16]", Passed()),
        ran(f"numerics[{names[0]}]", Failed("another's"), "naive"), *TRIALS,
    )  # fmt: skip
    hazard = next(row.findings[1] for row in written_out().results if row.findings)
    late = f"wrong in 3\nracecheck: missing barrier at line 40\nracecheck: missing barrier at line 50\nwrong in {names[0]}"
    unwritten = replace(hazard, check="initcheck", rule="uninitialised-shared")  # follows from the race
    results = (replace(results[0], result=Failed(late), findings=(unwritten, hazard)), *results[1:])
    said = failures.failures(replace(written_out(), results=results))
    assert [line for line in said if line.startswith("FAILED")] == [
        "FAILED  attention tiled numerics[B2-S9-D64-fp16-seed7], the smallest of 3 that fail (of 4), on cpu: x86_64",
        "FAILED  attention naive numerics[B2-S512-D64-fp16], on cpu: x86_64",
        "FAILED  attention tiled mutant[b], on cpu: x86_64",
        "FAILED  attention tiled mutant[c], on cpu: x86_64",
        "FAILED  attention naive mutant[f], on nowhere",
    ]
    # What only a larger case shows stands with the smallest that shows it, and with its hazard.
    shown = said[: said.index("FAILED  attention naive numerics[B2-S512-D64-fp16], on cpu: x86_64")]
    assert shown[1:4] == [
        "        wrong in B2-S9-D64-fp16-seed7",
        "        and numerics[B2-S512-D64-fp16]",
        "          racecheck: missing barrier at line 40",
    ]
    assert shown[4].startswith(
        "ERROR   kernels/attention/tiled.cu:40: racecheck read-after-write: missing barrier"
    )
    assert shown[-1] == "        again: repoops verify 'spec.py::tiled[numerics[B2-S9-D64-fp16-seed7]]'"


@pytest.mark.parametrize(
    ("check", "size"),
    [("numerics[B1-H8-S512-D64-causal-fp16]", 8 * 512 * 64), ("numerics[rows7-cols127-bf16-spread-seed3]", 889), ("numerics[n0-fp32]", 0),
     ("compile[sm_89]", 1), ("test", 0)],
)  # fmt: skip
def test_a_cases_name_has_its_size(check: str, size: int) -> None:
    assert failures.size(check) == size


def test_a_report_of_nothing_says_why() -> None:
    empty = VerificationReport(
        None,
        "none",
        (),
        (),
        (("the kernel suite", "torch not installed"),),
        "2025-10-14T15:10:00Z",
        0.0,
        (),
        4,
    )
    assert table.lines(empty) == [
        "NOT RUN  the kernel suite: torch not installed",
        "0 passed, 0 failed, 0 not run in 0.0 s, back end none",
    ]
    assert not empty.ok


@SLOW
@given(REPORTS)
def test_every_count_of_the_table_is_the_reports(report: VerificationReport) -> None:
    last = table.lines(report)[-1]
    assert last.startswith(
        f"{report.count('passed')} passed, {report.count('failed')} failed, {report.count('not run')} not run"
    )


def test_results_of_a_cpu_are_not_to_be_taken_for_a_gpus() -> None:
    from dataclasses import replace

    case = CaseResult("t", "softmax", "online", "numerics[r1]", "cpu: AMD EPYC", Passed(), 0.1)
    compiled = CaseResult("t", "softmax", "online", "compile[sm_89]", "compile: sm_89", Passed(), 0.1)
    report = replace(written_out(), backend="cpu", results=(compiled, case))
    assert table.ran_where(report) == "execution on the CPU (AMD EPYC), not on a GPU"
    assert table.lines(report)[-1].endswith(" s, execution on the CPU (AMD EPYC), not on a GPU")
    assert table.ran_where(written_out()) == "back end cuda (NVIDIA L4, sm_89)"


# ---- JUnit


@SLOW
@given(REPORTS)
def test_junit_is_xml_and_counts_nothing_as_passed_that_did_not_run(report: VerificationReport) -> None:
    suite = ET.fromstring(junit.xml(report))  # noqa: S314 - our own output
    cases = suite.findall("testcase")
    assert len(cases) == int(suite.attrib["tests"]) == len(report.results) + len(report.not_run)
    for tag, count in (
        ("failure", report.count("failed")),
        ("skipped", report.count("not run")),
        ("error", len(report.not_run)),
    ):
        assert len(suite.findall(f"testcase/{tag}")) == count
    assert (int(suite.attrib["failures"]), int(suite.attrib["skipped"])) == (
        report.count("failed"),
        report.count("not run"),
    )
    assert sum(
        not {"failure", "skipped", "error"} & {child.tag for child in case} for case in cases
    ) == report.count("passed")


def test_junit_has_the_reasons() -> None:
    suite = ET.fromstring(junit.xml(written_out()))  # noqa: S314 - our own output
    failure, skipped, error = (suite.find(f"testcase/{tag}") for tag in ("failure", "skipped", "error"))
    assert failure is not None
    assert skipped is not None
    assert error is not None
    assert (failure.attrib["message"], failure.text) == ("deviates by 0.5", "deviates by 0.5\nsecond line")
    assert skipped.attrib["message"] == "needs sm_90"
    assert error.attrib["message"] == "ImportError: no module named numpy"
    assert {p.attrib["name"]: p.attrib["value"] for p in suite.findall("properties/property")}["tree"] == TREE


# ---- kept by tree


def test_a_report_is_found_again_by_its_tree(tmp_path: Path) -> None:
    report = written_out()
    assert store.load(tmp_path, TREE) is None
    path = store.save(tmp_path, report)
    assert path == tmp_path / "reports" / f"{TREE}.json"
    assert store.load(tmp_path, TREE) == report
    assert store.load(tmp_path, "f" * 40) is None


def test_a_report_about_no_tree_is_not_kept(tmp_path: Path) -> None:
    from dataclasses import replace

    with pytest.raises(RepoOpsError, match="no evidence"):
        store.save(tmp_path, replace(written_out(), subject=None))
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_report_is_an_error_with_its_place(tmp_path: Path) -> None:
    path = store.save(tmp_path, written_out())
    path.write_text(path.read_text()[:-20])
    with pytest.raises(RepoOpsError, match="a stored report cannot be read") as caught:
        store.load(tmp_path, TREE)
    assert caught.value.where == str(path)
