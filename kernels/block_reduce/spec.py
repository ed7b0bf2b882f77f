from __future__ import annotations

import torch

from kernels.block_reduce import oracle, plan, threads
from repoops.report.speed import Work
from repoops.suite import gates
from repoops.suite.inputs import FAMILIES, draw
from repoops.suite.spec import Case, KernelSpec, Version, grid


def make(case: Case) -> tuple[torch.Tensor, ...]:
    rows, cols = case["rows"], case["cols"]
    gap = 3 if case["pitched"] else 0
    return (draw(case.inputs, (rows, cols + gap), case.dtype, case.seed)[:, :cols],)


def work(case: Case) -> Work:
    """One sum an element; each is read, and a number a row written."""
    elements = case["rows"] * case["cols"]
    return Work(elements, 4 * (elements + case["rows"]), "fp32")


def moved(case: Case) -> gates.Bytes:
    """Each number once; then the first warp reads what the others have left in shared memory."""
    rows, warps = case["rows"], threads(case["cols"]) // 32
    return gates.Bytes(4 * rows * case["cols"], 4 * rows, 4 * rows * warps, 4 * rows * warps)


SPEC = KernelSpec(
    name="block_reduce",
    make=make,
    empty=lambda case, x: torch.empty(case["rows"], dtype=x.dtype),
    oracle=lambda case, x: oracle.block_reduce(x),
    peer=lambda case, x: x.sum(dim=-1),
    cases=(
        *grid(rows=(5,), cols=(1, 17, 127, 1000), pitched=(False,), dtype=("float32",), inputs=FAMILIES),
        *grid(rows=(2,), cols=(4097, 16384), pitched=(False,), dtype=("float32",)),
        *grid(rows=(4,), cols=(1025,), pitched=(True,), dtype=("float32",), inputs=("normal", "spread")),
    ),
    versions=(
        Version(
            "block_per_row",
            lambda case, inputs, out: plan(*inputs, out),
            # 64 registers are the most with which a block of 1024 threads can be launched at all.
            gates=(
                gates.no_spills,
                gates.no_stack,
                gates.registers(32),
                gates.shared_memory(128),
                gates.resident_blocks(1),
                gates.bank_conflicts(0),
                gates.sectors_per_request(16),
                gates.traffic(moved),
                gates.requires("BAR"),
            ),
        ),
    ),
    work=work,
    headline=tuple(grid(rows=(4096,), cols=(4096,), pitched=(False,), dtype=("float32",))),
    source="Harris 2007, Optimizing parallel reduction in CUDA; with shuffles, CUDA C++ Programming Guide",
)
