from __future__ import annotations

import torch

from kernels.rmsnorm import oracle, plan, plan_with_residual
from repoops.kernel.work import streaming
from repoops.report.speed import Work
from repoops.suite import gates
from repoops.suite.inputs import FAMILIES, draw
from repoops.suite.spec import Case, KernelSpec, Version, grid

EPS = 1e-6


def make(case: Case) -> tuple[torch.Tensor, ...]:
    """The numbers and the weight, and between them the residual where the case has one."""
    rows, cols = case["rows"], case["cols"]
    pitch = cols + (5 if case["pitched"] else 0)
    wide = [
        draw(case.inputs, (rows, pitch), case.dtype, case.seed + 2 * i)[:, :cols]
        for i in range(1 + with_residual(case))
    ]
    return *wide, draw("normal", (cols,), case.dtype, case.seed + 1)


def with_residual(case: Case) -> bool:
    return bool(dict(case.params).get("residual"))


def empty(case: Case, x: torch.Tensor) -> torch.Tensor:
    """As x; of a case with a residual two of them, one behind the other."""
    if not with_residual(case):
        return torch.empty_strided(x.shape, x.stride(), dtype=x.dtype)
    return torch.empty((2, case["rows"], x.stride(0)), dtype=x.dtype)[:, :, : case["cols"]]


def truth(case: Case, *inputs: torch.Tensor) -> torch.Tensor:
    return (oracle.add_and_norm if with_residual(case) else oracle.rmsnorm)(*inputs, EPS)


def peer(x: torch.Tensor, *others: torch.Tensor) -> torch.Tensor:
    *residual, weight = others
    total = x + residual[0] if residual else x
    y = torch.nn.functional.rms_norm(total, (total.shape[-1],), weight, EPS)
    return torch.stack((total, y)) if residual else y


def work(case: Case) -> Work:
    """Square, sum, and two products an element, with a residual one sum more; the weights are read once."""
    width, elements = getattr(torch, case.dtype).itemsize, case["rows"] * case["cols"]
    residual = with_residual(case)  # read once more, and its sum written
    extra = (case["cols"] + 2 * elements * residual) * width
    return streaming(elements, 4 + residual, width, extra=extra)


def moved(case: Case) -> gates.Bytes:
    """A row twice, once for its squares and once for the result, and the weight for each row.

    With a residual the first pass reads that, too, and writes the sum, which is what the second one reads.
    """
    one = case["rows"] * case["cols"] * getattr(torch, case.dtype).itemsize
    return gates.Bytes(4 * one, 2 * one) if with_residual(case) else gates.Bytes(3 * one, one)


SPEC = KernelSpec(
    name="rmsnorm",
    make=make,
    empty=lambda case, x, *others: empty(case, x),
    oracle=truth,
    peer=lambda case, *inputs: peer(*inputs),
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
        *grid(
            rows=(9,),
            cols=(127, 1000),
            pitched=(False,),
            residual=(True,),
            dtype=("float32", "float16", "bfloat16"),
            inputs=("normal", "spread", "onehot"),
        ),
        *grid(rows=(3,), cols=(1, 4097), pitched=(True,), residual=(True,), dtype=("float32", "float16")),
    ),
    versions=(
        Version(
            "warp_per_row",
            lambda case, inputs, out: plan(*inputs, out, EPS),
            takes=lambda case: not with_residual(case),
            # Rows of odd length begin anywhere: 32 floats side by side may touch a fifth sector.
            gates=(
                gates.no_spills,
                gates.no_stack,
                gates.registers(48),
                gates.resident_blocks(5),
                gates.sectors_per_request(5),
                gates.traffic(moved),
            ),
        ),
        Version(
            "residual",
            lambda case, inputs, out: plan_with_residual(*inputs, out[0], out[1], EPS),
            takes=with_residual,
            # 16 bytes a lane are 16 sectors a request.
            gates=(
                gates.no_spills,
                gates.no_stack,
                gates.registers(64),
                gates.resident_blocks(4),
                gates.sectors_per_request(16),
                gates.traffic(moved),
            ),
        ),
    ),
    work=work,
    headline=(
        *grid(rows=(4096,), cols=(4096,), pitched=(False,), dtype=("float16", "bfloat16")),
        *grid(rows=(4096,), cols=(4096,), pitched=(False,), residual=(True,), dtype=("bfloat16",)),
    ),
    source="Zhang and Sennrich 2019, eq. 4",
)
