"""NVIDIA's public compute-sanitizer samples on the CPU engine: what each is known to do wrong, and what is found.

    git clone https://github.com/NVIDIA/compute-sanitizer-samples
    python benchmarks/samples.py compute-sanitizer-samples

Of each sample the kernel runs as it stands, with the launch that its host code makes, in two orders of
warps with all checks. Not here: what concerns the host alone (leaks, NVTX permissions, the API's users).
"""

from __future__ import annotations

import ctypes
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import torch

from repoops.backends import cpu
from repoops.backends.interface import Options
from repoops.kernel.model import Kernel, Launch
from repoops.suite.judge import together


def zeros(count: int, kind: torch.dtype = torch.int32) -> torch.Tensor:
    """What `cudaMemset` leaves, or `cudaMalloc` where nobody looks."""
    return torch.zeros(count, dtype=kind)


@dataclass(frozen=True)
class Sample:
    """A kernel, its launch, and the one thing that is wrong with it; an empty rule if nothing is."""

    file: str
    kernel: str
    grid: int
    block: int
    args: tuple[Any, ...]
    rule: str
    line: int = 0
    threads: int = 1
    holds: tuple[tuple[int, int], ...] = ()
    note: str = ""
    alone: bool = field(default=False)


FREED = ctypes.c_void_p(0x7F0047000010)
SAMPLES = (
    Sample("Memcheck/memcheck_demo.cu", "unaligned_kernel", 1, 1, (), "memcheck misaligned", 34),
    Sample("Memcheck/memcheck_demo.cu", "out_of_bounds_kernel", 1, 1, (), "memcheck out-of-bounds", 39),
    Sample(
        "Racecheck/block_error.cu", "sumKernel", 1, 128, (zeros(128), zeros(1)), "racecheck read-after-write", 51
    ),
    Sample(
        "Racecheck/warp_error.cu", "sumKernel", 1, 64, (zeros(64), zeros(1)), "racecheck read-after-write", 56
    ),
    Sample(
        "Initcheck/memset_error.cu", "vectorAdd", 2, 32, (zeros(64),), "initcheck uninitialised-global", 41,
        threads=48, holds=((0, 64),),
    ),
    Sample(
        "Synccheck/divergent_threads.cu", "myKernel", 1, 64, (zeros(1008), zeros(1)),
        "synccheck divergent-barrier", 54, threads=16,
    ),
    Sample("Synccheck/illegal_syncwarp.cu", "myKernel", 1, 32, (zeros(1),), "synccheck member-mask", 48),
    Sample(
        "Suppressions/suppressions_initcheck_demo.cu", "mult", 1, 123, (zeros(123), zeros(123), np.int32(123)),
        "initcheck uninitialised-global", 32, holds=((0, 491),),
    ),
    Sample(
        "NvtxMemoryPool/NvtxMemoryPool.cu", "Iota", 1, 63, (zeros(63, torch.uint8),), "",
        note="63 threads", alone=True,
    ),
    Sample(
        "NvtxMemoryPool/NvtxMemoryPool.cu", "Iota", 1, 64, (zeros(63, torch.uint8),), "memcheck out-of-bounds", 43,
        note="64 threads", alone=True,
    ),
    Sample(
        "NvtxMemoryPool/NvtxMemoryPool.cu", "Iota", 1, 1, (FREED,), "memcheck out-of-bounds", 43,
        note="freed", alone=True,
    ),
)  # fmt: skip


def kernel(root: Path, sample: Sample) -> Kernel:
    """The sample's kernel; where its host code needs headers that are not there, the lines of the kernel alone."""
    file = root / sample.file
    if not sample.alone:
        return Kernel(file, sample.kernel)
    kept, inside = ["#include <cstdint>"], False
    for line in file.read_text(encoding="utf-8").splitlines()[1:]:
        inside = inside or line.startswith("__global__")
        kept.append(line if inside else "")
        inside = inside and line != "}"
    return Kernel(file, sample.kernel, text="\n".join(kept) + "\n")


def judge(root: Path, sample: Sample) -> tuple[str, bool]:
    """What was found, in words, and whether it is what is known to be wrong and nothing else, in both orders."""
    outcomes = [
        cpu.run(
            kernel(root, sample),
            Launch((sample.grid, 1, 1), (sample.block, 1, 1), sample.args, holds=sample.holds),
            Options(archs=("sm_89",), order=order, counters=False),
        )
        for order in ("forward", "reverse")
    ]
    expected = {(sample.rule, sample.line)} if sample.rule else set()
    seen = [{(f"{f.check} {f.rule}", f.line or 0) for f in o.findings} for o in outcomes]
    found = together(o.findings for o in outcomes)
    counts = {f.count for o in outcomes for f in o.findings}
    exact = sample.rule.startswith("racecheck") or counts <= {sample.threads}
    words = ", ".join(f"{f.check} {f.rule} at line {f.line}, thread {f.thread}" for f in found)
    return words or "nothing", all(s == expected for s in seen) and exact


def main() -> None:
    """Prints a line for each sample."""
    if len(sys.argv) != 2 or not (Path(sys.argv[1]) / "Memcheck").is_dir():
        print("not measured: name a checkout of github.com/NVIDIA/compute-sanitizer-samples")
        return
    root, right = Path(sys.argv[1]), 0
    for sample in SAMPLES:
        words, ok = judge(root, sample)
        right += ok
        name = (
            re.sub(r".*/", "", sample.file)
            + f"::{sample.kernel}"
            + (f" ({sample.note})" if sample.note else "")
        )
        print(f"{'ok   ' if ok else 'WRONG'} {name:48} {sample.rule or 'nothing wrong':32} found: {words}")
    print(f"{right} of {len(SAMPLES)} as documented")


if __name__ == "__main__":
    main()
