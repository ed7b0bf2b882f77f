from __future__ import annotations

import torch

from kernels.softmax import oracle, plan, threads
from repoops.kernel.work import streaming
from repoops.suite import gates
from repoops.suite.inputs import FAMILIES, draw
from repoops.suite.spec import Case, KernelSpec, Version, grid


def rows_of(case: Case, dtype: str) -> torch.Tensor:
    """(rows, cols), with a gap between the rows where the case is pitched."""
    gap = 5 if case["pitched"] else 0
    return draw(case.inputs, (case["rows"], case["cols"] + gap), dtype, case.seed)[:, : case["cols"]]


def moved(case: Case) -> gates.Bytes:
    """A row twice, once for the normaliser and once for the result; every warp reads every warp's normaliser, 8 bytes."""
    rows, warps = case["rows"], threads(case["cols"]) // 32
    row = case["cols"] * getattr(torch, case.dtype).itemsize
    return gates.Bytes(2 * rows * row, rows * row, 8 * rows * warps**2, 8 * rows * warps)


SPEC = KernelSpec(
    name="softmax",
    make=lambda case: (rows_of(case, case.dtype),),
    empty=lambda case, x: torch.empty_strided(x.shape, x.stride(), dtype=x.dtype),
    oracle=lambda case, x: oracle.softmax(x),
    peer=lambda case, x: torch.softmax(x, dim=-1),
    cases=(
        *grid(
            rows=(1, 7),
            cols=(1, 33, 127, 1024, 4097),
            pitched=(False,),
            dtype=("float32", "float16"),
            inputs=FAMILIES,
        ),
        *grid(rows=(3,), cols=(65, 1500), pitched=(True,), dtype=("float32", "float16"), inputs=("normal",)),
        *grid(
            rows=(2,), cols=(40,), pitched=(False,), dtype=("float16",), inputs=("masked",)
        ),  # NaN, as torch has it
    ),
    versions=(
        Version(
            "online",
            lambda case, inputs, out: plan(*inputs, out),
            # 64 registers are the most with which a block of 1024 threads can be launched at all. A row of odd
            # length begins anywhere, so that 32 floats side by side may touch a fifth sector.
            gates=(
                gates.no_spills,
                gates.no_stack,
                gates.registers(64),
                gates.resident_blocks(1),
                gates.bank_conflicts(0),
                gates.sectors_per_request(5),
                gates.traffic(moved),
                gates.requires("BAR"),
            ),
        ),
    ),
    # Maximum, difference, exponential, sum and quotient.
    work=lambda case: streaming(case["rows"] * case["cols"], 5, getattr(torch, case.dtype).itemsize),
    headline=tuple(grid(rows=(4096,), cols=(4096,), pitched=(False,), dtype=("float16",))),
    source="Milakov and Gimelshein 2018, alg. 3",
)
