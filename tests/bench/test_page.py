from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repoops.bench import floors, page, plots
from repoops.kernel import work
from repoops.report.speed import UNITS
from tests.bench import reports
from tests.support.html import Read


@pytest.mark.parametrize("made", [reports.untimed, reports.timed])
def test_the_page_needs_nothing_but_itself(made: object) -> None:
    text = page.page(made(), [reports.timed(24.0)])  # type: ignore[operator]
    read = Read(text)
    assert not re.search(r"<script|<link|<img|<iframe|@import|url\(", text)
    pointed = [value or "" for _, name, value in read.attributes if name in ("href", "src", "xlink:href")]
    ids = {value for _, name, value in read.attributes if name == "id"}
    assert pointed
    assert all(value.startswith("#") and value[1:] in ids for value in pointed)
    assert "http" not in text


def test_without_a_card_nothing_looks_like_a_measurement() -> None:
    read = Read(page.page(reports.untimed(), []))
    assert (
        read.words.index("Not measured on hardware") < read.words.index("Times") < read.words.index("Floors")
    )
    assert "median µs" not in read.words
    assert "7.0 m" in read.words
    assert reports.NO_GPU in " ".join(read.words)
    assert 'fill="var(--k0)"><title>1' not in page.page(reports.untimed(), [])  # every mark is hollow


def test_on_a_card_the_times_stand_first_with_verdict_interval_and_control() -> None:
    text = page.page(reports.timed(), [])
    words = Read(text).words
    for figure in ("21.00", "20.80 to 21.20", "500 in 5", "10", "33 %", "FASTER", "0.921", "0.915 to 0.927", "not measured",
                   "flash-attn is not installed"):  # fmt: skip
        assert figure in words
    assert "The kernel against itself: 0.9960 to 1.0030, minimum effect 0.40 %." in " ".join(words)
    assert 'class="words FASTER"' in text
    assert f"3 not measured: {reports.NO_GPU}." in words
    assert re.search(r'fill="var\(--k0\)"><title>1: 21.0 µs: measured', text)


def test_names_are_text_and_no_markup() -> None:
    row = reports.listed("<b>&", "<i>", "sm_89", 'S"1', reports.HEADLINE)
    read = Read(page.page(replace(reports.untimed(), results=(row,)), []))
    assert "<b>&" in read.words
    assert not any(tag in ("b", "i") and name for tag, name, _ in read.attributes)


def test_history_is_drawn_from_two_reports_on_with_intervals() -> None:
    now, before = reports.timed(21.0), reports.timed(24.0, "2026-11-20T21:00:00+00:00")
    text = page.page(now, [before, now])
    assert "From 2 reports" in text
    assert "2026-11-20 ccccccc: 24 µs (23.80 to 24.20)" in text
    assert text.count('class="spread"') == 2
    assert "<polyline" in text.split('id="history"')[1]
    once = page.page(now, [])
    assert "From one report" in once
    assert "seen in one report only" in once


def test_a_card_without_fp8_has_no_roof_and_no_floor_of_it() -> None:
    todo = work.matmul(4096, 4096, 4096, 1)
    row = reports.listed("fp8", "plain", "sm_89", "S1", todo)
    text = page.page(replace(reports.untimed(), results=(row,)), [])
    words = Read(text).words
    drawn = [said.partition(",")[0] for said in words if "tensor cores, 8 bit" in said]
    assert drawn == [card.name for card in floors.CARDS if card.tensor8]
    assert words.count("none") == len(floors.CARDS) - len(drawn) == 2


LABELS = st.lists(
    st.builds(
        plots.Mark, st.sampled_from(["1", "23", "4: 1234.5 µs"]), st.floats(1e-3, 1e5), st.floats(1e6, 1e15), st.integers(0, 9), st.booleans()
    ),
    max_size=12,
)  # fmt: skip


@given(LABELS, st.sampled_from(floors.CARDS), st.sampled_from(UNITS))
def test_no_label_of_a_roofline_lies_on_another(
    marks: list[plots.Mark], card: floors.Card, unit: str
) -> None:
    text = plots.roofline(card, card.peak(unit) or 1e12, marks)
    placed = re.findall(r'<text x="([\d.-]+)" y="([\d.-]+)" style="[^"]*">([^<]*)</text>', text)
    assert len(placed) == len(marks)
    boxes = [(float(x), float(y), float(x) + 7 * len(label)) for x, y, label in placed]
    for n, (left, y, right) in enumerate(boxes):
        for other_left, other_y, other_right in boxes[:n]:
            assert abs(y - other_y) >= 12 or right <= other_left or other_right <= left


# ---- a real browser

PROBE = """
<script>
const area = r => r.width * r.height, shown = e => area(e.getBoundingClientRect()) > 0;
const boxes = svg => [...svg.querySelectorAll('text')].filter(shown).map(e => [e.textContent, e.getBoundingClientRect()]);
const cross = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2;
const overlaps = [], clipped = [];
document.querySelectorAll('details').forEach(d => d.open = true);
for (const svg of document.querySelectorAll('svg')) {
  const all = boxes(svg), frame = svg.getBoundingClientRect();
  all.forEach(([t, a], i) => all.slice(0, i).forEach(([u, b]) => { if (cross(a, b)) overlaps.push([t, u]); }));
  all.forEach(([t, a]) => { if (a.left < frame.left - 1 || a.right > frame.right + 1) clipped.push(t); });
}
const blocks = [...document.querySelectorAll('h2, h3, p, .scroll, figure, summary, nav')].filter(shown);
const rects = blocks.map(e => e.getBoundingClientRect());
rects.forEach((a, i) => rects.slice(0, i).forEach((b, j) => {
  if (!blocks[j].contains(blocks[i]) && cross(a, b)) overlaps.push([blocks[i].tagName, blocks[j].tagName]); }));
const lum = c => { const v = c.match(/[\\d.]+/g).slice(0, 3).map(x => x / 255).map(x => x <= .03928 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4);
  return .2126 * v[0] + .7152 * v[1] + .0722 * v[2]; };
const style = getComputedStyle(document.body), ground = lum(style.backgroundColor);
const contrast = c => { const l = lum(c); return (Math.max(l, ground) + .05) / (Math.min(l, ground) + .05); };
const inks = [...document.querySelectorAll('body, p, th, td, a, summary, figcaption, svg text')].filter(shown)
  .map(e => e.namespaceURI.endsWith('svg') ? getComputedStyle(e).fill : getComputedStyle(e).color);
const wanted = [...document.querySelectorAll('a, summary, .scroll')].filter(shown);
const stopped = wanted.filter(e => { e.focus(); return document.activeElement === e; });
document.title = JSON.stringify({overlaps, clipped, ground, width: document.documentElement.scrollWidth - innerWidth,
  contrast: Math.min(...inks.map(contrast)), wanted: wanted.length, stopped: stopped.length, plots: document.querySelectorAll('svg').length});
</script>
"""


@pytest.mark.skipif(shutil.which("chromium") is None, reason="chromium is not installed")
@pytest.mark.parametrize("width", [1280, 800])
@pytest.mark.parametrize(("theme", "setting"), [("light", 1), ("dark", 0)])
def test_a_real_browser_shows_it_readable_in_both_themes(
    tmp_path: Path, width: int, theme: str, setting: int
) -> None:
    earlier = [
        reports.timed(24.0, "2026-11-20T21:00:00+00:00"),
        reports.timed(30.0, "2026-11-21T21:00:00+00:00"),
    ]
    file = tmp_path / "page.html"
    file.write_text(page.page(reports.timed(), earlier) + PROBE, encoding="utf-8")
    said = subprocess.run(
        ["chromium", "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-quic", f"--user-data-dir={tmp_path / 'profile'}",
         f"--blink-settings=preferredColorScheme={setting}", f"--window-size={width},900", "--dump-dom", file.as_uri()],
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip
    found = re.search(r"<title>(\{.*?\})</title>", said.stdout)
    assert found, said.stderr[-2000:]
    seen = json.loads(found[1].replace("&amp;", "&").replace("&lt;", "<").replace("&gt;", ">"))
    assert (seen["overlaps"], seen["clipped"]) == ([], [])
    assert seen["width"] <= 0  # what is too wide scrolls in its own frame
    assert (seen["ground"] < 0.1) == (theme == "dark")
    assert seen["contrast"] >= 4.5  # WCAG 2.2, 1.4.3
    assert seen["stopped"] == seen["wanted"] > 10  # the keyboard reaches all
    assert seen["plots"] > 10
