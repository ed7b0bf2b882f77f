"""A PTX function, one thread at a time, on Python integers: as slow and as plain as the ISA's text.

It knows branches, guards, and the instructions that `integers`, `floats` and `conversions` define; nothing of warps.

Source: PTX ISA 9.0, "Instruction Statements", "Control Flow Instructions".
"""

from __future__ import annotations

import struct
from collections.abc import Mapping

from repoops.ptx.syntax import (
    SIZES,
    Address,
    Function,
    Imm,
    Instruction,
    Label,
    Negated,
    Operand,
    Pair,
    Reg,
    Sym,
    Vector,
)
from tests.reference import conversions, floats, integers

_FLOATS = ("f16", "bf16", "f32", "f64", "f16x2", "bf16x2")
_MOST = 100_000
"""Instructions of one thread; a program that takes more is not one of ours."""


class Thread:
    """One thread's registers, and where it is."""

    def __init__(self, function: Function, special: Mapping[str, int], params: Mapping[str, int]) -> None:
        self.function, self.special, self.params = function, special, params
        self.registers = dict.fromkeys(function.registers, 0)
        self.carry = 0
        self.body = function.body or []
        self.labels = {item.name: n for n, item in enumerate(self.body) if isinstance(item, Label)}

    def run(self, stop: str) -> bool:
        """Executes up to a label; False if the thread ended before."""
        at = 0
        for _ in range(_MOST):
            if at == self.labels[stop]:
                return True
            item = self.body[at]
            at += 1
            if isinstance(item, Label) or (
                item.guard is not None and bool(self.registers[item.guard.reg]) == item.guard.negated
            ):
                continue
            if item.opcode in ("ret", "exit"):
                return False
            if item.opcode == "bra":
                at = self._target(item.operands[0])
            elif item.opcode == "brx":
                table = item.operands[1]
                assert isinstance(table, Sym)
                names = self.function.tables[table.name]
                at = self.labels[names[self.value(item.operands[0], "u32")]]
            else:
                self.step(item)
        raise AssertionError("the program does not end")

    def _target(self, operand: Operand) -> int:
        assert isinstance(operand, Sym)
        return self.labels[operand.name]

    def value(self, operand: Operand, kind: str) -> object:
        """An operand's bits; a literal's as a type of this kind has them."""
        if isinstance(operand, Reg):
            return (
                self.registers[operand.name] if operand.name in self.registers else self.special[operand.name]
            )
        if isinstance(operand, Negated):
            return 1 - self.registers[operand.reg.name]
        if isinstance(operand, Vector):
            return tuple(self.value(e, kind) for e in operand.elements)
        assert isinstance(operand, Imm)
        if isinstance(operand.value, float):
            return int.from_bytes(struct.pack("<d" if kind == "f64" else "<f", operand.value), "little")
        return operand.value & ((1 << 8 * SIZES.get(kind, 8)) - 1 if kind != "pred" else 1)

    def step(self, i: Instruction) -> None:
        """One instruction that goes on to the next."""
        target = i.operands[0]
        for place, result in zip(_places(target), self._results(i), strict=False):
            if place is not None:
                bits = (
                    1
                    if self.function.registers[place.name] == "pred"
                    else 8 * SIZES[self.function.registers[place.name]]
                )
                self.registers[place.name] = result & (1 << bits) - 1

    def _results(self, i: Instruction) -> tuple[int, ...]:
        if i.opcode == "ld":
            source = i.operands[1]
            assert isinstance(source, Address)
            assert isinstance(source.base, Sym)
            return (self.params[source.base.name],)
        kinds = [w for w in i.modifiers if w in SIZES]
        values = [self.value(o, kinds[-1]) for o in i.operands[1:]]
        if i.opcode == "mov":
            return (values[0],)  # type: ignore[return-value]
        if i.opcode == "cvt":
            (target,) = _places(i.operands[0])
            assert target is not None
            return (
                conversions.convert(i.modifiers, 8 * SIZES[self.function.registers[target.name]], *values),
            )  # type: ignore[arg-type]
        if i.opcode in ("addc", "subc", "madc") or "cc" in i.modifiers:
            return (self._with_carry(i, *values),)  # type: ignore[arg-type]
        table = floats.REFERENCE if i.type in _FLOATS and i.opcode in floats.REFERENCE else integers.REFERENCE
        return table[i.opcode](i.modifiers, i.type, *values)

    def _with_carry(self, i: Instruction, *values: int) -> int:
        """Sums with a carry, differences with a borrow."""
        bits = 8 * SIZES[i.type]
        mask = (1 << bits) - 1
        came = self.carry if i.opcode in ("addc", "subc", "madc") else 0
        if i.opcode in ("mad", "madc"):
            first, second = integers.mul(i.modifiers, i.type, *values[:2])[0], values[2]
        else:
            first, second = values
        total = (
            (first & mask) - (second & mask) - came
            if i.opcode[:3] == "sub"
            else (first & mask) + (second & mask) + came
        )
        if "cc" in i.modifiers:
            self.carry = total >> bits & 1
        return total & mask


def _places(target: Operand) -> tuple[Reg | None, ...]:
    if isinstance(target, Pair):
        return target.first, target.second
    assert isinstance(target, Reg)
    return (target,)
