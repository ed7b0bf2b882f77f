from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from repoops.report import store
from repoops.report.evidence import Subject
from tests.bench import reports

TREE = Subject("c" * 40, "d" * 40, dirty=False)


def test_a_later_report_without_times_does_not_cost_the_history_its_times(tmp_path: Path) -> None:
    timed = replace(reports.timed(started="2026-11-20T21:00:00+00:00"), subject=TREE)
    later = replace(reports.untimed(), subject=TREE)
    store.save(tmp_path, timed)
    store.save(tmp_path, later)
    assert store.load(tmp_path, TREE.tree) == later
    assert store.recent(tmp_path) == [later, timed]
    assert store.kept(tmp_path) == {TREE.tree}


def test_a_later_report_with_times_takes_the_place_of_an_earlier_one(tmp_path: Path) -> None:
    for started in ("2026-11-20T21:00:00+00:00", "2026-11-21T21:00:00+00:00"):
        store.save(tmp_path, replace(reports.timed(started=started), subject=TREE))
    assert [report.started for report in store.recent(tmp_path)] == ["2026-11-21T21:00:00+00:00"]


def test_every_report_comes_once_also_where_a_summary_has_it_too(tmp_path: Path) -> None:
    first = replace(reports.timed(started="2026-11-20T21:00:00+00:00"), subject=TREE)
    other = replace(reports.untimed(), subject=Subject(None, "e" * 40, dirty=True))
    kept = [store.save(tmp_path, report) for report in (first, other)]
    beside = tmp_path / "verification.json"
    beside.write_bytes(kept[0].read_bytes())
    assert list(store.every(tmp_path, [beside])) == [first, other]
