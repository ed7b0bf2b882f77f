"""The CPU back end: the same launch as on a card, with findings placed in the source; the engine itself has tests of its own."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from repoops.backends import cpu
from repoops.backends.interface import CHECKS, Options
from repoops.errors import RepoOpsError
from repoops.kernel.model import COUNTERS, Kernel, Launch, Outcome

REVERSED = """\
extern "C" __global__ void reversed(const float* x, float* y, int n)
{
    __shared__ float tile[64];
    int i = blockIdx.x * 64 + threadIdx.x;
    if (i < n) tile[threadIdx.x] = x[i];
    BARRIER;
    if (i < n) y[i] = tile[63 - threadIdx.x];
}
extern "C" __global__ void says(int n) { if (threadIdx.x == 3) printf("thread %d of %d\\n", threadIdx.x, n); }
extern "C" __global__ void forever(volatile int* x) { while (x[0] == 0) { } }
"""


def kernel(folder: Path, name: str = "reversed", barrier: str = "__syncthreads()") -> Kernel:
    source = folder / "reversed.cu"
    source.write_text(REVERSED)
    return Kernel(source, name, (("BARRIER", barrier),))


def run(chosen: Kernel, n: int = 128, **options: object) -> tuple[Outcome, torch.Tensor, torch.Tensor]:
    x, y = torch.arange(1.0, n + 1), torch.zeros(n)
    launch = Launch((2, 1, 1), (64, 1, 1), (x, y, np.int32(n)), outputs=(1,))
    return cpu.run(chosen, launch, replace(Options(), **options)), x, y  # type: ignore[arg-type]


def test_a_right_kernel_computes_in_place_and_nothing_is_found(tmp_path: Path) -> None:
    outcome, x, y = run(kernel(tmp_path))
    assert torch.equal(y, x.reshape(2, 64).flip(1).reshape(-1))
    assert (outcome.findings, outcome.elapsed_us, outcome.coverage) == ((), None, {1: 1.0})
    assert outcome.ran_on == f"cpu: {cpu.processor()}"
    assert outcome.compiler.startswith("NVRTC ")
    assert outcome.resources[0].arch == "sm_89"


def test_a_missing_barrier_is_found_with_line_source_and_kernel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    outcome, _, _ = run(kernel(tmp_path, barrier=""))
    (race,) = [found for found in outcome.findings if found.rule == "read-after-write"]
    assert (race.check, race.severity, race.file, race.line, race.kernel) == (
        "racecheck",
        "error",
        "reversed.cu",
        7,
        "reversed",
    )
    assert race.source == "    if (i < n) y[i] = tile[63 - threadIdx.x];"
    assert race.block is not None
    assert race.buffer is not None
    assert "tile" in race.buffer


def test_what_is_not_watched_is_not_found(tmp_path: Path) -> None:
    for checks in ((), ("memcheck",)):
        outcome, _, _ = run(kernel(tmp_path, barrier=""), checks=checks)
        assert outcome.findings == ()
    assert run(kernel(tmp_path, barrier=""), checks=("racecheck",))[0].findings != ()


def test_another_order_of_warps_shows_the_missing_barrier_in_the_numbers(tmp_path: Path) -> None:
    made = [run(kernel(tmp_path, barrier=""), order=order, checks=())[2] for order in ("forward", "reverse")]
    assert not torch.equal(*made)
    made = [
        run(kernel(tmp_path), order=order, jobs=jobs)[2]
        for order, jobs in (("forward", 1), ("reverse", 2), ("seed:7", None))
    ]
    assert torch.equal(made[0], made[1])
    assert torch.equal(made[0], made[2])


def test_counters_are_exact_and_can_be_left_out(tmp_path: Path) -> None:
    outcome, _, _ = run(kernel(tmp_path))
    counters = outcome.counters
    assert counters is not None
    assert set(counters) == set(COUNTERS)
    # Two blocks of two warps, each of which reads and writes a line of 128 bytes: four sectors.
    wanted = {"barriers": 4, "global_requests": 8, "global_sectors": 32, "shared_requests": 8, "bank_conflicts": 0,
              "bytes_global_read": 512, "bytes_global_written": 512, "bytes_shared_read": 512, "tensor_ops": 0}  # fmt: skip
    assert {name: counters[name] for name in wanted} == wanted
    by_line = {line: counts for _, line, counts in outcome.line_counters}
    assert by_line[6]["barriers"] == 4
    assert sum(counts.get("global_sectors", 0) for counts in by_line.values()) == 32
    assert run(kernel(tmp_path), counters=False)[0].counters is None


ASYNC_COPY = """\
// Warp by warp: rows of 128 bytes, 16 bytes a lane, of which the last holds 8; lanes go along a row, or down a column.
extern "C" __global__ void copies(const uint4* x, int down)
{
    __shared__ uint4 tile[32];
    int place = down ? threadIdx.x % 4 * 8 + threadIdx.x / 4 : threadIdx.x;
    unsigned to = static_cast<unsigned>(__cvta_generic_to_shared(tile + place));
    int bytes = threadIdx.x < 31 ? 16 : 8;
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" :: "r"(to), "l"(x + threadIdx.x), "r"(bytes) : "memory");
    asm volatile("cp.async.wait_all;" ::: "memory");
}
"""


@pytest.mark.parametrize(("down", "conflicts"), [(0, 0), (1, 12)])
def test_a_copy_past_the_registers_reads_what_it_is_told_and_writes_shared_memory_in_full(
    tmp_path: Path, down: int, conflicts: int
) -> None:
    source = tmp_path / "copies.cu"
    source.write_text(ASYNC_COPY)
    x = torch.zeros(128, dtype=torch.int32)
    outcome = cpu.run(Kernel(source, "copies"), Launch((1, 1, 1), (32, 1, 1), (x, np.int32(down))))
    counters = outcome.counters
    assert counters is not None
    # Eight lanes at a time: along a row they meet all banks, down a column those of two rows, four deep.
    wanted = {"bytes_global_read": 31 * 16 + 8, "bytes_shared_written": 512, "bytes_shared_read": 0, "shared_requests": 1,
              "shared_wavefronts": 4 + conflicts, "bank_conflicts": conflicts, "async_copies": 1, "global_sectors": 17}  # fmt: skip
    assert {name: counters[name] for name in wanted} == wanted


def test_what_the_kernel_prints_comes_back(tmp_path: Path) -> None:
    outcome = cpu.run(kernel(tmp_path, "says"), Launch((1, 1, 1), (32, 1, 1), (np.int32(9),)))
    assert outcome.printed == "thread 3 of 9\n"


def test_an_endless_loop_ends_at_the_limit_with_its_place(tmp_path: Path) -> None:
    launch = Launch((1, 1, 1), (32, 1, 1), (torch.zeros(1, dtype=torch.int32),))
    outcome = cpu.run(kernel(tmp_path, "forever"), launch, Options(limit=100_000))
    (ended,) = outcome.findings
    assert (ended.rule, ended.line) == ("limit", 10)


@pytest.mark.parametrize(
    ("launch", "said"),
    [
        (Launch((1, 1, 1), (2048, 1, 1), (torch.zeros(1), torch.zeros(1), np.int32(1))), "CUDA_ERROR_INVALID_VALUE"),
        (Launch((1, 1, 1), (64, 1, 1), (torch.zeros(1), torch.zeros(1), np.int32(1)), 200_000), "CUDA_ERROR_INVALID_VALUE"),
        (Launch((1, 1, 1), (64, 1, 1), (torch.zeros(1), torch.zeros(1))), "has 3 parameters, 2 arguments"),
        (Launch((1, 1, 1), (64, 1, 1), (torch.zeros(1), torch.zeros(1), np.int64(1))), "8-byte integer, but its parameter is 4-byte"),
        (Launch((1, 1, 1), (64, 1, 1), (torch.zeros(1), torch.zeros(1), 1)), "the argument 1 has no width"),
        (Launch((1, 1, 1), (64, 1, 1), (torch.zeros(1, device="meta"), torch.zeros(1), np.int32(1))), "lies on meta"),
    ],
)  # fmt: skip
def test_what_a_card_refuses_is_refused(tmp_path: Path, launch: Launch, said: str) -> None:
    with pytest.raises(RepoOpsError, match=said) as caught:
        cpu.run(kernel(tmp_path), launch)
    assert caught.value.code == 1


def test_an_instruction_that_the_engine_lacks_is_named_with_its_line_and_fails_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = tmp_path / "odd.cu"
    source.write_text(
        'extern "C" __global__ void odd(unsigned* x)\n{\n    asm volatile("brkpt;");\n    x[0] = 1;\n}\n'
    )
    with pytest.raises(RepoOpsError) as caught:
        cpu.run(Kernel(source, "odd"), Launch((1, 1, 1), (32, 1, 1), (torch.zeros(1, dtype=torch.int32),)))
    assert (caught.value.code, caught.value.where) == (2, "odd.cu:3")
    assert "brkpt" in caught.value.what


def test_an_unknown_check_or_order_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RepoOpsError, match="there is no check 'leaks'"):
        run(kernel(tmp_path), checks=("leaks",))
    with pytest.raises(RepoOpsError, match="there is no order 'up'"):
        run(kernel(tmp_path), order="up")
    assert Options().checks == CHECKS


COPIES = """\
extern "C" __global__ void copies(const float* x, float* y)
{
    __shared__ alignas(16) float tile[128];
    unsigned at = static_cast<unsigned>(__cvta_generic_to_shared(&tile[4 * threadIdx.x]));
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" ::"r"(at), "l"(x + 4 * threadIdx.x) : "memory");
    asm volatile("cp.async.commit_group; cp.async.wait_group 0;" ::: "memory");
    for (int i = 0; i < 4; ++i) y[4 * threadIdx.x + i] = tile[4 * threadIdx.x + i];
}
"""


def test_asynchronous_copies_are_counted_once_a_warp_and_their_groups_not_at_all(tmp_path: Path) -> None:
    (tmp_path / "copies.cu").write_text(COPIES)
    x, y = torch.arange(128.0), torch.zeros(128)
    launch = Launch((1, 1, 1), (32, 1, 1), (x, y))
    outcome = cpu.run(Kernel(tmp_path / "copies.cu", "copies"), launch, Options(archs=("sm_89",)))
    assert torch.equal(x, y)
    assert (outcome.counters or {})["async_copies"] == 1
