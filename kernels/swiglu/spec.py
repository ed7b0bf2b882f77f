from __future__ import annotations

import torch

from kernels.swiglu import oracle, plan
from repoops.kernel.work import streaming
from repoops.report.speed import Work
from repoops.suite import gates
from repoops.suite.inputs import draw
from repoops.suite.spec import Case, KernelSpec, Version, grid


def make(case: Case) -> tuple[torch.Tensor, ...]:
    """The two halves of one projection where the case is of halves."""
    rows, cols = case["rows"], case["cols"]
    if case["halves"]:
        both = draw(case.inputs, (rows, 2 * cols), case.dtype, case.seed)
        return both[:, :cols], both[:, cols:]
    return tuple(draw(case.inputs, (rows, cols), case.dtype, case.seed + i) for i in range(2))


def work(case: Case) -> Work:
    """Negation, exponential, sum, quotient and product an element, of two that are read."""
    width, elements = getattr(torch, case.dtype).itemsize, case["rows"] * case["cols"]
    return streaming(elements, 5, width, extra=elements * width)


def moved(case: Case) -> gates.Bytes:
    """Nothing is read twice."""
    one = case["rows"] * case["cols"] * getattr(torch, case.dtype).itemsize
    return gates.Bytes(2 * one, one)


DTYPES = ("float32", "float16", "bfloat16")
SPEC = KernelSpec(
    name="swiglu",
    make=make,
    empty=lambda case, a, b: torch.empty(a.shape, dtype=a.dtype),
    oracle=lambda case, a, b: oracle.swiglu(a, b),
    peer=lambda case, a, b: torch.nn.functional.silu(a) * b,
    cases=(
        *grid(
            rows=(3,),
            cols=(127,),
            halves=(False,),
            dtype=DTYPES,
            inputs=("normal", "spread", "constant", "large"),
        ),
        *grid(rows=(1,), cols=(1, 17, 4097), halves=(False,), dtype=DTYPES),
        *grid(rows=(5,), cols=(127, 1000), halves=(True,), dtype=DTYPES),
    ),
    versions=(
        Version(
            "vectorised",
            lambda case, inputs, out: plan(*inputs, out),
            # 16 bytes a lane are 16 sectors a request.
            gates=(
                gates.no_spills,
                gates.no_stack,
                gates.registers(48),
                gates.resident_blocks(5),
                gates.sectors_per_request(16),
                gates.traffic(moved),
            ),
        ),
    ),
    work=work,
    headline=tuple(grid(rows=(4096,), cols=(11008,), halves=(True,), dtype=("float16", "bfloat16"))),
    source="Shazeer 2020, eq. 5",
)
