"""What an architecture allows a launch, and how many thread blocks of a kernel fit on one multiprocessor.

Source: CUDA C++ Programming Guide 13, appendix "Compute Capabilities", tables "Technical
Specifications" (threads, blocks, shared memory, registers) and "Shared Memory" (from 8.0 on the
system takes 1 KiB a block); the units in which registers and shared memory are allotted are those of
NVIDIA's own calculator, `cuda_occupancy.h` of the CUDA runtime, which tests compare this with.
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
"""Of a thread."""
STATIC_SHARED = 48 * _KIB
"""Above this a block needs dynamic shared memory, and the kernel the opt-in."""
_REGISTERS = 65536
_PARTITIONS = 4
_REGISTER_UNIT = 256
"""Registers are allotted to a warp in these; a warp's lie in one of the multiprocessor's four partitions."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Per multiprocessor; bytes.

    `shared_block` is what one block may have after opting in, `reserved` what the system takes of each
    block, `unit` the steps in which shared memory is allotted.
    """

    threads: int
    blocks: int
    shared: int
    shared_block: int
    reserved: int = _KIB
    unit: int = 128


_AMPERE = Limits(2048, 32, 164 * _KIB, 163 * _KIB)
_HOPPER = Limits(2048, 32, 228 * _KIB, 227 * _KIB)
LIMITS = {
    "sm_75": Limits(1024, 16, 64 * _KIB, 64 * _KIB, reserved=0, unit=256),
    "sm_80": _AMPERE,
    "sm_86": Limits(1536, 16, 100 * _KIB, 99 * _KIB),
    "sm_87": Limits(1536, 16, 164 * _KIB, 163 * _KIB),
    "sm_89": Limits(1536, 24, 100 * _KIB, 99 * _KIB),
    "sm_90": _HOPPER,
    "sm_100": _HOPPER,
    "sm_103": _HOPPER,
    "sm_110": Limits(1536, 24, 228 * _KIB, 227 * _KIB),
    "sm_120": Limits(1536, 24, 100 * _KIB, 99 * _KIB),
    "sm_121": Limits(1536, 24, 100 * _KIB, 99 * _KIB),
}


@dataclass(frozen=True, slots=True)
class Occupancy:
    """Blocks that fit on one multiprocessor at once, the share of its threads they make, and what stops more."""

    blocks: int
    share: float
    limiter: str


def baseline(arch: str) -> str:
    """`sm_90` of `sm_90a`: the compute capability without the letter of targets with instructions of their own."""
    return arch.rstrip("af")


def limits(arch: str) -> Limits:
    """An architecture's limits; raises RepoOpsError for one that is not in the table."""
    found = LIMITS.get(baseline(arch))
    if found is None:
        raise RepoOpsError(f"unknown architecture {arch!r}", remedy=f"known: {', '.join(LIMITS)}")
    return found


def occupancy(resources: Resources, threads: int, dynamic_shared: int = 0) -> Occupancy:
    """How many blocks of `threads` threads fit on one multiprocessor of `resources.arch`.

    Shared memory is taken to be configured as large as it gets. Where two limits are equal, the first
    in the order threads, blocks, registers, shared memory is named.
    """
    on = limits(resources.arch)
    warps = -(-threads // 32)
    shared = _up(resources.shared_static + dynamic_shared + on.reserved, on.unit)
    room = {
        "threads": on.threads // (warps * 32),
        "blocks": on.blocks,
        "registers": _warps_by_registers(resources.registers) // warps,
        "shared memory": on.shared // shared if shared else on.blocks,
    }
    limiter = min(room, key=lambda name: room[name])
    return Occupancy(room[limiter], room[limiter] * warps * 32 / on.threads, limiter)


def _up(value: int, unit: int) -> int:
    return -(-value // unit) * unit


def _warps_by_registers(registers: int) -> int:
    """Warps whose registers fit on a multiprocessor; a kernel has at least one register."""
    return _REGISTERS // _PARTITIONS // _up(max(registers, 1) * 32, _REGISTER_UNIT) * _PARTITIONS


_VALUE, _RESOURCES = "CUDA_ERROR_INVALID_VALUE", "CUDA_ERROR_LAUNCH_OUT_OF_RESOURCES"


def fault(launch: Launch, resources: Resources) -> str | None:
    """What a card answers to this launch under the driver's error name, or None if it takes it.

    Source: CUDA Driver API, `cuLaunchKernel`, `CUresult`.
    """
    on = limits(resources.arch)
    shared = resources.shared_static + launch.shared_bytes
    threads, most = launch.threads, resources.max_threads
    if any(n < 1 for n in (*launch.grid, *launch.block)):
        return f"{_VALUE}: an extent below 1 in grid {launch.grid}, block {launch.block}"
    if any(n > m for n, m in zip(launch.grid, MAX_GRID, strict=True)):
        return f"{_VALUE}: grid {launch.grid}, at most {MAX_GRID}"
    if any(n > m for n, m in zip(launch.block, MAX_BLOCK, strict=True)) or threads > MAX_THREADS:
        return f"{_VALUE}: block {launch.block}, at most {MAX_BLOCK} and {MAX_THREADS} threads"
    if most is not None and threads > most:
        return f"{_VALUE}: {threads} threads a block, __launch_bounds__ says at most {most}"
    if launch.shared_bytes < 0 or shared > on.shared_block:
        return f"{_VALUE}: {shared} bytes of shared memory a block, at most {on.shared_block}"
    if -(-threads // 32) > _warps_by_registers(resources.registers):
        return f"{_RESOURCES}: {resources.registers} registers for each of {threads} threads, there are {_REGISTERS}"
    return None


def refuse(launch: Launch, resources: Resources, name: str) -> None:
    """Raises what a card would answer to this launch."""
    found = fault(launch, resources)
    if found:
        raise RepoOpsError(f"{resources.arch} refuses the launch of {name}: {found}", code=1)
