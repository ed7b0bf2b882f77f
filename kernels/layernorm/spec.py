from __future__ import annotations

import torch

from kernels.layernorm import oracle, plan
from repoops.kernel.work import streaming
from repoops.report.speed import Work
from repoops.suite import gates
from repoops.suite.inputs import FAMILIES, draw
from repoops.suite.spec import Case, KernelSpec, Version, grid

EPS = 1e-5


def make(case: Case) -> tuple[torch.Tensor, ...]:
    rows, cols = case["rows"], case["cols"]
    x = draw(case.inputs, (rows, cols + (5 if case["pitched"] else 0)), case.dtype, case.seed)[:, :cols]
    # Far from zero, mean(x^2) - mean(x)^2 has no digits left.
    x = x + 500 if case["far"] else x
    return x, *(draw("normal", (cols,), case.dtype, case.seed + i) for i in (1, 2))


def work(case: Case) -> Work:
    """Difference, square and two sums, then difference, scale and an fma an element; weight and bias are read once."""
    width = getattr(torch, case.dtype).itemsize
    return streaming(case["rows"] * case["cols"], 8, width, extra=2 * case["cols"] * width)


def moved(case: Case) -> gates.Bytes:
    """A row twice, once for its moments and once for the result; weight and bias for each row."""
    one = case["rows"] * case["cols"] * getattr(torch, case.dtype).itemsize
    return gates.Bytes(4 * one, one)


DTYPES = ("float32", "float16", "bfloat16")
SPEC = KernelSpec(
    name="layernorm",
    make=make,
    empty=lambda case, x, weight, bias: torch.empty_strided(x.shape, x.stride(), dtype=x.dtype),
    oracle=lambda case, x, weight, bias: oracle.layernorm(x, weight, bias, EPS),
    peer=lambda case, x, weight, bias: torch.nn.functional.layer_norm(x, x.shape[1:], weight, bias, EPS),
    cases=(
        *grid(rows=(2,), cols=(1024,), pitched=(False,), far=(True,), dtype=("float32",)),
        *grid(rows=(9,), cols=(127,), pitched=(False,), far=(False,), dtype=DTYPES, inputs=FAMILIES),
        *grid(rows=(1,), cols=(17, 1000, 4097), pitched=(False,), far=(False,), dtype=DTYPES),
        *grid(rows=(3,), cols=(1,), pitched=(False,), far=(False,), dtype=("float16",)),
        *grid(rows=(11,), cols=(1003,), pitched=(True,), far=(False,), dtype=DTYPES),
    ),
    versions=(
        Version(
            "warp_per_row",
            lambda case, inputs, out: plan(*inputs, out, EPS),
            # 16 bytes a lane are 16 sectors a request.
            gates=(
                gates.no_spills,
                gates.no_stack,
                gates.registers(56),
                gates.resident_blocks(4),
                gates.sectors_per_request(16),
                gates.traffic(moved),
            ),
        ),
    ),
    work=work,
    headline=tuple(
        grid(rows=(4096,), cols=(4096,), pitched=(False,), far=(False,), dtype=("float16", "bfloat16"))
    ),
    source="Ba, Kiros and Hinton 2016, eq. 4; Chan, Golub and LeVeque 1979, eq. 2.1",
)
