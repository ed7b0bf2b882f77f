"""Random kernels of accesses to shared memory, and which of those accesses race by what the PTX ISA says of barriers.

A kernel is a list of steps; each is one line of its source. Addresses and lanes come from tables, so that
nothing is known about them when the kernel is compiled.
"""

from __future__ import annotations

import random
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

BYTES = 4096
"""Of the shared variable."""
WARP = 32


@dataclass
class Step:
    """One line: what is done, with how many bytes, where, and by which threads.

    Attributes:
        what: read, write, atomic, copy, rows (ldmatrix), commit, wait, syncwarp, barrier.
        size: bytes of each access.
        constants: added to the address, one access for each.
        at: byte of the variable by thread.
        on: whether a thread takes part.
        guarded: by a predicate of the instruction; else by a branch, if some threads do not take part.
        number: of groups that a wait leaves under way.
    """

    what: str
    size: int = 4
    constants: tuple[int, ...] = (0,)
    at: list[int] = field(default_factory=list)
    on: list[bool] = field(default_factory=list)
    guarded: bool = False
    uniform: bool = False
    number: int = 0


@dataclass
class Program:
    """Steps that `threads` threads of one block execute."""

    threads: int
    steps: list[Step]

    def tables(self) -> tuple[np.ndarray, np.ndarray]:
        """Addresses and lanes as the kernel is given them: a row for each step."""
        at = np.zeros((len(self.steps), self.threads), np.int32)
        on = np.ones((len(self.steps), self.threads), np.int32)
        for n, step in enumerate(self.steps):
            if step.at:
                at[n] = step.at
                on[n] = step.on
        return at, on


def program(seed: int, *, length: int = 30) -> Program:
    """A program made at random; the same for the same seed."""
    r = random.Random(seed)  # noqa: S311 - reproducible on purpose
    threads = r.choice((32, 64, 96, 80))
    smallest = r.choice((1, 2, 4, 4))
    calm = r.random() < 0.5
    # Some must race; others would hardly ever come to an end of an epoch without.
    steps = [Step("write", 4, tuple(range(0, 256, 128)), *_lanes(r, threads, 4, "side"))]
    if calm:
        steps.append(Step("barrier"))
    for _ in range(length):
        steps += _some(r, threads, smallest)
        if r.random() < (0.6 if calm else 0.25):
            steps.append(Step("barrier"))
    return Program(threads, steps)


def _some(r: random.Random, threads: int, smallest: int) -> list[Step]:
    what = r.choice(("read", "read", "read", "write", "write", "atomic", "copy", "rows", "syncwarp"))
    if what == "syncwarp" or (what == "rows" and threads % WARP):
        return [Step("syncwarp")] if threads % WARP == 0 else []
    if what == "rows":
        return [
            Step(
                "rows",
                16,
                _constants(r, 16),
                *_lanes(r, threads, 16, r.choice(("stride", "any", "runs")), all_=True),
            )
        ]
    if what == "copy":
        step = Step("copy", r.choice((4, 8, 16)))
        step.at, step.on = _lanes(r, threads, step.size, r.choice(("side", "runs", "any")))
        waits = [Step("wait", number=r.choice((0, 0, 1)))] if r.random() < 0.7 else []
        return [step, Step("commit"), *waits]
    size = r.choice([n for n in (1, 2, 4, 8, 16) if n >= smallest])
    if what == "atomic":
        return [Step("atomic", 4, (0,), *_lanes(r, threads, 4, r.choice(("one", "any"))))]
    pattern = r.choice(("one", "side", "side", "stride", "any", "runs"))
    constants = _constants(r, size) if what == "read" else (0,)
    step = Step(what, size, constants, *_lanes(r, threads, size, pattern))
    step.guarded = r.random() < 0.3
    step.uniform = pattern == "one" and what == "read" and r.random() < 0.7
    return [step]


def _constants(r: random.Random, size: int) -> tuple[int, ...]:
    return tuple(size * n for n in r.sample(range(-4, 40 // size + 4), r.choice((1, 1, 2, 4))))


def _lanes(
    r: random.Random, threads: int, size: int, pattern: str, *, all_: bool = False
) -> tuple[list[int], list[bool]]:
    """Addresses in the middle of the variable, so that constants leave them inside, and who takes part."""
    first, last = 128, 1024
    at = []
    for warp in range(0, threads, WARP):
        base = r.randrange(first, last) // size * size
        gap = size * r.choice((1, 2, 3, 5))
        starts = [r.randrange(first, last) // size * size for _ in range(4)]
        for lane in range(min(WARP, threads - warp)):
            each = max(1, min(WARP, 128 // size))
            at.append({
                "one": base,
                "side": base + size * lane,
                "stride": base + gap * (lane % 16),
                "any": r.randrange(first, last) // size * size,
                "runs": starts[lane // each % 4] + size * (lane % each),
            }[pattern])  # fmt: skip
    if pattern == "one" and r.random() < 0.5:
        at = [at[0]] * threads
    alone = r.random() < 0.3
    some = r.randrange(-(-threads // WARP))
    on = [not alone or t // WARP == some for t in range(threads)]
    if not all_ and r.random() < 0.25:
        on = [x and r.random() < 0.7 for x in on]
    return at, on


# -- as PTX


def ptx(made: Program) -> str:
    """The kernel `go(table of addresses, table of lanes, source of copies)`."""
    lines = [
        ".version 8.0", ".target sm_89", ".address_size 64", '.file 1 "steps.cu"',
        ".visible .entry go(.param .u64 p0, .param .u64 p1, .param .u64 p2)", "{",
        ".reg .pred %p<2000>;", ".reg .b16 %h<9>;", ".reg .b32 %r<9000>;", ".reg .b64 %rd<9000>;", ".reg .b64 %q<9>;",
        f".shared .align 16 .b8 box[{BYTES}];",
        "mov.u32 %r1, %tid.x;", "mov.u32 %r2, box;", "mov.u32 %r3, 7;", "mov.b64 %q1, 9;", "mov.b16 %h1, 1;",
        "ld.param.u64 %rd1, [p0];", "ld.param.u64 %rd2, [p1];", "ld.param.u64 %rd3, [p2];",
        "mul.wide.u32 %rd4, %r1, 4;", "add.s64 %rd5, %rd1, %rd4;", "add.s64 %rd6, %rd2, %rd4;",
    ]  # fmt: skip
    for n, step in enumerate(made.steps):
        lines += _step(made, n, step)
    return "\n".join([*lines, "ret;", "}"]) + "\n"


def _step(made: Program, n: int, step: Step) -> list[str]:
    line, row = f".loc 1 {n + 1} 0", 4 * made.threads * n
    simple = {"barrier": "bar.sync 0;", "syncwarp": "bar.warp.sync -1;", "commit": "cp.async.commit_group;",
              "wait": f"cp.async.wait_group {step.number};"}  # fmt: skip
    if step.what in simple:
        return [line, simple[step.what]]
    a, offset, who, p = f"%r{100 + 4 * n}", f"%r{101 + 4 * n}", f"%r{102 + 4 * n}", f"%p{n + 1}"
    found = [
        f"ld.global.u32 {offset}, [{'%rd1' if step.uniform else '%rd5'}+{row}];",
        f"add.u32 {a}, %r2, {offset};",
        f"ld.global.u32 {who}, [%rd6+{row}];",
        f"setp.ne.u32 {p}, {who}, 0;",
    ]
    if step.guarded:
        return [*found, line, *(f"@{p} {text}" for text in _accesses(step, a))]
    if all(step.on):
        return [*found, line, *_accesses(step, a)]
    return [*found, f"@!{p} bra L{n};", line, *_accesses(step, a), f"L{n}:"]


def _accesses(step: Step, a: str) -> list[str]:
    kind = {1: "b8", 2: "b16", 4: "u32", 8: "b64", 16: "v2.b64"}[step.size]
    value = {1: "%h2", 2: "%h2", 4: "%r4", 8: "%q2", 16: "{%q2, %q3}"}[step.size]
    given = {1: "%h1", 2: "%h1", 4: "%r3", 8: "%q1", 16: "{%q1, %q1}"}[step.size]
    found = []
    for n in step.constants:
        place = f"[{a}+{n}]"
        found.append({
            "read": f"ld.shared.{kind} {value}, {place};",
            "write": f"st.shared.{kind} {place}, {given};",
            "atomic": f"red.shared.add.u32 {place}, 1;",
            "copy": f"cp.async.ca.shared.global {place}, [%rd3], {step.size};",
            "rows": f"ldmatrix.sync.aligned.m8n8.x4.shared.b16 {{%r5, %r6, %r7, %r8}}, {place};",
        }[step.what])  # fmt: skip
    return found


# -- what is right


@dataclass(frozen=True)
class Event:
    """An access of a thread to a byte: a copy's write lies between its step and its wait."""

    step: int
    thread: int
    epoch: int
    sub: int
    kind: str


def races(made: Program) -> tuple[set[frozenset[int]], set[frozenset[int]]]:
    """Pairs of steps of which accesses to one byte are not ordered: those between warps, and all.

    Atomics race with nobody, copies are left out: a landing copy is ordered by its wait, which is another thing.
    """
    events: dict[int, list[Event]] = defaultdict(list)
    for t in range(made.threads):
        epoch = sub = 0
        for n, step in enumerate(made.steps):
            if step.what == "barrier":
                epoch += 1
            elif step.what == "syncwarp":
                sub += 1
            elif step.what in ("read", "write", "rows") and step.on[t]:
                for c in step.constants:
                    for byte in range(step.size):
                        at = (step.at[0] if step.uniform else step.at[t]) + c + byte
                        kind = "write" if step.what == "write" else "read"
                        events[at].append(Event(n, t, epoch, sub, kind))
    apart: set[frozenset[int]] = set()
    every: set[frozenset[int]] = set()
    for found in events.values():
        for i, x in enumerate(found):
            for y in found[:i]:
                if x.thread == y.thread or x.epoch != y.epoch or x.kind == y.kind == "read":
                    continue
                pair = frozenset((x.step, y.step))
                if x.thread // WARP != y.thread // WARP:
                    apart.add(pair)
                    every.add(pair)
                elif x.sub == y.sub:
                    every.add(pair)
    return apart, every


def unwritten(made: Program) -> bool:
    """Whether some thread reads a byte that nobody writes at all, by any means."""
    written, read = set(), set()
    for step in made.steps:
        for t in range(len(step.at)):
            if step.on[t]:
                for c in step.constants:
                    at = (step.at[0] if step.uniform else step.at[t]) + c
                    (read if step.what in ("read", "rows") else written).update(range(at, at + step.size))
    return bool(read - written)
