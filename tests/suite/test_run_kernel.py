"""`run-kernel`: a kernel of a file, run and watched from the command line alone."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

COPY = """\
extern "C" __global__ void copy(const float* x, float* y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = x[i];
}
extern "C" __global__ void beyond(const float* x, float* y, int n)
{
    y[threadIdx.x] = x[threadIdx.x + 1];
}
"""
LAUNCH = (
    "--grid",
    "4",
    "--block",
    "256",
    "--arg",
    "f32[1000]",
    "--arg",
    "f32[1000]:out",
    "--arg",
    "i32:1000",
)


def run(folder: Path, *args: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "repoops", "run-kernel", *args], cwd=folder, capture_output=True, text=True,
        env={**os.environ, "NO_COLOR": "1"},
    )  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "copy.cu").write_text(COPY)
    return tmp_path


def test_a_clean_kernel_is_run_and_counted_outside_any_repository(folder: Path) -> None:
    ran = run(folder, "copy.cu::copy", *LAUNCH, "--order", "all", "--json")
    assert (ran.returncode, ran.stderr) == (0, "")
    data = json.loads(ran.stdout)
    assert (data["schema"], data["findings"], data["differing"], data["ok"]) == (
        "repoops/run-kernel/1",
        [],
        [],
        True,
    )
    assert data["ran_on"].startswith("cpu: ")
    assert data["elapsed_us"] is None
    (out,) = data["outputs"]
    assert (out["argument"], out["shape"], out["nan"]) == (2, [1000], 0)
    assert data["coverage"] == {"2": 1.0}
    assert data["counters"]["instructions"] > 4 * 8 * 5
    assert {line["line"] for line in data["lines"]} >= {3, 4}


def test_a_finding_has_its_line_with_a_caret_and_fails(folder: Path) -> None:
    ran = run(folder, "copy.cu::beyond", "--arg", "f32[32]", "--arg", "f32[32]:out", "--arg", "i32:32")
    assert ran.returncode == 1, ran.stderr
    rows = ran.stdout.splitlines()
    assert rows[0].startswith("ERROR   copy.cu:8: memcheck out-of-bounds: ")
    assert rows[1].startswith("        in beyond, block (0, 0, 0), thread (31, 0, 0), address 0x")
    assert rows[2] == "            8 |     y[threadIdx.x] = x[threadIdx.x + 1];"
    assert rows[3].strip(" |") == "^"
    assert any(row.startswith("argument 2 (f32[32]:out): min ") for row in rows)
    assert rows[-1].startswith(
        "1 error, 0 warnings (memcheck, racecheck, initcheck, synccheck, coverage; warps forward); executed on the CPU ("
    )
    assert rows[-1].endswith("), not on a GPU")


def test_a_source_in_a_folder_of_any_name_is_shown(folder: Path) -> None:
    there = folder / "ein Ordner für ✓"
    there.mkdir()
    (there / "copy.cu").write_text((folder / "copy.cu").read_text())
    ran = run(there, "copy.cu::beyond", "--arg", "f32[32]", "--arg", "f32[32]:out", "--arg", "i32:32")
    rows = ran.stdout.splitlines()
    assert rows[0].startswith("ERROR   copy.cu:8: memcheck out-of-bounds: ")
    assert rows[2] == "            8 |     y[threadIdx.x] = x[threadIdx.x + 1];"


def test_without_a_name_or_with_a_wrong_one_the_kernels_are_listed(folder: Path) -> None:
    listed = (
        "\n  its kernels:\n  copy.cu::copy(const float* x, float* y, int n)\n"
        "  copy.cu::beyond(const float* x, float* y, int n)\n"
    )
    assert (run(folder, "copy.cu").stderr, run(folder, "copy.cu").returncode) == (
        "repoops run-kernel: copy.cu: which kernel?" + listed, 2
    )  # fmt: skip
    wrong = run(folder, "copy.cu::copi")
    assert (wrong.stderr, wrong.returncode) == (
        "repoops run-kernel: copy.cu: there is no kernel 'copi' in this file" + listed, 2
    )  # fmt: skip


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (("--arg", "f32[4]"), 2, "copy has 3 parameters, 1 argument was given\n  one --arg for each of copy(const float* x, float* y, int n)\n"),
        ((*LAUNCH[:-1], "i64:1000"), 2, "argument 3 of copy is numpy.int64(1000): 8-byte integer, but its parameter is 4-byte integer"),
        ((*LAUNCH, "--block", "2048"), 1, "sm_89 refuses the launch of copy: CUDA_ERROR_INVALID_VALUE"),
        ((*LAUNCH, "--shared", "200000"), 1, "CUDA_ERROR_INVALID_VALUE: 200000 bytes of shared memory"),
        ((*LAUNCH[:-1], "f32[90000000000000]"), 2, "'f32[90000000000000]' cannot be made: "),
        ((*LAUNCH, "--include", "nowhere"), 2, "nowhere: no such folder"),
        (("--grid", "x"), 2, "--grid 'x' is no extent"),
        (("--check", "leaks"), 2, "there is no check 'leaks'"),
        (("--order", "up"), 2, "there is no order 'up' of warps"),
        (("--jobs", "0"), 2, "0 threads run nothing"),
        ((*LAUNCH, "--arch", "sm_100a"), 2, "the CPU back end does not execute sm_100a"),
        (("--dump", "sass"), 2, "nothing is called 'sass' that could be printed"),
        ((*LAUNCH, "--define", "i=missing.x"), 1, "copy.cu:3: "),
    ],
)  # fmt: skip
def test_what_cannot_be_run_is_refused_in_one_line(
    folder: Path, args: tuple[str, ...], code: int, said: str
) -> None:
    ran = run(folder, "copy.cu::copy", *args)
    assert (ran.returncode, ran.stdout) == (code, ""), ran.stderr
    assert said in ran.stderr
    assert "Traceback" not in ran.stderr


def test_ptx_and_ir_are_printed_and_ptx_runs_again(folder: Path) -> None:
    ptx = run(folder, "copy.cu::copy", "--dump", "ptx")
    assert ptx.returncode == 0
    (folder / "copy.ptx").write_text(ptx.stdout)
    again = run(folder, "copy.ptx::copy", *LAUNCH, "--json")
    assert again.returncode == 0, again.stderr
    assert json.loads(again.stdout)["compiler"] == "given as PTX"
    assert "define " in run(folder, "copy.cu::copy", "--dump", "ir").stdout
