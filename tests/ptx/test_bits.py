"""What is said to be the same in all lanes is: every instruction's result, computed for all threads of a block."""

from __future__ import annotations

import operator
import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.ptx import bits, cfg, operands
from repoops.ptx.parser import parse
from repoops.ptx.syntax import Imm, Instruction, Reg

HEAD = """.version 8.7
.target sm_89
.address_size 64
.visible .entry k()
{
.reg .b32 %r<99>;
.reg .b64 %d<99>;
.reg .pred %p<99>;
mov.u32 %r0, %tid.x;
"""
WIDTH = {"b32": 32, "u32": 32, "s32": 32, "b64": 64, "u64": 64, "s64": 64}

OPERATIONS = {
    "mov": lambda a, _: a, "cvt": lambda a, _: a, "shl": operator.lshift, "shr": operator.rshift, "and": operator.and_,
    "or": operator.or_, "xor": operator.xor, "add": operator.add, "mul": operator.mul,
    "setp.lt": operator.lt, "setp.le": operator.le, "setp.gt": operator.gt, "setp.ge": operator.ge, "setp.eq": operator.eq,
}  # fmt: skip


def instructions(lines: list[str]) -> tuple[list[cfg.Block], list[Instruction]]:
    function = parse(HEAD + "\n".join(lines) + "\nret;\n}\n").functions["k"]
    blocks = cfg.blocks(function)
    return list(blocks), [i for block in blocks for i in block.body]


def signed(value: int, wide: int) -> int:
    value &= (1 << wide) - 1
    return value - (1 << wide) if value >> wide - 1 else value


def values(made: list[Instruction], tid: int) -> list[int]:
    """Each instruction's result for one thread."""
    state = {"%tid.x": tid}
    found = []
    for i in made:
        given_ = [
            state[o.name] if isinstance(o, Reg) else int(o.value)
            for o in i.operands[1:]
            if isinstance(o, (Reg, Imm))
        ]
        wide = WIDTH[i.type]
        a, c = [*(v & (1 << wide) - 1 for v in given_), 0][:2]
        if i.type.startswith("s") and i.opcode in ("shr", "cvt", "setp"):
            a = signed(a, wide)
        if i.type.startswith("s") and i.opcode == "setp":
            c = signed(c, wide)
        word = f"setp.{i.modifiers[0]}" if i.opcode == "setp" else i.opcode
        result = OPERATIONS[word](a, min(c, wide) if i.opcode in ("shl", "shr") else c)
        target = i.operands[0]
        assert isinstance(target, Reg)
        state[target.name] = result & (1 << (64 if target.name.startswith("%d") else 32)) - 1
        found.append(state[target.name])
    return found


@st.composite
def programs(draw: st.DrawFn) -> list[str]:
    chance = draw(st.randoms(use_true_random=False))
    names = {"r": 1, "d": 0, "p": 0}
    return [line(chance, names) for _ in range(draw(st.integers(1, 14)))]


def line(chance: random.Random, names: dict[str, int]) -> str:
    kind = "d" if names["d"] and chance.random() < 0.3 else "r"
    width = 32 if kind == "r" else 64

    def source() -> str:
        if chance.random() < 0.6:
            return f"%{kind}{chance.randrange(names[kind])}"
        return str(
            chance.choice((0, 1, 2, 5, 6, 31, 32, -32, -64, 127, 1023, 4096, -1, chance.randrange(1 << 12)))
        )

    word = chance.choice(
        ("shl", "shr", "shr", "and", "and", "or", "xor", "add", "add", "mul", "mov", "cvt", "setp")
    )
    first = f"%{kind}{chance.randrange(names[kind])}"
    sign = chance.choice(("u", "s"))
    if word == "cvt":
        kind, other = chance.choice((("r", "r"), ("d", "r"), ("r", "d"))) if names["d"] else ("d", "r")
        first = f"%{other}{chance.randrange(names[other])}"
        head = f"cvt.{chance.choice('us')}{32 if kind == 'r' else 64}.{sign}{32 if other == 'r' else 64}"
        tail = first
    elif word == "setp":
        head, tail = (
            f"setp.{chance.choice(('lt', 'le', 'gt', 'ge', 'eq'))}.{sign}{width}",
            f"{first}, {source()}",
        )
        kind = "p"
    elif word == "mov":
        head, tail = f"mov.b{width}", source()
    elif word in ("shl", "shr"):
        head = f"shl.b{width}" if word == "shl" else f"shr.{sign}{width}"
        tail = f"{first}, {chance.randrange(width + 2)}"
    else:
        head = {"mul": f"mul.lo.{sign}{width}", "add": f"add.{sign}{width}"}.get(word, f"{word}.b{width}")
        tail = f"{first}, {source()}"
    fresh = f"%{kind}{names[kind]}"
    names[kind] += 1
    return f"{head} {fresh}, {tail};"


@settings(max_examples=300)
@given(programs())
def test_what_is_called_the_same_in_all_lanes_is(lines: list[str]) -> None:
    blocks, made = instructions(lines)
    same = bits.uniform(blocks)
    for warp in (0, 1, 2, 5, 31):
        lanes = [values(made, 32 * warp + lane) for lane in range(32)]
        for n, i in enumerate(made):
            if id(i) in same:
                assert len({results[n] for results in lanes}) == 1, lines[n - 1]


@pytest.mark.parametrize(
    "lines",
    [
        ["shr.u32 %r1, %r0, 5;"],
        ["shl.b32 %r1, %r0, 1;", "and.b32 %r2, %r1, -64;"],
        ["and.b32 %r1, %r0, 992;"],
        ["mul.lo.s32 %r1, %r0, 8;", "shr.u32 %r2, %r1, 8;"],
        # A signed division by 32, as compilers write it.
        ["shr.s32 %r1, %r0, 31;", "shr.u32 %r2, %r1, 27;", "add.s32 %r3, %r0, %r2;", "shr.s32 %r4, %r3, 5;"],
        ["cvt.u64.u32 %d0, %r0;", "shr.u64 %d1, %d0, 5;"],
        ["mov.b32 %r1, %r0;", "setp.lt.u32 %p1, %r1, 128;"],
        ["mov.b32 %r1, %r0;", "setp.gt.s32 %p1, %r1, 127;"],
        ["shl.b32 %r1, %r0, 1;", "setp.ge.u32 %p1, %r1, 64;"],
    ],
)
def test_warp_numbers_in_their_disguises(lines: list[str]) -> None:
    blocks, made = instructions(lines)
    assert id(made[-1]) in bits.uniform(blocks)
    assert id(made[0]) not in bits.uniform(blocks)


@pytest.mark.parametrize(
    "lines",
    [
        ["shr.u32 %r1, %r0, 4;"],
        ["and.b32 %r1, %r0, 48;"],
        ["add.s32 %r1, %r0, 1;", "shr.u32 %r2, %r1, 5;"],
        ["mul.lo.s32 %r1, %r0, 3;", "and.b32 %r2, %r1, 2;"],
        # The sign, which may differ, comes down.
        [
            "shl.b32 %r1, %r0, 21;",
            "add.s32 %r2, %r1, 2097152;",
            "shr.s32 %r3, %r2, 11;",
            "and.b32 %r4, %r3, -2097152;",
        ],
        ["mov.u32 %r0, 7;", "shr.u32 %r1, %r0, 5;"],
        ["setp.lt.u32 %p1, %r0, 127;"],
        ["setp.le.u32 %p1, %r0, 128;"],
        ["setp.eq.u32 %p1, %r0, 128;"],
        ["shl.b32 %r1, %r0, 1;", "setp.lt.u32 %p1, %r1, 96;"],
        ["xor.b32 %r1, %r0, -1;", "shr.u32 %r2, %r1, 5;", "add.s32 %r3, %r2, %r0;"],
    ],
)
def test_what_may_differ_is_left_open(lines: list[str]) -> None:
    blocks, made = instructions(lines)
    assert id(made[-1]) not in bits.uniform(blocks)


def test_a_register_that_is_given_one_number_is_that_number() -> None:
    blocks, _ = instructions(
        [
            "mov.u32 %r1, 16;",
            "mov.u32 %r2, 1;",
            "add.s32 %r2, %r2, 1;",
            "@%p0 mov.u32 %r3, 5;",
            "mov.u32 %r4, 7;",
            "mov.u32 %r4, 7;",
        ]
    )
    assert {name: found.value for name, found in operands.literals(blocks).items()} == {"%r1": 16}
