from __future__ import annotations

import json
from dataclasses import replace
from datetime import timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.report.verification import VerificationReport
from repoops.timeline.gather import checked
from repoops.timeline.model import (
    Checked,
    Committed,
    Event,
    Noted,
    Said,
    Timeline,
    instant,
    news,
    ordered,
    versions,
)
from repoops.timeline.page import page
from repoops.timeline.render import lines, overview, plain
from tests.report.reports import REPORTS
from tests.support.browser import LUMINANCE, opened
from tests.support.html import Read
from tests.timeline.history import reports

UTC = timezone.utc
FOLDER = "kernels/softmax"
EVENTS = [
    Committed("2025-10-14T09:00:00+00:00", "a" * 40, "softmax: online normaliser", (("A", f"{FOLDER}/online.cu"), ("A", f"{FOLDER}/naive.cu"), ("A", f"{FOLDER}/spec.py"), ("A", f"{FOLDER}/oracle.py"), ("A", f"{FOLDER}/__init__.py"))),
    Committed("2025-10-14T16:30:00+02:00", "b" * 40, "softmax: without the barrier", (("M", f"{FOLDER}/online.cu"), ("D", f"{FOLDER}/naive.cu"))),
    *(checked(report)["softmax"] for report in reports()),
    Noted("2025-10-14T14:40:00+00:00", "failed", "softmax without\na barrier", "session 20251014"),
    Noted("2025-10-14T15:00:00+00:00", "lesson", "no softmax without a barrier", "session 20251014"),
    Said("2025-10-13", "docs/archive/session_logs/OLD.md", 12, "Root cause", "softmax: misaligned address", ("failed", "solved")),
    Said("", "docs/archive/session_logs/UNDATED.md", 3, "", "softmax is 21 % faster", ()),
]  # fmt: skip
TIMELINE = ordered("softmax", [FOLDER], EVENTS)

TEXT = """\
softmax: 3 versions, 2 commits, 5 reports, 4 mentions; GPU times: 2

  online: since 2025-10-14 09:00 (aaaaaaaaaa); changed 2025-10-14 14:30 (bbbbbbbbbb); passed 3 of 3 on NVIDIA L4, error at most 0.4 of its bound, 48 registers on sm_89; R4096-fp16 on NVIDIA L4, cold: 38.20 µs (37.90 to 38.50); 0.500 x torch: FASTER
  naive: since 2025-10-14 09:00 (aaaaaaaaaa); removed 2025-10-14 14:30 (bbbbbbbbbb); in no report; time not measured
  blocked: timed, not checked; R4096-fp16 on NVIDIA L4, cold: 41.00 µs (40.60 to 41.40); 0.500 x torch: FASTER

undated  said, not measured: softmax is 21 % faster (docs/archive/session_logs/UNDATED.md:3)
2025-10-13  said [failed, solved], not measured: softmax: misaligned address (docs/archive/session_logs/OLD.md:12)
2025-10-14 09:00  commit aaaaaaaaaa softmax: online normaliser (+online.cu, +naive.cu, +spec.py, +oracle.py, 1 more)
2025-10-14 12:00  report on cccccccccc, execution on the CPU (x86_64), not on a GPU
    online: passed 3 of 3 on the CPU, error at most 0.4 of its bound, 48 registers on sm_89, mutants 1 of 1 killed
2025-10-14 13:00  1 report with nothing new
2025-10-14 14:00  report on cccccccccc with uncommitted changes, execution on the CPU (x86_64), not on a GPU
    online: FAILED 1 of 3 on the CPU, error at most 50 of its bound, 64 registers on sm_89, 8 bytes spilled on sm_89, mutants 1 of 1 killed: numerics[R4096]: deviates by 0.5; racecheck read-after-write at kernels/softmax/online.cu:40
2025-10-14 14:30  commit bbbbbbbbbb softmax: without the barrier (online.cu, -naive.cu)
2025-10-14 14:40  failed, stated: softmax without a barrier (session 20251014)
2025-10-14 15:00  report on cccccccccc, execution on the CPU (x86_64), not on a GPU
    online: passed 3 of 3 on the CPU, error at most 0.4 of its bound, 48 registers on sm_89, mutants 1 of 1 killed
2025-10-14 15:00  lesson, stated: no softmax without a barrier (session 20251014)
2025-10-14 16:00  report on cccccccccc, back end cuda
    online: passed 3 of 3 on NVIDIA L4, error at most 0.4 of its bound, 48 registers on sm_89
    online: R4096-fp16 on NVIDIA L4, cold: 38.20 µs (37.90 to 38.50); 0.500 x torch: FASTER
    blocked: timed, not checked
    blocked: R4096-fp16 on NVIDIA L4, cold: 41.00 µs (40.60 to 41.40); 0.500 x torch: FASTER"""


def test_a_history_in_words() -> None:
    assert "\n".join(lines(TIMELINE, UTC)) == TEXT


@given(st.permutations(EVENTS))
def test_the_order_of_the_sources_is_of_no_matter(shuffled: list[Event]) -> None:
    assert ordered("softmax", [FOLDER], shuffled) == TIMELINE


def test_kernels_side_by_side() -> None:
    never = ordered("gemm", ["kernels/gemm"], EVENTS[:1])
    assert overview([TIMELINE, never], UTC) == [
        "kernel   versions  commits  reports  mentions  last commit       last report       outcome               GPU times",
        "softmax  3         2        5        4         2025-10-14 14:30  2025-10-14 16:00  passed, on NVIDIA L4  2",
        "gemm     0         1        0        0         2025-10-14 09:00  none              never verified        not measured",
    ]
    assert overview([], UTC) == ["no kernel is known here"]


def test_a_day_is_after_what_happened_on_it_and_no_day_before_all() -> None:
    assert instant("2025-10-14T23:00:00+00:00") < instant("2025-10-14") < instant("2025-10-15T00:00:00Z")
    assert instant("") == instant("yesterday") < instant("1970-01-01")


def test_plain_data_is_all_of_it() -> None:
    data = json.loads(json.dumps(plain(TIMELINE), allow_nan=False))
    assert [event["event"] for event in data["events"]] == [
        "said", "said", "commit", "report", "report", "report", "commit", "note", "report", "note", "report",
    ]  # fmt: skip
    online, naive, _ = data["versions"]
    assert (online["standing"]["outcome"], online["times"][0]["p50_us"]) == ("passed", 38.2)
    assert (naive["gone"], naive["standing"], naive["times"]) == (True, None, "not measured")


@settings(max_examples=30)
@given(st.lists(REPORTS, max_size=3), st.text(max_size=5))
def test_any_reports_make_a_page_that_is_whole(found: list[VerificationReport], subject: str) -> None:
    told: dict[str, list[Checked]] = {}
    for report in found:
        for kernel, one in checked(report).items():
            told.setdefault(kernel, []).append(one)
    timelines = [
        ordered(kernel, [], [*every, Committed("", "a" * 40, subject, ())]) for kernel, every in told.items()
    ]
    text = page(timelines, "a <repo>", "today", UTC)
    assert text == page(timelines, "a <repo>", "today", UTC)
    read = Read(text)
    assert not [row for row in read.attributes if row[1] in ("src", "srcset", "onclick") or (row[1] == "href" and not str(row[2]).startswith("#"))]  # fmt: skip
    for timeline in timelines:
        lines(timeline, UTC)
        json.dumps(plain(timeline), allow_nan=False)


def test_the_page_tells_what_was_measured_and_what_was_not() -> None:
    words = " ".join(Read(page([TIMELINE], "repo", "today", UTC)).words)
    assert "R4096-fp16 on NVIDIA L4, cold: 38.20 µs" in words
    assert "softmax without" in words
    without = Timeline(
        "softmax", (FOLDER,), tuple(e for e in TIMELINE.events if e is not TIMELINE.reports[-1])
    )
    words = " ".join(Read(page([without], "repo", "today", UTC)).words)
    assert "Not measured: no stored report holds a time of a GPU. What ran on a CPU has none." in words
    assert "µs (" not in words


def test_a_page_escapes_what_it_quotes() -> None:
    evil = Committed(
        "2025-10-14T09:00:00+00:00", "a" * 40, "<script>alert(1)</script>", (("A", 'kernels/x/"><img>.cu'),)
    )
    text = page([ordered("<b>", ["kernels/x"], [evil])], "<i>", "today", UTC)
    assert not any(tag in text for tag in ("<script", "<img", "<b>:", "<i>"))


def test_versions_come_in_the_order_in_which_they_came() -> None:
    assert [version.name for version in versions(TIMELINE)] == ["online", "naive", "blocked"]
    assert [len(told) for event, told in news(TIMELINE) if isinstance(event, Checked)] == [1, 0, 1, 1, 2]


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_page_in_a_browser(tmp_path: Path, theme: str) -> None:
    with opened(page([TIMELINE, ordered("gemm", [], [])], "repo", "today", UTC), theme, tmp_path) as tab:
        ground, contrast = tab.evaluate(LUMINANCE)
        assert (ground < 0.1) == (theme == "dark")
        assert contrast >= 4.5  # WCAG 2.2, 1.4.3
        assert tab.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
        assert tab.locator(".lanes svg").first.bounding_box()["width"] < 400
        tab.get_by_role("link", name="gemm").click()
        assert abs(tab.locator("#k-gemm").bounding_box()["y"]) < 400
        assert tab.problems == []


def test_a_new_time_is_told_even_where_all_else_is_as_before() -> None:
    *_, card = (checked(report)["softmax"] for report in reports())
    again = replace(card, when="2025-10-14T17:00:00+00:00")
    told = news(ordered("softmax", [FOLDER], [card, again]))
    assert [len(standings) for _, standings in told] == [2, 2]
