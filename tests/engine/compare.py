"""Compares cases with the reference, over operands that are combined from each type's edge values and drawn ones."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import numpy as np

from repoops.ptx.syntax import SIZES, Imm, Instruction, Negated, Operand, Reg, Vector
from tests.engine.single import Compiled, compiled, parsed, registers

Reference = Callable[..., tuple[int, ...]]
_INTEGERS = (0, 1, 2, 3, 7, 8, 31, 32, 33, 63, 64, 65, 127, 128, 255, 256)


def edges(kind: str) -> list[int]:
    """The edge values of a type, as unsigned integers."""
    if kind == "pred":
        return [0, 1]
    bits = 8 * SIZES[kind]
    top = 1 << bits - 1
    if kind in ("f16", "bf16", "f32", "f64"):
        mantissa = {"f16": 10, "bf16": 7, "f32": 23, "f64": 52}[kind]
        exponents, one = top - (1 << mantissa), ((1 << bits - 2 - mantissa) - 1) << mantissa
        largest = exponents - 1
        found = [0, 1, 2, (1 << mantissa) - 1, 1 << mantissa, (1 << mantissa) + 1, one - 1, one, one + 1,
                 one + (1 << mantissa - 1), one + (3 << mantissa - 1), largest, largest - 1, exponents,
                 exponents | 1 << mantissa - 1, exponents | 1]  # fmt: skip
        return [*found, *(v | top for v in found)]
    found = [
        *_INTEGERS,
        top - 1,
        top,
        top + 1,
        2 * top - 1,
        2 * top - 2,
        2 * top - 32,
        0x8000,
        0x7FFF,
        0xFFFF,
    ]
    if bits >= 32:
        found += [0x80008000, 0x7FFF7FFF, 0x89ABCDEF, 0x12345678]
    return sorted({v for v in found if v < 2 * top})


def operands(
    case: str, *, kinds: dict[str, str] | None = None, size: int = 4096, seed: int = 7
) -> list[list[int]]:
    """Operand columns: combinations of edge values first, then random bits, among them small numbers."""
    kinds = kinds or {}
    draw = random.Random(f"{case} {seed}")  # noqa: S311 - reproducible on purpose
    found = []
    names = [n for n in registers(case) if n[1] == "s"]
    for name in names:
        kind = kinds.get(name, registers(case)[name])
        bits = 1 if kind == "pred" else 8 * SIZES[kind]
        known = edges(kind)
        column = []
        for n in range(size):
            way = draw.random()
            if way < 0.6 or n < size // 3:
                column.append(draw.choice(known))
            elif way < 0.8 and bits > 8:
                column.append(draw.getrandbits(draw.randint(1, bits)))
            else:
                column.append(draw.getrandbits(bits))
        found.append(column)
    return found


def _value(operand: Operand, row: dict[str, int]) -> object:
    if isinstance(operand, Reg):
        return row[operand.name]
    if isinstance(operand, Negated):
        return 1 - row[operand.reg.name]
    if isinstance(operand, Imm):
        return operand.value
    if isinstance(operand, Vector):
        return tuple(_value(e, row) for e in operand.elements)
    raise TypeError(operand)


def expected(
    i: Instruction, rows: Sequence[dict[str, int]], reference: dict[str, Reference]
) -> list[tuple[int, ...]]:
    kind = i.type or next(w for w in reversed(i.modifiers) if w.endswith("x2"))
    function = reference[i.opcode]
    return [function(i.modifiers, kind, *(_value(o, row) for o in i.operands[1:])) for row in rows]


def check(
    case: str,
    cases: tuple[str, ...],
    reference: dict[str, Reference],
    columns: Sequence[Sequence[int]],
    same: Callable[[np.ndarray, np.ndarray], np.ndarray] = np.equal,
) -> None:
    """Asserts that lanes and uniform form both give what the reference says."""
    _, _, (instruction,) = parsed(case)
    names = [n for n in registers(case) if n[1] == "s"]
    rows = [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]
    wanted = list(zip(*expected(instruction, rows, reference), strict=True))
    arrays = [np.array(c, dtype=np.uint64) for c in columns]
    for form, function in zip(("lanes", "uniform"), compiled(cases), strict=True):
        given = function(case, *arrays)
        for n, have in enumerate(given):
            want = np.array(wanted[n], dtype=np.uint64).astype(have.dtype)
            wrong = np.flatnonzero(~same(have, want))
            assert not wrong.size, _difference(
                case, form, rows[wrong[0]], have[wrong[0]], want[wrong[0]], wrong.size
            )


def _difference(case: str, form: str, row: dict[str, int], have: int, want: int, count: int) -> str:
    operands = ", ".join(f"{name} = {value:#x}" for name, value in row.items())
    return f"{case} ({form}): {operands}: {int(have):#x}, the reference says {int(want):#x}; {count} differ"


__all__ = ["Compiled", "check", "edges", "expected", "operands"]
