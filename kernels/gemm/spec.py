from __future__ import annotations

import torch

from kernels.gemm import oracle, plan
from repoops.kernel.work import matmul
from repoops.suite import gates
from repoops.suite.inputs import FAMILIES, draw
from repoops.suite.spec import Case, KernelSpec, Version, grid


def matrix(case: Case, rows: int, cols: int, seed: int) -> torch.Tensor:
    """(rows, cols); rows begin at multiples of 16 bytes unless the case is unaligned."""
    pitch = cols + 3 if case["unaligned"] else -(-cols // 8) * 8
    return draw(case.inputs, (rows, pitch), case.dtype, seed)[:, :cols]


def make(case: Case) -> tuple[torch.Tensor, ...]:
    m, n, k = case["M"], case["N"], case["K"]
    return matrix(case, m, k, case.seed), matrix(case, k, n, case.seed + 1)


def sizes(
    m: int, n: int, k: int, *, inputs: tuple[str, ...] = ("normal",), unaligned: bool = False
) -> tuple[Case, ...]:
    named = {"M": (m,), "N": (n,), "K": (k,), "unaligned": (unaligned,)}
    return tuple(grid(**named, dtype=("float16", "bfloat16"), inputs=inputs))


SPEC = KernelSpec(
    name="gemm",
    make=make,
    # As forward() makes it: its rows begin anywhere if N is odd.
    empty=lambda case, a, b: torch.empty(case["M"], case["N"], dtype=a.dtype),
    oracle=lambda case, a, b: oracle.gemm(a, b),
    peer=lambda case, a, b: a @ b,
    cases=(
        *sizes(1, 1, 1),
        *sizes(128, 136, 96, inputs=FAMILIES),  # whole tiles of the one, ragged ones of the other; two blocks
        *sizes(127, 17, 1000),
        *sizes(65, 129, 31),
        *sizes(257, 12, 65),
        *sizes(63, 65, 33, unaligned=True),
    ),
    versions=(
        Version(
            "tiled",
            lambda case, inputs, out: plan("tiled", *inputs, out),
            # Rows of odd length begin anywhere, so that 16 numbers side by side may touch a second sector.
            gates=(
                gates.no_spills,
                gates.no_stack,
                gates.registers(64),
                gates.shared_memory(8 * 1024),
                gates.resident_blocks(4),
                gates.bank_conflicts(0),
                gates.sectors_per_request(4),
                gates.requires("BAR"),
            ),
        ),
        Version(
            "tensor_core",
            lambda case, inputs, out: plan("tensor_core", *inputs, out),
            takes=lambda case: not case["unaligned"],
            # 16 bytes a lane are 16 sectors a request, and none of them is fetched for nothing.
            gates=(
                gates.no_spills,
                gates.no_stack,
                gates.registers(128),
                gates.shared_memory(32 * 1024),
                gates.resident_blocks(2),
                gates.bank_conflicts(0),
                gates.sectors_per_request(16),
                gates.requires("HMMA", "LDGSTS", "BAR"),
                gates.machine_code(HMMA=1, LDSM=1, LDGSTS=1, LDL=0, STL=0),
            ),
        ),
    ),
    work=lambda case: matmul(case["M"], case["N"], case["K"], getattr(torch, case.dtype).itemsize),
    headline=tuple(grid(M=(4096,), N=(4096,), K=(4096,), unaligned=(False,), dtype=("float16",))),
    source="CUDA C++ Programming Guide, shared memory; tensor_core: PTX ISA, mma.m16n8k16",
)
