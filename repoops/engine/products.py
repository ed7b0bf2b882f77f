"""Products of warpgroups under way: what a warp keeps of each, and the registers that stand for their sums.

Which registers may hold a token is known from the text: those that a product writes, and those that a `mov`
takes from one. After a wait those of them that are still needed are given their sums.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from repoops.engine import ir
from repoops.engine.builder import WARP, Value
from repoops.engine.lower.halves import CONVENTION
from repoops.ptx.operands import reads, writes
from repoops.ptx.syntax import Instruction, Reg

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction
    from repoops.engine.unit import Unit

TAG, TAG_MASK = 0x7FA00000, -0x800
"""A token's upper bits: a signalling NaN that no arithmetic gives. Below them the sums' number (3), 0, the register's (7)."""
_NEW = 1 << 8
_MOST = 64
"""Products that a warp can have under way, with eight different sets of sums."""
_SETS, _REGISTERS = 8, 128
_SUMS = 128
_ENTRIES = _SUMS + _SETS * _REGISTERS * 4 * WARP
AT = {"run": 0, "a": 8, "b": 16, "group": 24, "sums": 32, "flags": 36, "site": 40, "table": 48, "epoch": 56}
"""Where in an entry what stands."""
A, MATRICES = 64, 64 + 4 * 4 * WARP
"""Where A's registers begin; and, for racecheck, A's and B's as they were when the product was asked for."""
_WIDEST = 256


def _entry(checks: frozenset[str]) -> int:
    """Bytes of a product under way."""
    return MATRICES + (4 * 4 * WARP + _WIDEST * 4 * 4 * 2 if "racecheck" in checks else 0)


def warp_bytes(checks: frozenset[str]) -> int:
    """Bytes of all that a warp can have."""
    return _ENTRIES + _MOST * _entry(checks)


def helpers(unit: Unit) -> dict[str, str]:
    """The functions that waits and checks call, once all sites of the kernel are known."""
    sizes = {
        "WARP_BYTES": warp_bytes(unit.checks), "MOST": _MOST, "PRODUCT": _entry(unit.checks), "ENTRIES": _ENTRIES,
        "SUMS": _SUMS, "SUMS_BYTES": _REGISTERS * 4 * WARP, "TAG": TAG, "TAG_MASK": TAG_MASK, "NEW": _NEW,
        **{f"AT_{name.upper()}": offset for name, offset in AT.items()}, "CONVENTION": CONVENTION,
        "shift": unit.granule.bit_length() - 1, "ROWS": ", ".join(f"i32 {n % 8}" for n in range(WARP)),
    }  # fmt: skip
    found = {"wgmma": ir.text("wgmma.ll", **sizes)}
    if "synccheck" in unit.checks:
        found["warpgroup"] = ir.text("warpgroup.ll")
    if "racecheck" in unit.checks:
        # By site + 1, as marks have it: whether a copy wrote there.
        copies = ", ".join(f"i8 {int(s.instruction.opcode == 'cp')}" for s in unit.sites)
        found["copied"] = f"@copied = internal constant [{len(unit.sites) + 1} x i8] [i8 0, {copies}]\n"
        found["raced"] = ir.text("products_raced.ll", **sizes)
    return found


def tokens(f: WarpFunction) -> frozenset[str]:
    """The registers that may stand for sums."""
    every = [i for block in f.blocks for i in block.body]
    found = {name for i in every if i.opcode == "wgmma" for name in writes(i)}
    moves = [i for i in every if i.opcode == "mov" and _handed_on(i)]
    before = -1
    while len(found) != before:
        before = len(found)
        found.update(name for i in moves if found.intersection(reads(i)) for name in writes(i))
    return frozenset(found)


def before(f: WarpFunction, i: Instruction) -> None:
    """Ahead of an instruction: reports registers that it uses and that were not waited for."""
    if not f.unit.products or "racecheck" not in f.unit.checks or _handed_on(i):
        return
    for name in sorted(f.tokens.intersection(reads(i))):
        bits = f.fit(f.register(name), "i32")
        f.b.line(
            f"call {CONVENTION} void @product_used(ptr %ctx, i32 {f.site('accumulator')}, {f.word()}, {f.b.spread(bits)})"
        )


def _handed_on(i: Instruction) -> bool:
    """Whether an instruction takes a sum that is under way along, and does nothing with it."""
    return i.opcode == "wgmma" or (i.opcode == "mov" and isinstance(i.operands[1], Reg))


def prepare(f: WarpFunction, product: Instruction) -> None:
    """Gives registers of D that nobody has set yet a value: what holds anything might be a token."""
    for name in writes(product):
        if f"token {name}" not in f.cached:
            f.cached[f"token {name}"] = zero = Value("zeroinitializer", f.storage(name), lanes=True)
            f.head.line(f"store {zero}, ptr {f.home(name)}, align 64")


def goes_on(f: WarpFunction, product: Instruction) -> bool:
    """Whether the registers of D stand for sums for certain: of an earlier product of the same block, and not waited for."""
    body = f.block.body
    at = next(n for n, i in enumerate(body) if i is product)
    for i in reversed(body[:at]):
        if i.opcode == "wgmma" and i.guard is None and i.operands[:1] == product.operands[:1]:
            return "mma_async" in i.modifiers
        if (i.opcode == "wgmma" and "wait_group" in i.modifiers) or set(writes(i)).intersection(
            writes(product)
        ):
            return False
    return False


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
