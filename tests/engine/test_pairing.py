"""Which products are done together: never two of which one needs the other, and nothing else moves."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from repoops.engine.lower.pairing import WINDOW, grouped
from repoops.ptx.operands import reads, writes
from repoops.ptx.parser import parse
from repoops.ptx.syntax import Instruction

MMA = "mma.sync.aligned.m16n8k16.row.col.f32.{0}.{0}.f32 {{{1}}}, {{{2}}}, {{{3}}}, {{{4}}};"
HEAD = """.version 8.7
.target sm_89
.address_size 64
.visible .entry k()
{
.reg .b32 %r<40>;
.reg .f32 %f<40>;
.reg .pred %p<2>;
"""


def body(lines: list[str]) -> list[Instruction]:
    kernel = parse(HEAD + "\n".join(lines) + "\nret;\n}\n").functions["k"]
    assert kernel.body is not None
    return [i for i in kernel.body if isinstance(i, Instruction)][:-1]


def names(kind: str, first: int, count: int) -> str:
    return ", ".join(f"%{kind}{n}" for n in range(first, first + count))


def mma(a: int, b: int, sums: int, kind: str = "f16", into: int | None = None) -> str:
    made = names("f", sums if into is None else into, 4)
    return MMA.format(kind, made, names("r", a, 4), names("r", b, 2), names("f", sums, 4))


@st.composite
def programs(draw: st.DrawFn) -> list[str]:
    chance = draw(st.randoms(use_true_random=False))
    return [line(chance) for _ in range(draw(st.integers(1, 24)))]


def line(chance: random.Random) -> str:
    pick = chance.randrange(6)
    if pick < 4:
        into = 4 * chance.randrange(8)
        sums = into if chance.random() < 0.7 else 4 * chance.randrange(8)
        kind = "bf16" if chance.random() < 0.1 else "f16"
        guard = "@%p1 " if chance.random() < 0.2 else ""
        return guard + mma(4 * chance.randrange(2), 8 + 2 * chance.randrange(4), sums, kind, into)
    if pick == 4:
        return f"mov.b32 %r{chance.randrange(16)}, {chance.randrange(9)};"
    return f"add.f32 %f{chance.randrange(32)}, %f{chance.randrange(32)}, %f{chance.randrange(32)};"


def meaning(order: list[Instruction]) -> dict[str, object]:
    """What each register holds at the end: an expression over the beginning."""
    state: dict[str, object] = {}
    for i in order:
        values = tuple(state.get(name, name) for name in reads(i))
        kept = tuple(state.get(name, name) for name in writes(i)) if i.guard else ()
        for n, name in enumerate(writes(i)):
            state[name] = hash((i.name, str(i.operands[1:]) if i.opcode == "mov" else "", values, kept, n))
    return state


@given(programs())
def test_every_register_ends_as_in_the_written_order(lines: list[str]) -> None:
    given_ = body(lines)
    done = grouped(given_)
    assert sorted(id(i) for group in done for i in group) == sorted(map(id, given_))
    assert meaning([i for group in done for i in group]) == meaning(given_)
    for group in done:
        assert len(group) in (1, 2)
        if len(group) == 2:
            first, second = group
            assert first.operands[1] == second.operands[1]
            assert (first.guard, second.guard) == (None, None)
            assert not set(writes(first)) & set(reads(second))


def test_two_products_of_one_a_are_one_group() -> None:
    one, between, two = body([mma(0, 8, 0), "mov.b32 %r12, 7;", mma(0, 10, 4)])
    assert grouped([one, between, two]) == [(between,), (one, two)]


def test_a_product_that_adds_to_the_other_stays_alone() -> None:
    one, two = body([mma(0, 8, 0), mma(0, 10, 0)])
    assert grouped([one, two]) == [(one,), (two,)]


def test_an_a_that_changes_in_between_is_another_a() -> None:
    lines = [mma(0, 8, 0), "mov.b32 %r0, 7;", mma(0, 10, 4)]
    assert all(len(group) == 1 for group in grouped(body(lines)))


def test_a_product_is_not_delayed_for_long() -> None:
    lines = [mma(0, 8, 0), *["mov.b32 %r12, 7;"] * WINDOW, mma(0, 10, 4)]
    assert all(len(group) == 1 for group in grouped(body(lines)))
    assert any(len(group) == 2 for group in grouped(body(lines[:-2] + lines[-1:])))
