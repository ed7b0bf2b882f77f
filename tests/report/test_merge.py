from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from repoops.errors import RepoOpsError
from repoops.report.evidence import Subject
from repoops.report.held import Held
from repoops.report.merge import Part, merge
from repoops.report.shards import Shard
from repoops.report.table import lines
from repoops.report.verification import CaseResult, NotRun, Passed, VerificationReport, thinned
from tests.report.reports import REPORTS, written_out

SPEC = "kernels/scale/spec.py"
TESTS = tuple(f"{SPEC}::{name}" for name in ("plain::compile[sm_80]", "plain::compile[sm_89]", "plain[n1]", "plain[n2]"))  # fmt: skip


def as_made(report: VerificationReport) -> VerificationReport:
    """Like those that a run makes: no test twice, line counters once a version, versions held in the order of the results."""
    rows = thinned(replace(row, test=f"{n}: {row.test}") for n, row in enumerate(report.results))
    held = tuple(
        Held(row.kernel, row.version, (), (), (), "") for row in {(r.kernel, r.version): r for r in rows}.values()
    )  # fmt: skip
    return replace(report, results=rows, held=held, command=("pytest", "--", "kernels"), shard=None)


@settings(suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much])
@given(st.data())
def test_the_parts_of_a_report_make_that_report(data: st.DataObject) -> None:
    whole = as_made(data.draw(REPORTS))
    assume(whole.subject is not None)
    tests = tuple(row.test for row in whole.results)
    of = data.draw(st.integers(1, 4))
    numbers = data.draw(st.lists(st.integers(1, of), min_size=len(tests), max_size=len(tests)))
    # That every part says what could not be collected, and what a version is held to, is how shards are.
    parts = [
        replace(
            whole,
            results=tuple(row for row, mine in zip(whole.results, numbers, strict=True) if mine == number),
            command=("pytest", f"--repoops-shard={number}/{of}", "--", "kernels"),
            shard=Shard(number, of, tests),
        )
        for number in data.draw(st.permutations(range(1, of + 1)))
    ]
    assert merge([Part("host", part, str(part.shard)) for part in parts]) == whole


def shard(number: int, of: int = 2, **changed: object) -> VerificationReport:
    division = Shard(number, of, TESTS)
    rows = tuple(
        CaseResult(test, "scale", "plain", "numerics", "cuda: NVIDIA L4", Passed(), 1.0) for test in division.own()
    )  # fmt: skip
    report = VerificationReport(
        Subject("c" * 40, "d" * 40, dirty=False), "cuda", (("torch", "2.13.0"), ("gpu", "NVIDIA L4")), rows, (),
        "2026-11-20T21:00:00+00:00", float(number), ("pytest", f"--repoops-shard={number}/{of}"), 0, shard=division,
    )  # fmt: skip
    return replace(report, **changed)  # type: ignore[arg-type]


def test_a_shard_that_is_lost_is_not_run_test_by_test_with_the_reason() -> None:
    parts = [
        Part("a", shard(1), "shard 1 of 2"),
        Part("b", NotRun("the host was rebooted"), "shard 2 of 2", Shard(2, 2)),
    ]
    found = merge(parts)
    assert [(r.test, r.kernel, r.version, r.check, r.outcome, getattr(r.result, "why", "")) for r in found.results] == [
        (TESTS[0], "scale", "plain", "numerics", "passed", ""),
        (TESTS[1], "scale", "plain", "compile[sm_89]", "not run", "shard 2 of 2, b: the host was rebooted"),
        (TESTS[2], "scale", "plain", "numerics", "passed", ""),
        (TESTS[3], "scale", "plain", "numerics[n2]", "not run", "shard 2 of 2, b: the host was rebooted"),
    ]  # fmt: skip
    assert (found.ok, found.pytest_exit, found.not_run) == (False, 2, ())
    assert "NOT RUN  2 checks: shard 2 of 2, b: the host was rebooted" in lines(found)
    assert merge(parts[:1]).results[1].result == NotRun("shard 2 of 2, nobody ran it")


def test_what_is_lost_without_a_test_to_name_it_by_is_named_all_the_same() -> None:
    found = merge([
        Part("a", shard(1, shard=Shard(1, 2)), "shard 1 of 2"),
        Part("b", NotRun("disk full"), "shard 2 of 2", Shard(2, 2)),
    ])  # fmt: skip
    assert (found.not_run, found.ok) == ((("shard 2 of 2", "b: disk full"),), False)
    found = merge([Part("a", shard(1, shard=None), "sm_80"), Part("b", NotRun("no driver"), "sm_90")])
    assert (found.not_run, found.ok) == ((("sm_90 on b", "no driver"),), False)


def test_facts_on_which_hosts_differ_are_named_for_each() -> None:
    card = (("torch", "2.13.0"), ("host", "b"), ("gpu", "NVIDIA H100"), ("driver", "580.1"))
    found = merge(
        [Part("a", shard(1), "shard 1 of 2"), Part("b", shard(2, environment=card), "shard 2 of 2")]
    )
    assert dict(found.environment) == {
        "torch": "2.13.0", "gpu on a": "NVIDIA L4", "gpu on b": "NVIDIA H100", "host": "b", "driver on b": "580.1",
    }  # fmt: skip
    assert (found.duration_s, found.ok, found.shard) == (2.0, True, None)


def test_the_same_tests_on_two_hosts_stand_beside_each_other() -> None:
    here, there = (replace(written_out(), backend=name) for name in ("cpu", "cuda"))
    found = merge([Part("a", here, "sm_80"), Part("b", there, "sm_90")])
    assert found.backend == "cuda"
    assert len(found.results) == 2 * len(here.results)
    assert found.not_run == here.not_run


@pytest.mark.parametrize(
    ("parts", "said"),
    [
        ([], "there is no report to merge"),
        ([Part("a", NotRun("rebooted"), "x"), Part("b", NotRun("disk full"), "y")], "a: rebooted; b: disk full"),
        ([Part("a", shard(1), "x"), Part("b", shard(2, subject=Subject(None, "e" * 40, dirty=True)), "y")],
         "reports of different trees cannot be merged: dddddddddddd on a, eeeeeeeeeeee on b\n  verify all parts of one tree"),
        ([Part("a", shard(1, subject=None), "x")], "a: a report about no tree cannot be merged"),
        ([Part("a", shard(1), "x"), Part("b", shard(1), "y")], "two reports of shard 1 of 2\n  leave one of them out"),
        ([Part("a", shard(1), "x"), Part("b", shard(2, of=3), "y")],
         "parts that make no whole: shard 1 of 2 on a, shard 2 of 3 on b\n  merge the shards 1/N to N/N of one division"),
        ([Part("a", shard(1), "x"), Part("b", shard(2, shard=None), "y")],
         "parts that make no whole: shard 1 of 2 on a, no shard on b\n  merge the shards 1/N to N/N of one division"),
        ([Part("a", shard(1), "x"), Part("b", shard(2, shard=Shard(2, 2, TESTS[:3])), "y")],
         ("the parts did not collect the same tests, so that some may have run nowhere\n"
          "  compare what the hosts have installed: Python, pytest and its plugins")),
    ],
)  # fmt: skip
def test_what_makes_no_one_report_is_refused(parts: list[Part], said: str) -> None:
    with pytest.raises(RepoOpsError) as refused:
        merge(parts)
    assert str(refused.value) == said
