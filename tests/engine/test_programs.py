"""Random programs with divergent control flow: the JIT equals an interpreter that knows nothing of warps."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from repoops import engine
from repoops.kernel.model import Launch
from repoops.ptx.parser import parse
from repoops.ptx.syntax import SIZES
from tests.engine.compare import edges
from tests.reference.floats import is_nan
from tests.reference.interpreter import Thread
from tests.support.programs import NAMES, REGISTERS, SLOTS, STATEMENTS, Statement, text

UNTOUCHED = 0xA5A5A5A5A5A5A5A5
_UNIFORM = {"u0": 6, "u1": 0x123456789ABCDEF, "u2": 0x3FC00000}


def _inputs(threads: int, seed: int) -> np.ndarray[Any, Any]:
    draw = random.Random(seed)  # noqa: S311 - reproducible on purpose
    table = np.zeros((threads, SLOTS), np.uint64)
    for slot, name in enumerate(NAMES):
        kind = REGISTERS[name[1]][0]
        known = edges(kind)
        for t in range(threads):
            value = draw.choice(known) if draw.random() < 0.7 else draw.getrandbits(8 * SIZES[kind])
            table[t, slot] = value & (1 if kind == "pred" else (1 << 8 * SIZES[kind]) - 1)
    return table


def _expected(ptx: str, table: np.ndarray[Any, Any], block: int) -> np.ndarray[Any, Any]:
    function = parse(ptx).functions["k"]
    begin = next(n for n, item in enumerate(function.body or ()) if getattr(item, "name", "") == "$begin")
    function.body = (function.body or [])[begin:]
    want = np.full_like(table, UNTOUCHED)
    for t in range(len(table)):
        special = {"%tid.x": t % block, "%laneid": t % block % 32, "%ctaid.x": t // block, "%ntid.x": block}
        thread = Thread(function, special, _UNIFORM)
        thread.registers.update({name: int(v) for name, v in zip(NAMES, table[t], strict=True)})
        if thread.run("$done"):
            for slot, name in enumerate(NAMES):
                kind = REGISTERS[name[1]][0]
                size = 2 if kind == "pred" else SIZES[kind]
                low = (1 << 8 * size) - 1
                want[t, slot] = (UNTOUCHED & ~low) | thread.registers[name]
    return want


def check(statements: list[Statement], block: int, seed: int, checks: tuple[str, ...] = ()) -> None:
    """Runs a program both ways and compares every register of every thread."""
    ptx = text(statements)
    table = _inputs(2 * block, seed)
    want = _expected(ptx, table, block)
    have = np.full_like(table, UNTOUCHED)
    arguments = (
        table.view(np.int64),
        have.view(np.int64),
        np.uint32(6),
        np.uint64(_UNIFORM["u1"]),
        np.float32(1.5),
    )
    result = engine.run(
        ptx,
        "k",
        Launch((2, 1, 1), (block, 1, 1), arguments),
        checks=checks,
        jobs=1,
        limit=1 << 20,
        optimise=seed % 2 == 0,
    )
    assert not result.findings, result.findings
    for t, slot in np.argwhere(have != want):
        kind = REGISTERS[NAMES[slot][1]][0]
        x, y = (int(v[t, slot]) & (1 << 8 * SIZES[kind]) - 1 for v in (have, want))
        if kind in ("f32", "f64") and want[t, slot] != UNTOUCHED and is_nan(x, kind) and is_nan(y, kind):
            continue
        raise AssertionError(
            f"{NAMES[slot]} of thread {t}: {have[t, slot]:#x}, the interpreter says {want[t, slot]:#x}\n{ptx}"
        )


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(STATEMENTS, st.sampled_from((32, 64, 40)), st.integers(0, 9))
def test_equals_the_interpreter(statements: list[Statement], block: int, seed: int) -> None:
    check(statements, block, seed)


@settings(max_examples=5, suppress_health_check=[HealthCheck.too_slow])
@given(STATEMENTS, st.sampled_from((32, 40)), st.integers(0, 9))
def test_equals_the_interpreter_with_checks_and_counters(
    statements: list[Statement], block: int, seed: int
) -> None:
    check(statements, block, seed, ("memcheck", "racecheck", "initcheck", "synccheck", "counters"))
