"""Limits and occupancy, compared with NVIDIA's own calculator where a C++ compiler is at hand."""

from __future__ import annotations

import shutil
import subprocess
from itertools import product
from pathlib import Path

import pytest

from repoops.errors import RepoOpsError
from repoops.kernel.model import Launch
from repoops.nvidia import limits, wheels
from repoops.nvidia.limits import LIMITS, Occupancy, fault, occupancy
from repoops.report.verification import Resources

CALCULATOR = r"""
#include <cstdio>
#include "cuda_occupancy.h"
int main()
{
    int major, minor, sm_threads, registers, threads;
    long shared_sm, optin, reserved, shared, dynamic;
    while (std::scanf("%d %d %d %ld %ld %ld %d %d %ld %ld", &major, &minor, &sm_threads, &shared_sm, &optin, &reserved,
                      &registers, &threads, &shared, &dynamic) == 10) {
        cudaOccDeviceProp card = {};
        card.computeMajor = major; card.computeMinor = minor; card.maxThreadsPerBlock = 1024;
        card.maxThreadsPerMultiprocessor = sm_threads; card.regsPerBlock = card.regsPerMultiprocessor = 65536;
        card.warpSize = 32; card.sharedMemPerBlock = 48 * 1024; card.sharedMemPerMultiprocessor = shared_sm;
        card.numSms = 1; card.sharedMemPerBlockOptin = optin; card.reservedSharedMemPerBlock = reserved;
        cudaOccFuncAttributes kernel = {};
        kernel.maxThreadsPerBlock = 1024; kernel.numRegs = registers; kernel.sharedSizeBytes = shared;
        kernel.maxDynamicSharedSizeBytes = dynamic; kernel.shmemLimitConfig = FUNC_SHMEM_LIMIT_OPTIN;
        cudaOccDeviceState state = {};
        state.carveoutConfig = SHAREDMEM_CARVEOUT_MAX_SHARED;
        cudaOccResult answer;
        if (cudaOccMaxActiveBlocksPerMultiprocessor(&answer, &card, &kernel, &state, threads, dynamic) != 0) return 1;
        std::printf("%d\n", answer.activeBlocksPerMultiprocessor);
    }
}
"""


def uses(arch: str, registers: int, shared: int = 0, most: int | None = None) -> Resources:
    return Resources(arch, registers, 0, 0, 0, shared, 0, most)


@pytest.mark.skipif(shutil.which("g++") is None, reason="no C++ compiler to build NVIDIA's calculator with")
def test_occupancy_is_nvidias_own(tmp_path: Path) -> None:
    (tmp_path / "calculator.cpp").write_text(CALCULATOR)
    include = wheels.include_folders()[0]
    subprocess.run(["g++", f"-I{include}", "-o", "calculator", "calculator.cpp"], cwd=tmp_path, check=True)
    cases = [
        (arch, registers, threads, shared, dynamic)
        for arch, registers, threads, shared, dynamic in product(
            LIMITS, (1, 24, 32, 33, 40, 56, 64, 72, 128, 168, 255), (1, 32, 96, 128, 256, 384, 1024),
            (0, 1, 9344, 49152), (0, 4096, 16384, 51200),
        )
        if shared + dynamic <= LIMITS[arch].shared_block
    ]  # fmt: skip
    asked = ""
    for arch, registers, threads, shared, dynamic in cases:
        on = LIMITS[arch]
        asked += (
            f"{int(arch[3:]) // 10} {int(arch[3:]) % 10} {on.threads} {on.shared} {on.shared_block} {on.reserved} "
            f"{registers} {threads} {shared} {dynamic}\n"
        )
    said = subprocess.run(
        ["./calculator"], cwd=tmp_path, input=asked, capture_output=True, text=True, check=True
    )
    theirs = list(map(int, said.stdout.split()))
    ours = [occupancy(uses(a, r, s), t, d).blocks for a, r, t, s, d in cases]
    assert len(cases) > 10_000
    assert [(c, o, t) for c, o, t in zip(cases, ours, theirs, strict=True) if o != t] == []
    assert len(set(ours)) > 15


def test_the_limiter_is_named() -> None:
    assert occupancy(uses("sm_89", 24), 256) == Occupancy(6, 1.0, "threads")
    assert occupancy(uses("sm_89", 16), 32) == Occupancy(24, 0.5, "blocks")
    assert occupancy(uses("sm_80", 128), 256) == Occupancy(2, 0.25, "registers")
    assert occupancy(uses("sm_90", 32, 40_000), 128) == Occupancy(5, 0.3125, "shared memory")
    assert occupancy(uses("sm_89", 32, 1000), 128, dynamic_shared=60_000).blocks == 1


def test_an_unknown_architecture_is_an_error() -> None:
    assert limits.limits("sm_90a") == LIMITS["sm_90"]
    with pytest.raises(RepoOpsError, match="unknown architecture 'sm_42'"):
        limits.limits("sm_42")


@pytest.mark.parametrize(
    ("launch", "resources", "said"),
    [
        (Launch((1, 1, 1), (256, 1, 1), ()), uses("sm_89", 64), None),
        (Launch((0, 1, 1), (32, 1, 1), ()), uses("sm_89", 64), "INVALID_VALUE: an extent below 1"),
        (Launch((1, 65536, 1), (32, 1, 1), ()), uses("sm_89", 64), "INVALID_VALUE: grid (1, 65536, 1), at most"),
        (Launch((2**31 - 1, 1, 1), (32, 1, 1), ()), uses("sm_89", 64), None),
        (Launch((1, 1, 1), (1, 1, 65), ()), uses("sm_89", 64), "INVALID_VALUE: block (1, 1, 65), at most"),
        (Launch((1, 1, 1), (32, 32, 2), ()), uses("sm_89", 16), "INVALID_VALUE: block (32, 32, 2), at most"),
        (Launch((1, 1, 1), (1024, 1, 1), ()), uses("sm_89", 64), None),
        (Launch((1, 1, 1), (1024, 1, 1), ()), uses("sm_89", 65), "LAUNCH_OUT_OF_RESOURCES: 65 registers"),
        (Launch((1, 1, 1), (256, 1, 1), ()), uses("sm_89", 32, most=128), "INVALID_VALUE: 256 threads a block, __launch_bounds__"),
        (Launch((1, 1, 1), (32, 1, 1), (), 99 * 1024), uses("sm_89", 32), None),
        (Launch((1, 1, 1), (32, 1, 1), (), 99 * 1024), uses("sm_89", 32, 1), "INVALID_VALUE: 101377 bytes of shared memory"),
        (Launch((1, 1, 1), (32, 1, 1), (), 200 * 1024), uses("sm_90", 32), None),
        (Launch((1, 1, 1), (32, 1, 1), (), -1), uses("sm_90", 32), "INVALID_VALUE: -1 bytes of shared memory"),
    ],
)  # fmt: skip
def test_a_launch_is_refused_as_the_driver_would(
    launch: Launch, resources: Resources, said: str | None
) -> None:
    found = fault(launch, resources)
    assert found is None if said is None else str(found).startswith(f"CUDA_ERROR_{said}")
