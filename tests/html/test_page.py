from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repoops.html.page import page
from repoops.html.parts import bars
from repoops.html.told import Session, Told
from repoops.report.evidence import Subject
from repoops.report.speed import Timing
from repoops.report.verdict import Verdict
from repoops.report.verification import CaseResult, Failed, NotRun, Passed, Result, VerificationReport
from tests.support.browser import LUMINANCE, opened
from tests.support.html import Read
from tests.support.repo import Repo


def row(
    version: str, result: Result, ran_on: str = "cpu: x86_64", timing: Timing | None = None
) -> CaseResult:
    return CaseResult(
        f"spec.py::{version}", "softmax", version, "numerics[S64]", ran_on, result, 0.1, timing=timing
    )


def report(started: str, *rows: CaseResult, backend: str = "cpu") -> VerificationReport:
    subject = Subject("c" * 40, "d" * 40, dirty=False)
    return VerificationReport(subject, backend, (), rows, (), started, 12.0, ("pytest",), 0)


CLAIMS = (
    ("README.md", Verdict("true", "12 of 12 pass", "so it is", 3, "repoops verify")),
    (
        "PERF.md",
        Verdict("unsupported", "runs in 38 µs", "no stored report has it", 9, "repoops verify -k softmax"),
    ),
    ("PERF.md", Verdict("contradicted", "128 registers", "ptxas allots 255", 4)),
)
TOLD = Told(
    name="a <repo>",
    built="2026-11-28 18:00",
    state=(("state", "main at cccccccccc"),),
    sessions=(
        Session("2026-11-27", "2026-11-27 18:00", "failed", "1 h 05 min", "docs/evidence/2", (("failed", "`make`: exit 2", "run-1.json"), ("stated", "21 % faster", "")), (("abc1234567", "fix the pitch"),), (("failed", "three stages spill"),)),
        Session("2026-11-26", "2026-11-26 18:00", "done", "20 min 00 s", "docs/evidence/1", (("measured", "swizzle holds", "run-1.json"),), (), ()),
    ),
    reports=(
        report("2026-11-27T18:00:00+00:00", row("online", Failed("element (3, 5): got <1>")), row("naive", Passed())),
        report("2026-11-26T18:00:00+00:00", row("online", Passed()), row("naive", NotRun("no compiler"), "")),
    ),
    about="about this tree",
    claims=CLAIMS,
    map_text="# Code map\n\n## Folders\n\n- `kernels/`: [the kernels](kernels/x.md) ![pic](p.png)\n\n<!-- repoops:keep notes -->\n<b>mine</b>\n<!-- repoops:end notes -->\n",
    map_path="CODEMAP.md",
)  # fmt: skip


def test_the_page_needs_nothing_but_itself() -> None:
    text = page(TOLD)
    read = Read(text)
    assert not re.search(r"<link|<img|<iframe|@import|url\(|https?:", text)
    pointed = [value or "" for _, name, value in read.attributes if name in ("href", "src")]
    ids = {value for _, name, value in read.attributes if name == "id"}
    assert pointed == ["#sessions", "#verification", "#claims", "#map"]
    assert {value[1:] for value in pointed} <= ids
    assert page(TOLD) == text


def test_all_of_it_is_told_and_names_are_text() -> None:
    words = Read(page(TOLD)).words
    said = " ".join(words)
    for what in ("a <repo>", "make", "21 % faster", "three stages spill", "fix the pitch", "element (3, 5): got <1>", "about this tree",
                 "128 registers", "<b>mine</b>", "the kernels"):  # fmt: skip
        assert what in said, what
    assert said.index("128 registers") < said.index("runs in 38 µs") < said.index("12 of 12 pass")
    assert "repoops:keep" not in said


def test_a_cpu_has_no_gpu_time_and_a_card_has() -> None:
    words = Read(page(TOLD)).words
    assert words[words.index("GPU times") + 1] == "not measured"
    assert "median µs" not in words
    timing = Timing("CUDA events", 500, 22.5, 22.0, 23.0)
    timed = report(
        "2026-11-28T18:00:00+00:00", row("online", Passed(), "cuda: NVIDIA L4", timing), backend="cuda"
    )
    words = Read(page(replace(TOLD, reports=(timed,)))).words
    assert words[words.index("GPU times") + 1] == "measured, see below"
    assert "22.50" in words


def test_what_is_not_there_is_said_with_the_command_that_makes_it() -> None:
    words = " ".join(Read(page(Told("r", "now", (), (), (), "", (), "", ""))).words)
    for command in ("repoops session-end", "repoops verify", "repoops audit", "repoops codemap"):
        assert command in words


@given(
    st.lists(
        st.tuples(st.text(max_size=12), st.lists(st.integers(0, 10**6), min_size=3, max_size=3)), max_size=12
    )
)
def test_columns_stay_inside_and_do_not_overlap(columns: list[tuple[str, list[int]]]) -> None:
    text = bars(columns, ("a", "b", "c"), "label")
    Read(text)
    box = [float(n) for n in (re.search(r'viewBox="([^"]+)"', text) or [""])[1].split()]
    for x, y, width, height in re.findall(
        r'<rect x="([\d.]+)" y="([-\d.]+)" width="([\d.]+)" height="([\d.]+)"', text
    ):
        assert 0 <= float(x) <= float(x) + float(width) <= box[2]
        assert -3 <= float(y) <= float(y) + float(height) <= box[3]


def test_the_command_writes_it_outside_the_work_tree_and_changes_nothing(tmp_path: Path) -> None:
    repo = Repo.create(tmp_path / "repo")
    repo.commit(
        "start", {"README.md": "# r\n\nThe softmax kernel takes 38 µs.\n", "kernels/softmax/naive.cu": ""}
    )
    repo.repoops("run", "--", sys.executable, "-c", "print(1)")
    repo.repoops("session-end", "--no-verify")
    before = repo.picture()["files"]
    said = repo.repoops("report")
    assert (said.code, said.stderr) == (0, "")
    assert repo.picture()["files"] == before
    text = Path(said.stdout.strip()).read_text(encoding="utf-8")
    assert "unsupported" in text
    assert "print(1)" in text
    assert repo.repoops("report", "-o", "page.html").stdout == "page.html\n"
    assert repo.repoops("report", "-o", "x/y/page.html").code == 2
    repo.write("file", "")
    refused = repo.repoops("report", "-o", "file/page.html")
    assert (refused.code, refused.stdout) == (2, "")
    assert "cannot be written" in refused.stderr


# ---- a real browser


@pytest.fixture(params=["light", "dark"])
def shown(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    with opened(page(TOLD), request.param, tmp_path) as tab:
        yield tab


def test_it_is_clicked_through(shown: Any) -> None:
    ground, contrast = shown.evaluate(LUMINANCE)
    assert (ground < 0.1) == (shown.theme == "dark")
    assert contrast >= 4.5  # WCAG 2.2, 1.4.3
    assert shown.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    shown.get_by_role("link", name="Claims").click()
    assert shown.url.endswith("#claims")
    assert abs(shown.locator("#claims").bounding_box()["y"]) < 120
    older = shown.locator("details").nth(1)
    assert not older.get_by_text("swizzle holds").is_visible()
    older.locator("summary").click()
    assert older.get_by_text("swizzle holds").is_visible()
    shown.get_by_label("Only claims that say").fill("perf.md µs")
    assert shown.locator("#claims tbody tr:visible").count() == 1
    assert shown.locator('[data-count="claim-words"]').inner_text() == "1 of 3"
    shown.get_by_label("Only claims that say").fill("")
    assert shown.locator("#claims tbody tr:visible").count() == 3
    shown.get_by_label("Only sessions that say").fill("swizzle")
    assert shown.locator("details:visible").count() == 1
    shown.get_by_role("button").click()
    turned, contrast = shown.evaluate(LUMINANCE)
    assert (turned < 0.1) != (ground < 0.1)
    assert contrast >= 4.5
    assert shown.problems == []


def test_the_keyboard_reaches_all_of_it(shown: Any) -> None:
    reached = []
    for _ in range(40):
        shown.keyboard.press("Tab")
        what = shown.evaluate(
            "(e => e === document.body ? '' : e.tagName + ' ' + (e.getAttribute('aria-label') || e.id || e.textContent.trim().slice(0, 16)))(document.activeElement)"
        )
        if not what or what in reached:
            break
        reached.append(what)
        if what.startswith("SUMMARY 2026-11-26"):
            shown.keyboard.press("Enter")
            assert shown.get_by_text("swizzle holds").is_visible()
    assert [name.split(" ", 1)[0] for name in reached[:5]] == ["A", "A", "A", "A", "BUTTON"]
    for wanted in ("INPUT session-words", "SUMMARY 2026-11-26 18:00", "DIV Verification reports", "DIV Kernel versions by report", "INPUT claim-words", "DIV Claims"):  # fmt: skip
        assert wanted in reached
