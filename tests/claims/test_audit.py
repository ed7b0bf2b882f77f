"""Claims about kernels are held against stored reports, on a real repository and through the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from repoops.report.evidence import Subject
from repoops.report.speed import Timing
from repoops.report.verification import CaseResult, Failed, Passed, Resources, VerificationReport
from tests.support.repo import Output, Repo

TREE = "1" * 40
KERNEL = (
    "// The price: 9,344 bytes of shared memory and 40 registers a thread.\n__global__ void tiled_d64() {}\n"
)


def report(
    *,
    where: str = "cpu: x86_64",
    timing: Timing | None = None,
    failed: int = 0,
    name: str = "attention_tiled_d64",
) -> VerificationReport:
    found = Resources("sm_89", 40, 0, 0, 0, 9344, 0, 128, 0, 10, 0.75, "registers", name)
    rows = [
        CaseResult(f"spec.py::tiled[S{n}]", "attention", "tiled", f"numerics[S{n}]", where,
                   Failed("deviates") if n < failed else Passed(), 0.1, timing=timing, counters=(("bank_conflicts", 0),))
        for n in range(4)
    ]  # fmt: skip
    compiled = CaseResult(
        "spec.py::tiled::compile[sm_89]", "attention", "tiled", "compile[sm_89]", "compile: sm_89", Passed(), 0.1,
        resources=found,
    )  # fmt: skip
    return VerificationReport(
        Subject(None, TREE, False), where.partition(":")[0], (), (compiled, *rows), (), "2026-01-01T00:00:00+00:00",
        1.0, ("pytest",), 1 if failed else 0,
    )  # fmt: skip


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    made = Repo.create(tmp_path / "work")
    made.commit("begin", {"kernels/attention/tiled.cu": KERNEL, "kernels/attention/naive.cu": "// simple\n"})
    return made


def keep(repo: Repo, made: VerificationReport, tree: str = TREE) -> None:
    path = repo.root / ".git" / "repoops" / "reports" / f"{tree}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(made.to_json()), encoding="utf-8")


def words(repo: Repo, *args: str) -> dict[str, str]:
    """Each claim's figure, and the word it got."""
    said = repo.repoops("audit", "--json", *args)
    assert said.stderr == ""
    found = json.loads(said.stdout)["verdicts"]
    assert said.code == (0 if all(v["word"] in ("true", "unverifiable") for v in found) else 1)
    return {v["why"].partition(": ")[0]: v["word"] for v in found}


TIMED = Timing("CUDA events", 500, 22.8, 22.5, 23.4, "torch SDPA", 45.6)


@pytest.mark.parametrize(
    ("kept", "expected"),
    [
        (None, "unsupported"),
        (report(), "unsupported"),
        (report(where="cuda: NVIDIA L4", timing=TIMED), "contradicted"),
    ],
)
def test_a_time_that_nobody_measured_is_found(
    repo: Repo, kept: VerificationReport | None, expected: str
) -> None:
    repo.write("README.md", "The attention kernel was validated at 321 μs on the GPU.\n")
    if kept:
        keep(repo, kept)
    assert words(repo, "README.md") == {"321 μs": expected}


def test_measured_times_and_ratios_are_true(repo: Repo) -> None:
    keep(repo, report(where="cuda: NVIDIA L4", timing=TIMED))
    repo.write("README.md", "attention `tiled` takes 22.8 µs. It is 2.0 x faster than SDPA.\n")
    assert words(repo, "README.md") == {"22.8 µs": "true", "2.0 x faster": "true"}


def test_what_a_cpu_takes_is_no_claim_about_a_kernel(repo: Repo) -> None:
    repo.write(
        "README.md",
        "# On the CPU\n\nattention `tiled` takes 22 ms.\n\n# Tests\n\n`attention` compiles in 300 ms.\n",
    )
    assert repo.repoops("audit", "README.md").stdout == "no claim was found\n"


def test_figures_of_the_compiler_are_held_against_the_report(repo: Repo) -> None:
    assert words(repo, "kernels/attention/tiled.cu") == {
        "9,344 bytes of shared memory": "unverifiable",
        "40 registers": "unverifiable",
    }
    keep(repo, report())
    assert set(words(repo, "kernels/attention/tiled.cu").values()) == {"true"}
    repo.write("kernels/attention/tiled.cu", KERNEL.replace("40 registers", "48 registers"))
    assert words(repo, "kernels/attention/tiled.cu")["48 registers"] == "contradicted"


@pytest.mark.parametrize(
    ("name", "said", "expected"),
    [
        ("attention_tiled_d64", "32 registers", "contradicted"),
        ("attention_tiled<128, __half>", "32 registers", "unverifiable"),
        ("attention_tiled<128, __half>", "48 registers", "contradicted"),
        ("attention_tiled<128, __half>", "40 registers", "true"),
    ],
)
def test_a_report_tells_of_the_instance_that_takes_most_and_of_no_other(
    repo: Repo, name: str, said: str, expected: str
) -> None:
    keep(repo, report(name=name))
    repo.write("kernels/attention/tiled.cu", KERNEL.replace("40 registers", said))
    assert words(repo, "kernels/attention/tiled.cu")[said] == expected


@pytest.mark.parametrize(
    ("sentence", "failed", "expected"),
    [
        ("attention is 100 % correct.", 0, "true"),
        ("attention is 100 % correct.", 1, "contradicted"),
        ("attention: 4/4 cases pass.", 0, "true"),
        ("attention: 4/4 cases pass.", 1, "contradicted"),
        ("attention: 15/15 cases pass.", 0, "unverifiable"),
    ],
)
def test_shares_of_passed_checks_are_held_against_the_report(
    repo: Repo, sentence: str, failed: int, expected: str
) -> None:
    keep(repo, report(failed=failed))
    repo.write("README.md", sentence + "\n")
    assert list(words(repo, "README.md").values()) == [expected]


def test_the_newest_report_counts(repo: Repo) -> None:
    old = report(failed=1).to_json() | {"started": "2025-01-01T00:00:00+00:00"}
    keep(repo, report())
    keep(repo, VerificationReport.from_json(old), "2" * 40)
    repo.write("README.md", "attention is 100 % correct.\n")
    assert list(words(repo, "README.md").values()) == ["true"]


def test_without_a_file_pages_kernels_and_messages_are_read_and_the_archive_is_not(repo: Repo) -> None:
    repo.commit(
        "attention: tiled takes 12.5 us",
        {
            "docs/speed.md": "`attention` reaches 91 TFLOP/s.\n",
            "docs/archive/session_logs/OLD.md": "`attention` takes 3 us.\n",
            "src/other.cu": "// attention takes 4 us\n",
        },
    )
    assert words(repo) == {
        "9,344 bytes of shared memory": "unverifiable",
        "40 registers": "unverifiable",
        "91 TFLOP/s": "unsupported",
        "12.5 us": "unsupported",
    }


def test_the_whole_of_what_is_said(repo: Repo) -> None:
    repo.write("README.md", "# Speed\n\nOur attention kernel takes 321 us.\n")
    said = repo.repoops("audit", "README.md")
    assert said == Output(
        stdout="README.md:3: unsupported: Our attention kernel takes 321 us.\n"
        "    321 us: no stored report has a GPU time of attention (none is stored) (repoops verify -k attention)\n"
        "README.md: 1 unsupported\n",
        stderr="",
        code=1,
    )


def test_a_file_of_another_kind_is_refused(repo: Repo) -> None:
    repo.write("figures.csv", "1,2\n")
    assert repo.repoops("audit", "figures.csv") == Output(
        stdout="",
        stderr="repoops audit: figures.csv: is no text that is read for claims\n"
        "  name one of .md, .cu, .cuh, .h, .hpp, .c, .cc, .cpp, .py\n",
        code=2,
    )
