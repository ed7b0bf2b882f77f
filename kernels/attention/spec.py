from __future__ import annotations

import torch

from kernels.attention import oracle, plan
from repoops.suite import gates
from repoops.suite.inputs import draw
from repoops.suite.spec import Case, KernelSpec, Version, grid

SCALE = 0.125


def make(case: Case) -> tuple[torch.Tensor, ...]:
    shapes = ((case["B"], case["H"], case[s], 64) for s in ("Sq", "Sk", "Sk"))
    return tuple(draw(case.inputs, shape, case.dtype, case.seed + i) for i, shape in enumerate(shapes))


def peer(case: Case, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """The textbook way in the case's dtype: what rounding alone costs."""
    scores = (q @ k.transpose(-1, -2) * SCALE).masked_fill(
        ~oracle.visible(q.shape[2], k.shape[2], causal=case["causal"]), float("-inf")
    )
    return torch.softmax(scores, dim=-1).nan_to_num(0.0) @ v


def sizes(b: int, h: int, seq_q: int, seq_k: int, **more: tuple[str, ...]) -> tuple[Case, ...]:
    options = {"dtype": ("float16",), "inputs": ("normal", "onehot"), **more}
    return tuple(grid(B=(b,), H=(h,), Sq=(seq_q,), Sk=(seq_k,), causal=(False, True), **options))


SPEC = KernelSpec(
    name="attention",
    make=make,
    empty=lambda case, q, k, v: torch.empty_like(q),
    oracle=lambda case, q, k, v: oracle.attention(q, k, v, scale=SCALE, causal=case["causal"]),
    peer=peer,
    cases=(
        *sizes(1, 8, 512, 512),
        # Ragged against the tile of 32 keys and the block of 4 rows; rows that see no key; one query.
        *sizes(2, 3, 1, 1),
        *sizes(2, 3, 63, 65),
        *sizes(2, 3, 113, 203),
        *sizes(2, 3, 65, 33),
        *sizes(1, 2, 1, 512, inputs=("normal", "spread")),
    ),
    versions=(
        Version(
            "scalar",
            lambda case, inputs, out: plan(*inputs, out, scale=SCALE, causal=case["causal"]),
            gates=(gates.no_spills, gates.no_stack, gates.registers(64), gates.resident_blocks(8)),
        ),
    ),
    source="Dao et al. 2022, alg. 1",
)
