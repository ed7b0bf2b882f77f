"""Which registers are the same in all lanes of a warp, which branches lanes may part at, and who waits where.

Two facts depend on each other and grow together until nothing changes: a branch on a register that
differs between lanes makes some wait, and a register written while others wait that still need their
own value of it differs between lanes.

Lanes that come to a `bar.warp.sync` while others that it names are elsewhere are *parked*: they go on
when those have come to one too. Until then nobody passes a block that their own way must come to
(`held`): who stands there cannot be on the way to them. Lanes that have only to leave do so.

Source: Diamos et al. 2011, "SIMD re-convergence at thread frontiers".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from repoops.ptx import bits, cfg
from repoops.ptx.cfg import Block
from repoops.ptx.liveness import live_in
from repoops.ptx.operands import reads, writes
from repoops.ptx.syntax import Address, Imm, Instruction, Reg, Sym

_LANE_REGISTERS = (
    "%laneid",
    "%tid",
    "%lanemask_eq",
    "%lanemask_lt",
    "%lanemask_le",
    "%lanemask_gt",
    "%lanemask_ge",
)
_BY_MASK = ("vote", "redux")
"""The same for all lanes that name each other in their masks."""
_DIFFERENT = ("atom", "match", "elect", "ldmatrix", "mma", "wmma", "wgmma", "movmatrix", "mbarrier", "call", "addc", "subc",
              "madc")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Shapes:
    """What is known of a function's registers and blocks.

    Attributes:
        varying: registers that may differ between lanes; all others are uniform.
        parting: blocks after whose end lanes may be at different places.
        waiting: for each block those at which lanes may wait while it is executed.
        meetings: blocks at whose end lanes may be parked.
        parked: for each block the meetings at which lanes may be parked while it is executed.
        held: for each block the meetings whose parked lanes go on before it is executed.
        live: for each block the registers needed from its beginning on.
        blended: for each block the registers whose old value waiting lanes still need.
    """

    varying: frozenset[str]
    parting: frozenset[int]
    waiting: tuple[frozenset[int], ...]
    meetings: frozenset[int]
    parked: tuple[frozenset[int], ...]
    held: tuple[frozenset[int], ...]
    live: tuple[frozenset[str], ...]
    blended: tuple[frozenset[str], ...]

    def partial(self, block: int) -> bool:
        """Whether lanes may be elsewhere while a block is executed."""
        return bool(self.waiting[block] or self.parked[block])


def shapes(
    blocks: Sequence[Block],
    *,
    uniform_tid: frozenset[str] = frozenset(),
    uniform_params: frozenset[str] = frozenset(),
    lane_symbols: frozenset[str] = frozenset(),
    varying: frozenset[str] = frozenset(),
    rows: bool = False,
) -> Shapes:
    """Analyses a function.

    Args:
        blocks: as `cfg.blocks` gives them.
        uniform_tid: special registers that this block shape makes uniform (`%tid.y`).
        uniform_params: parameters that `ld.param` reads the same for all lanes (a kernel's).
        lane_symbols: variables that each lane has its own of (local memory).
        varying: registers that hold lanes from the beginning (a device function's parameters).
        rows: whether `%tid.x` is a multiple of 32 plus the lane, so that `%tid.x >> 5` is uniform (see `bits`).
    """
    differs = _Differs(
        uniform_tid, uniform_params, lane_symbols, bits.uniform(blocks) if rows else frozenset()
    )
    live = tuple(live_in(blocks))
    found = set(varying)
    parting: set[int] = set()
    meetings: set[int] = set()
    ahead = _ahead(blocks)
    while True:
        waiting, parked, held = _frontiers(blocks, parting, {m: ahead[m] for m in meetings})
        # Who is parked waits, later, at the block after the meeting: that is among `waiting`, too.
        blended = tuple(frozenset().union(*(live[w] for w in waiting[b.index])) for b in blocks)
        before = len(found), len(parting), len(meetings)
        for block in blocks:
            for i in block.body:
                if any(name in blended[block.index] for name in writes(i)) or differs(i, found):
                    found.update(writes(i))
            end = block.end
            if end is not None and (
                (end.guard is not None and differs.lane(end.guard.reg, found))
                or (end.opcode == "brx" and any(differs.lane(r, found) for r in reads(end)))
            ):
                parting.add(block.index)
            if end is not None and cfg.meets(end) and (waiting[block.index] or parked[block.index]):
                meetings.add(block.index)
        if (len(found), len(parting), len(meetings)) == before:
            return Shapes(
                frozenset(found),
                frozenset(parting),
                waiting,
                frozenset(meetings),
                parked,
                held,
                live,
                blended,
            )


@dataclass(frozen=True, slots=True)
class _Differs:
    """Whether an instruction's result differs between lanes, given what does so far."""

    uniform_tid: frozenset[str]
    uniform_params: frozenset[str]
    lane_symbols: frozenset[str]
    uniform_bits: frozenset[int]

    def lane(self, name: str, varying: set[str]) -> bool:
        """Whether a register does."""
        if name in varying:
            return True
        return name.split(".", maxsplit=1)[0] in _LANE_REGISTERS and name not in self.uniform_tid

    def __call__(self, i: Instruction, varying: set[str]) -> bool:
        if i.guard is not None and self.lane(i.guard.reg, varying):
            return True
        if id(i) in self.uniform_bits:
            return False
        if i.opcode in _BY_MASK:
            return any(self.lane(r, varying) for r in _names(i.operands[2:3]))
        if i.opcode == "activemask" or (i.opcode in ("bar", "barrier") and "red" in i.modifiers):
            return False
        if i.opcode in _DIFFERENT and not _asks(i):
            return True
        if i.opcode == "shfl":
            return not same_source(i, lambda name: self.lane(name, varying))
        if i.opcode == "ld" and "local" in i.modifiers:
            return True
        if i.opcode == "ld" and "param" in i.modifiers:
            base = i.operands[-1].base if isinstance(i.operands[-1], Address) else None
            if isinstance(base, Sym):
                return base.name not in self.uniform_params
        if any(isinstance(o, Sym) and o.name in self.lane_symbols for o in i.operands):
            return True
        return any(self.lane(r, varying) for r in reads(i))


def _asks(i: Instruction) -> bool:
    """Whether an instruction only asks an mbarrier for its phase: all lanes that ask for the same are told the same."""
    return i.opcode == "mbarrier" and i.modifiers[0] in ("test_wait", "try_wait")


def same_source(i: Instruction, lane: Callable[[str], bool]) -> bool:
    """Whether a `shfl` gives all lanes the value of one: by index, over the whole warp, and the index is uniform."""
    control = i.operands[3] if len(i.operands) > 3 else None
    whole = isinstance(control, Imm) and isinstance(control.value, int) and not control.value & 0x1F00
    return "idx" in i.modifiers and whole and not any(lane(r) for r in _names(i.operands[2:3]))


def _names(operands: Sequence[object]) -> list[str]:
    return [o.name for o in operands if isinstance(o, Reg)]


def _ahead(blocks: Sequence[Block]) -> dict[int, frozenset[int]]:
    """For each block that is a meeting those that its lanes must come to afterwards, and do more there than leave."""
    found = [b.index for b in blocks if b.end and cfg.meets(b.end)]
    every = cfg.postdominators(blocks) if found else ()
    return {m: frozenset(n for n in every[m] if not blocks[n].leaves) for m in found}


_Sets = tuple[frozenset[int], ...]


def _frontiers(
    blocks: Sequence[Block], parting: set[int], meetings: Mapping[int, frozenset[int]]
) -> tuple[_Sets, _Sets, _Sets]:
    """Where lanes may wait, be parked and be held up while a block is executed; see `Shapes`.

    The lowest-numbered place that has lanes, and is not held up by lanes that are parked, goes first.

    Args:
        blocks: of the function.
        parting: blocks after whose end lanes may be at different places.
        meetings: blocks at whose end lanes may be parked, and what each of them must come to afterwards.
    """
    waiting: list[set[int]] = [set() for _ in blocks]
    parked: list[set[int]] = [set() for _ in blocks]
    held: list[set[int]] = [set() for _ in blocks]
    changed = True
    while changed:
        changed = False
        for block in blocks:
            asleep = parked[block.index] | ({block.index} & set(meetings))
            for arrived in _arrivals(block, parting):
                places = waiting[block.index] | arrived
                places = places.union(*(blocks[m].successors for m in asleep))
                for place in places:
                    still = {m for m in asleep if place not in meetings[m]}
                    others = {p for p in places if p > place}.union(*(places & meetings[m] for m in still))
                    for sets, new in ((waiting, others), (parked, still), (held, asleep - still)):
                        changed |= not new <= sets[place]
                        sets[place] |= new
    return _frozen(waiting), _frozen(parked), _frozen(held)


def _frozen(sets: Sequence[set[int]]) -> _Sets:
    return tuple(map(frozenset, sets))


def _arrivals(block: Block, parting: set[int]) -> list[set[int]]:
    """The blocks that lanes are at after a block, one set for each way in which it can end."""
    if block.index in parting:
        return [set(block.successors)]
    return [{s} for s in block.successors] or [set()]
