"""Which registers an instruction writes, and which it reads.

Source: PTX ISA 9.0, "Instruction Set": each instruction's syntax.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from repoops.ptx.syntax import Address, Group, Imm, Instruction, Negated, Operand, Pair, Reg, Texel, Vector

if TYPE_CHECKING:
    from repoops.ptx.cfg import Block

_NO_RESULT = frozenset(
    [
        "st",
        "red",
        "bra",
        "brx",
        "bar",
        "barrier",
        "ret",
        "exit",
        "trap",
        "membar",
        "fence",
        "prefetch",
        "prefetchu",
        "nanosleep",
        "brkpt",
        "pmevent",
        "discard",
        "applypriority",
        "griddepcontrol",
        "setmaxnreg",
        "stmatrix",
        "cp",
        "stackrestore",
        "clusterlaunchcontrol",
        "wgmma",
        "tcgen05",
        "multimem",
        "suld",
        "sust",
    ]
)


def has_result(i: Instruction) -> bool:
    """Whether the first operand is a destination."""
    if i.opcode in ("bar", "barrier"):
        return "red" in i.modifiers
    if i.opcode == "wmma":
        return "store" not in i.modifiers
    if i.opcode == "mbarrier":
        return i.modifiers[0] not in ("init", "inval", "expect_tx", "complete_tx") and not (
            i.modifiers[0].startswith("arrive") and isinstance(i.operands[0], Address)
        )
    if i.opcode == "call":
        return bool(i.operands) and isinstance(i.operands[0], Group)
    return i.opcode not in _NO_RESULT and bool(i.operands)


def writes(i: Instruction) -> tuple[str, ...]:
    """The registers that are assigned."""
    return tuple(_registers(i.operands[0])) if has_result(i) else ()


def reads(i: Instruction) -> tuple[str, ...]:
    """The registers that are looked at, the guard's included."""
    sources = i.operands[1:] if has_result(i) else i.operands
    found = [name for operand in sources for name in _registers(operand)]
    if i.guard:
        found.append(i.guard.reg)
    return tuple(found)


def literals(blocks: Sequence[Block]) -> dict[str, Imm]:
    """The registers that are assigned once, by an unguarded `mov` of a number: compilers keep an operand's constant so."""
    found: dict[str, Imm] = {}
    seen: set[str] = set()
    for i in (i for block in blocks for i in block.instructions):
        for name in writes(i):
            source = i.operands[1] if i.opcode == "mov" and len(i.operands) > 1 else None
            if name not in seen and isinstance(source, Imm) and i.guard is None:
                found[name] = source
            else:
                found.pop(name, None)
            seen.add(name)
    return found


def _registers(operand: Operand) -> Iterator[str]:
    if isinstance(operand, Reg):
        yield operand.name
    elif isinstance(operand, Negated):
        yield operand.reg.name
    elif isinstance(operand, Address):
        if isinstance(operand.base, Reg):
            yield operand.base.name
    elif isinstance(operand, (Vector, Group)):
        for element in operand.elements:
            if isinstance(element, Reg):
                yield element.name
    elif isinstance(operand, Texel):
        for part in (operand.base, *operand.at):
            yield from _registers(part)
    elif isinstance(operand, Pair):
        for one in (operand.first, operand.second):
            if one is not None:
                yield one.name
