from __future__ import annotations

from functools import partial

import torch

from kernels.attention import oracle, plan, tuned_s512
from kernels.attention.baselines import BASELINES
from repoops.kernel import work as minimum
from repoops.kernel.model import Kernel, Launch
from repoops.report.speed import Work
from repoops.suite import gates
from repoops.suite.inputs import draw
from repoops.suite.spec import Case, KernelSpec, Version, grid

SCALE = 0.125


def make(case: Case) -> tuple[torch.Tensor, ...]:
    seq = dict(case.params)
    lengths = (seq.get("S", seq.get("Sq")), *2 * (seq.get("S", seq.get("Sk")),))
    tensors = []
    for i, length in enumerate(lengths):
        shape = (case["B"], length, case["H"], 64) if case["bshd"] else (case["B"], case["H"], length, 64)
        drawn = draw(case.inputs, shape, case.dtype, case.seed + i)
        tensors.append(drawn.transpose(1, 2) if case["bshd"] else drawn)
    return tuple(tensors)


def peer(case: Case, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """The textbook way in the case's dtype: what rounding alone costs."""
    scores = (q @ k.transpose(-1, -2) * SCALE).masked_fill(
        ~oracle.visible(q.shape[2], k.shape[2], causal=case["causal"]), float("-inf")
    )
    return torch.softmax(scores, dim=-1).nan_to_num(0.0) @ v


def run(
    version: str, case: Case, inputs: tuple[torch.Tensor, ...], out: torch.Tensor
) -> tuple[Kernel, Launch]:
    q, k, v = inputs
    return plan(version, q, k, v, out, scale=SCALE, causal=case["causal"])


def run_tuned(case: Case, inputs: tuple[torch.Tensor, ...], out: torch.Tensor) -> tuple[Kernel, Launch]:
    tuned_s512.check(*inputs, scale=SCALE, masked=case["causal"])
    return tuned_s512.plan(*inputs, out, scale=SCALE)


def takes_tuned(case: Case) -> bool:
    sizes = dict(case.params)
    return (sizes.get("S"), sizes["D"], case.dtype) == (512, 64, "float16") and not (
        sizes["causal"] or sizes["bshd"]
    )


def sizes(
    b: int, h: int, *seq: int, inputs: tuple[str, ...] = ("normal", "onehot"), bshd: bool = False
) -> tuple[Case, ...]:
    """Cases with and without the causal mask; `bshd` stores heads inside the sequence, as projections leave them."""
    named = {"S": seq} if len(seq) == 1 else {"Sq": seq[:1], "Sk": seq[1:]}
    flags = {"causal": (False, True), "bshd": (bshd,)}
    return tuple(grid(B=(b,), H=(h,), **named, D=(64,), **flags, dtype=("float16",), inputs=inputs))


def work(case: Case) -> Work:
    """Of both products and of q, k, v and the output, each once."""
    sizes = dict(case.params)
    queries, keys = sizes.get("S", sizes.get("Sq")), sizes.get("S", sizes.get("Sk"))
    return minimum.attention(
        batch=case["B"], heads=case["H"], kv_heads=case["H"], seq_q=queries, seq_k=keys, dim=case["D"],
        width=getattr(torch, case.dtype).itemsize, causal=case["causal"],
    )  # fmt: skip


SPEC = KernelSpec(
    name="attention",
    make=make,
    empty=lambda case, q, k, v: torch.empty_like(q),
    oracle=lambda case, q, k, v: oracle.attention(q, k, v, scale=SCALE, causal=case["causal"]),
    peer=peer,
    cases=(
        *sizes(1, 8, 512),
        # Ragged against the tile of 32 keys and the block of 4 rows; rows that see no key; one query.
        *sizes(2, 3, 1),
        *sizes(2, 3, 63, 65),
        *sizes(2, 3, 113, 203),
        *sizes(2, 3, 65, 33),
        *sizes(1, 2, 1, 512, inputs=("normal", "spread")),
        *sizes(1, 2, 97, inputs=("constant", "spread")),
        *sizes(2, 5, 40, inputs=("normal",), bshd=True),
        # Several batch entries of the one length that tuned_s512 takes.
        *sizes(2, 1, 512, inputs=("spread",)),
    ),
    versions=(
        Version(
            "naive",
            partial(run, "naive"),
            gates=(
                gates.no_spills,
                gates.no_stack,
                gates.registers(48),
                gates.resident_blocks(10),
                gates.sectors_per_request(4),
            ),
        ),
        Version(
            "tiled",
            partial(run, "tiled"),
            gates=(
                gates.no_spills,
                gates.no_stack,
                gates.registers(64),
                gates.shared_memory(10 * 1024),
                gates.resident_blocks(8),
                gates.bank_conflicts(0),
                gates.sectors_per_request(4),
                gates.requires("BAR"),
            ),
        ),
        Version(
            "vectorised",
            partial(run, "vectorised"),
            # 16 bytes a lane are 16 sectors a request; a row of q is read down, a sector for each half of it.
            gates=(
                gates.no_spills,
                gates.no_stack,
                gates.registers(168),
                gates.shared_memory(40 * 1024),
                gates.resident_blocks(2),
                gates.bank_conflicts(0),
                gates.requires("BAR"),
            ),
        ),
        Version(
            "tensor_core",
            partial(run, "tensor_core"),
            # 16 bytes a lane are 16 sectors a request, and none of them is fetched for nothing.
            gates=(
                gates.no_spills,
                gates.no_stack,
                gates.registers(168),
                gates.shared_memory(36 * 1024),
                gates.resident_blocks(2),
                gates.bank_conflicts(0),
                gates.sectors_per_request(16),
                gates.requires("HMMA", "LDGSTS"),
            ),
        ),
        Version(
            "tuned_s512",
            run_tuned,
            takes=takes_tuned,
            # One block of 20 warps a multiprocessor: 65,536 registers allow 96 a thread.
            gates=(
                gates.no_spills,
                gates.no_stack,
                gates.registers(96),
                gates.shared_memory(96 * 1024),
                gates.resident_blocks(1),
                gates.bank_conflicts(0),
                gates.sectors_per_request(16),
                gates.requires("HMMA", "LDGSTS"),
            ),
        ),
    ),
    work=work,
    headline=(
        *grid(B=(1,), H=(8,), S=(512,), D=(64,), causal=(False, True), bshd=(False,), dtype=("float16",)),
        *grid(B=(4,), H=(16,), S=(2048,), D=(64,), causal=(False,), bshd=(False,), dtype=("float16",)),
    ),
    baselines=BASELINES,
    source="Dao et al. 2022, alg. 1; tensor_core: Dao 2023, alg. 1",
)
