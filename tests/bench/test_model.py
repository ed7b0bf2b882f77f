from __future__ import annotations

import re

import pytest

from repoops.bench import model
from repoops.report import benchmark
from repoops.report.verification import VerificationReport
from tests.bench import reports


def test_waves_are_blocks_over_what_fits_on_the_card() -> None:
    found = {one.floor.card: one for one in model.statics(reports.untimed()) if one.kernel == "attention"}
    assert set(found) == {"L4", "L40S", "RTX 4090", "H100 SXM", "H200 SXM", "A100 80 GB SXM"}  # none is sm_86
    assert found["L4"].waves == pytest.approx(64 / (2 * 58))
    assert round(found["L4"].floor.us, 1) == 7.0


def test_counts_are_those_of_the_case_of_most_instructions() -> None:
    (found,) = model.counted(reports.untimed())
    assert (found.case, found.instructions, found.ran_on) == ("S512", 1_600_000, "cpu: Some Processor")
    assert found.sectors_per_request == 14.5
    assert found.moved == 290_000 * 32
    assert found.asked == reports.HEADLINE.bytes
    assert found.lanes == 32
    assert dict(found.mix)["tensor-core operations"] == pytest.approx(81.92)


def test_a_headline_is_told_once_whatever_compiles_for_it() -> None:
    heads = model.headlines(reports.untimed())
    assert [(one.kernel, one.case) for one in heads] == [("attention", "S512"), ("softmax", "rows4096")]
    assert heads[0].intensity == 256


def test_without_a_card_the_terminal_says_so_before_any_figure() -> None:
    said = benchmark.lines(reports.untimed())
    assert said[1] == f"NOT MEASURED ON HARDWARE: {reports.NO_GPU}"
    head = said[4].split("  ")
    assert "floor L4 µs" in [cell.strip() for cell in head]
    assert not any(cell.strip() in ("µs", "95 % interval", "ratio", "verdict") for cell in head)
    row = next(line for line in said if line.startswith("attention"))
    assert re.split(r" {2,}", row) == [
        "attention", "tensor_core", "S512", *["17 % (shared memory)"] * 3, "7.0 (memory)", "0.6 (memory)", "S512", "14.50", "0", "4.43",
    ]  # fmt: skip


def test_on_a_card_times_stand_beside_the_best_baseline() -> None:
    said = "\n".join(benchmark.lines(reports.timed()))
    assert "NOT MEASURED ON HARDWARE" not in said
    assert "20.80 to 21.20" in said
    assert "SDPA (flash)" in said
    assert "FASTER" in said
    assert "NOT MEASURED  flash-attn: flash-attn is not installed" in said
    assert " 33 %" in said  # of the floor of 7 µs


def test_the_summary_gets_the_same_as_markdown_and_nothing_without_a_benchmark() -> None:
    said = benchmark.markdown(reports.untimed())
    assert said[0].startswith("*Not measured on hardware*: no GPU to time it on")
    table = said[2:]
    assert len({line.count("|") for line in table}) == 1
    assert table[1].strip("|-") == ""
    plain = VerificationReport(None, "cpu", (), (), (), "2026-11-27T21:00:00+00:00", 0.0, (), 0)
    assert (benchmark.markdown(plain), benchmark.lines(plain)) == ([], [])
    assert benchmark.markdown(reports.timed())[0].startswith("| kernel | version |")
