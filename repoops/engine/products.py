"""Products of warpgroups under way: what a warp keeps of each, and the registers that stand for their sums.

Which registers may hold a token is known from the text: those that a product writes, and those that a `mov`
takes from one. After a wait those of them that are still needed are given their sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repoops.engine.builder import WARP, Value
from repoops.engine.lower.halves import CONVENTION
from repoops.ptx.operands import reads, writes
from repoops.ptx.syntax import Instruction, Reg

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction

TAG, TAG_MASK = 0x7FA00000, -0x800
"""A token's upper bits: a signalling NaN that no arithmetic gives. Below them the sums' number (3), 0, the register's (7)."""
_NEW = 1 << 8
MOST = 64
"""Products that a warp can have under way, with eight different sets of sums."""
_SETS, _REGISTERS = 8, 128
_SUMS = 128
_ENTRIES = _SUMS + _SETS * _REGISTERS * 4 * WARP
AT = {"run": 0, "a": 8, "b": 16, "group": 24, "sums": 32, "flags": 36, "site": 40}
"""Where in an entry what stands."""
A = 64
"""Where A's registers begin."""
_ENTRY = A + 4 * 4 * WARP


def sizes() -> dict[str, int]:
    """What `ir/wgmma.ll` is to know."""
    return {
        "WARP_BYTES": warp_bytes(), "MOST": MOST, "PRODUCT": _ENTRY, "ENTRIES": _ENTRIES, "SUMS": _SUMS,
        "SUMS_BYTES": _REGISTERS * 4 * WARP, "TAG": TAG, "TAG_MASK": TAG_MASK, "NEW": _NEW,
        **{f"AT_{name.upper()}": offset for name, offset in AT.items()},
    }  # fmt: skip


def warp_bytes() -> int:
    """Bytes of a warp's products."""
    return _ENTRIES + MOST * _ENTRY


def tokens(f: WarpFunction) -> frozenset[str]:
    """The registers that may stand for sums."""
    every = [i for block in f.blocks for i in block.body]
    found = {name for i in every if i.opcode == "wgmma" for name in writes(i)}
    moves = [i for i in every if i.opcode == "mov" and isinstance(i.operands[1], Reg)]
    before = -1
    while len(found) != before:
        before = len(found)
        found.update(name for i in moves if found.intersection(reads(i)) for name in writes(i))
    return frozenset(found)


def restore(f: WarpFunction, wait: Instruction, done: Value) -> None:
    """After a wait: registers that stand for sums in `done`, a bit each, are given them."""
    b = f.b
    for name in sorted(f.tokens & _needed(f, wait)):
        value = f.fit(f.register(name), "float")
        found = b.emit(
            f"call {CONVENTION} <{WARP} x float> @product_take(ptr %ctx, {done}, {value})", "float", lanes=True
        )  # fmt: skip
        f.assign(name, found)


def _needed(f: WarpFunction, after: Instruction) -> set[str]:
    """The registers that are looked at after an instruction of the block that is translated."""
    block = f.block
    live = set().union(*(f.shapes.live[s] for s in block.successors))
    for i in reversed(block.instructions):
        if i is after:
            break
        if i.guard is None:
            live.difference_update(writes(i))
        live.update(reads(i))
    return live
