"""`bar.warp.sync` in lanes that have parted: random nests of branches and loops equal 32 threads that wait for each other."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repoops import engine
from repoops.kernel.model import Launch
from repoops.ptx import cfg, shape
from repoops.ptx.parser import parse

HEAD = """.version 8.0
.target sm_80
.address_size 64
.visible .entry k(.param .u64 y)
{
.reg .pred %p<2>; .reg .b32 %r<12>; .reg .b64 %rd<4>;
.shared .align 4 .b8 cell[256];
mov.u32 %r1, %laneid;
mov.b32 %r2, %r1;
mov.b32 %r3, 0;
mov.u64 %rd1, cell;
cvt.u32.u64 %r4, %rd1;
"""
TAIL = """ld.param.u64 %rd2, [y];
mul.wide.u32 %rd3, %r1, 4;
add.u64 %rd2, %rd2, %rd3;
st.global.u32 [%rd2], %r2;
ret;
}
"""
EXCHANGE = """and.b32 %r5, %r3, 1;
shl.b32 %r5, %r5, 7;
add.u32 %r5, %r5, %r4;
shl.b32 %r6, %r1, 2;
add.u32 %r6, %r6, %r5;
st.shared.u32 [%r6], %r2;
bar.warp.sync 0xffffffff;
xor.b32 %r7, %r1, 21;
shl.b32 %r7, %r7, 2;
add.u32 %r7, %r7, %r5;
ld.shared.u32 %r8, [%r7];
mad.lo.u32 %r2, %r2, 3, %r8;
add.u32 %r3, %r3, 1;
"""


@dataclass(frozen=True)
class Step:
    """Work that a lane does by itself."""

    add: int


@dataclass(frozen=True)
class Exchange:
    """Each lane hands its value to another, with one barrier of the whole warp."""


@dataclass(frozen=True)
class Branch:
    """Two arms with as many barriers each, for the lanes under a mask and the others."""

    lanes: int
    yes: tuple[Statement, ...]
    no: tuple[Statement, ...]


@dataclass(frozen=True)
class Uneven:
    """A loop without barriers, of which lanes take different numbers of turns."""

    most: int


Statement = Step | Exchange | Branch | Uneven
_FREE = st.builds(Step, st.integers(1, 99)) | st.builds(Uneven, st.integers(1, 7))


@st.composite
def bodies(draw: st.DrawFn, meetings: int, depth: int) -> tuple[Statement, ...]:
    """Statements with so many barriers on every way through."""
    found: list[Statement] = draw(st.lists(_FREE, max_size=1))
    while meetings:
        some = draw(st.integers(1, meetings))
        meetings -= some
        if depth and draw(st.booleans()):
            arms = (draw(bodies(some, depth - 1)) for _ in range(2))
            found.append(Branch(draw(st.integers(0, 2**32 - 1)), *arms))
        else:
            found += [Exchange()] * some
        found += draw(st.lists(_FREE, max_size=1))
    return tuple(found)


def text(body: tuple[Statement, ...], labels: list[int]) -> str:
    """A body as PTX."""
    lines = []
    for s in body:
        labels[0] += 1
        n = labels[0]
        if isinstance(s, Step):
            lines.append(f"mad.lo.u32 %r2, %r2, {s.add}, %r3;\n")
        elif isinstance(s, Exchange):
            lines.append(EXCHANGE)
        elif isinstance(s, Branch):
            lines.append(
                f"shr.u32 %r9, {s.lanes}, %r1;\nand.b32 %r9, %r9, 1;\nsetp.eq.u32 %p0, %r9, 0;\n@%p0 bra E{n};\n"
                f"{text(s.yes, labels)}bra F{n};\nE{n}:\n{text(s.no, labels)}F{n}:\n"
            )
        else:
            lines.append(
                f"rem.u32 %r10, %r2, {s.most};\nL{n}:\nadd.u32 %r2, %r2, %r10;\nsub.s32 %r10, %r10, 1;\n"
                f"setp.gt.s32 %p1, %r10, 0;\n@%p1 bra L{n};\n"
            )
    return "".join(lines)


def lane(
    number: int, body: tuple[Statement, ...], state: list[int], cells: list[list[int]]
) -> Generator[None]:
    """One thread; it yields where it waits for the others."""
    for s in body:
        if isinstance(s, Step):
            state[0] = state[0] * s.add + state[1] & 0xFFFFFFFF
        elif isinstance(s, Exchange):
            half = cells[state[1] & 1]
            half[number] = state[0]
            yield
            state[0] = state[0] * 3 + half[number ^ 21] & 0xFFFFFFFF
            state[1] += 1
        elif isinstance(s, Branch):
            yield from lane(number, s.yes if s.lanes >> number & 1 else s.no, state, cells)
        else:
            left = state[0] % s.most
            while True:
                state[0] = state[0] + left & 0xFFFFFFFF
                left -= 1
                if left <= 0:
                    break


def expected(body: tuple[Statement, ...]) -> list[int]:
    """What each lane ends with."""
    cells = [[0] * 32, [0] * 32]
    states = [[number, 0] for number in range(32)]
    lanes = [lane(number, body, states[number], cells) for number in range(32)]
    while {next(one, ...) for one in lanes} == {None}:  # all of them go on
        pass
    return [value for value, _ in states]


@settings(max_examples=10, suppress_health_check=[HealthCheck.too_slow])
@given(st.integers(1, 4).flatmap(lambda n: bodies(n, 2)), st.booleans())
def test_lanes_wait_for_each_other_in_different_arms(body: tuple[Statement, ...], watched: bool) -> None:
    y = np.zeros(32, np.uint32)
    checks = ("memcheck", "racecheck", "initcheck", "synccheck") if watched else ()
    ptx = HEAD + text(body, [0]) + TAIL
    result = engine.run(ptx, "k", Launch((1, 1, 1), (32, 1, 1), (y,)), checks=checks, jobs=1, limit=1 << 16)
    assert not result.findings, ptx
    assert y.tolist() == expected(body), ptx


@pytest.mark.parametrize(
    ("body", "parked"),
    [((Exchange(),), 0), ((Branch(0xFFFF, (Exchange(),), (Exchange(),)),), 2)],
)
def test_only_where_lanes_may_be_elsewhere_do_they_wait(body: tuple[Statement, ...], parked: int) -> None:
    blocks = cfg.blocks(parse(HEAD + text(body, [0]) + TAIL).functions["k"], meetings=True)
    assert len(shape.shapes(blocks).meetings) == parked
