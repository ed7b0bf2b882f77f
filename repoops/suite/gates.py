"""What a kernel is held to before anything runs it: figures of ptxas and of the occupancy they allow."""

from __future__ import annotations

from collections.abc import Callable

from repoops.kernel.model import Launch
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
