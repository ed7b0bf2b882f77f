"""Cases and their names, and gates."""

from __future__ import annotations

from dataclasses import replace

import pytest

from repoops.kernel.model import Launch
from repoops.report.verification import Resources
from repoops.suite import gates
from repoops.suite.spec import Case, grid
from tests.suite.ops import specification

LAUNCH = Launch((1, 1, 1), (128, 1, 1), (), 4096)
CLEAN = Resources("sm_89", 64, 0, 0, 0, 1024, 0)


def test_a_case_is_named_by_what_it_is() -> None:
    named = [
        c.id
        for c in grid(
            B=(1,), S=(1, 512), causal=(False, True), dtype=("float16",), inputs=("normal", "spread")
        )
    ]
    assert named == [
        "B1-S1-fp16", "B1-S1-fp16-spread", "B1-S1-causal-fp16", "B1-S1-causal-fp16-spread",
        "B1-S512-fp16", "B1-S512-fp16-spread", "B1-S512-causal-fp16", "B1-S512-causal-fp16-spread",
    ]  # fmt: skip
    assert Case((("n", 3),), "float8_e4m3fn", seed=7).id == "n3-float8_e4m3fn-seed7"
    assert Case((("n", 3),), "float32")["n"] == 3


def test_cases_and_versions_need_names_of_their_own() -> None:
    spec = specification()
    with pytest.raises(ValueError, match=r"attention: cases need names of their own: H2-S1-fp16$"):
        replace(spec, cases=(*spec.cases, spec.cases[0]))
    with pytest.raises(ValueError, match="versions need names of their own: naive"):
        replace(spec, versions=spec.versions * 2)
    with pytest.raises(ValueError, match="versions need names of their own: there are none"):
        replace(spec, versions=())


@pytest.mark.parametrize(
    ("gate", "good", "bad", "said"),
    [
        (gates.no_spills, CLEAN, replace(CLEAN, spill_stores=8), "spills 8 bytes of stores and 0 of loads"),
        (gates.no_spills, CLEAN, replace(CLEAN, spill_loads=4), "spills 0 bytes of stores and 4 of loads"),
        (gates.no_stack, CLEAN, replace(CLEAN, stack=8576), "has a stack frame of 8576 bytes"),
        (gates.registers(64), CLEAN, replace(CLEAN, registers=65), "uses 65 registers, at most 64"),
        (gates.shared_memory(5120), CLEAN, replace(CLEAN, shared_static=1025), "uses 5121 bytes of shared memory a block, at most 5120"),
        (gates.resident_blocks(8), CLEAN, replace(CLEAN, registers=72),
         "7 blocks fit on a multiprocessor (limited by registers), at least 8"),
    ],
)  # fmt: skip
def test_a_gate_says_what_is_over_it_and_nothing_else(
    gate: object, good: Resources, bad: Resources, said: str
) -> None:
    assert gate(good, LAUNCH) is None  # type: ignore[operator]
    assert gate(bad, LAUNCH) == said  # type: ignore[operator]
