from __future__ import annotations

from datetime import datetime, timezone

from repoops.report.verification import VerificationReport
from repoops.session.record import Start
from repoops.session.render import render
from repoops.session.summary import Facts, summarise
from tests.bench import reports

AT = datetime(2026, 11, 28, 12, 0, tzinfo=timezone.utc)


def performance(report: VerificationReport) -> str:
    start = Start("2026-11-28-1", AT, None, None, None, {})
    assert report.subject is not None
    facts = Facts(start, AT, report.subject, None, (), (), (), (), {})
    page = render(summarise(facts, (), None, report), "SESSION_SUMMARY.md", "evidence", {})
    return page.split("## Performance\n\n")[1].split("\n## ")[0]


def test_without_a_card_the_summary_has_floors_and_counts_and_says_that_nothing_was_measured() -> None:
    said = performance(reports.untimed()).splitlines()
    assert said[0].startswith("*Not measured on hardware*: no GPU to time it on")
    assert said[1] == ""
    assert said[2].startswith("| kernel | version | case | occupancy sm_80 |")
    assert any("| 7.0 (memory) |" in line for line in said)


def test_on_a_card_the_summary_has_times_with_intervals_and_verdicts() -> None:
    said = performance(reports.timed())
    assert "| 21.00 | 20.80 to 21.20 | 33 % | SDPA (flash) | 22.80 | 0.921 | FASTER |" in said


def test_without_a_benchmark_it_is_as_before() -> None:
    report = reports.untimed()
    plain = VerificationReport.from_json({**report.to_json(), "results": []})
    assert performance(plain).strip() == "Not measured: no GPU ran a kernel in this session's report."
