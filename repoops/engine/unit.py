"""What the functions of one kernel share while they are translated: layout, sites, helper functions."""

from __future__ import annotations

from dataclasses import dataclass, field

from repoops.engine.layout import Layout
from repoops.engine.records import Site
from repoops.errors import RepoOpsError
from repoops.ptx.syntax import Function, Instruction, Module


class Refused(RepoOpsError):  # noqa: N818 - it says what happened
    """The engine does not know how to run something; it is named, never skipped."""

    @classmethod
    def of(cls, module: Module, instruction: Instruction | None, why: str) -> Refused:
        """With the instruction's name and its source line."""
        if instruction is None:
            return cls(why, code=1)
        place = instruction.place
        where = (
            f"{module.files.get(place.file, '?')}:{place.line}" if place else f"PTX line {instruction.line}"
        )
        return cls(f"the CPU engine cannot run {instruction.name}: {why}", where=where, code=1)


@dataclass(slots=True)
class Unit:
    """One kernel under translation.

    Attributes:
        module: the PTX file.
        entry: the kernel.
        layout: where variables lie.
        block: threads of a block along x, y, z; the code is made for these.
        checks: names of the checks to be compiled in, and `counters`.
        sites: places at which something can be reported, by number.
        declarations: of LLVM's functions.
        helpers: functions that the code calls, by name, as IR text.
        counted: for the counters: the instructions of each counted block.
        copies: whether there are asynchronous copies.
        phases: whether there are mbarriers.
        products: whether there are asynchronous products of warpgroups.
        uses_local: whether a function has local memory.
        granule: bytes that a cell of the shadow of shared memory stands for: the smallest access.
    """

    module: Module
    entry: Function
    layout: Layout
    block: tuple[int, int, int]
    checks: frozenset[str]
    sites: list[Site] = field(default_factory=list)
    declarations: dict[str, str] = field(default_factory=dict)
    helpers: dict[str, str] = field(default_factory=dict)
    counted: list[tuple[Instruction, ...]] = field(default_factory=list)
    known: dict[tuple[int, str], int] = field(default_factory=dict)
    granule: int = 1
    copies: bool = False
    phases: bool = False
    products: bool = False
    uses_local: bool = False

    @property
    def uses_shared(self) -> bool:
        """Whether there is shared memory at all."""
        return bool(self.layout.shared)

    @property
    def threads(self) -> int:
        """Of a block."""
        x, y, z = self.block
        return x * y * z

    @property
    def full(self) -> bool:
        """Whether every warp has 32 threads."""
        return self.threads % 32 == 0

    def site(self, instruction: Instruction | None, what: str) -> int:
        """The number of a place; the same for the same instruction and words."""
        if instruction is None:
            raise Refused("a check has no place", code=1)
        key = (id(instruction), what)
        if key not in self.known:
            self.known[key] = len(self.sites)
            self.sites.append(Site(instruction, what))
        return self.known[key]
