"""Which registers an instruction writes, and which it reads.

Source: PTX ISA 9.0, "Instruction Set": each instruction's syntax.
"""

from __future__ import annotations

from collections import Counter
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
        "tcgen05",
        "multimem",
        "suld",
        "sust",
    ]
)


_COUNTS = {
    1: "mbarrier activemask bra",
    2: "mov ld ldu st cvt cvta isspacep neg abs not cnot popc clz brev bfind rcp sqrt rsqrt sin cos lg2 ex2 tanh testp "
       "brx vote elect ldmatrix stmatrix movmatrix wmma red",
    3: "add sub mul mul24 div rem min max and or xor shl shr addc subc setp set copysign szext bmsk atom match redux",
    4: "mad mad24 madc fma sad selp slct prmt shf bfe dp2a dp4a fns shfl mma",
    5: "bfi lop3",
}  # fmt: skip
LEAST = {opcode: count for count, opcodes in _COUNTS.items() for opcode in opcodes.split()}
"""Operands without which an instruction is none: everybody may look at so many of them unasked."""


def has_result(i: Instruction) -> bool:
    """Whether the first operand is a destination."""
    if i.opcode in ("bar", "barrier"):
        return "red" in i.modifiers
    if i.opcode == "wmma":
        return "store" not in i.modifiers
    if i.opcode == "wgmma":
        return "mma_async" in i.modifiers
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
    sources = i.operands[1:] if has_result(i) and i.opcode != "wgmma" else i.operands
    found = [name for operand in sources for name in _registers(operand)]
    if i.guard:
        found.append(i.guard.reg)
    return tuple(found)


def readers(blocks: Sequence[Block]) -> dict[str, list[Instruction]]:
    """For each register the instructions that look at it."""
    found: dict[str, list[Instruction]] = {}
    for block in blocks:
        for i in block.instructions:
            for name in set(reads(i)):
                found.setdefault(name, []).append(i)
    return found


def assigned_once(blocks: Sequence[Block]) -> frozenset[str]:
    """The registers that one instruction alone writes."""
    every = Counter(name for block in blocks for i in block.instructions for name in writes(i))
    return frozenset(name for name, count in every.items() if count == 1)


def literals(blocks: Sequence[Block]) -> dict[str, Imm]:
    """The registers that are assigned once, by an unguarded `mov` of a number: compilers keep an operand's constant so."""
    once = assigned_once(blocks)
    return {
        name: i.operands[1]
        for block in blocks for i in block.instructions if i.opcode == "mov" and i.guard is None
        for name in writes(i) if name in once and isinstance(i.operands[1], Imm)
    }  # fmt: skip


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
