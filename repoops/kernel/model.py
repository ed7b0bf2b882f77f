"""A kernel, a launch of it, and what came of the launch: plain data, whatever runs it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repoops.report.verification import Finding, Resources

Extent = tuple[int, int, int]
"""x, y, z."""


@dataclass(frozen=True, slots=True)
class Kernel:
    """One `__global__` function of a source file.

    Attributes:
        source: the `.cu` file, or a `.ptx` file, which no compiler touches any more.
        name: as written in the source, template arguments included: `row_sum<float, 128>`; of PTX, the entry.
        defines: macros; an empty value defines the name alone.
        include: folders searched for headers, after the source's own.
        text: the source itself; `source` then only names it, and is where its includes are looked for.
        arch: the only architecture that has its instructions (`sm_90a`), whatever else is asked for; None for any.
    """

    source: Path
    name: str
    defines: tuple[tuple[str, str], ...] = ()
    include: tuple[Path, ...] = ()
    text: str | None = None
    arch: str | None = None


@dataclass(frozen=True, slots=True)
class Launch:
    """A grid of thread blocks and the kernel's arguments.

    Attributes:
        grid: thread blocks along x, y, z.
        block: threads of a block along x, y, z.
        args: torch tensors (passed as pointers) and numpy or ctypes scalars of the parameter's exact
            type: a Python number has no width, so it is refused.
        shared_bytes: dynamic shared memory of a block.
        outputs: which arguments are tensors that hold nothing yet: what is read of them before it is
            written, and what is never written, can then be told.
        holds: (argument, bytes) of tensors that hold something in their first bytes only, as after a
            `cudaMemset` of fewer bytes than were allocated: the rest is like an output's.
    """

    grid: Extent
    block: Extent
    args: tuple[Any, ...]
    shared_bytes: int = 0
    outputs: tuple[int, ...] = ()
    holds: tuple[tuple[int, int], ...] = ()

    @property
    def threads(self) -> int:
        """Threads of a block."""
        return self.block[0] * self.block[1] * self.block[2]


LineCounters = tuple[str, int, Mapping[str, int]]
"""Source file, line, counts by name."""

COUNTERS = (
    "instructions", "branches_divergent", "active_lanes",
    "global_requests", "global_sectors", "shared_requests", "shared_wavefronts", "bank_conflicts",
    "tensor_ops", "async_copies", "barriers",
    "bytes_global_read", "bytes_global_written", "bytes_shared_read", "bytes_shared_written",
)  # fmt: skip
"""Of a whole launch. Instructions, requests, tensor operations, copies and barriers are counted once a
warp; `active_lanes` sums the lanes that each instruction was issued for; sectors are of 32 bytes;
wavefronts are passes over the 32 banks, and `bank_conflicts` those beyond the fewest possible."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a launch came to.

    Attributes:
        ran_on: `cuda: NVIDIA L4`, `cpu: x86_64`; empty where it was compiled and checked but not run.
        elapsed_us: GPU time; a CPU has none to give.
        findings: what the checks saw.
        counters: exact counts by name, where the back end keeps them: see `COUNTERS`.
        line_counters: (file, line, counts by name) of each source line that has any.
        coverage: share of each output buffer that was written, by argument number, where it is watched.
        resources: what ptxas allots the kernel, for each architecture it was compiled for.
        printed: what the kernel's `printf` said.
        compiler: who made the PTX, and why where it was not NVRTC.
    """

    ran_on: str
    elapsed_us: float | None = None
    findings: tuple[Finding, ...] = ()
    counters: Mapping[str, int] | None = None
    coverage: Mapping[int, float] | None = None
    resources: tuple[Resources, ...] = ()
    line_counters: tuple[LineCounters, ...] = ()
    printed: str = ""
    compiler: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for a GPU time that no GPU measured."""
        if self.elapsed_us is not None and not self.ran_on.startswith("cuda: "):
            raise ValueError(f"GPU time from {self.ran_on or 'nowhere'}")

    @property
    def executed(self) -> bool:
        """Whether anything ran the kernel."""
        return bool(self.ran_on)


@dataclass(frozen=True, slots=True)
class Compiled:
    """A kernel as machine code for one architecture.

    Attributes:
        arch: `sm_89`.
        entry: the name in the machine code (mangled where the source's is a template).
        ptx: what NVRTC gave.
        cubin: what ptxas gave.
        resources: what ptxas allots it.
        compiler: who made the PTX, and why where it was not NVRTC.
    """

    arch: str
    entry: str
    ptx: str
    cubin: bytes
    resources: Resources
    compiler: str = ""
