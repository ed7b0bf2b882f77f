from __future__ import annotations

import torch

from kernels.rmsnorm import oracle, plan
from repoops.kernel.work import streaming
from repoops.report.speed import Work
from repoops.suite import gates
from repoops.suite.inputs import FAMILIES, draw
from repoops.suite.spec import Case, KernelSpec, Version, grid

EPS = 1e-6


def make(case: Case) -> tuple[torch.Tensor, ...]:
    rows, cols = case["rows"], case["cols"]
    x = draw(case.inputs, (rows, cols + (5 if case["pitched"] else 0)), case.dtype, case.seed)[:, :cols]
    return x, draw("normal", (cols,), case.dtype, case.seed + 1)


def work(case: Case) -> Work:
    """Square, sum, and two products an element; the weights are read once."""
    width = getattr(torch, case.dtype).itemsize
    return streaming(case["rows"] * case["cols"], 4, width, extra=case["cols"] * width)


SPEC = KernelSpec(
    name="rmsnorm",
    make=make,
    empty=lambda case, x, weight: torch.empty_strided(x.shape, x.stride(), dtype=x.dtype),
    oracle=lambda case, x, weight: oracle.rmsnorm(x, weight, EPS),
    peer=lambda case, x, weight: torch.nn.functional.rms_norm(x, (x.shape[-1],), weight, EPS),
    cases=(
        *grid(
            rows=(1, 9),
            cols=(1, 127, 4096),
            pitched=(False,),
            dtype=("float32", "float16", "bfloat16"),
            inputs=FAMILIES,
        ),
        *grid(rows=(11,), cols=(63, 1000), pitched=(True,), dtype=("float32", "float16"), inputs=("normal",)),
        *grid(
            rows=(2,), cols=(40,), pitched=(False,), dtype=("float16",), inputs=("zeros",)
        ),  # eps alone divides
        # What one lane sums overflows fp16, and takes bf16 beyond the numbers that it can count.
        *grid(rows=(3,), cols=(4096,), pitched=(False,), dtype=("float16", "bfloat16"), inputs=("large",)),
    ),
    versions=(
        Version(
            "warp_per_row",
            lambda case, inputs, out: plan(*inputs, out, EPS),
            # Rows of odd length begin anywhere: 32 floats side by side may touch a fifth sector.
            gates=(
                gates.no_spills,
                gates.no_stack,
                gates.registers(48),
                gates.resident_blocks(5),
                gates.sectors_per_request(5),
            ),
        ),
    ),
    work=work,
    headline=tuple(grid(rows=(4096,), cols=(4096,), pitched=(False,), dtype=("float16", "bfloat16"))),
    source="Zhang and Sennrich 2019, eq. 4",
)
