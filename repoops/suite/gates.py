"""What a kernel is held to beside its numbers: figures of ptxas, its machine code, and exact counts of a run on the CPU."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repoops.kernel.model import COUNTERS, Launch, Outcome
from repoops.nvidia.limits import occupancy
from repoops.nvidia.sass import COUNTED
from repoops.report.verification import Resources
from repoops.words import many

if TYPE_CHECKING:
    from repoops.suite.spec import Case


@dataclass(frozen=True, slots=True)
class Allotted:
    """A gate on what ptxas allots a kernel for a launch; held wherever it compiles.

    `limit` says in words what `name` is held to, so that an edit of it can be told.
    """

    name: str
    limit: str
    fault: Callable[[Resources, Launch], str | None]

    def __call__(self, found: Resources, launch: Launch) -> str | None:
        """What is wrong, or None."""
        return self.fault(found, launch)


def _spills(found: Resources, _: Launch) -> str | None:
    if found.spill_stores or found.spill_loads:
        return f"spills {found.spill_stores} bytes of stores and {found.spill_loads} of loads"
    return None


no_spills = Allotted("spills", "none", _spills)
"""No register is spilled to local memory."""


def _stack(found: Resources, _: Launch) -> str | None:
    return f"has a stack frame of {found.stack} bytes" if found.stack else None


no_stack = Allotted("stack", "none", _stack)
"""No stack frame: an array indexed at run time lies in local memory without counting as a spill."""


def _serialised(found: Resources, _: Launch) -> str | None:
    return f"has its products serialised by ptxas: {found.serialised}" if found.serialised else None


no_serialised_products = Allotted("products in flight", "not serialised", _serialised)
"""ptxas lets products of warp groups (wgmma) run on beside other instructions: what is wrong otherwise is speed alone."""


def registers(most: int) -> Allotted:
    """At most so many registers a thread."""

    def gate(found: Resources, _: Launch) -> str | None:
        return f"uses {found.registers} registers, at most {most}" if found.registers > most else None

    return Allotted("registers", f"at most {most}", gate)


def shared_memory(most: int) -> Allotted:
    """At most so many bytes of shared memory a block, static and dynamic."""

    def gate(found: Resources, launch: Launch) -> str | None:
        total = found.shared_static + launch.shared_bytes
        return f"uses {total} bytes of shared memory a block, at most {most}" if total > most else None

    return Allotted("shared memory", f"at most {most}", gate)


def resident_blocks(least: int) -> Allotted:
    """At least so many thread blocks of this launch fit on one multiprocessor."""

    def gate(found: Resources, launch: Launch) -> str | None:
        fits = occupancy(found, launch.threads, launch.shared_bytes)
        if fits.blocks >= least:
            return None
        return f"{many(fits.blocks, 'block')} {'fits' if fits.blocks == 1 else 'fit'} on a multiprocessor (limited by {fits.limiter}), at least {least}"

    return Allotted("resident blocks", f"at least {least}", gate)


@dataclass(frozen=True, slots=True)
class MachineCode:
    """A gate on the instructions of a kernel's machine code; held on each architecture it is compiled for."""

    name: str
    limit: str
    fault: Callable[[Resources], str | None]


def machine_code(**least: int) -> MachineCode:
    """At least so many of these instructions in the machine code, on each architecture: `machine_code(HMMA=64, LDG_128=2)`.

    A build that lost its tensor cores, its asynchronous copies or its wide loads gives the right
    result all the same. Names are those of `repoops.nvidia.sass.COUNTED`, with `_` for `.`; 0 stands
    for none at all.

    Raises:
        ValueError: nothing counts one of them.
    """
    wanted = {name.replace("_", "."): count for name, count in least.items()}
    unknown = [name for name in wanted if name not in COUNTED]
    if unknown or not wanted:
        raise ValueError(f"nothing counts {', '.join(unknown) or 'nothing'}; there are {', '.join(COUNTED)}")

    def gate(found: Resources) -> str | None:
        have = dict(found.instructions)
        wrong = [
            f"{have[name]} {name}, {f'at least {count}' if count else 'none allowed'}"
            for name, count in wanted.items()
            if (have[name] < count if count else have[name] > 0)
        ]
        return f"has {'; '.join(wrong)} in its machine code" if wrong else None

    limit = ", ".join(f"{name} at least {count}" if count else f"no {name}" for name, count in wanted.items())
    return MachineCode("machine code", limit, gate)


@dataclass(frozen=True, slots=True)
class Counted:
    """A gate on what a run counted; held on every case that the CPU executes.

    `limit` says in words what `name` is held to; `fault` what is wrong with the outcome of a case, or None;
    `meant` the bytes that the gate holds a case to, if it is a gate on them: no words say that.
    """

    name: str
    limit: str
    fault: Callable[[Outcome, Case], str | None]
    meant: Callable[[Case], Bytes] | None = None


def bank_conflicts(most: int = 0) -> Counted:
    """At most so many passes over the banks of shared memory beyond the fewest possible, in the whole launch."""

    def gate(outcome: Outcome, _: Case) -> str | None:
        if lacking := _uncounted(outcome, "bank_conflicts"):
            return lacking
        found = _count(outcome, "bank_conflicts")
        if found <= most:
            return None
        return f"has {found} bank conflicts, at most {most}{_most_at(outcome, 'bank_conflicts')}"

    return Counted("bank conflicts", f"at most {most}", gate)


def sectors_per_request(most: float) -> Counted:
    """At most so many sectors of 32 bytes for each request of a warp to global memory: 4 is a float a lane, side by side."""

    def gate(outcome: Outcome, _: Case) -> str | None:
        if lacking := _uncounted(outcome, "global_requests", "global_sectors"):
            return lacking
        requests, sectors = _count(outcome, "global_requests"), _count(outcome, "global_sectors")
        if not requests or sectors <= most * requests:
            return None
        worst = _most_at(outcome, "global_sectors")
        return f"takes {sectors / requests:.2f} sectors a request to global memory, at most {most:g}{worst}"

    return Counted("sectors per request", f"at most {most:g}", gate)


@dataclass(frozen=True, slots=True)
class Bytes:
    """What an algorithm moves, in the way in which it divides its work: of all launches of a case, lane by lane.

    32 lanes that read one float read 128 bytes, whether it comes in one sector or not; a copy past the
    registers reads global memory and writes shared memory, zeros that it fills up with included.
    """

    global_read: int
    global_written: int
    shared_read: int = 0
    shared_written: int = 0

    def __add__(self, other: Bytes) -> Bytes:
        """Of two parts of the work together."""
        return Bytes(
            self.global_read + other.global_read, self.global_written + other.global_written,
            self.shared_read + other.shared_read, self.shared_written + other.shared_written,
        )  # fmt: skip


def traffic(count: Callable[[Case], Bytes], within: float = 0.1) -> Counted:
    """Each kind of byte within this share of the algorithm's count: more is a tile read twice, less a part never read.

    Args:
        count: case -> what the algorithm moves for it; of a kind that it has none of, none may be moved.
        within: 0.1 is 10 %.
    """
    kinds = [(where, done) for where in ("global", "shared") for done in ("read", "written")]

    def gate(outcome: Outcome, case: Case) -> str | None:
        if lacking := _uncounted(outcome, *(f"bytes_{where}_{done}" for where, done in kinds)):
            return lacking
        meant, said = count(case), []
        for where, done in kinds:
            found, wanted = _count(outcome, f"bytes_{where}_{done}"), getattr(meant, f"{where}_{done}")
            if abs(found - wanted) > within * wanted:
                worst = _most_at(outcome, f"bytes_{where}_{done}")
                said.append(f"{found} bytes of {where} memory {done}, by the algorithm {wanted}{worst}")
        return f"moves other bytes than its algorithm: {'; '.join(said)}" if said else None

    return Counted("traffic", f"within {within:.0%} of the algorithm's bytes", gate, count)


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

    def gate(outcome: Outcome, _: Case) -> str | None:
        if lacking := _uncounted(outcome, *(REQUIRED.get(name, name) for name in names)):
            return lacking
        missing = [name for name in names if not _count(outcome, REQUIRED.get(name, name))]
        return f"executes no {', no '.join(missing)}" if missing else None

    return Counted("executed", ", ".join(names), gate)


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
