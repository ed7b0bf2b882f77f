from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from repoops.report.merge import Part, merge
from repoops.report.verification import VerificationReport
from tests.suite.project import SCALE_CU, add_kernel, light, project


def timeless(report: VerificationReport) -> VerificationReport:
    rows = tuple(replace(row, duration_s=0.0) for row in report.results)
    return replace(report, results=rows, started="", duration_s=0.0)


def verified(path: Path) -> VerificationReport:
    return VerificationReport.from_json(json.loads(path.read_bytes()))


@pytest.mark.parametrize(("jobs", "sizes"), [("1", [2, 3, 3]), ("2", [4, 4])])
def test_the_shards_of_a_suite_merged_are_the_suite(tmp_path: Path, jobs: str, sizes: list[int]) -> None:
    repo = project(tmp_path / "r")
    add_kernel(repo, "twice", SCALE_CU.replace("scale", "twice"))
    repo.commit("a second kernel")
    options = ("--backend", "compile", "--arch", "sm_80,sm_90", "--jobs", jobs)
    parts = []
    of = len(sizes)
    for number in range(1, of + 1):
        at = tmp_path / f"{number}.json"
        said = repo.repoops("verify", *options, "--shard", f"{number}/{of}", "--report", str(at))
        parts.append(verified(at))
        assert (
            f"PART    shard {number} of {of}: {len(parts[-1].results)} of 8 tests" in said.stdout.splitlines()
        )
    assert sorted(len(part.results) for part in parts) == sizes
    assert not (repo.root / ".git/repoops/reports").exists()
    repo.repoops("verify", *options, "--report", str(tmp_path / "whole.json"))
    whole = verified(tmp_path / "whole.json")
    assert timeless(merge([Part("here", part, str(part.shard)) for part in parts])) == timeless(whole)


def test_a_shard_without_tests_is_no_failure_and_no_pass(tmp_path: Path) -> None:
    repo = light(tmp_path / "r")
    said = repo.repoops("verify", "--backend", "compile", "--shard", "2/2", "--jobs", "1")
    assert (said.stdout.splitlines()[0], said.code) == ("PART    shard 2 of 2: 0 of 1 tests", 0)
    assert said.stdout.splitlines()[1].startswith("0 passed, 0 failed, 0 not run in ")


def test_what_is_no_shard_is_one_line(tmp_path: Path) -> None:
    said = light(tmp_path / "r").repoops("verify", "--shard", "3/2")
    assert (said.code, said.stderr) == (
        2, "repoops verify: '3/2' is no shard\n  write it as I/N, from 1/N to N/N: --shard 2/3\n"
    )  # fmt: skip
