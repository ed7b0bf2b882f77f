"""Racecheck on random accesses to shared memory against what the PTX ISA says of barriers, thread by thread and byte by byte."""

from __future__ import annotations

import numpy as np
import pytest

from repoops import engine
from repoops.kernel.model import Launch
from tests.engine.accesses import Program, program, ptx, races

MODELLED = ("read", "write", "rows", "syncwarp", "barrier")


def plain(seed: int) -> Program:
    """A program of what `races` knows all about: no atomics, no copies."""
    made = program(seed, length=2 + seed % 9)
    # Short ones without the writes they begin with are often in order.
    steps = made.steps[seed % 2 :]
    return Program(made.threads, [step for step in steps if step.what in MODELLED])


def lines(made: Program, order: str) -> set[int]:
    """The steps that racecheck names."""
    at, on = made.tables()
    source = np.zeros(64, np.int32)
    launch = Launch((1, 1, 1), (made.threads, 1, 1), (at, on, source))
    result = engine.run(ptx(made), "go", launch, checks=("memcheck", "racecheck"), order=order, jobs=1)
    other = [
        f"{f.check} {f.rule} {f.message} {made.steps[f.line - 1] if f.line else None}"
        for f in result.findings
        if f.check != "racecheck"
    ]
    assert not other, other[:2]
    return {found.line - 1 for found in result.findings if found.line}


@pytest.mark.parametrize("seed", range(60))
def test_what_is_named_races_and_what_races_is_named(seed: int) -> None:
    made = plain(seed)
    between_warps, every = races(made)
    for order in ("forward", "reverse"):
        found = lines(made, order)
        assert found <= {step for pair in every for step in pair}
        assert bool(found) >= bool(between_warps)
