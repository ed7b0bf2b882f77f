"""Which bits of a register differ between the lanes of a warp, where it is computed from `%tid.x` and numbers alone.

`%tid.x / 32`, `(%tid.x << 1) & -64` and what compilers make of signed divisions are the same in all lanes
although `%tid.x` is not: of its bits only the lowest five differ. Registers that are assigned once are
followed; about all others nothing is said.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from repoops.ptx.cfg import Block
from repoops.ptx.operands import assigned_once, writes
from repoops.ptx.syntax import SIZES, Imm, Instruction, Operand, Reg

_MOST = 1023
"""The largest `%tid.x` of any launch."""


@dataclass(frozen=True, slots=True)
class Bits:
    """`differ`: a mask of bits that may differ between lanes; `most`: no lane's value is larger (unsigned), and none smaller if it is `exact`."""

    differ: int
    most: int
    exact: bool = False


_TID = Bits(31, _MOST)
_Rule = Callable[[Bits, Bits, int, bool], "Bits | None"]


def uniform(blocks: Sequence[Block]) -> frozenset[int]:
    """The instructions (by `id`) whose result is the same in all lanes, if `%tid.x` is a multiple of 32 plus the lane."""
    once = assigned_once(blocks)
    known = {"%tid.x": _TID}
    found = set()
    for block in blocks:
        for i in block.body:
            bits = _result(i, known)
            if bits is None:
                continue
            if not bits.differ:
                found.add(id(i))
            if writes(i)[0] in once:
                known[writes(i)[0]] = bits
    return frozenset(found)


def _result(i: Instruction, known: dict[str, Bits]) -> Bits | None:
    rule = _RULES.get(i.opcode if i.opcode != "setp" else f"setp.{i.modifiers[0]}")
    if rule is None or i.guard is not None or i.type not in _INTEGERS or not isinstance(i.operands[0], Reg):
        return None
    wide = 8 * SIZES[i.type]
    first, *rest = [_of(operand, known, wide) for operand in i.operands[1:]]
    second = rest[0] if rest else Bits(0, 0, exact=True)
    if first is None or second is None or len(rest) > 1 or (i.opcode == "mul" and "lo" not in i.modifiers):
        return None
    if i.opcode == "cvt" and not _kept(i, first):
        return None
    if i.opcode == "setp" and len(i.modifiers) != 2:
        return None
    return rule(first, second, wide, i.type.startswith("s"))


def _kept(i: Instruction, a: Bits) -> bool:
    """Whether a conversion leaves the number as it is."""
    types = [w for w in i.modifiers if w in SIZES]
    return types == list(i.modifiers) and types[0] in _INTEGERS and not a.most >> 8 * SIZES[types[0]] - 1


_INTEGERS = frozenset(("b32", "u32", "s32", "b64", "u64", "s64"))


def _of(operand: Operand, known: dict[str, Bits], wide: int) -> Bits | None:
    if isinstance(operand, Reg):
        return known.get(operand.name)
    if isinstance(operand, Imm) and isinstance(operand.value, int):
        return Bits(0, operand.value & (1 << wide) - 1, exact=True)
    return None


def _copy(a: Bits, _: Bits, wide: int, signed: bool) -> Bits | None:
    """`mov`, and `cvt` to at least the same width of what is not negative."""
    return None if signed and a.most >> wide - 1 else a


def _left(a: Bits, by: Bits, wide: int, _: bool) -> Bits | None:
    if not by.exact or by.most >= wide or a.most << by.most >> wide:
        return None
    return Bits(a.differ << by.most, a.most << by.most, a.exact)


def _right(a: Bits, by: Bits, wide: int, signed: bool) -> Bits | None:
    if not by.exact or by.most >= wide or (signed and a.most >> wide - 1):
        return None
    most = a.most >> by.most
    return Bits(a.differ >> by.most & most, most, a.exact or not most)


def _and(a: Bits, c: Bits, _: int, __: bool) -> Bits | None:
    most = min(a.most, c.most)
    if a.exact and c.exact:
        return Bits(0, a.most & c.most, exact=True)
    for mask, other in ((c, a), (a, c)):
        if mask.exact:
            return Bits(other.differ & mask.most, most, not most)
    return Bits(a.differ | c.differ, most, not most)


def _or(a: Bits, c: Bits, _: int, __: bool) -> Bits | None:
    return Bits(a.differ | c.differ, (1 << max(a.most, c.most).bit_length()) - 1)


def _add(a: Bits, c: Bits, wide: int, _: bool) -> Bits | None:
    """A carry may run from the lowest bit that differs up to the top."""
    most = a.most + c.most
    if most >> wide:
        return None
    differ = a.differ | c.differ
    if not a.most or not c.most:
        return Bits(differ, most, a.exact and c.exact)
    lowest = differ & -differ
    return Bits((1 << most.bit_length()) - lowest if differ else 0, most)


def _times(a: Bits, c: Bits, wide: int, _: bool) -> Bits | None:
    """By a power of two."""
    if not c.exact:
        a, c = c, a
    if not c.exact or c.most & (c.most - 1) or a.most * c.most >> wide:
        return None
    return Bits(a.differ * c.most, a.most * c.most, a.exact)


def _below(a: Bits, c: Bits, wide: int, signed: bool) -> Bits | None:
    """`a < c`, or its opposite: the same in all lanes if no number that is below begins where only low bits differ."""
    if not c.exact or (signed and (a.most | c.most) >> wide - 1):
        return None
    part = (1 << a.differ.bit_length()) - 1
    return None if c.most & part else Bits(0, 1)


def _up_to(a: Bits, c: Bits, wide: int, signed: bool) -> Bits | None:
    """`a <= c`, or its opposite."""
    return _below(a, Bits(0, c.most + 1, c.exact), wide, signed)


_RULES: dict[str, _Rule] = {
    "setp.lt": _below, "setp.ge": _below, "setp.le": _up_to, "setp.gt": _up_to,
    "mov": _copy, "cvt": _copy, "shl": _left, "shr": _right, "and": _and, "or": _or, "xor": _or, "add": _add, "mul": _times,
}  # fmt: skip
