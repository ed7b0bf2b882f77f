from __future__ import annotations

from dataclasses import astuple

import torch

from kernels.attention_backward import DIMS, oracle, plan
from repoops.kernel.model import Kernel, Launch
from repoops.suite import gates
from repoops.suite.inputs import draw
from repoops.suite.spec import Case, KernelSpec, Version, grid
from repoops.suite.tolerance import FromError


def how(case: Case) -> dict[str, object]:
    return {"scale": case["D"] ** -0.5, "causal": case["causal"]}


def make(case: Case) -> tuple[torch.Tensor, ...]:
    """q, k, v, o, dO, lse; o and lse as an exact forward pass leaves them."""
    lengths = (case["Sq"], case["Sk"], case["Sk"], case["Sq"])
    shapes = [(case["B"], case["H"], length, case["D"]) for length in lengths]
    q, k, v, d_o = (draw(case.inputs, shape, case.dtype, case.seed + i) for i, shape in enumerate(shapes))
    o, lse = oracle.forward(q, k, v, **how(case))
    return q, k, v, o.to(q.dtype), d_o, lse.float()


def together(gradients: oracle.Gradients) -> torch.Tensor:
    """dQ, dK and dV as one tensor, row by row: (batch * heads * (seq_q + 2 seq_k), d)."""
    return torch.cat([tensor.reshape(-1, tensor.shape[-1]) for tensor in gradients])


def empty(case: Case, q: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
    return torch.empty(case["B"] * case["H"] * (case["Sq"] + 2 * case["Sk"]), case["D"], dtype=q.dtype)


def peer(
    case: Case,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    _o: torch.Tensor,
    d_o: torch.Tensor,
    _lse: torch.Tensor,
) -> torch.Tensor:
    """Autograd through the textbook way in the case's dtype."""
    leaves = [tensor.detach().requires_grad_() for tensor in (q, k, v)]
    found = (
        torch.softmax(oracle.scores(leaves[0], leaves[1], **how(case)), dim=-1).nan_to_num(0.0) @ leaves[2]
    )
    return together(tuple(g.nan_to_num(0.0) for g in torch.autograd.grad(found, leaves, d_o)))


def run(case: Case, inputs: tuple[torch.Tensor, ...], out: torch.Tensor) -> tuple[tuple[Kernel, Launch], ...]:
    parts = out.split([part.shape[0] * part.shape[1] * part.shape[2] for part in inputs[:3]])
    return plan(
        inputs, *(part.view(its.shape) for part, its in zip(parts, inputs[:3], strict=True)), **how(case)
    )


def sizes(
    seq_q: int, seq_k: int, d: int = 64, dtype: str = "float16", inputs: str = "normal", *, heads: int = 2
) -> tuple[Case, ...]:
    return tuple(
        grid(
            B=(1,),
            H=(heads,),
            Sq=(seq_q,),
            Sk=(seq_k,),
            D=(d,),
            causal=(False, True),
            dtype=(dtype,),
            inputs=(inputs,),
        )
    )


def moved(case: Case) -> gates.Bytes:
    """The delta pass reads o and dO; the others their own rows once, and all rows of the other side for every 4 of them."""
    heads, seq_q, seq_k, dim = case["B"] * case["H"], case["Sq"], case["Sk"], case["D"]
    seen = [min(seq_k, max(0, seq_k - seq_q + i + 1)) if case["causal"] else seq_k for i in range(seq_q)]
    total = gates.Bytes(2 * seq_q * dim * 2, seq_q * 4)
    for own, other, outputs in ((seq_q, seq_k, 1), (seq_k, seq_q, 2)):
        blocks, tiles = -(-own // 4), -(-other // 32)
        # A lane reads the pairs of both rows of both products, then for each row of the tile its columns.
        of_tile = dim // 2 * 4 * 4 * 32 + 32 * outputs * dim * 2
        total += gates.Bytes(
            2 * (own + blocks * other) * dim * 2 + sum(seen) * 2 * 4,
            outputs * own * dim * 2,
            blocks * tiles * 4 * of_tile,
            blocks * 2 * (4 + tiles * 32) * dim * 2,
        )
    return gates.Bytes(*(heads * each for each in astuple(total)))


SPEC = KernelSpec(
    name="attention_backward",
    make=make,
    empty=empty,
    oracle=lambda case, q, k, v, _o, d_o, _lse: together(oracle.gradients(q, k, v, d_o, **how(case))),
    peer=peer,
    cases=(
        *sizes(64, 64),
        # Ragged against the tile of 32 and the block of 4 rows; queries that see no key; one query, one key.
        *sizes(33, 70),
        *sizes(70, 33, heads=3),
        *sizes(1, 97),
        *sizes(5, 1),
        *sizes(65, 65, inputs="onehot"),
        *sizes(65, 65, 128, "bfloat16"),
    ),
    versions=(
        Version(
            "two_passes",
            run,
            takes=lambda case: case["D"] in DIMS,
            gates=(
                gates.no_spills,
                gates.no_stack,
                gates.registers(96),
                gates.shared_memory(36 * 1024),
                gates.bank_conflicts(0),
                gates.traffic(moved),
                gates.requires("BAR"),
            ),
        ),
    ),
    tolerance=FromError(k=3),
    source="Dao 2023, alg. 2",
)
