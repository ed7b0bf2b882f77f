from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repoops.report.verification import NotRun, Passed, VerificationReport
from repoops.timeline.gather import checked, committed, kernels, names
from repoops.timeline.model import Standing, Time
from repoops.vcs.history import Touch
from tests.report.reports import REPORTS, written_out
from tests.timeline.history import CARD, CPU, compiled, numerics, report, reports

TOUCHES = [
    Touch("a" * 40, "2025-10-14T09:00:00+00:00", "softmax: online", (("A", "kernels/softmax/online.cu"), ("A", "kernels/include/warp.cuh"))),
    Touch("b" * 40, "2025-10-14T10:00:00+00:00", "gemm", (("A", "kernels/gemm/spec.py"), ("M", "kernels/softmax/mutants/online-x.patch"))),
    Touch("c" * 40, "2025-10-14T11:00:00+00:00", "tests", (("A", "kernels/deep/er/x.cu"), ("A", "kernels/alone.cu"))),
]  # fmt: skip


def test_a_kernel_is_a_folder_of_the_suite_with_a_source_or_a_specification() -> None:
    assert kernels(TOUCHES, ["kernels"]) == {"softmax": {"kernels/softmax"}, "gemm": {"kernels/gemm"}}


def test_a_commit_is_told_with_the_kernels_own_files() -> None:
    found = committed(TOUCHES, ["kernels/softmax"])
    assert [(c.subject, c.files) for c in found] == [
        ("softmax: online", (("A", "kernels/softmax/online.cu"),)),
        ("gemm", (("M", "kernels/softmax/mutants/online-x.patch"),)),
    ]


def test_what_a_report_says_of_a_kernel() -> None:
    good, _, bad, _, card = (checked(one)["softmax"].standings for one in reports())
    online = Standing("online", 3, 0, 0, (CPU,), pytest.approx(0.4), (("sm_89", 48),), (), (1, 1))
    assert good == (online,)
    assert bad == (
        Standing("online", 2, 1, 0, (CPU,), pytest.approx(50.0), (("sm_89", 64),), (("sm_89", 8),), (1, 1),
                 "numerics[R4096]: deviates by 0.5; racecheck read-after-write at kernels/softmax/online.cu:40"),
    )  # fmt: skip
    time = Time(
        "R4096-fp16",
        "NVIDIA L4",
        "cold",
        38.2,
        (pytest.approx(37.9), pytest.approx(38.5)),
        900,
        (("torch", 0.5, "FASTER"),),
    )
    assert (card[0].where, card[0].times, [s.version for s in card]) == (
        (CARD,),
        (time,),
        ["online", "blocked"],
    )


def test_what_was_compiled_alone_was_executed_nowhere() -> None:
    (standing,) = checked(report("2025-10-14T12:00:00+00:00", "1", compiled("online", 48)))[
        "softmax"
    ].standings
    assert (standing.word, standing.where, standing.times) == ("passed", ("compile: sm_89",), ())


def test_what_did_not_run_is_no_pass() -> None:
    (standing,) = checked(
        report("2025-10-14T12:00:00+00:00", "1", numerics("online", "R1", NotRun("no compiler")))
    )["softmax"].standings
    assert (standing.word, standing.not_run, standing.where) == ("not run", 1, ())


@pytest.mark.parametrize("error", [math.inf, math.nan])
def test_an_output_that_is_no_number_has_the_worst_error(error: float) -> None:
    (found,) = checked(
        report("2025-10-14T12:00:00+00:00", "1", numerics("online", "R1", Passed(), CPU, error))
    )["softmax"].standings
    assert found.worst == math.inf


def test_a_finding_that_is_a_warning_is_no_reason() -> None:
    standing = checked(written_out())["attention"].standings[0]
    assert (
        standing.why
        == "numerics[S65-fp16]: deviates by 0.5; racecheck read-after-write at kernels/attention/tiled.cu:40"
    )


@given(REPORTS)
def test_every_time_is_a_gpus_and_every_check_is_counted_once(found: VerificationReport) -> None:
    told = checked(found)
    times = [time for one in told.values() for standing in one.standings for time in standing.times]
    assert len(times) == sum(row.timing is not None and bool(row.kernel) for row in found.results)
    checks = [r for r in found.results if r.kernel and not r.check.startswith(("mutant[", "bench["))]
    counted = sum(s.passed + s.failed + s.not_run for one in told.values() for s in one.standings)
    assert counted == len(checks)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("softmax: 38 µs", True), ("the Softmax kernel", True), ("`softmax`", True), ("log_softmax is another", False),
        ("softmaxes", False), ("", False),
    ],
)  # fmt: skip
def test_a_kernel_is_named_as_a_word(text: str, said: bool) -> None:
    assert names("softmax", text) is said


@pytest.mark.parametrize("text", ["block_reduce", "Block reduce", "block-reduce"])
def test_an_underscore_is_also_a_space_or_a_hyphen(text: str) -> None:
    assert names("block_reduce", text)


@given(st.text(), st.text(min_size=1))
def test_any_text_can_be_asked(kernel: str, text: str) -> None:
    names(kernel, text)
