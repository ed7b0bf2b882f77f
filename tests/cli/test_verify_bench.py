from __future__ import annotations

import json
from pathlib import Path

from repoops.report.verification import VerificationReport
from tests.suite.project import project


def test_without_a_card_the_page_and_the_report_say_what_was_not_measured(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    spec = repo.root / "kernels/scale/spec.py"
    text = spec.read_text(encoding="utf-8")
    text = text.replace(
        "    versions=(",
        '    work=lambda case: Work(case["n"], 8 * case["n"], "fp32"),\n'
        '    headline=tuple(grid(n=(1 << 20,), dtype=("float32",))),\n    versions=(',
    )
    spec.write_text("from repoops.report.speed import Work\n" + text, encoding="utf-8")
    said = repo.repoops(
        "verify", "--bench", "--html", "../p.html", "--report", "../r.json", "--backend", "compile", "-k", "scale and sm_80"
    )  # fmt: skip
    assert said.code == 0, said.stdout + said.stderr
    assert "NOT MEASURED ON HARDWARE: no GPU to time it on: " in said.stdout
    report = VerificationReport.from_json(json.loads((tmp_path / "r.json").read_bytes()))
    (row,) = [row for row in report.results if row.check == "bench[sm_80, n1048576-fp32]"]
    assert (row.outcome, row.timing, row.grid) == ("not run", None, (4096, 1, 1))
    assert [floor.card for floor in row.floors] == ["A100 80 GB SXM"]
    assert row.floors[0].us == 8 * 2**20 / 2.039e12 * 1e6
    page = (tmp_path / "p.html").read_text(encoding="utf-8")
    assert "Not measured on hardware" in page
    assert "n1048576-fp32" in page


def test_a_page_needs_a_benchmark(tmp_path: Path) -> None:
    repo = project(tmp_path / "r")
    said = repo.repoops("verify", "--html", "p.html")
    assert (said.code, said.stdout) == (2, "")
    assert (
        said.stderr
        == "repoops verify: --html writes the benchmark's page\n  repoops verify --bench --html p.html\n"
    )
