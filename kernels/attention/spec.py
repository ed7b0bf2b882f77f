from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from itertools import accumulate
from typing import Any

import torch

from kernels.attention import VERSIONS, Packed, oracle, plan, traffic, tuned_s512
from kernels.attention.baselines import BASELINES
from repoops.kernel.model import Kernel, Launch, Outcome
from repoops.report.speed import Work
from repoops.report.verification import Resources
from repoops.suite import gates
from repoops.suite.inputs import draw
from repoops.suite.spec import Case, KernelSpec, Version

NAMES = ("B", "H", "Hk", "S", "Sq", "Sk", "D", "window", "causal", "top_left", "bshd", "qkv", "askew")
BF16 = "bfloat16"


def case(dtype: str = "float16", inputs: str = "normal", **sizes: Any) -> Case:
    """A problem of `S` (or `Sq` and `Sk`) rows; B = 1, H = 2 and D = 64 unless given.

    `Hk` are the heads of k and v if fewer than H; `causal`, `top_left`, `window="4_x"` (left and right, x
    for no bound); `bshd` stores heads inside the sequence, as projections leave them, `qkv` those of q, k and v
    behind one another, so that each is a slice of one tensor; `askew` rows begin at multiples of 4 bytes, and not of
    16; lengths like `Sq="17_0_9"` are sequences packed one after the other.
    """
    has = {"B": 1, "H": 2, "D": 64, "causal": False, "top_left": False, "bshd": False, **sizes}
    return Case(tuple(sorted(has.items(), key=lambda item: NAMES.index(item[0]))), dtype, inputs)


def mask(of: Case) -> dict[str, Any]:
    """The case's mask as oracle and plan take it."""
    has = dict(of.params)
    sides = has.get("window", "x_x").split("_")
    window = tuple(None if side == "x" else int(side) for side in sides)
    diagonal = "top_left" if has["top_left"] else "bottom_right"
    return {"causal": has["causal"], "diagonal": diagonal, "window": window}


def lengths(of: Case) -> tuple[list[int], list[int]]:
    """Of q's sequences and of k's."""
    has = dict(of.params)
    return tuple([int(n) for n in str(has.get(name, has.get("S"))).split("_")] for name in ("Sq", "Sk"))


def is_packed(of: Case) -> bool:
    return len(lengths(of)[0]) > 1


def make(of: Case) -> tuple[torch.Tensor, ...]:
    has = dict(of.params)
    seq_q, seq_k = lengths(of)
    heads_k = has.get("Hk", of["H"])
    if "qkv" in has:
        heads = (of["H"], heads_k, heads_k)
        drawn = draw(of.inputs, (of["B"], sum(seq_q), sum(heads), of["D"]), of.dtype, of.seed)
        return drawn.transpose(1, 2).split(heads, dim=1)
    shapes = [(of["H"], sum(seq_q)), *[(heads_k, sum(seq_k))] * 2]
    tensors = []
    for i, (heads, rows) in enumerate(shapes):
        if has["bshd"] or is_packed(of):
            drawn = draw(of.inputs, (of["B"], rows, heads, of["D"]), of.dtype, of.seed + i).transpose(1, 2)
        else:
            pitch = of["D"] + (2 if "askew" in has else 0)
            drawn = draw(of.inputs, (of["B"], heads, rows, pitch), of.dtype, of.seed + i)[..., : of["D"]]
        tensors.append(drawn)
    if is_packed(of):
        tensors += [torch.tensor([0, *accumulate(each)], dtype=torch.int32) for each in (seq_q, seq_k)]
    return tuple(tensors)


def textbook(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, scale: float, **seen: Any) -> torch.Tensor:
    """The textbook way in the tensors' own dtype: what rounding alone costs."""
    group = q.shape[1] // k.shape[1]
    k, v = (tensor.repeat_interleave(group, dim=1) for tensor in (k, v))
    scores = q @ k.transpose(-1, -2) * scale
    hidden = ~oracle.visible(q.shape[2], k.shape[2], **seen)
    return torch.softmax(scores.masked_fill(hidden, float("-inf")), dim=-1).nan_to_num(0.0) @ v


def by(attend: Callable[..., torch.Tensor], of: Case, *inputs: torch.Tensor) -> torch.Tensor:
    """A case's output by one of the formulations."""
    how = {"scale": of["D"] ** -0.5, **mask(of)}
    return oracle.packed(attend, *inputs, **how) if is_packed(of) else attend(*inputs, **how)


def run(
    version: str, of: Case, inputs: tuple[torch.Tensor, ...], out: torch.Tensor
) -> tuple[tuple[Kernel, Launch], ...]:
    how = {"scale": of["D"] ** -0.5, **mask(of)}
    if not is_packed(of):
        return plan(version, *inputs, out, **how)
    q, k, v, cu_q, cu_k = inputs
    longest = (max(each) for each in lengths(of))
    return plan(version, q, k, v, out, packed=Packed(cu_q, cu_k, *longest), **how)


def run_tuned(of: Case, inputs: tuple[torch.Tensor, ...], out: torch.Tensor) -> tuple[Kernel, Launch]:
    scale = of["D"] ** -0.5
    tuned_s512.check(*inputs, scale=scale, masked=of["causal"])
    return tuned_s512.plan(*inputs, out, scale=scale)


LARGE = case(S=2048, B=4, H=16)
HEADLINE = (case(S=512, H=8), case(S=512, H=8, causal=True), LARGE)
"""Timed on a card."""


def takes_tuned(of: Case) -> bool:
    has = dict(of.params)
    plain = not (has["causal"] or has["bshd"] or "window" in has or "Hk" in has)
    return (has.get("S"), has["D"], of.dtype) == (512, 64, "float16") and plain


def takes(version: str, of: Case) -> bool:
    """Whether it is written for the case, and is given it: what takes long on a CPU, to run or to compile, is left to others."""
    quick, few = version in ("tensor_core", "split_kv"), version in ("vectorised", "pipelined", "wgmma")
    if "askew" in dict(of.params) and VERSIONS[version].aligned > 4:
        return False
    if version == "split_kv" and dict(of.params).get("S", 0) >= 512:
        return False  # what it is not for: all rows would read all keys, four at a time
    if version == "wgmma" and dict(of.params).get("S", 0) >= 512:
        return of == LARGE  # of the others a card has too few blocks, and a CPU too many
    long = max(*lengths(of)[0], *lengths(of)[1]) >= 1000 or (of["B"], dict(of.params).get("S")) == (2, 512)
    third = (of.dtype, of["D"]) == (BF16, 64)
    return of["D"] in VERSIONS[version].dims and not (long and not quick) and not (third and few)


def work(of: Case) -> Work:
    """Two products of 2 * D operations for each pair of a query and a key that it sees; q, k, v and the output, each once."""
    has = dict(of.params)
    seq_q, seq_k = lengths(of)
    pairs = sum(int(oracle.visible(*each, **mask(of)).sum()) for each in zip(seq_q, seq_k, strict=True))
    elements = 2 * of["B"] * of["D"] * (of["H"] * sum(seq_q) + has.get("Hk", of["H"]) * sum(seq_k))
    return Work(4 * of["B"] * of["H"] * pairs * of["D"], elements * getattr(torch, of.dtype).itemsize)


def moved(version: str, of: Case) -> gates.Bytes:
    has = dict(of.params)
    seen = mask(of)
    left, right = seen["window"]
    window = (left, min(0 if right is None else right, 0) if seen["causal"] else right)
    sequences = tuple(zip(*lengths(of), strict=True))
    sizes = (of["B"], of["H"], has.get("Hk", of["H"]), of["D"])
    problem = traffic.Problem(sequences, *sizes, window, seen["diagonal"] == "bottom_right")
    return traffic.moved(version, problem)


def of_dim(dim: int, gate: gates.Allotted) -> gates.Allotted:
    """A gate that is held for one head dimension alone."""

    def fault(found: Resources, launch: Launch) -> str | None:
        return gate(found, launch) if f"<{dim}, " in (found.kernel or "") else None

    return gates.Allotted(f"{gate.name} at D {dim}", gate.limit, fault)


def of_rows(gate: gates.Counted, *, askew: bool) -> gates.Counted:
    """A gate that is held where rows begin at multiples of 16 bytes, or where they do not."""

    def fault(outcome: Outcome, case: Case) -> str | None:
        return gate.fault(outcome, case) if ("askew" in dict(case.params)) is askew else None

    return gates.Counted(f"{gate.name}, rows {'askew' if askew else 'aligned'}", gate.limit, fault)


# A row of 128 bytes that begins anywhere touches a fifth sector.
FLOATS_ABREAST = (
    of_rows(gates.sectors_per_request(4), askew=False),
    of_rows(gates.sectors_per_request(5), askew=True),
)


def version(name: str, *held: Any) -> Version:
    """A version of the ladder: no spills, no stack frame, the bytes of its algorithm, and what else it is held to."""
    always = (gates.no_spills, gates.no_stack, gates.traffic(partial(moved, name)))
    made = Version(name, partial(run, name), gates=(*always, *held), takes=partial(takes, name))
    only = VERSIONS[name].arch
    return replace(made, archs=(only,), optimise=False) if only else made


SPEC = KernelSpec(
    name="attention",
    make=make,
    empty=lambda case, q, *_: torch.empty_like(q),
    oracle=partial(by, oracle.attention),
    peer=partial(by, textbook),
    cases=(
        # From the smallest on: ragged against tiles of 32 and 64 keys and blocks of 4 and 64 rows.
        case(S=1),
        case(S=17, B=2, causal=True),
        case(S=63, inputs="onehot", window="9_4"),
        case(S=64, H=1, inputs="constant"),
        case(S=65, H=6, Hk=2, causal=True, inputs="onehot"),
        case(S=127, inputs="spread", causal=True),
        case(S=128, H=4, Hk=1, inputs="onehot"),
        case(Sq=65, Sk=33, B=2, H=3, causal=True),
        case(Sq=33, Sk=65, causal=True, top_left=True),
        case(Sq=113, Sk=203, B=2, H=3, causal=True, inputs="onehot"),
        case(Sq=203, Sk=113, window="40_x", top_left=True),
        case(Sq=1, Sk=512, inputs="spread"),
        # Decoding: more keys than a split has, heads of a group as rows, keys that do not divide by the splits.
        case(Sq=1, Sk=1000, H=8, Hk=2),
        case(Sq=3, Sk=257, H=2, Hk=1, causal=True),
        case(S=40, B=2, H=6, Hk=3, bshd=True, causal=True),
        case(S=33, B=2, H=4, Hk=2, causal=True, qkv=True),
        case(BF16, S=70, D=128, window="30_x", qkv=True),
        case(S=65, causal=True, askew=True, inputs="onehot"),
        case(BF16, Sq=17, Sk=40, D=96, H=3, askew=True),
        case(Sq="17_0_65_3", Sk="40_9_65_0", H=4, Hk=2, causal=True),
        case(Sq="5_70", Sk="64_7", window="12_3", top_left=True),
        case(BF16, S=65, causal=True),
        case(BF16, Sq=70, Sk=130, H=4, Hk=2, window="64_0", inputs="onehot"),
        case(BF16, S=65, D=40, H=4, Hk=2, causal=True),
        case(BF16, Sq="9_0_66", Sk="9_3_130", D=40, causal=True, inputs="onehot"),
        case(S=97, D=96, H=3, Hk=1, inputs="onehot"),
        case(Sq=66, Sk=129, D=96, window="70_5", bshd=True),
        case(BF16, S=127, D=128, H=2, Hk=1, causal=True),
        case(BF16, Sq=17, Sk=65, D=128, top_left=True, causal=True, bshd=True, inputs="onehot"),
        case(BF16, Sq="66_0_1", Sk="66_5_129", D=128, window="80_x"),
        case(S=512, H=8),
        # Several batch entries of the one length that tuned_s512 takes.
        case(S=512, B=2, H=1, inputs="spread"),
        case(S=1000, H=1, causal=True),
        case(BF16, S=1024, H=1, D=128),
        case(S=2048, Hk=1, window="100_0"),
        case(S=4097, H=1, causal=True),
        case(Sq=1023, Sk=1024, H=1, causal=True, top_left=True, inputs="onehot"),
        case(Sq=1, Sk=4097, H=3, Hk=1, inputs="spread"),
    ),
    versions=(
        version(
            "naive",
            gates.registers(48),
            gates.resident_blocks(10),
            *FLOATS_ABREAST,
        ),
        version(
            "tiled",
            gates.registers(72),
            gates.shared_memory(19 * 1024),
            of_dim(64, gates.shared_memory(10 * 1024)),
            of_dim(64, gates.resident_blocks(8)),
            gates.bank_conflicts(0),
            *FLOATS_ABREAST,
            gates.requires("BAR"),
        ),
        version(
            "vectorised",
            gates.registers(224),
            of_dim(64, gates.registers(168)),
            of_dim(64, gates.resident_blocks(2)),
            gates.bank_conflicts(0),
            gates.requires("BAR"),
        ),
        version(
            "pipelined",
            gates.registers(224),
            of_dim(64, gates.registers(168)),
            of_dim(64, gates.resident_blocks(2)),
            gates.bank_conflicts(0),
            gates.requires("BAR", "LDGSTS"),
        ),
        version(
            "tensor_core",
            # 16 bytes a lane are 16 sectors a request, and none of them is fetched for nothing.
            gates.registers(255),
            of_dim(64, gates.registers(232)),
            of_dim(64, gates.resident_blocks(2)),
            gates.bank_conflicts(0),
            gates.sectors_per_request(16),
            gates.requires("HMMA", "LDGSTS"),
            # At D = 40: 48 products for the scores, 40 for the output; every matrix of K and V for both fragments.
            gates.machine_code(HMMA=88, LDSM=30, LDGSTS=12, LDL=0, STL=0),
        ),
        version(
            "split_kv",
            gates.registers(128),
            gates.shared_memory(8320),
            gates.resident_blocks(4),
            gates.bank_conflicts(0),
            gates.sectors_per_request(16),
            gates.requires("BAR"),
        ),
        version(
            "wgmma",
            gates.no_serialised_products,
            # At the launch as many as the block's threads can have; then the producer gives of its own to the others.
            gates.registers(168),
            of_dim(64, gates.registers(128)),
            gates.shared_memory(163_912),
            of_dim(64, gates.shared_memory(90_184)),
            gates.resident_blocks(1),
            gates.bank_conflicts(0),
            gates.sectors_per_request(16),
            gates.requires("HMMA", "LDGSTS", "BAR"),
            # At D = 64: 4 products for the scores and 8 for the output, and 8 after the loop; copies of 16 rows of Q, K, V.
            gates.machine_code(HGMMA=20, LDGSTS=28, HMMA=0, LDSM=0, LDL=0, STL=0),
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
                gates.traffic(partial(moved, "tuned_s512")),
                gates.requires("HMMA", "LDGSTS"),
                # A tile of 32 keys a warp: 16 products for the scores, 16 for the output, half as many matrix loads.
                gates.machine_code(HMMA=32, LDSM=20, LDGSTS=13, LDL=0, STL=0),
            ),
        ),
    ),
    work=work,
    headline=HEADLINE,
    baselines=BASELINES,
    source="Dao et al. 2022, alg. 1; tensor_core: Dao 2023, alg. 1",
)
