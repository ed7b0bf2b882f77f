from __future__ import annotations

from functools import partial

import torch

from kernels.gemm import THREADS, TILE, oracle, plan
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


def moved(version: str, case: Case) -> gates.Bytes:
    """Every tile of C reads its rows of A and its columns of B from end to end, through shared memory."""
    m, n, k = case["M"], case["N"], case["K"]
    rows, columns = (-(-size // TILE[version]) for size in (m, n))
    read = 2 * (columns * m * k + rows * k * n)
    shared = (_shared_tiled if version == "tiled" else _shared_tensor_core)(k)
    of_c = 0 if version == "tiled" else 2 * m * n  # C goes through shared memory
    return gates.Bytes(read, 2 * m * n, rows * columns * shared[0] + of_c, rows * columns * shared[1])


def _shared_tiled(k: int) -> tuple[int, int]:
    """Read and written for a tile of C, as float32: of every 4 of k a thread reads 4 rows' and 4 columns'."""
    turns, depth, tile = -(-k // 16), 16, TILE["tiled"]
    return turns * THREADS * depth // 4 * 2 * 4 * 16, turns * 2 * tile * depth * 4


def _shared_tensor_core(k: int) -> tuple[int, int]:
    """Read and written for a tile of C: a warp reads, for every 16 of k, its 64 rows of A and its 32 columns of B."""
    turns, depth, tile, warps = -(-k // 32), 32, TILE["tensor_core"], THREADS // 32
    return turns * warps * depth * (64 + 32) * 2, turns * 2 * tile * depth * 2 + tile * tile * 2


def on_tensor_cores(name: str, *, stages: int) -> Version:
    """16 bytes a lane are 16 sectors a request, and none of them is fetched for nothing; a stage takes 16 KB."""
    return Version(
        name,
        lambda case, inputs, out: plan(name, *inputs, out),
        takes=lambda case: not case["unaligned"],
        gates=(
            gates.no_spills,
            gates.no_stack,
            gates.registers(128),
            gates.shared_memory(stages * 16 * 1024),
            gates.resident_blocks(2),
            gates.bank_conflicts(0),
            gates.sectors_per_request(16),
            gates.traffic(partial(moved, name)),
            gates.requires("HMMA", "LDGSTS", "BAR"),
            # Two steps of 16 products in a turn, of 4 ldmatrix for A and 2 for B each.
            gates.machine_code(HMMA=32, LDSM=12, LDGSTS=2, LDL=0, STL=0),
        ),
    )


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
                gates.traffic(partial(moved, "tiled")),
                gates.requires("BAR"),
            ),
        ),
        on_tensor_cores("tensor_core", stages=2),
        on_tensor_cores("pipelined", stages=3),
    ),
    work=lambda case: matmul(case["M"], case["N"], case["K"], getattr(torch, case.dtype).itemsize),
    headline=tuple(grid(M=(4096,), N=(4096,), K=(4096,), unaligned=(False,), dtype=("float16",))),
    source="CUDA C++ Programming Guide, shared memory; tensor_core: PTX ISA, mma.m16n8k16",
)
