"""What a kernel is held to beside its numbers: figures of ptxas, and exact counts of a run on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from repoops.kernel.model import COUNTERS, Launch, Outcome
from repoops.nvidia.limits import occupancy
from repoops.report.verification import Resources


def no_spills(resources: Resources, _: Launch) -> str | None:
    """No register is spilled to local memory."""
    if resources.spill_stores or resources.spill_loads:
        return f"spills {resources.spill_stores} bytes of stores and {resources.spill_loads} of loads"
    return None


def no_stack(resources: Resources, _: Launch) -> str | None:
    """No stack frame: an array indexed at run time lies in local memory without counting as a spill."""
    return f"has a stack frame of {resources.stack} bytes" if resources.stack else None


def registers(most: int) -> Callable[[Resources, Launch], str | None]:
    """At most so many registers a thread."""

    def gate(found: Resources, _: Launch) -> str | None:
        return f"uses {found.registers} registers, at most {most}" if found.registers > most else None

    return gate


def shared_memory(most: int) -> Callable[[Resources, Launch], str | None]:
    """At most so many bytes of shared memory a block, static and dynamic."""

    def gate(found: Resources, launch: Launch) -> str | None:
        total = found.shared_static + launch.shared_bytes
        return f"uses {total} bytes of shared memory a block, at most {most}" if total > most else None

    return gate


def resident_blocks(least: int) -> Callable[[Resources, Launch], str | None]:
    """At least so many thread blocks of this launch fit on one multiprocessor."""

    def gate(found: Resources, launch: Launch) -> str | None:
        fits = occupancy(found, launch.threads, launch.shared_bytes)
        if fits.blocks >= least:
            return None
        return f"{fits.blocks} blocks fit on a multiprocessor (limited by {fits.limiter}), at least {least}"

    return gate


@dataclass(frozen=True, slots=True)
class Counted:
    """A gate on what a run counted; held on every case that the CPU executes.

    `fault` says what is wrong with an outcome, or None.
    """

    fault: Callable[[Outcome], str | None]


def bank_conflicts(most: int = 0) -> Counted:
    """At most so many passes over the banks of shared memory beyond the fewest possible, in the whole launch."""

    def gate(outcome: Outcome) -> str | None:
        if lacking := _uncounted(outcome, "bank_conflicts"):
            return lacking
        found = _count(outcome, "bank_conflicts")
        if found <= most:
            return None
        return f"has {found} bank conflicts, at most {most}{_most_at(outcome, 'bank_conflicts')}"

    return Counted(gate)


def sectors_per_request(most: float) -> Counted:
    """At most so many sectors of 32 bytes for each request of a warp to global memory: 4 is a float a lane, side by side."""

    def gate(outcome: Outcome) -> str | None:
        if lacking := _uncounted(outcome, "global_requests", "global_sectors"):
            return lacking
        requests, sectors = _count(outcome, "global_requests"), _count(outcome, "global_sectors")
        if not requests or sectors <= most * requests:
            return None
        worst = _most_at(outcome, "global_sectors")
        return f"takes {sectors / requests:.2f} sectors a request to global memory, at most {most:g}{worst}"

    return Counted(gate)


REQUIRED = {"HMMA": "tensor_ops", "LDGSTS": "async_copies", "BAR": "barriers"}
"""By the machine's names: products on tensor cores, copies from global to shared memory past the registers, barriers."""


def requires(*names: str) -> Counted:
    """Each of these is executed at least once: names of `REQUIRED`, or of counters.

    Raises:
        ValueError: a name is neither.
    """
    unknown = [name for name in names if REQUIRED.get(name, name) not in COUNTERS]
    if unknown:
        raise ValueError(
            f"nothing counts {', '.join(unknown)}; there are {', '.join((*REQUIRED, *COUNTERS))}"
        )

    def gate(outcome: Outcome) -> str | None:
        if lacking := _uncounted(outcome, *(REQUIRED.get(name, name) for name in names)):
            return lacking
        missing = [name for name in names if not _count(outcome, REQUIRED.get(name, name))]
        return f"executes no {', no '.join(missing)}" if missing else None

    return Counted(gate)


requires_async_copy = requires("LDGSTS")
requires_tensor_cores = requires("HMMA")


def _uncounted(outcome: Outcome, *names: str) -> str | None:
    """What a gate asks about and nothing counted: that is no zero."""
    missing = [name for name in names if name not in (outcome.counters or {})]
    return f"cannot be held to its gates: {', '.join(missing)} not counted" if missing else None


def _count(outcome: Outcome, name: str) -> int:
    counters: Mapping[str, int] = outcome.counters or {}
    return counters[name]


def _most_at(outcome: Outcome, name: str) -> str:
    """`, most of them at tiled.cu:40`: the source line that has the most."""
    lines = [(counts.get(name, 0), file, line) for file, line, counts in outcome.line_counters]
    found, file, line = max(lines, default=(0, "", 0))
    return f", most of them at {file.rsplit('/', 1)[-1]}:{line} ({found})" if found else ""
