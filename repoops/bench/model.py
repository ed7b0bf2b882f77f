"""What can be said of a kernel's speed without a card: from a report's resources, exact counts and floors; no times."""

from __future__ import annotations

from dataclasses import dataclass

from repoops.bench import floors
from repoops.nvidia.limits import baseline
from repoops.report.speed import CHECK, Floor, Work, case_id
from repoops.report.verification import CaseResult, Resources, VerificationReport

SECTOR = 32
"""Bytes."""


MIX = {
    "tensor-core operations": "tensor_ops",
    "global requests": "global_requests",
    "shared requests": "shared_requests",
    "barriers": "barriers",
}
"""What the instruction mix shows, by the counter it comes from."""


@dataclass(frozen=True, slots=True)
class Static:
    """One version launched for one case on one architecture, and what that means on one card.

    Attributes:
        resources: what ptxas allots, with the blocks that fit on a multiprocessor.
        floor: of the card for the case.
        waves: how many times over the grid fills the card; the last wave counts by its share.
    """

    kernel: str
    version: str
    case: str
    resources: Resources
    grid: tuple[int, int, int]
    floor: Floor
    waves: float | None


@dataclass(frozen=True, slots=True)
class Counted:
    """Exact counts of one version's largest case that the CPU executed.

    Attributes:
        case: which.
        instructions: of the PTX, once a warp.
        mix: (what, how many for 1,000 instructions), in a fixed order. An asynchronous copy asks both memories, so
            they may add up to more.
        sectors_per_request: of 32 bytes, of global memory; None without a request.
        bank_conflicts: passes over the banks beyond the fewest possible.
        moved: bytes in the sectors that were asked for, before any cache.
        asked: bytes that the algorithm must move, where the specification says.
        lanes: of 32 that an instruction was issued for, on average.
    """

    kernel: str
    version: str
    case: str
    ran_on: str
    instructions: int
    mix: tuple[tuple[str, float], ...]
    sectors_per_request: float | None
    bank_conflicts: int
    moved: int
    asked: int | None
    lanes: float


@dataclass(frozen=True, slots=True)
class Headline:
    """A case that is to be timed, whatever the version: its work, and the floor of every card."""

    kernel: str
    case: str
    work: Work

    @property
    def floors(self) -> tuple[Floor | None, ...]:
        """In the order of `floors.CARDS`; None of a card that has not the unit."""
        return tuple(floors.floor(self.work, card) for card in floors.CARDS)

    @property
    def intensity(self) -> float:
        """Operations a byte."""
        return self.work.flops / self.work.bytes if self.work.bytes else float("inf")


def listed(report: VerificationReport) -> list[CaseResult]:
    """The rows of cases that were to be timed, timed or not."""
    return [row for row in report.results if row.check.startswith(CHECK)]


def headlines(report: VerificationReport) -> list[Headline]:
    """Every case to be timed that says what its work is, once."""
    found = {
        (row.kernel, case_id(row.check)): Headline(row.kernel, case_id(row.check), row.work)
        for row in listed(report)
        if row.work
    }
    return list(found.values())


def statics(report: VerificationReport) -> list[Static]:
    """A row for each version, case and card whose architecture it was compiled for."""
    found: dict[tuple[str, ...], Static] = {}
    for row in listed(report):
        if not row.resources or not row.grid or not row.work:
            continue
        case = case_id(row.check)
        for card in floors.CARDS:
            floor = floors.floor(row.work, card)
            if floor and card.arch == baseline(row.resources.arch):
                found[row.kernel, row.version, case, card.name] = Static(
                    row.kernel, row.version, case, row.resources, row.grid, floor,
                    _waves(row.grid, row.resources.blocks, card.multiprocessors),
                )  # fmt: skip
    return list(found.values())


def _waves(grid: tuple[int, int, int], resident: int | None, multiprocessors: int) -> float | None:
    blocks = grid[0] * grid[1] * grid[2]
    return blocks / (resident * multiprocessors) if resident else None


def counted(report: VerificationReport) -> list[Counted]:
    """For each version the case of most instructions among those that were counted."""
    most: dict[tuple[str, str], CaseResult] = {}
    for row in report.results:
        if row.check.startswith("numerics[") and row.counters:
            known = most.get((row.kernel, row.version))
            if known is None or dict(row.counters)["instructions"] > dict(known.counters)["instructions"]:
                most[row.kernel, row.version] = row
    return [_counted(row) for row in most.values()]


def _counted(row: CaseResult) -> Counted:
    of = dict(row.counters)
    mix = tuple(
        (what, 1000 * of[counter] / of["instructions"] if of["instructions"] else 0.0)
        for what, counter in MIX.items()
    )
    requests = of["global_requests"]
    return Counted(
        row.kernel, row.version, row.check.removeprefix("numerics[").removesuffix("]"), row.ran_on, of["instructions"], mix,
        of["global_sectors"] / requests if requests else None, of["bank_conflicts"], of["global_sectors"] * SECTOR,
        row.work.bytes if row.work else None, of["active_lanes"] / of["instructions"] if of["instructions"] else 0.0,
    )  # fmt: skip
