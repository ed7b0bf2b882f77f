from __future__ import annotations

from dataclasses import astuple
from typing import Any

import torch

from kernels.attention.oracle import visible
from kernels.attention_fp8 import KEYS, ROWS, oracle, plan, quantise
from kernels.attention_fp8.baselines import BASELINES
from repoops.kernel.model import Kernel, Launch
from repoops.kernel.work import attention
from repoops.report.speed import Work
from repoops.report.verification import Resources
from repoops.suite import gates
from repoops.suite.inputs import draw
from repoops.suite.spec import Case, KernelSpec, Version

NAMES = ("B", "H", "Hk", "Sq", "Sk", "D", "causal", "bshd")
BF16 = "bfloat16"


def case(
    seq_q: int, seq_k: int | None = None, dtype: str = "float16", inputs: str = "normal", **sizes: Any
) -> Case:
    """A problem of `seq_q` queries and as many keys unless told; B = 1, H = Hk = 2 and D = 64 unless given.

    The dtype is the output's. `bshd` stores heads inside the sequence, as projections leave them.
    """
    has = {
        "B": 1,
        "H": 2,
        "Sq": seq_q,
        "Sk": seq_k or seq_q,
        "D": 64,
        "causal": False,
        "bshd": False,
        **sizes,
    }
    has = {"Hk": has["H"], **has}
    return Case(tuple(sorted(has.items(), key=lambda item: NAMES.index(item[0]))), dtype, inputs)


def make(of: Case) -> tuple[torch.Tensor, ...]:
    """q, k, v as E4M3 and their scales, one a head; heads differ in size, so that one's scale does not fit another."""
    numbers, scales = [], []
    for i, (heads, rows) in enumerate(((of["H"], of["Sq"]), (of["Hk"], of["Sk"]), (of["Hk"], of["Sk"]))):
        drawn = draw(of.inputs, (of["B"], heads, rows, of["D"]), "float32", of.seed + i)
        low, scale = quantise(drawn * (1 + torch.arange(heads) / 2)[:, None, None])
        numbers.append(low.transpose(1, 2).contiguous().transpose(1, 2) if of["bshd"] else low)
        scales.append(scale)
    return (*numbers, *scales)


def how(of: Case) -> dict[str, Any]:
    return {"scale": of["D"] ** -0.5, "causal": of["causal"]}


def textbook(of: Case, *inputs: torch.Tensor) -> torch.Tensor:
    """The textbook way with the weights in E4M3 as well: what 8 bits cost, whoever computes.

    Products of E4M3 are exact in float32 and summed there, as on tensor cores. The weights of a row are rounded as
    256 times themselves by the whole row's maximum, and divided by the sum of what they were rounded to.
    """
    q, k, v = (tensor.float() for tensor in inputs[:3])
    group = of["H"] // of["Hk"]
    scale_q, scale_k, scale_v = (scale[:, None, None] for scale in inputs[3:])
    k, v = (tensor.repeat_interleave(group, dim=1) for tensor in (k, v))
    scale_k, scale_v = (scale.repeat_interleave(group, dim=0) for scale in (scale_k, scale_v))
    scores = q @ k.transpose(-1, -2) * (of["D"] ** -0.5 * scale_q * scale_k)
    hidden = ~visible(of["Sq"], of["Sk"], causal=of["causal"])
    scores = scores.masked_fill(hidden, float("-inf"))
    weights = torch.exp(scores - scores.amax(dim=-1, keepdim=True)).nan_to_num(0.0) * 256
    weights = weights.to(torch.float8_e4m3fn).float()
    total = weights.sum(dim=-1, keepdim=True)
    return (weights @ v / torch.where(total > 0, total, 1.0) * scale_v).to(getattr(torch, of.dtype))


def empty(of: Case, q: torch.Tensor, *_: torch.Tensor) -> torch.Tensor:
    return torch.empty_like(q, dtype=getattr(torch, of.dtype))


def run(of: Case, inputs: tuple[torch.Tensor, ...], out: torch.Tensor) -> tuple[Kernel, Launch]:
    return plan(*inputs, out, **how(of))


def work(of: Case) -> Work:
    """Both products are of 8-bit numbers; the output has 16 bits, and every head three scales."""
    return attention(
        batch=of["B"], heads=of["H"], kv_heads=of["Hk"], seq_q=of["Sq"], seq_k=of["Sk"], dim=of["D"], width=1, width_out=2,
        extra=4 * (of["H"] + 2 * of["Hk"]), causal=of["causal"],
    )  # fmt: skip


def moved(of: Case) -> gates.Bytes:
    """A block reads its rows of Q once, and of K and V whole tiles as far as a row of it sees; each warp reads all of a tile."""
    total, row = gates.Bytes(0, of["Sq"] * of["D"] * 2), of["D"]
    for first in range(0, of["Sq"], ROWS):
        rows = min(ROWS, of["Sq"] - first)
        end = min(of["Sk"], first + rows + of["Sk"] - of["Sq"]) if of["causal"] else of["Sk"]
        tiles = -(-max(0, end) // KEYS)
        total += gates.Bytes(
            (rows + 2 * min(of["Sk"], tiles * KEYS)) * row + 3 * 128 * 4,  # and three scales in every lane
            0,
            (ROWS + 2 * tiles * KEYS * 4) * row,
            (ROWS + 2 * tiles * KEYS) * row,
        )
    return gates.Bytes(*(of["B"] * of["H"] * each for each in astuple(total)))


def of_dim(dim: int, gate: gates.Allotted) -> gates.Allotted:
    """A gate that is held for one head dimension alone."""

    def fault(found: Resources, launch: Launch) -> str | None:
        return gate(found, launch) if f"<{dim}, " in (found.kernel or "") else None

    return gates.Allotted(f"{gate.name} at D {dim}", gate.limit, fault)


def on(arch: str, gate: gates.MachineCode) -> gates.MachineCode:
    """A gate that is held for one architecture alone."""
    return gates.MachineCode(
        f"{gate.name} on {arch}", gate.limit, lambda found: gate.fault(found) if found.arch == arch else None
    )


SPEC = KernelSpec(
    name="attention_fp8",
    make=make,
    empty=empty,
    oracle=lambda of, *inputs: oracle.attention(*inputs, **how(of)),
    peer=textbook,
    cases=(
        # Ragged against tiles of 64 keys and blocks of 64 rows; fewer keys than queries, of which some see none.
        case(1),
        case(17, B=2, causal=True),
        case(65, H=6, Hk=2, causal=True, inputs="onehot"),
        case(64, H=1, inputs="constant"),
        case(127, inputs="spread", causal=True),
        case(128, H=4, Hk=1),
        case(70, 33, causal=True, H=3),
        case(113, 203, BF16, B=2, causal=True, bshd=True),
        # Weights of 2^-11 and many of them: lost unless they are rounded as 2^8 times themselves.
        case(5, 321, H=3, inputs="onehot"),
        case(66, 129, D=128, H=4, Hk=2, causal=True),
        case(33, 257, BF16, D=128, inputs="onehot"),
        case(96, 64, D=128, H=1, inputs="spread", bshd=True),
    ),
    versions=(
        Version(
            "tensor_core",
            run,
            archs=("sm_89", "sm_90"),  # E4M3 is not known before
            gates=(
                gates.no_spills,
                gates.no_stack,
                gates.registers(184),
                of_dim(64, gates.registers(144)),
                gates.shared_memory(36 * 1024),
                of_dim(64, gates.shared_memory(20 * 1024)),
                gates.resident_blocks(2),
                of_dim(64, gates.resident_blocks(3)),
                gates.bank_conflicts(0),
                gates.sectors_per_request(16),
                gates.traffic(moved),
                gates.requires("HMMA", "LDGSTS", "BAR"),
                # A tile at D = 64: 16 products for the scores, 2 for the sums, 16 for the output.
                on("sm_89", gates.machine_code(QMMA=34, LDSM=18, LDGSTS=10, LDL=0, STL=0)),
                on("sm_90", gates.machine_code(HMMA=68, LDSM=18, LDGSTS=10, LDL=0, STL=0)),
            ),
        ),
    ),
    work=work,
    headline=(case(512, H=8), case(512, H=8, causal=True), case(2048, B=4, H=16)),
    baselines=BASELINES,
    source="Dao 2023, alg. 1; FP8: Shah et al. 2024 (FlashAttention-3), section 3.3, and Zhang et al. 2024 (SageAttention2)",
)
