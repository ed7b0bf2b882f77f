"""Runs a compiled kernel over a grid: memory, host threads, warp orders, and what came of it."""

from __future__ import annotations

import ctypes
import mmap
import random
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from repoops import machine
from repoops.engine import findings as told
from repoops.engine import jit, printf
from repoops.engine.arguments import Arguments, Region
from repoops.engine.context import ALLOCATION_SIZE, ASKED, CACHE_SIZE, FIBER_SIZE, RECORD_SIZE, Context
from repoops.engine.ir import JOURNAL, PRINT_SIZE
from repoops.engine.layout import MOST_SHARED
from repoops.engine.records import KINDS
from repoops.engine.traffic import COLUMNS
from repoops.errors import RepoOpsError
from repoops.kernel.model import Launch
from repoops.report.verification import Finding

STACK = 1 << 20
"""Bytes of a warp's own stack; pages that are never touched cost nothing."""
PAGE = mmap.PAGESIZE
RECORDS = 4096
PRINTS = 4096
RECURSION = 64
"""Frames of local memory that a warp has room for where device functions are called."""
ASYNC = 1 << 16
"""Bytes of asynchronous copies that a warp can have under way."""
TICKS = 1 << 14
_MOST_WARPS = 32
_GRID, _BLOCK = ((1 << 31) - 1, 65535, 65535), (1024, 1024, 64)


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
    optimise: bool = True,
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
        optimise: whether LLVM optimises; without, it compiles in a quarter of the time.

    Raises:
        PtxError: the PTX is malformed.
        Refused: it holds something the engine cannot run.
        RepoOpsError: an argument does not fit.
    """
    refuse(launch)
    loaded = jit.load(ptx, entry, launch.block, frozenset(checks), keep=keep, optimise=optimise)
    return execute(loaded, launch, checks=checks, order=order, jobs=jobs, limit=limit)


def refuse(launch: Launch) -> None:
    """Raises RepoOpsError for a grid or block that there cannot be; an architecture's own limits are the back end's to check."""
    for name, extent, most in (("grid", launch.grid, _GRID), ("block", launch.block, _BLOCK)):
        if len(extent) != 3 or any(not 1 <= n <= top for n, top in zip(extent, most, strict=True)):
            raise RepoOpsError(f"a {name} of {tuple(extent)} cannot be launched: from 1 to {most}", code=1)
    if launch.threads > _BLOCK[0]:
        raise RepoOpsError(f"a block has {launch.threads} threads, at most {_BLOCK[0]} are allowed", code=1)
    if not 0 <= launch.shared_bytes <= MOST_SHARED:
        raise RepoOpsError(f"there cannot be {launch.shared_bytes} bytes of dynamic shared memory", code=1)


def execute(
    loaded: jit.Loaded,
    launch: Launch,
    *,
    checks: Sequence[str],
    order: str,
    jobs: int | None,
    limit: int,
) -> EngineResult:
    """The second half of `run`: what `jit.load` gave for this kernel, block and checks, over the grid.

    Raises:
        RepoOpsError: an argument does not fit, or this machine has not the memory.
    """
    arguments = Arguments(loaded.program, launch)
    grid = launch.grid[0] * launch.grid[1] * launch.grid[2]
    shared = _Shared(loaded.program, launch, arguments, limit)
    parts: list[_Worker] = []
    try:
        threads = shared.host_threads(min(jobs or machine.cores(), grid))
        parts.extend(_Worker(shared, order) for _ in range(threads))
        _running.extend(parts)
        _execute(loaded, parts)
        return _result(loaded.program, launch, arguments, shared, parts, frozenset(checks))
    finally:
        for p in parts:
            if p in _running:
                _running.remove(p)
            p.close()


_running: list[_Worker] = []


def stop() -> None:
    """Ends what runs at the next turn of a loop or end of a block; may be called from any thread."""
    for part in tuple(_running):  # others may begin and end meanwhile
        part.context["stop"] = ASKED


def _execute(loaded: jit.Loaded, parts: Sequence[_Worker]) -> None:
    """Each worker takes thread blocks until there are none left."""
    threads = [threading.Thread(target=loaded.run, args=(p.context.address,)) for p in parts[1:]]
    for thread in threads:
        thread.start()
    loaded.run(parts[0].context.address)
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
    lost = sum(max(p.context["printed_used"] - PRINTS, 0) for p in parts)
    if lost:
        printed += f"({lost:,} more calls of printf are not kept)\n"
    return EngineResult(tuple(found), counters, lines, coverage, printed)


class _Shared:
    """What all host threads of a launch have in common."""

    def __init__(self, program: jit.Program, launch: Launch, arguments: Arguments, limit: int) -> None:
        self.program, self.launch, self.arguments, self.limit = program, launch, arguments, limit
        self.next_block = ctypes.c_uint64(0)
        self.image = np.zeros(max(program.image_size, 16), np.uint8)
        self.image[: len(program.image)] = np.frombuffer(program.image, np.uint8)
        self.base = int(self.image.__array_interface__["data"][0])
        for at, offset in program.relocations:
            self.image[at : at + 8] = np.frombuffer((self.base + offset).to_bytes(8, "little"), np.uint8)
        self.threads = launch.block[0] * launch.block[1] * launch.block[2]
        self.warps = -(-self.threads // 32)
        self.shared_size = program.shared_static + launch.shared_bytes
        frames = RECURSION if program.recursive else 1
        self.local_size = max(4096, 32 * program.local_bytes * frames)
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

    def host_threads(self, wanted: int) -> int:
        """How many host threads this machine has memory for, at most as many as are wanted.

        Raises:
            RepoOpsError: not even one.
        """
        local = 2 * self.local_size * self.warps
        each = (
            local + 17 * self.shared_size + (STACK + ASYNC + self.program.products) * self.warps + (1 << 24)
        )
        memory = machine.memory()
        if each > memory:
            raise RepoOpsError(
                f"one thread block needs {each >> 20:,} MB of this machine's {memory >> 20:,} MB of memory, "
                f"{local >> 20:,} MB of it for the local memory of {self.threads} threads",
                code=1,
            )
        return max(1, min(wanted, memory // each))

    def string(self, address: int) -> bytes:
        """The text at an address of a module variable."""
        at = address - self.base
        if not 0 <= at < len(self.image):
            return b""
        return bytes(self.image[at:]).partition(b"\0")[0]


_PRIVATE = mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | getattr(mmap, "MAP_NORESERVE", 0)
_mprotect = ctypes.CDLL(None, use_errno=True).mprotect
_mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)


def _forbid(page: int) -> None:
    """Makes a page one whose every access is a fault."""
    if _mprotect(page, PAGE, 0):
        raise OSError(ctypes.get_errno(), "a page of memory could not be protected")


def _begin(pages: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(pages))


def _pages(size: int) -> int:
    """That hold so many bytes, at least one."""
    return max(-(-size // PAGE), 1)


def _stacks() -> mmap.mmap:
    """A stack for each warp that a block can have; the lowest page of each is one that nobody may touch."""
    pages = mmap.mmap(-1, STACK * _MOST_WARPS, _PRIVATE)
    for warp in range(_MOST_WARPS):
        _forbid(_begin(pages) + warp * STACK)
    return pages


def _between(pages: int) -> mmap.mmap:
    """So many pages between two that nobody may touch."""
    found = mmap.mmap(-1, (pages + 2) * PAGE, _PRIVATE)
    _forbid(_begin(found))
    _forbid(_begin(found) + len(found) - PAGE)
    return found


_STACKS = 0
_idle: dict[int, list[mmap.mmap]] = {}
"""What launches have left, by how many pages it has between two; `_STACKS`: stacks."""
_MOST_IDLE, _MOST_IDLE_PAGES = 8, (4 << 20) // PAGE
"""Pieces of one size that are kept, and how large a piece may be to be kept."""


def _chunk_shift(size: int) -> int:
    """Shared memory in at most 64 parts of a power of two of bytes, each larger than what lanes side by side ask for at once."""
    return max(7, (max(size - 1, 0) >> 6).bit_length())


class _Worker:
    """One host thread's memory and context."""

    def __init__(self, shared: _Shared, order: str) -> None:
        program, launch, warps = shared.program, shared.launch, shared.warps
        self.shared = shared
        self._kept: list[Any] = []
        self._maps: list[mmap.mmap] = []
        self._reusable: list[tuple[int, mmap.mmap]] = []
        c = self.context = Context()
        c["params"] = ctypes.addressof(shared.arguments.buffer)
        c["globals"] = shared.base
        c["shared"] = shared_at = self._scratch(shared.shared_size)
        c["shared_size"] = shared.shared_size
        local = shared.local_size
        # Its second half says of each byte of the first whether it was written.
        c["local_size"], c["locals"], c["local_shadow"] = local, self._map(2 * local * warps), local * warps
        c["fibers"] = self._scratch(FIBER_SIZE * warps)
        c["stacks"], c["stack_size"] = _begin(self._reused(_STACKS)), STACK
        for axis, grid in zip("xyz", launch.grid, strict=True):
            c[f"nctaid_{axis}"] = grid
        c["blocks"] = launch.grid[0] * launch.grid[1] * launch.grid[2]
        c["next_block"] = ctypes.addressof(shared.next_block)
        c["threads"], c["warps"] = shared.threads, warps
        c["order"] = self._array(_order(order, warps))
        c["limit"] = shared.limit
        c["ticks"] = c["turns"] = min(TICKS, shared.limit)
        c["records"], c["record_room"] = self._scratch(RECORDS * RECORD_SIZE), RECORDS
        self.hits = np.zeros((max(len(program.sites), 1), len(KINDS)), np.uint64)
        c["hits"] = self._address(self.hits)
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
        cells = c["cells"] = shared.shared_size // program.granule + 1
        self._tables(cells)
        c["chunk_shift"] = _chunk_shift(shared.shared_size)
        c["printed"], c["printed_room"] = self._scratch(PRINTS * PRINT_SIZE), PRINTS
        c["async"], c["async_size"] = self._scratch(ASYNC * warps), ASYNC
        c["products"] = self._scratch(program.products * warps)
        self.counters = np.zeros((max(len(program.counted), 1), 2), np.uint64)
        c["counters"] = self._address(self.counters)
        self.traffic = np.zeros((max(len(program.sites), 1), len(COLUMNS)), np.uint64)
        c["traffic"] = self._address(self.traffic)

    def _tables(self, cells: int) -> None:
        """What the checks and the scheduler keep: zeros, one after the other."""
        c, program = self.context, self.shared.program
        # An access to the last cells may take a vector's worth more of them along.
        tables = {
            "caches": CACHE_SIZE * max(len(program.sites), 1), "writers": 8 * (cells + 64), "readers": 8 * (cells + 64),
            "stamps": 2 * (cells + 64), "journal": JOURNAL, "arrivals": 128, "warp_epochs": 8 * self.shared.warps,
            "warp_fulls": 8 * self.shared.warps, "warp_known": 4 * 32 * 32 * self.shared.warps,
        }  # fmt: skip
        at = self._map(sum(-(-size // 64) * 64 for size in tables.values()))
        for name, size in tables.items():
            c[name] = at
            at += -(-size // 64) * 64

    def _map(self, size: int) -> int:
        """Fresh pages, zero and untouched, between two that nobody may touch; their address."""
        found = _between(_pages(size))
        self._maps.append(found)
        return _begin(found) + PAGE

    def _scratch(self, size: int) -> int:
        """The same with anything in them."""
        return _begin(self._reused(_pages(size))) + PAGE

    def _reused(self, pages: int) -> mmap.mmap:
        """Memory of an earlier launch if there is some: each page that is new costs a fault."""
        try:
            found = _idle[pages].pop()
        except LookupError:
            found = _stacks() if pages == _STACKS else _between(pages)
        self._reusable.append((pages, found))
        return found

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
        """Lets go of the memory; what need not be zero is kept for the next launch."""
        for pages, found in self._reusable:
            idle = _idle.setdefault(pages, [])
            if len(idle) < _MOST_IDLE and pages <= _MOST_IDLE_PAGES:
                idle.append(found)
        self._reusable.clear()
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
