"""Raw records of the checks as findings, and counts as counters."""

from __future__ import annotations

import re
import struct
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from repoops.engine.jit import Program, Spot
from repoops.engine.records import KINDS
from repoops.kernel.model import Launch
from repoops.report.verification import Finding

if TYPE_CHECKING:
    from repoops.engine.arguments import Arguments, Region

COUNTERS = (
    "instructions", "branches_divergent", "active_lanes", "global_requests", "global_sectors", "shared_requests",
    "shared_wavefronts", "bank_conflicts", "tensor_ops", "async_copies", "barriers", "bytes_global_read",
    "bytes_global_written", "bytes_shared_read", "bytes_shared_written",
)  # fmt: skip
_LAYOUT = struct.Struct("<iiqQqii")


class Record(NamedTuple):
    """The first of a kind at a site, as one host thread saw it."""

    site: int
    kind: int
    address: int
    other: int
    block: int
    thread: int
    lanes: int


def decode(raw: bytes) -> list[Record]:
    """The records in a buffer."""
    return [Record(*values) for values in _LAYOUT.iter_unpack(raw)]


def findings(
    program: Program,
    launch: Launch,
    records: Sequence[Record],
    hits: Any,
    regions: Sequence[Region],
    string: Callable[[int], bytes],
) -> list[Finding]:
    """One finding for each place and rule, with the facts of the lowest block and thread that met it."""
    first: dict[tuple[int, int], Record] = {}
    for record in sorted(records, key=lambda r: (r.block, r.thread)):
        first.setdefault((record.site, record.kind), record)
    told = _once(program, list(first.values()))
    merged: dict[tuple[str, str, int], Finding] = {}
    for record in told:
        found = _finding(program, launch, record, max(int(hits[record.site, record.kind]), 1), regions)
        if found.rule == "assert":
            found = replace(
                found, message=f"assertion failed: {string(record.address).decode('utf-8', 'replace')}"
            )
        key = (found.rule, found.file or "", found.line or 0)
        merged[key] = _joined(merged[key], found) if key in merged else found
    return sorted(merged.values(), key=lambda f: (f.severity != "error", f.check, f.file or "", f.line or 0))


def _once(program: Program, records: list[Record]) -> list[Record]:
    """Leaves out what only says another finding again.

    One missing barrier lets, in one order of warps, a read come before the write and, in another,
    after it; both directions between the same two places are one race, told where the read is. And
    what is read before a race has let it be written is no second fault.
    """
    rule = {r: KINDS[r.kind][1] for r in records}
    pairs = {
        (_line(program, r.site), _line(program, (r.other >> 16 & 0xFFFF) - 1))
        for r in records
        if rule[r] == "read-after-write"
    }
    raced = {_line(program, r.site) for r in records if KINDS[r.kind][0] == "racecheck"}
    raced |= {_line(program, (r.other >> 16 & 0xFFFF) - 1) for r in records if rule[r] == "write-after-read"}
    refused = {_line(program, r.site) for r in records if KINDS[r.kind][0] == "memcheck"}
    differing = {_line(program, r.site) for r in records if rule[r] == "write-after-write"}
    kept = []
    for r in records:
        if rule[r] == "same-value-write" and _line(program, r.site) in differing:
            continue
        here = _line(program, r.site)
        if rule[r] == "write-after-read" and (_line(program, (r.other >> 16 & 0xFFFF) - 1), here) in pairs:
            continue
        if rule[r] == "uninitialised-shared" and here in raced | refused:
            continue
        kept.append(r)
    return kept


def _line(program: Program, site: int) -> tuple[str, int]:
    if not 0 <= site < len(program.sites):
        return "", -1
    return program.sites[site].file, program.sites[site].line


def _joined(one: Finding, other: Finding) -> Finding:
    return replace(one, count=one.count + other.count)


def _finding(
    program: Program, launch: Launch, record: Record, count: int, regions: Sequence[Region]
) -> Finding:
    check, rule, severity = KINDS[record.kind]
    spot = program.sites[record.site]
    address: int | None = record.address & (1 << 64) - 1
    shared = "shared" in spot.what
    buffer = None
    if "local memory" in spot.what:
        buffer = None
    elif check == "memcheck":
        buffer = (
            _shared_name(program, launch, address or 0) if shared else _region_name(regions, address or 0)
        )
    elif check in ("racecheck", "initcheck") and rule not in _WORDS:
        buffer = (
            _shared_name(program, launch, address or 0)
            if rule != "uninitialised-global"
            else _region_name(regions, address or 0)
        )
    else:
        address = None
    return Finding(
        check=check, rule=rule, message=_message(program, launch, record, spot, rule, address, buffer),
        file=spot.file or None, line=spot.line or None, column=spot.column or None,
        thread=_three(record.thread, launch.block), block=_three(record.block, launch.grid),
        address=address, buffer=buffer, count=count, severity=severity,
    )  # fmt: skip


_WORDS = {
    "divergent-barrier": "lanes of a warp that are alive do not come to this barrier",
    "exited-at-barrier": "threads of this warp have exited before this barrier",
    "inactive-lane": "reads from a lane that does not take part, and something depends on the value",
    "member-mask": "the mask does not name this lane, or names lanes that do not come here with it",
    "deadlock": "no warp can go on: not all come to this barrier, or to the phase waited for",
    "pending-accumulator": "a register that a product under way writes is used before its group is waited for",
    "missing-fence": "this warp has executed no wgmma.fence before this product",
    "warpgroup": "the four warps of a warpgroup do not all execute this product",
    "descriptor": "lanes of this warp give the product different descriptors",
    "base-offset": "the launch was ended here: a descriptor has a base offset, which the engine does not carry out",
    "barrier-count": "more arrivals than this phase of the mbarrier expects, or a count that no mbarrier has",
    "limit": "the launch was ended here: more turns of loops than the limit allows",
    "timeout": "the launch was ended here: it took longer than it may",
    "trap": "the kernel trapped",
    "assert": "an assertion failed",
    "no-function": "a call through a pointer that holds no function of this kernel with these parameters",
    "stack-overflow": "the calls go deeper than the stack",
    "async-overflow": "more asynchronous copies or products are under way than can be kept",
}


def _message(
    program: Program,
    launch: Launch,
    record: Record,
    spot: Spot,
    rule: str,
    address: int | None,
    buffer: str | None,
) -> str:
    at = f"{address:#x}" if address is not None else ""
    where = f", {buffer}" if buffer else ""
    if rule == "out-of-bounds":
        return f"{spot.what} at {at} is out of bounds{where}"
    if rule == "misaligned":
        return f"{spot.what} at {at} is not aligned to {record.other} bytes{where}"
    if rule == "null":
        return f"{spot.what} at {at}, a null pointer"
    if rule.startswith("uninitialised"):
        return f"{spot.what} at {at} that was never written{where}"
    if rule == "pending-operand":
        return f"{spot.what} at {at}: overwritten before the product that reads it was waited for{_other(program, launch, record.other)}{where}"
    if rule in ("unfenced-write", "unfenced-copy"):
        return f"{spot.what} at {at} by a product, with no fence.proxy.async since it was written{_other(program, launch, record.other)}{where}"
    if rule in ("write-after-write", "read-after-write", "write-after-read", "same-value-write", "in-flight"):
        other = _other(program, launch, record.other)
        if rule == "same-value-write":
            return (
                f"{spot.what} at {at}: several threads write the same value without a barrier between{where}"
            )
        if rule == "in-flight":
            return f"{spot.what} at {at} while an asynchronous copy to it is under way{other}{where}"
        return f"{spot.what} at {at} without a barrier after {_BEFORE[rule]}{other}{where}"
    return _WORDS[rule]


_BEFORE = {
    "write-after-write": "another thread's write",
    "read-after-write": "another thread's write",
    "write-after-read": "another thread's read",
}


def _other(program: Program, launch: Launch, cell: int) -> str:
    site = (cell >> 16 & 0xFFFF) - 1
    if not 0 <= site < len(program.sites):
        return ""
    spot = program.sites[site]
    return f" ({spot.file.rpartition('/')[2]}:{spot.line}, thread {_three(cell & 0x3FF, launch.block)})"


def _three(number: int, extent: tuple[int, int, int]) -> tuple[int, int, int]:
    x, y, _ = extent
    return number % x, number // x % y, number // (x * y)


def _shared_name(program: Program, launch: Launch, address: int) -> str:
    for name, offset, size in program.shared:
        end = offset + (size or launch.shared_bytes)
        if offset <= address < end:
            return f"shared {_short(name)} + {address - offset}"
    before = [
        (offset + (size or launch.shared_bytes), name)
        for name, offset, size in program.shared
        if address >= offset
    ]
    if before:
        end, name = max(before)
        return f"{address - end} bytes after shared {_short(name)}"
    return "shared memory"


def _short(name: str) -> str:
    """A variable's own name out of a mangled one: `_ZZ9attentionE6tile_k` is tile_k."""
    if not name.startswith("_Z"):
        return name
    best, digits = name, ""
    for place, letter in enumerate(name):
        if letter.isdigit():
            digits += letter
        else:
            if digits and place + int(digits) <= len(name):
                best = name[place : place + int(digits)]
            digits = ""
    return best


_NEAR = 1 << 30
"""Bytes from a buffer beyond which an address has nothing to do with it."""


def _region_name(regions: Sequence[Region], address: int) -> str | None:
    best: tuple[int, str] | None = None
    for region in regions:
        if region.low <= address < region.high:
            return f"{_short(region.name)} + {address - region.low}"
        away, word = (
            (region.low - address, "before") if address < region.low else (address - region.high, "after")
        )
        if best is None or away < best[0]:
            best = (away, f"{away} bytes {word} {_short(region.name)}")
    return best[1] if best and best[0] < _NEAR else None


def unwritten(program: Program, arguments: Arguments, writers: Sequence[Mapping[int, int]]) -> list[Finding]:
    """A finding for each output with elements that no thread wrote, at the place that wrote the others."""
    found = []
    for number in arguments.launch.outputs:
        if number not in arguments.shadows:
            continue
        mask = arguments.written(number)
        missing = int((~mask).sum())
        if not missing:
            continue
        import numpy as np

        first = tuple(int(n) for n in np.argwhere(~mask)[0])
        rows = mask.reshape(-1, mask.shape[-1]) if mask.ndim > 1 else mask.reshape(1, -1)
        whole = int((~rows).all(axis=1).sum())
        sites = [w[number] for w in writers if number in w]
        spot = program.sites[max(sites)] if sites else None
        words = f"{missing} of {mask.size} elements ({100 * missing / mask.size:.3g} %) were never written, the first at {first}"
        if whole and len(rows) > 1:
            words += f"; {whole} of {len(rows)} rows wholly"
        region = next(r for r in arguments.regions if r.argument == number)
        found.append(
            Finding(
                check="coverage", rule="never-written", message=words, file=spot.file if spot else None,
                line=spot.line if spot else None, column=spot.column if spot else None, buffer=region.name, count=missing,
            )
        )  # fmt: skip
    return found


def counts(
    program: Program, raw: Any, traffic: Any
) -> tuple[dict[str, int], tuple[tuple[str, int, Mapping[str, int]], ...]]:
    """Counters in all and for each source line.

    Args:
        program: whose sites and blocks they are.
        raw: how often each block was executed, and by how many lanes in all.
        traffic: of each site the columns of `traffic.COLUMNS`.
    """
    lines: dict[tuple[str, int], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for instructions, (times, lanes) in zip(program.counted, raw, strict=False):
        for file, line, name in instructions:
            for key, amount in _amounts(name, int(times), int(lanes)):
                lines[file, line][key] += amount
    for spot, row in zip(program.sites, traffic, strict=False):
        for key, amount in _moved(spot, *(int(n) for n in row)):
            lines[spot.file, spot.line][key] += amount
    total: dict[str, int] = dict.fromkeys(COUNTERS, 0)
    for found in lines.values():
        for key, amount in found.items():
            total[key] += amount
    return total, tuple((file, line, dict(c)) for (file, line), c in sorted(lines.items()))


def _moved(spot: Spot, requests: int, units: int, ideal: int, lanes: int) -> list[tuple[str, int]]:
    if not requests:
        return []
    if spot.what == "branch":
        return [("branches_divergent", units)]
    size = int(re.sub(r"\D+", " ", spot.what).split()[0])
    written = not spot.what.startswith("load")
    where = "shared" if "shared" in spot.what else "global"
    found = [
        (f"{where}_requests", requests),
        (f"bytes_{where}_{'written' if written else 'read'}", lanes * size),
    ]
    if where == "shared":
        return [*found, ("shared_wavefronts", units), ("bank_conflicts", units - ideal)]
    return [*found, ("global_sectors", units)]


def _amounts(name: str, times: int, lanes: int) -> list[tuple[str, int]]:
    opcode = name.split(".", maxsplit=1)[0]
    found = [("instructions", times), ("active_lanes", lanes)]
    tile = opcode in ("mma", "wmma") and ".load" not in name and ".store" not in name
    if tile or name.startswith("wgmma.mma_async"):
        found.append(("tensor_ops", times))
    if name.startswith(("cp.async.ca", "cp.async.cg")):
        found.append(("async_copies", times))
    if opcode in ("bar", "barrier") and ".warp" not in name:
        found.append(("barriers", times))
    return found
