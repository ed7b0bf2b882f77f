from __future__ import annotations

import torch

from kernels.vector_add import oracle, plan
from repoops.report.speed import Work
from repoops.suite import gates
from repoops.suite.inputs import draw
from repoops.suite.spec import Case, KernelSpec, Version, grid


def make(case: Case) -> tuple[torch.Tensor, ...]:
    return tuple(draw(case.inputs, (case["n"],), case.dtype, case.seed + i) for i in range(2))


def moved(case: Case) -> gates.Bytes:
    return gates.Bytes(2 * 4 * case["n"], 4 * case["n"])


SPEC = KernelSpec(
    name="vector_add",
    make=make,
    empty=lambda case, a, b: torch.empty_like(a),
    oracle=lambda case, a, b: oracle.vector_add(a, b),
    peer=lambda case, a, b: a + b,
    # 1,000,003 is more than the grid has threads, so that the stride is taken, and no multiple of anything.
    cases=tuple(grid(n=(1, 31, 257, 1_000_003), dtype=("float32",), inputs=("normal", "spread"))),
    versions=(
        Version(
            "grid_stride",
            lambda case, inputs, out: plan(*inputs, out),
            gates=(
                gates.no_spills,
                gates.no_stack,
                gates.registers(32),
                gates.resident_blocks(6),
                gates.sectors_per_request(4),
                gates.traffic(moved),
            ),
        ),
    ),
    work=lambda case: Work(case["n"], 3 * case["n"] * 4, "fp32"),
    headline=tuple(grid(n=(2**24,), dtype=("float32",))),
    source="CUDA C++ Best Practices Guide, coalesced access to global memory",
)
