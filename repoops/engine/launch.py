"""Runs a compiled kernel over a grid: memory, host threads, warp orders, and what came of it."""

from __future__ import annotations

import ctypes
import mmap
import os
import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from repoops.engine import findings as told
from repoops.engine import jit, printf
from repoops.engine.context import ALLOCATION_SIZE, CACHE_SIZE, FIBER_SIZE, RECORD_SIZE, Context
from repoops.engine.ir import PRINT_SIZE
from repoops.engine.records import KINDS
from repoops.engine.traffic import COLUMNS
from repoops.errors import RepoOpsError
from repoops.kernel.model import Launch
from repoops.report.verification import Finding

STACK = 512 * 1024
"""Bytes of a warp's own stack; pages that are never touched cost nothing."""
RECORDS = 4096
PRINTS = 4096
RECURSION = 64
"""Frames of local memory that a warp has room for where device functions are called."""
ASYNC = 1 << 16
"""Bytes of asynchronous copies that a warp can have under way."""
TICKS = 1 << 14


@dataclass(frozen=True, slots=True)
class EngineResult:
    """What a run came to.

    Attributes:
        findings: grouped by place and rule.
        counters: totals by name; empty unless asked for.
        line_counters: (file, line, counters) of each source line.
        coverage: share of each output's elements that was written, by argument number.
        printed: what the kernel printed, block by block.
    """

    findings: tuple[Finding, ...] = ()
    counters: Mapping[str, int] = field(default_factory=dict)
    line_counters: tuple[tuple[str, int, Mapping[str, int]], ...] = ()
    coverage: Mapping[int, float] = field(default_factory=dict)
    printed: str = ""


def run(
    ptx: str,
    entry: str,
    launch: Launch,
    *,
    checks: Sequence[str] = (),
    order: str = "forward",
    jobs: int | None = None,
    limit: int = 1 << 31,
    keep: Path | None = None,
) -> EngineResult:
    """Runs a kernel; tensors are read and written where they lie.

    Args:
        ptx: the module's text.
        entry: the kernel's name in it.
        launch: grid, block and arguments; `outputs` hold nothing yet.
        checks: of memcheck, racecheck, initcheck, synccheck, coverage, counters.
        order: of the warps of a block: `forward`, `reverse`, `seed:N`.
        jobs: host threads; None takes all cores.
        limit: turns of loops, all warps of a block together, after which a launch is ended.
        keep: cache folder for machine code.

    Raises:
        PtxError: the PTX is malformed.
        Refused: it holds something the engine cannot run.
        RepoOpsError: an argument does not fit.
    """
    loaded = jit.load(ptx, entry, launch.block, frozenset(checks), keep=keep)
    arguments = Arguments(loaded.program, launch)
    grid = launch.grid[0] * launch.grid[1] * launch.grid[2]
    workers = max(1, min(jobs or os.cpu_count() or 1, grid))
    shared = _Shared(loaded.program, launch, arguments, limit)
    parts = [_Worker(shared, order) for _ in range(workers)]
    try:
        _execute(loaded, parts)
        return _result(loaded.program, launch, arguments, shared, parts, frozenset(checks))
    finally:
        for p in parts:
            p.close()


def _execute(loaded: jit.Loaded, parts: Sequence[_Worker]) -> None:
    """Each worker takes thread blocks until there are none left."""
    if len(parts) == 1:
        loaded.run(parts[0].context.address)
        return
    threads = [threading.Thread(target=loaded.run, args=(p.context.address,)) for p in parts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _result(
    program: jit.Program,
    launch: Launch,
    arguments: Arguments,
    shared: _Shared,
    parts: Sequence[_Worker],
    checks: frozenset[str],
) -> EngineResult:
    records = [record for p in parts for record in p.records()]
    hits = np.sum([p.hits for p in parts], axis=0)
    found = told.findings(program, launch, records, hits, shared.regions, shared.string)
    coverage: Mapping[int, float] = {}
    if "coverage" in checks:
        coverage = arguments.coverage()
        if not any(p.context["stop"] for p in parts):
            found += told.unwritten(program, arguments, [p.writers_of() for p in parts])
    counters: Mapping[str, int] = {}
    lines: tuple[tuple[str, int, Mapping[str, int]], ...] = ()
    if "counters" in checks:
        counters, lines = told.counts(program, sum(p.counters for p in parts), sum(p.traffic for p in parts))
    printed = "".join(printf.text(p.prints(), shared.string) for p in parts)
    return EngineResult(tuple(found), counters, lines, coverage, printed)


@dataclass(frozen=True, slots=True)
class Region:
    """Memory that a kernel was given."""

    name: str
    low: int
    high: int
    argument: int | None = None


class Arguments:
    """The parameter buffer, the memory that arguments point to, and which bytes of outputs have been written."""

    def __init__(self, program: jit.Program, launch: Launch) -> None:
        size = max((offset + n for offset, n in program.params), default=0)
        self.buffer = (ctypes.c_uint8 * max(size, 1))()
        self.launch = launch
        self.regions: list[Region] = []
        self.shadows: dict[int, np.ndarray[Any, Any]] = {}
        if len(launch.args) != len(program.params):
            raise RepoOpsError(
                f"the kernel has {len(program.params)} parameters, {len(launch.args)} arguments were given",
                code=1,
            )
        for number, ((offset, n), value) in enumerate(zip(program.params, launch.args, strict=True)):
            raw = self._bytes(number, value, n)
            if len(raw) != n:
                raise RepoOpsError(f"argument {number + 1} has {len(raw)} bytes, its parameter {n}", code=1)
            ctypes.memmove(ctypes.addressof(self.buffer) + offset, raw, n)

    def _bytes(self, number: int, value: Any, size: int) -> bytes:
        if hasattr(value, "data_ptr"):
            address = int(value.data_ptr())
            span = _span(value.shape, value.stride()) * value.element_size()
            self._region(
                number,
                f"argument {number + 1} ({str(value.dtype).removeprefix('torch.')} {list(value.shape)})",
                address,
                span,
            )
            return address.to_bytes(8, "little")
        if isinstance(value, np.ndarray) and value.ndim:
            address = int(value.__array_interface__["data"][0])
            strides = [s // value.itemsize for s in value.strides]
            self._region(
                number,
                f"argument {number + 1} ({value.dtype} {list(value.shape)})",
                address,
                _span(value.shape, strides) * value.itemsize,
            )
            return address.to_bytes(8, "little")
        if hasattr(value, "tobytes"):
            return bytes(value.tobytes())
        if isinstance(value, ctypes._SimpleCData):  # noqa: SLF001 - the only base class that ctypes' scalars share
            return bytes(value)
        raise RepoOpsError(
            f"argument {number + 1} of type {type(value).__name__} has no width ({size} bytes wanted)", code=1
        )

    def _region(self, number: int, name: str, address: int, span: int) -> None:
        if span:
            self.regions.append(Region(name, address, address + span, number))
            held = dict(self.launch.holds)
            if number in self.launch.outputs or number in held:
                self.shadows[number] = np.zeros(span, np.uint8)
                self.shadows[number][: held.get(number, 0)] = 1

    def written(self, number: int) -> np.ndarray[Any, Any]:
        """For each element of an output, in its shape, whether all its bytes have been written."""
        value = self.launch.args[number]
        torch_like = hasattr(value, "data_ptr")
        size = value.element_size() if torch_like else value.itemsize
        strides = [s * size for s in value.stride()] if torch_like else list(value.strides)
        shadow = self.shadows[number]
        view = np.lib.stride_tricks.as_strided(shadow, (*value.shape, size), (*strides, 1), writeable=False)
        return np.asarray(view.all(axis=-1))

    def coverage(self) -> dict[int, float]:
        """Share of each output's elements that has been written."""
        return {
            number: float(self.written(number).mean())
            for number in self.launch.outputs
            if number in self.shadows
        }


def _span(shape: Sequence[int], strides: Sequence[int]) -> int:
    """Elements from the first to the last of a strided tensor."""
    if 0 in shape:
        return 0
    return 1 + sum((n - 1) * s for n, s in zip(shape, strides, strict=True))


class _Shared:
    """What all host threads of a launch have in common."""

    def __init__(self, program: jit.Program, launch: Launch, arguments: Arguments, limit: int) -> None:
        self.program, self.launch, self.arguments, self.limit = program, launch, arguments, limit
        self.next_block = ctypes.c_uint64(0)
        self.image = np.frombuffer(program.image or b"\0" * 16, np.uint8).copy()
        self.base = int(self.image.__array_interface__["data"][0])
        for at, offset in program.relocations:
            self.image[at : at + 8] = np.frombuffer((self.base + offset).to_bytes(8, "little"), np.uint8)
        self.threads = launch.block[0] * launch.block[1] * launch.block[2]
        self.warps = -(-self.threads // 32)
        self.shared_size = program.shared_static + launch.shared_bytes
        self.regions = [
            *arguments.regions,
            *(
                Region(name, self.base + offset, self.base + offset + size)
                for name, offset, size in program.variables
                if size
            ),
        ]
        self.shared_regions = [
            Region(name, offset, offset + size) for name, offset, size in program.shared if size
        ]
        if launch.shared_bytes:
            self.shared_regions.append(
                Region("dynamic shared memory", program.shared_static, self.shared_size)
            )

    def string(self, address: int) -> bytes:
        """The text at an address of a module variable."""
        at = address - self.base
        if not 0 <= at < len(self.image):
            return b""
        return bytes(self.image[at:]).partition(b"\0")[0]


class _Worker:
    """One host thread's memory and context."""

    def __init__(self, shared: _Shared, order: str) -> None:
        program, launch, warps = shared.program, shared.launch, shared.warps
        self.shared = shared
        self._kept: list[Any] = []
        self._maps: list[mmap.mmap] = []
        c = self.context = Context()
        c["params"] = ctypes.addressof(shared.arguments.buffer)
        c["globals"] = shared.base
        c["shared"] = shared_at = self._map(shared.shared_size)
        c["shared_size"] = shared.shared_size
        local = max(4096, 32 * program.local_bytes * (RECURSION if program.local_bytes else 1))
        # Its second half says of each byte of the first whether it was written.
        c["local_size"], c["locals"], c["local_shadow"] = local, self._map(2 * local * warps), local * warps
        c["fibers"], c["stacks"], c["stack_size"] = (
            self._map(FIBER_SIZE * warps),
            self._map(STACK * warps),
            STACK,
        )
        for axis, grid in zip("xyz", launch.grid, strict=True):
            c[f"nctaid_{axis}"] = grid
        c["blocks"] = launch.grid[0] * launch.grid[1] * launch.grid[2]
        c["next_block"] = ctypes.addressof(shared.next_block)
        c["threads"], c["warps"] = shared.threads, warps
        c["order"] = self._array(_order(order, warps))
        c["limit"], c["ticks"] = shared.limit, min(TICKS, shared.limit)
        c["records"], c["record_room"] = self._map(RECORDS * RECORD_SIZE), RECORDS
        self.hits = np.zeros((max(len(program.sites), 1), len(KINDS)), np.uint64)
        c["hits"] = self._address(self.hits)
        c["caches"] = self._map(CACHE_SIZE * max(len(program.sites), 1))
        regions = [
            *shared.regions,
            Region("shared memory", shared_at + program.shared[0][1], shared_at + shared.shared_size)
            if program.shared
            else Region("", 0, 0),
            Region("local memory", c["locals"], c["locals"] + local * warps),
        ]
        self._table = self._allocations(regions)
        c["allocations"], c["allocation_count"] = self._address(self._table), len(regions)
        table = self._allocations(shared.shared_regions)
        c["shared_allocations"], c["shared_allocation_count"] = (
            self._address(table),
            len(shared.shared_regions),
        )
        c["cells"] = shared.shared_size
        c["writers"], c["readers"] = self._map(8 * shared.shared_size), self._map(8 * shared.shared_size)
        c["arrivals"] = self._map(128)
        c["warp_epochs"] = self._map(8 * warps)
        c["printed"], c["printed_room"] = self._map(PRINTS * PRINT_SIZE), PRINTS
        c["async"], c["async_size"] = self._map(ASYNC * warps), ASYNC
        self.counters = np.zeros((max(len(program.counted), 1), 2), np.uint64)
        c["counters"] = self._address(self.counters)
        self.traffic = np.zeros((max(len(program.sites), 1), len(COLUMNS)), np.uint64)
        c["traffic"] = self._address(self.traffic)

    def _map(self, size: int) -> int:
        """Fresh pages, zero and untouched; their address."""
        pages = mmap.mmap(-1, max(size, 1))
        self._maps.append(pages)
        return ctypes.addressof(ctypes.c_char.from_buffer(pages))

    def _address(self, array: np.ndarray[Any, Any]) -> int:
        self._kept.append(array)
        return int(array.__array_interface__["data"][0])

    def _array(self, values: Sequence[int]) -> int:
        return self._address(np.array(values, np.uint64))

    def _allocations(self, regions: Sequence[Region]) -> np.ndarray[Any, Any]:
        table = np.zeros((max(len(regions), 1), ALLOCATION_SIZE // 8), np.uint64)
        shadows = self.shared.arguments.shadows
        for number, region in enumerate(regions):
            shadow = shadows.get(region.argument) if region.argument is not None else None
            at = 0 if shadow is None else int(shadow.__array_interface__["data"][0])
            table[number] = (region.low, region.high, at, number, 0)
        return table

    def records(self) -> list[told.Record]:
        """What was written down."""
        raw = ctypes.string_at(self.context["records"], self.context["record_used"] * RECORD_SIZE)
        return told.decode(raw)

    def writers_of(self) -> dict[int, int]:
        """For each output the last site that wrote to it, from 0."""
        return {
            region.argument: int(self._table[n, 4]) - 1
            for n, region in enumerate(self.shared.regions)
            if region.argument is not None and self._table[n, 4]
        }

    def prints(self) -> bytes:
        """Printf's records."""
        used = min(self.context["printed_used"], PRINTS)
        return ctypes.string_at(self.context["printed"], used * PRINT_SIZE)

    def close(self) -> None:
        """Lets go of the memory."""
        self._kept.clear()
        self._maps.clear()


def _order(order: str, warps: int) -> list[int]:
    """The warps' numbers in the order in which they take their turns.

    Raises:
        RepoOpsError: the order is not known.
    """
    found = list(range(warps))
    if order == "forward":
        return found
    if order == "reverse":
        return found[::-1]
    kind, _, seed = order.partition(":")
    if kind != "seed" or not seed.isdigit():
        raise RepoOpsError(f"there is no order {order!r}", remedy="forward, reverse or seed:N")
    random.Random(int(seed)).shuffle(found)  # noqa: S311 - a shuffle that can be repeated, no secret
    return found
