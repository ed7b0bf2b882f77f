from __future__ import annotations

import torch

from kernels.softmax import oracle, plan
from repoops.suite import gates
from repoops.suite.inputs import FAMILIES, draw
from repoops.suite.spec import Case, KernelSpec, Version, grid


def make(case: Case) -> tuple[torch.Tensor, ...]:
    return (draw(case.inputs, (case["rows"], case["cols"]), case.dtype, case.seed),)


SPEC = KernelSpec(
    name="softmax",
    make=make,
    empty=lambda case, x: torch.empty_like(x),
    oracle=lambda case, x: oracle.softmax(x),
    peer=lambda case, x: torch.softmax(x, dim=-1),
    cases=tuple(
        grid(rows=(1, 7), cols=(1, 33, 127, 1024, 4097), dtype=("float32", "float16"), inputs=FAMILIES)
    ),
    versions=(
        Version(
            "online",
            lambda case, inputs, out: plan(*inputs, out),
            # 64 registers are the most with which a block of 1024 threads can be launched at all.
            gates=(gates.no_spills, gates.no_stack, gates.registers(64), gates.resident_blocks(1)),
        ),
    ),
    source="Milakov and Gimelshein 2018, alg. 3",
)
