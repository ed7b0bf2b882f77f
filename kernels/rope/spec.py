from __future__ import annotations

from functools import partial

import torch

from kernels.rope import THREADS, oracle, plan, table
from repoops.kernel.work import streaming
from repoops.report.speed import Work
from repoops.suite import gates
from repoops.suite.inputs import draw
from repoops.suite.spec import Case, Gate, KernelSpec, Version, grid

LENGTH = 300


def make(case: Case) -> tuple[torch.Tensor, ...]:
    """x, positions that come in no order, and the table; of a packed case x is the first third of each token's q, k and v."""
    tokens, heads, dim = case["tokens"], case["heads"], case["D"]
    x = draw(case.inputs, (tokens, heads * (3 if case["packed"] else 1), dim), case.dtype, case.seed)
    positions = (torch.arange(tokens, dtype=torch.int32) * 97 + 1) % LENGTH
    return x[:, :heads], positions, table(LENGTH, dim)


def peer(case: Case, x: torch.Tensor, positions: torch.Tensor, turns: torch.Tensor) -> torch.Tensor:
    return oracle.turned(x, turns.to(x.dtype)[positions.long()], interleaved=case["interleaved"])


def work(case: Case) -> Work:
    """Three operations an element, a row of the table and a position a token."""
    width, row = getattr(torch, case.dtype).itemsize, case["heads"] * case["D"]
    return streaming(case["tokens"] * row, 3, width, extra=case["tokens"] * 4 * (case["D"] + 1))


def moved(version: str, case: Case) -> gates.Bytes:
    """Each head reads the whole row of the table, from the cache or from shared memory; each thread that looks it up, the position."""
    tokens, elements = case["tokens"], case["tokens"] * case["heads"] * case["D"]
    numbers = elements * getattr(torch, case.dtype).itemsize
    if version == "half_split_staged":
        row = tokens * case["D"] * 4
        positions = tokens * min(THREADS, case["D"]) * 4
        return gates.Bytes(numbers + row + positions, numbers, elements * 4, row)
    return gates.Bytes(numbers + elements * 4 + tokens * THREADS * 4, numbers)


DTYPES = ("float32", "float16", "bfloat16")
BOTH = (False, True)


def version(name: str, *, interleaved: bool, more: tuple[Gate, ...] = ()) -> Version:
    """16 bytes a lane are 16 sectors a request."""
    return Version(
        name,
        lambda case, inputs, out: plan(name, *inputs, out),
        takes=lambda case: case["interleaved"] is interleaved,
        gates=(
            gates.no_spills,
            gates.no_stack,
            gates.registers(64),
            gates.resident_blocks(8),
            gates.sectors_per_request(16),
            gates.traffic(partial(moved, name)),
            *more,
        ),
    )


SPEC = KernelSpec(
    name="rope",
    make=make,
    empty=lambda case, x, positions, turns: torch.empty(x.shape, dtype=x.dtype),
    oracle=lambda case, x, positions, turns: oracle.rope(
        x, positions, turns, interleaved=case["interleaved"]
    ),
    peer=peer,
    cases=(
        *grid(interleaved=BOTH, tokens=(7,), heads=(3,), D=(64,), packed=(False,), dtype=DTYPES,
              inputs=("normal", "spread", "onehot")),
        # Halves of 40 bytes; pairs of an odd number; one token with more heads than a block has threads.
        *grid(interleaved=BOTH, tokens=(3,), heads=(2,), D=(40, 6), packed=(False,), dtype=DTYPES),
        # More numbers of a head than a block has threads.
        *grid(interleaved=BOTH, tokens=(2,), heads=(3,), D=(256,), packed=(False,), dtype=("bfloat16",)),
        *grid(interleaved=BOTH, tokens=(1,), heads=(17,), D=(128,), packed=(False,), dtype=("float16",)),
        *grid(interleaved=BOTH, tokens=(5,), heads=(4,), D=(96,), packed=(True,), dtype=("bfloat16",)),
    ),
    versions=(
        version("half_split", interleaved=False),
        version("half_split_staged", interleaved=False, more=(gates.shared_memory(1024), gates.requires("BAR"))),
        version("interleaved", interleaved=True),
    ),
    work=work,
    headline=tuple(grid(interleaved=BOTH, tokens=(4096,), heads=(32,), D=(128,), packed=(False,), dtype=("bfloat16",))),
    source="Su et al. 2021, eq. 34",
)  # fmt: skip
