"""`mbarrier` instructions in sequence against the ISA's words; whole kernels with them are in tests/checks."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.engine.unit import Refused
from tests.engine.warps import run
from tests.reference.barriers import Barrier

_OPERATIONS = ("arrive", "drop", "test", "try", "parity", "pending")


def _sequence(start: int, steps: list[tuple[str, int, int]]) -> tuple[str, list[int]]:
    """The instructions of one thread, and what each gives: a truth value or a count."""
    known = Barrier(start, start)
    lines = [f"mbarrier.init.shared.b64 [obj], {start}"]
    states: list[tuple[int, int]] = []
    expected: list[int] = []
    for name, number, choice in steps:
        result = len(expected)
        if name in ("arrive", "drop"):
            most = min(known.pending, known.expected - (name == "drop"))
            count = min(number, most) if name == "arrive" else min(1, most)
            if count < 1:
                continue
            form = "arrive_drop" if name == "drop" else "arrive"
            operand = f", {count}" if choice % 2 or count > 1 else ""
            lines.append(f"mbarrier.{form}.shared.b64 %st{len(states)}, [obj]{operand}")
            states.append(known.arrive(count, drop=name == "drop"))
        elif name == "parity":
            lines += [
                f"mbarrier.test_wait.parity.shared.b64 %ok, [obj], {choice % 2}",
                f"selp.u32 %d{result}:b32, 1, 0, %ok",
            ]
            expected.append(int(known.parity_completed(choice % 2)))
        elif states:
            # A state older than the last phase is not allowed.
            at = max(n for n in range(len(states)) if n <= choice % len(states) or n == 0)
            if states[at][0] < known.phase - 1:
                continue
            if name == "pending":
                lines.append(f"mbarrier.pending_count.b64 %d{result}:b32, %st{at}")
                expected.append(states[at][1])
            else:
                lines += [
                    f"mbarrier.{name}_wait.shared.b64 %ok, [obj], %st{at}",
                    f"selp.u32 %d{result}:b32, 1, 0, %ok",
                ]
                expected.append(int(known.completed(states[at][0])))
    lines += ["mbarrier.inval.shared.b64 [obj]"]
    body = ";\n@%one ".join(lines)
    text = (
        "{.reg .pred %one, %ok; .reg .b32 %la; .reg .b64 %st<40>; mov.u32 %la, %laneid; setp.eq.u32 %one, %la, 5;\n"
        f"@%one {body};}}"
    )
    return text, expected


@settings(max_examples=25)
@given(
    st.integers(1, 5),
    st.lists(
        st.tuples(st.sampled_from(_OPERATIONS), st.integers(1, 3), st.integers(0, 30)),
        min_size=4,
        max_size=25,
    ),
)
def test_counts_and_phases_are_the_isas(start: int, steps: list[tuple[str, int, int]]) -> None:
    text, expected = _sequence(start, steps)
    have = run(
        text,
        [],
        head=".shared .align 8 .b64 obj;",
        checks=("memcheck", "racecheck", "initcheck", "synccheck"),
    )
    assert [int(a[0, 5]) for a in have] == expected


def test_an_arrival_follows_the_copies_before_it(tmp_path: Path) -> None:
    # Three arrivals follow copies: two that the count knows of (noinc), one that adds itself to it.
    text = """
{.reg .b32 %la, %at; .reg .b64 %from, %st; .reg .pred %lo, %ok;
mov.u32 %la, %laneid; setp.eq.u32 %lo, %la, 0;
@%lo mbarrier.init.shared.b64 [obj], 65; bar.warp.sync -1;
mov.u32 %at, data; mad.lo.u32 %at, %la, 4, %at;
mov.u64 %from, values; mad.wide.u32 %from, %la, 4, %from;
cp.async.ca.shared.global [%at], [%from], 4;
cp.async.mbarrier.arrive.noinc.shared.b64 [obj];
cp.async.mbarrier.arrive.noinc.shared.b64 [obj];
cp.async.mbarrier.arrive.shared.b64 [obj];
bar.warp.sync -1;
mbarrier.test_wait.parity.shared.b64 %ok, [obj], 0; selp.u32 %d0:b32, 1, 0, %ok;
bar.warp.sync -1;
@%lo mbarrier.arrive.shared.b64 %st, [obj];
bar.warp.sync -1;
mbarrier.try_wait.parity.shared.b64 %ok, [obj], 0; selp.u32 %d1:b32, 1, 0, %ok;
xor.b32 %at, %at, 4; ld.shared.b32 %d2:b32, [%at];}"""
    values = ", ".join(str(7 * n) for n in range(32))
    head = f".shared .align 8 .b64 obj;\n.shared .align 256 .b8 data[128];\n.global .align 4 .u32 values[32] = {{{values}}};"
    early, late, data = run(text, [], head=head, keep=tmp_path, checks=("memcheck", "racecheck", "initcheck"))
    assert (early == 0).all()
    assert (late == 1).all()
    assert (data == 7 * (np.arange(32) ^ 1)).all()


@pytest.mark.parametrize(
    ("form", "named"),
    [
        ("mbarrier.arrive.expect_tx.shared.b64 %d0:b64, [obj], 4", ".expect_tx"),
        ("mbarrier.complete_tx.relaxed.cta.shared::cta.b64 [obj], 4", ".complete_tx"),
        ("mbarrier.arrive.release.cluster.shared::cluster.b64 _, [obj]", ".cluster"),
        ("cp.async.bulk.commit_group", "cp.async.bulk.commit_group"),
    ],
)
def test_what_is_of_later_architectures_is_refused_by_name(form: str, named: str) -> None:
    with pytest.raises(Refused, match=re.escape(named)):
        run(form, [], head=".shared .align 8 .b64 obj;")
