"""What an architecture allows, and how many blocks of a kernel fit on one multiprocessor.

Source: CUDA C++ Programming Guide, "Compute Capabilities: Technical Specifications per Compute
Capability"; registers are allotted to a warp in units of 256, shared memory in units of 128 bytes,
of which the system takes 1 KiB a block from compute capability 8.0 on (the same guide, "Shared Memory").
"""

from __future__ import annotations

from dataclasses import dataclass

from repoops.errors import RepoOpsError
from repoops.kernel.model import Launch
from repoops.report.verification import Resources

_KIB = 1024
MAX_THREADS = 1024
MAX_BLOCK = (1024, 1024, 64)
MAX_GRID = (2**31 - 1, 65535, 65535)
MAX_REGISTERS = 255
STATIC_SHARED = 48 * _KIB
"""Above this a block needs dynamic shared memory and the opt-in."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Per multiprocessor, but `shared_block`, which one block may have after opting in; bytes."""

    threads: int
    blocks: int
    shared: int
    shared_block: int
    registers: int = 65536


LIMITS = {
    "sm_80": Limits(2048, 32, 164 * _KIB, 163 * _KIB),
    "sm_86": Limits(1536, 16, 100 * _KIB, 99 * _KIB),
    "sm_87": Limits(1536, 16, 164 * _KIB, 163 * _KIB),
    "sm_89": Limits(1536, 24, 100 * _KIB, 99 * _KIB),
    "sm_90": Limits(2048, 32, 228 * _KIB, 227 * _KIB),
    "sm_100": Limits(2048, 32, 228 * _KIB, 227 * _KIB),
    "sm_120": Limits(1536, 24, 100 * _KIB, 99 * _KIB),
}


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Blocks that fit on one multiprocessor at once, the share of its threads they make, and what stops more."""

    blocks: int
    share: float
    limiter: str


def limits(arch: str) -> Limits:
    """An architecture's limits; raises RepoOpsError for one that is not in the table."""
    found = LIMITS.get(arch.removesuffix("a").removesuffix("f"))
    if found is None:
        raise RepoOpsError(f"unknown architecture {arch!r}", remedy=f"known: {', '.join(LIMITS)}")
    return found


def occupancy(resources: Resources, threads: int, dynamic_shared: int = 0) -> Occupancy:
    """How many blocks of `threads` threads fit on one multiprocessor of `resources.arch`."""
    on = limits(resources.arch)
    warps = -(-threads // 32)
    per_warp = -(-resources.registers * 32 // 256) * 256
    shared = -(-(resources.shared_static + dynamic_shared + _KIB) // 128) * 128
    room = {
        "threads": on.threads // (warps * 32),
        "blocks": on.blocks,
        # Registers are kept in four partitions, and a warp lives in one of them.
        "registers": (on.registers // 4 // per_warp * 4) // warps if per_warp else on.blocks,
        "shared memory": on.shared // shared,
    }
    limiter = min(room, key=lambda name: room[name])
    return Occupancy(room[limiter], room[limiter] * warps * 32 / on.threads, limiter)


def refuse(launch: Launch, resources: Resources) -> None:
    """Raises what a card would answer to this launch, under the card's own error name."""
    on = limits(resources.arch)
    shared = resources.shared_static + launch.shared_bytes
    faults = (
        (
            any(n < 1 for n in (*launch.grid, *launch.block)),
            "CUDA_ERROR_INVALID_VALUE",
            "an extent is below 1",
        ),
        (
            launch.threads > MAX_THREADS,
            "CUDA_ERROR_INVALID_VALUE",
            f"{launch.threads} threads a block, at most {MAX_THREADS}",
        ),
        (
            any(n > m for n, m in zip(launch.block, MAX_BLOCK, strict=True)),
            "CUDA_ERROR_INVALID_VALUE",
            f"block {launch.block}, at most {MAX_BLOCK}",
        ),
        (
            any(n > m for n, m in zip(launch.grid, MAX_GRID, strict=True)),
            "CUDA_ERROR_INVALID_VALUE",
            f"grid {launch.grid}, at most {MAX_GRID}",
        ),
        (
            shared > on.shared_block,
            "CUDA_ERROR_INVALID_VALUE",
            f"{shared} bytes of shared memory a block, at most {on.shared_block}",
        ),
        (
            -(-resources.registers * 32 // 256) * 256 * -(-launch.threads // 32) > on.registers,
            "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES",
            f"{resources.registers} registers x {launch.threads} threads, {on.registers} there",
        ),
    )
    for wrong, error, why in faults:
        if wrong:
            raise RepoOpsError(f"{error}: {why} on {resources.arch}", code=1)
