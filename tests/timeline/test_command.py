"""`repoops timeline` in a real repository: commits, stored reports, a session's notes and old logs."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from repoops.report import store
from tests.support.html import Read
from tests.support.repo import Output, Repo
from tests.timeline.history import reports

LOG = """# Session, 2025-10-13

**Status**: failed

## Root cause

The softmax kernel met a misaligned address.

## What else

gemm is fine.
"""
UTC = {"TZ": "UTC"}


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    repo = Repo.create(tmp_path / "repo")
    first = repo.commit(
        "softmax: online normaliser",
        {"kernels/softmax/online.cu": "//\n", "kernels/softmax/spec.py": "#\n", "kernels/include/warp.cuh": "//\n",
         "docs/archive/session_logs/OLD_2025-10-13.md": LOG, "docs/guide.md": "# Guide\n\nsoftmax is explained here\n"},
        "2025-10-14T09:00:00+0000",
    )  # fmt: skip
    repo.commit("softmax, gemm: naming", {"kernels/softmax/online.cu": "// x\n", "kernels/gemm/naive.cu": "//\n"},
                "2025-10-14T14:30:00+0000")  # fmt: skip
    for report in reports(first):
        store.save(repo.root / ".git/repoops", report)
    return repo


def dateless(text: str) -> str:
    return re.sub(
        r"\b(?!2025-10-1)\d{4}-\d\d-\d\d \d\d:\d\d", "NOW", re.sub(r"\b[0-9a-f]{10}\b", "COMMIT", text)
    )


def test_a_kernels_history(repo: Repo) -> None:
    repo.repoops("note", "--failed", "softmax without a barrier")
    said = repo.repoops("timeline", "softmax", env=UTC)
    card = "R4096-fp16 on NVIDIA L4, cold: 38.20 µs (37.90 to 38.50); 0.500 x torch: FASTER"
    blocked = "R4096-fp16 on NVIDIA L4, cold: 41.00 µs (40.60 to 41.40); 0.500 x torch: FASTER"
    passed = "passed 3 of 3 on the CPU, error at most 0.4 of its bound, 48 registers on sm_89, mutants 1 of 1 killed"
    on_card = "passed 3 of 3 on NVIDIA L4, error at most 0.4 of its bound, 48 registers on sm_89"
    cpu = "execution on the CPU (x86_64), not on a GPU"
    race = "numerics[R4096]: deviates by 0.5; racecheck read-after-write at kernels/softmax/online.cu:40"
    wanted = f"""\
softmax: 2 versions, 2 commits, 5 reports, 2 mentions; GPU times: 2

  online: since 2025-10-14 09:00 (COMMIT); changed 2025-10-14 14:30 (COMMIT); {on_card}; {card}
  blocked: timed, not checked; {blocked}

2025-10-14 09:00  commit COMMIT softmax: online normaliser (+online.cu, +spec.py)
2025-10-14 09:00  said [failed], not measured: The softmax kernel met a misaligned address. (docs/archive/session_logs/OLD_2025-10-13.md:7)
2025-10-14 12:00  report on COMMIT, {cpu}
    online: {passed}
2025-10-14 13:00  1 report with nothing new
2025-10-14 14:00  report on COMMIT with uncommitted changes, {cpu}
    online: FAILED 1 of 3 on the CPU, error at most 50 of its bound, 64 registers on sm_89, 8 bytes spilled on sm_89, mutants 1 of 1 killed: {race}
2025-10-14 14:30  commit COMMIT softmax, gemm: naming (online.cu)
2025-10-14 15:00  report on COMMIT, {cpu}
    online: {passed}
2025-10-14 16:00  report on COMMIT, back end cuda
    online: {on_card}
    online: {card}
    blocked: timed, not checked
    blocked: {blocked}
NOW  failed, stated: softmax without a barrier (the open session)
"""
    assert (dateless(said.stdout), said.stderr, said.code) == (wanted, "", 0)


def test_all_kernels(repo: Repo) -> None:
    said = repo.repoops("timeline", env=UTC)
    assert said == Output(
        "kernel   versions  commits  reports  mentions  last commit       last report       outcome               GPU times\n"
        "gemm     1         1        0        1         2025-10-14 14:30  none              never verified        not measured\n"
        "softmax  2         2        5        1         2025-10-14 14:30  2025-10-14 16:00  passed, on NVIDIA L4  2\n",
        "",
        0,
    )


def test_json_and_page(repo: Repo, tmp_path: Path) -> None:
    at = tmp_path / "softmax.html"
    said = repo.repoops("timeline", "softmax", "--json", "--html", str(at), env=UTC)
    data = json.loads(said.stdout)
    assert (data["schema"], [k["kernel"] for k in data["kernels"]], said.stderr) == (
        "repoops/timeline/1", ["softmax"], f"written: {at}\n",
    )  # fmt: skip
    words = Read(at.read_text()).words
    assert words[0] == "softmax over time"
    assert "Versions" in words


@pytest.mark.parametrize(
    ("kernel", "remedy"),
    [("softmx", "did you mean: repoops timeline softmax"), ("rope", "see: repoops timeline")],
)
def test_a_kernel_that_there_never_was(repo: Repo, kernel: str, remedy: str) -> None:
    assert repo.repoops("timeline", kernel) == Output(
        "",
        f"repoops timeline: no commit below kernels and no report has a kernel {kernel!r}\n  {remedy}\n",
        1,
    )


def test_an_empty_repository_has_no_kernel(tmp_path: Path) -> None:
    assert Repo.create(tmp_path / "r").repoops("timeline") == Output("no kernel is known here\n", "", 0)


def test_a_kernel_that_was_removed_keeps_its_history(repo: Repo) -> None:
    repo.git("rm", "-q", "-r", "kernels/gemm")
    repo.commit("gemm: gone", date="2025-10-15T09:00:00+0000")
    said = repo.repoops("timeline", "gemm", env=UTC)
    assert (
        "  naive: since 2025-10-14 14:30 (COMMIT); removed 2025-10-15 09:00 (COMMIT); in no report"
        in dateless(said.stdout)
    )
    assert said.stdout.splitlines()[-1].endswith("gemm: gone (-naive.cu)")
