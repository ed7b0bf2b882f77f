from __future__ import annotations

import torch

from kernels.rmsnorm import oracle, plan
from repoops.suite import gates
from repoops.suite.inputs import FAMILIES, draw
from repoops.suite.spec import Case, KernelSpec, Version, grid

EPS = 1e-6


def make(case: Case) -> tuple[torch.Tensor, ...]:
    x = draw(case.inputs, (case["rows"], case["cols"]), case.dtype, case.seed)
    return x, draw("normal", (case["cols"],), case.dtype, case.seed + 1)


SPEC = KernelSpec(
    name="rmsnorm",
    make=make,
    empty=lambda case, x, weight: torch.empty_like(x),
    oracle=lambda case, x, weight: oracle.rmsnorm(x, weight, EPS),
    peer=lambda case, x, weight: torch.nn.functional.rms_norm(x, (x.shape[-1],), weight, EPS),
    cases=tuple(
        grid(rows=(1, 9), cols=(1, 127, 4096), dtype=("float32", "float16", "bfloat16"), inputs=FAMILIES)
    ),
    versions=(
        Version(
            "warp_per_row",
            lambda case, inputs, out: plan(*inputs, out, EPS),
            gates=(gates.no_spills, gates.no_stack, gates.registers(48), gates.resident_blocks(5)),
        ),
    ),
    source="Zhang and Sennrich 2019, eq. 4",
)
