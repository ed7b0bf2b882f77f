from __future__ import annotations

import torch

from kernels.paged_kv import THREADS, oracle, plan
from repoops.report.speed import Work
from repoops.suite import gates
from repoops.suite.inputs import draw
from repoops.suite.spec import Case, KernelSpec, Version, grid

SEQUENCES = 3


def make(case: Case) -> tuple[torch.Tensor, ...]:
    """New tokens of three sequences in turn, each from a position of its own on; every fifth is padding.

    The table hands out blocks from the last one down, so that neighbours in a sequence are not neighbours in
    memory; what no token needs of it is -1. Of a packed case k and v are slices of each token's q, k and v.
    """
    tokens, heads, dim, page = case["tokens"], case["heads"], case["D"], case["page"]
    shape = (tokens, 3 * heads if case["packed"] else heads, dim)
    both = [draw(case.inputs, shape, case.dtype, case.seed + i) for i in range(1 if case["packed"] else 2)]
    k, v = (both[0][:, heads : 2 * heads], both[0][:, 2 * heads :]) if case["packed"] else both
    at = torch.arange(tokens, dtype=torch.int32)
    sequences = at % SEQUENCES
    positions = at // SEQUENCES + sequences * 3
    pages = int(positions.max()) // page + 1
    table = torch.full((SEQUENCES, pages), -1, dtype=torch.int32)
    last = blocks_of(case) - 1
    for sequence, position in zip(sequences.tolist(), positions.tolist(), strict=True):
        if table[sequence, position // page] < 0:
            table[sequence, position // page] = last
            last -= 1
    positions[4::5] = -1
    return k, v, table, sequences, positions


def blocks_of(case: Case) -> int:
    """More than are needed: nobody may write the rest."""
    return SEQUENCES * (-(-case["tokens"] // (SEQUENCES * case["page"])) + 2) + 1


def empty(case: Case, k: torch.Tensor) -> torch.Tensor:
    """Both caches, one behind the other."""
    return torch.empty((2, blocks_of(case), case["page"], *k.shape[1:]), dtype=k.dtype)


def caches(case: Case, *inputs: torch.Tensor) -> torch.Tensor:
    return oracle.append(*inputs, blocks=blocks_of(case), page=case["page"])


def slots(case: Case, *inputs: torch.Tensor) -> torch.Tensor:
    """What is to be written: where a token of ones leaves something."""
    k, v, *others = inputs
    return caches(case, torch.ones(k.shape), torch.ones(v.shape), *others) != 0


def work(case: Case) -> Work:
    """No arithmetic; keys and values are read and written, and three numbers a token."""
    elements = 2 * case["tokens"] * case["heads"] * case["D"]
    return Work(0, 2 * elements * getattr(torch, case.dtype).itemsize + 12 * case["tokens"], "fp32")


def moved(case: Case) -> gates.Bytes:
    """Each thread reads the token's position, and of one that is no padding its sequence and its block of the cache."""
    tokens = case["tokens"]
    there = tokens - len(range(4, tokens, 5))
    numbers = 2 * there * case["heads"] * case["D"] * getattr(torch, case.dtype).itemsize
    return gates.Bytes(numbers + (tokens + 2 * there) * THREADS * 4, numbers)


def sizes(
    tokens: int, heads: int, *dims: int, page: int, dtype: tuple[str, ...], packed: bool = False
) -> tuple[Case, ...]:
    named = {"tokens": (tokens,), "heads": (heads,), "D": dims, "page": (page,), "packed": (packed,)}
    return tuple(grid(**named, dtype=dtype))


SPEC = KernelSpec(
    name="paged_kv",
    make=make,
    empty=lambda case, k, *others: empty(case, k),
    oracle=caches,
    peer=lambda case, k, *others: caches(case, k, *others).to(k.dtype),
    writes=slots,
    cases=(
        *sizes(17, 2, 64, page=4, dtype=("float32", "float16", "bfloat16")),
        # Rows of 10 bytes; one token; a page of one slot; more chunks than a block has threads.
        *sizes(11, 3, 5, page=3, dtype=("float16", "float32")),
        *sizes(1, 17, 128, page=16, dtype=("float16",)),
        *sizes(7, 1, 8, page=1, dtype=("bfloat16",)),
        *sizes(9, 2, 40, page=16, dtype=("float16",), packed=True),
    ),
    versions=(
        Version(
            "block_per_token",
            lambda case, inputs, out: plan(*inputs, out[0], out[1]),
            # 16 bytes a lane are 16 sectors a request.
            gates=(
                gates.no_spills,
                gates.no_stack,
                gates.registers(64),
                gates.resident_blocks(8),
                gates.sectors_per_request(16),
                gates.traffic(moved),
            ),
        ),
    ),
    work=work,
    headline=sizes(4096, 8, 128, page=16, dtype=("bfloat16",)),
    source="Kwon et al. 2023, section 4.1",
)
