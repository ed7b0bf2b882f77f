"""Attention forward: fp16 and bf16, grouped heads, causal and windowed, packed sequences; accumulated in float32."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch

from kernels.attention import split_kv, tuned_s512, wgmma
from kernels.contract import check, check_kind
from repoops import backends
from repoops.kernel.model import Kernel, Launch

HERE = Path(__file__).parent
ELEMENTS = {torch.float16: "__half", torch.bfloat16: "__nv_bfloat16"}
DIAGONALS = ("bottom_right", "top_left")
Window = tuple[int | None, int | None]
"""Keys that a query sees to the left and to the right of its own; None is no bound."""


@dataclass(frozen=True, slots=True)
class Rung:
    """One version of the ladder; all keep the contract of `problem.cuh`.

    Attributes:
        rows: query rows of a thread block, which has 4 warps.
        aligned: bytes to whose multiples every row of q, k and v must begin.
        dims: head dimensions.
        shared_bytes: dynamic shared memory for a head dimension.
        rows_last: whether the grid is heads, batch, blocks of rows; else blocks of rows, heads, batch.
        arch: the only architecture that has its instructions; None where any will do.
        queries: it is taken unasked from so many on.
    """

    rows: int
    aligned: int
    dims: tuple[int, ...]
    shared_bytes: Callable[[int], int] = lambda d: 0  # noqa: ARG005 - static alone
    rows_last: bool = False
    arch: str | None = None
    queries: int = 0

    def takes(self, *tensors: torch.Tensor) -> bool:
        """Whether it is written for these (batch, heads, seq, d)."""
        return tensors[0].shape[3] in self.dims and all(aligned(tensor, self.aligned) for tensor in tensors)

    def runs_on(self, card: str | None) -> bool:
        """Whether a card of this architecture (`sm_90`) has its instructions."""
        return self.arch in {None, f"{card}a"}


def aligned(tensor: torch.Tensor, multiple: int) -> bool:
    """Whether every row of a (batch, heads, seq, d) begins at a multiple of so many bytes."""
    steps = [step for step, size in zip(tensor.stride()[:3], tensor.shape[:3], strict=True) if size > 1]
    return (
        not any(step * tensor.element_size() % multiple for step in steps)
        and not tensor.data_ptr() % multiple
    )


VERSIONS = {
    "naive": Rung(4, 4, (40, 64, 96, 128)),
    "tiled": Rung(4, 4, (40, 64, 96, 128)),
    # q, v, and k or the weights, whichever is larger.
    "vectorised": Rung(64, 16, (64, 128), lambda d: 256 * d + 128 * d + max(132 * d, 16384)),
    # q, k, v, weights.
    "pipelined": Rung(64, 16, (64, 128), lambda d: 256 * d + 2 * 128 * d + 16384),
    # For few queries and many keys: two launches, and workspace between them.
    "split_kv": Rung(split_kv.WARPS, 16, (40, 64, 96, 128)),
    # q, and a tile of k and of v; rows filled up to a multiple of 16 dimensions, and 8 further apart.
    "tensor_core": Rung(
        128, 16, (40, 64, 96, 128), lambda d: (128 + 2 * 64) * 2 * (-(-d // 16) * 16 + 8), rows_last=True
    ),
    # Of fewer queries than one consumer has rows, most of the tensor cores' work would be thrown away.
    "wgmma": Rung(
        wgmma.rows(128), 16, tuple(wgmma.CONSUMERS), wgmma.shared_bytes, arch=wgmma.ARCH, queries=64
    ),
}
"""The ladder, simplest first; the last is the fastest by design."""
SPECIAL = ("tuned_s512",)
"""Written for a part of that contract; taken when asked for by name."""


@dataclass(frozen=True, slots=True)
class Packed:
    """Sequences one after the other in one row of batch 1: int32 offsets (batch + 1), and the longest of q and of k."""

    cu_seqlens_q: torch.Tensor
    cu_seqlens_k: torch.Tensor
    longest_q: int
    longest_k: int


def plan(
    version: str,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    out: torch.Tensor,
    *,
    scale: float,
    causal: bool = False,
    diagonal: str = "bottom_right",
    window: Window = (None, None),
    packed: Packed | None = None,
) -> tuple[tuple[Kernel, Launch], ...]:
    """The launches of a version; arguments as `forward` has them once they are checked."""
    batch, heads, seq_q, dim = q.shape
    rung, seq_k = VERSIONS[version], k.shape[2]
    strides = [list(tensor.stride()[:3]) for tensor in (q, k, v, out)]
    offsets: tuple[torch.Tensor | np.uint64, ...] = (np.uint64(0), np.uint64(0))
    if packed is not None:
        offsets = (packed.cu_seqlens_q, packed.cu_seqlens_k)
        batch, seq_q, seq_k = len(packed.cu_seqlens_q) - 1, packed.longest_q, packed.longest_k
        strides = [[0, *rest] for _, *rest in strides]
    everything = seq_q + seq_k
    left, right = (everything if side is None else min(side, everything) for side in window)
    mask = (left, min(right, 0) if causal else right, diagonal == "bottom_right")
    integers = (seq_q, seq_k, heads // k.shape[1], *mask)
    name = f"attention_{version}<{dim}, {ELEMENTS[q.dtype]}>"
    kernel = Kernel(HERE / f"{version}.cu", name, include=(HERE.parent / "include",), arch=rung.arch)
    if version == "split_kv":
        return split_kv.steps(kernel, (q, k, v, out), offsets, integers, strides, batch=batch, scale=scale)
    args: tuple[Any, ...] = (
        q, k, v, *offsets, out, *map(np.int32, integers), np.float32(scale),
        *(np.int64(step) for steps in strides for step in steps),
    )  # fmt: skip
    if version == "wgmma":
        return wgmma.steps(kernel, args, heads=heads, batch=batch, seq_q=seq_q, dim=dim)
    blocks = -(-seq_q // rung.rows)
    grid = (heads, batch, blocks) if rung.rows_last else (blocks, heads, batch)
    return ((kernel, Launch(grid, (128, 1, 1), args, rung.shared_bytes(dim))),)


def forward(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    *,
    causal: bool = False,
    diagonal: str = "bottom_right",
    window: Window = (None, None),
    scale: float | None = None,
    version: str | None = None,
) -> torch.Tensor:
    """Softmax(q k^T * scale) v; on a GPU if the tensors lie there, else on the CPU.

    Args:
        q: (batch, heads, seq_q, d), float16 or bfloat16; batch, heads and rows may be strided, as far as every
            row begins at a multiple of 16 bytes (4 for `naive` and `tiled`).
        k: (batch, heads_k, seq_k, d), likewise; heads_k divides heads: query heads h * heads / heads_k and the
            following ones share head h.
        v: as k.
        causal: no query sees a key to the right of its own.
        diagonal: query i's own key is i + seq_k - seq_q (`bottom_right`, as flash-attention) or i (`top_left`,
            as torch's `is_causal`).
        window: how many keys to the left and to the right of its own a query sees; None is no bound.
        scale: 1 / sqrt(d) if None.
        version: one of `VERSIONS` or `SPECIAL`; the last of the ladder that takes the problem if None, `wgmma` only
            on a card that has its instructions.

    Returns:
        (batch, heads, seq_q, d), strides as q's where it is dense; a row that sees no key is zeros.

    Raises:
        ValueError: outside this contract.
    """
    for name, tensor in (("q", q), ("k", k), ("v", v)):
        check(name, tensor, dims=4, dtypes=tuple(ELEMENTS), like=q)
    if k.shape[0] != q.shape[0]:
        raise ValueError(f"k has batch {k.shape[0]}, q {q.shape[0]}")
    scale = q.shape[3] ** -0.5 if scale is None else scale
    out = torch.empty_like(q)
    if version == "tuned_s512":
        tuned_s512.check(q, k, v, scale=scale, masked=causal or window != (None, None))
        backends.run(*tuned_s512.plan(q, k, v, out, scale=scale))
        return out
    version = _version(version, q, k, v, diagonal, window, q.shape[2])
    if q.numel():
        how = {"causal": causal, "diagonal": diagonal, "window": window}
        _run(version, plan(version, q, k, v, out, scale=scale, **how))
    return out


def forward_varlen(
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    cu_seqlens_q: torch.Tensor,
    cu_seqlens_k: torch.Tensor,
    *,
    causal: bool = False,
    diagonal: str = "bottom_right",
    window: Window = (None, None),
    scale: float | None = None,
    version: str | None = None,
) -> torch.Tensor:
    """`forward` of sequences of different lengths, one after the other without padding.

    The offsets are read to check them, for which a GPU is waited for.

    Args:
        q: (all queries, heads, d), else as in `forward`.
        k: (all keys, heads_k, d).
        v: as k.
        cu_seqlens_q: (sequences + 1), int32: sequence b is rows cu_seqlens_q[b] to cu_seqlens_q[b + 1] - 1 of q;
            a sequence may be empty.
        cu_seqlens_k: likewise of k and v.
        causal: as in `forward`, for each sequence by its own lengths; likewise the others.
        diagonal: likewise.
        window: likewise.
        scale: likewise.
        version: one of `VERSIONS`, or None, as in `forward`.

    Returns:
        (all queries, heads, d).

    Raises:
        ValueError: outside this contract.
    """
    for name, tensor in (("q", q), ("k", k), ("v", v)):
        check(name, tensor, dims=3, dtypes=tuple(ELEMENTS), like=q)
    longest_q = _longest("cu_seqlens_q", cu_seqlens_q, q)
    longest_k = _longest("cu_seqlens_k", cu_seqlens_k, k)
    if len(cu_seqlens_q) != len(cu_seqlens_k):
        raise ValueError(f"cu_seqlens_q has {len(cu_seqlens_q)} offsets, cu_seqlens_k {len(cu_seqlens_k)}")
    wide = [tensor.transpose(0, 1)[None] for tensor in (q, k, v)]
    version = _version(version, *wide, diagonal, window, longest_q)
    out = torch.empty_like(q)
    if q.numel():
        scale = q.shape[2] ** -0.5 if scale is None else scale
        packed = Packed(cu_seqlens_q, cu_seqlens_k, longest_q, longest_k)
        how = {"causal": causal, "diagonal": diagonal, "window": window, "packed": packed}
        _run(version, plan(version, *wide, out.transpose(0, 1)[None], scale=scale, **how))
    return out


def _run(version: str, steps: tuple[tuple[Kernel, Launch], ...]) -> None:
    # On the CPU it would take longer to optimise wgmma's code than to run it.
    options = replace(backends.UNWATCHED, optimise=VERSIONS[version].arch is None)
    for step in steps:
        backends.run(*step, options)


def card_of(tensor: torch.Tensor) -> str | None:
    """The architecture of the card that a tensor lies on (`sm_90`); None if it lies on none."""
    if tensor.device.type != "cuda":
        return None
    major, minor = torch.cuda.get_device_capability(tensor.device)
    return f"sm_{major}{minor}"


def refuse_other_cards(version: str, card: str) -> None:
    """Raises ValueError unless a card of this architecture has the version's instructions."""
    if not VERSIONS[version].runs_on(card):
        raise ValueError(
            f"{version} is written for {VERSIONS[version].arch}, and q lies on a card of {card}: take version='tensor_core'"
        )


def fastest(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, *, queries: int, card: str | None) -> str:
    """The last of the ladder that takes these (batch, heads, seq, d), where they lie.

    Args:
        q: as `forward` has it, or packed.
        k: likewise.
        v: likewise.
        queries: of the longest sequence.
        card: the architecture of the card, as `card_of` tells it; None is the CPU.
    """
    able = [
        name
        for name, rung in VERSIONS.items()
        if rung.takes(q, k, v) and rung.runs_on(card) and queries >= rung.queries
    ]
    return able[-1] if able else "naive"


def _version(
    version: str | None,
    q: torch.Tensor,
    k: torch.Tensor,
    v: torch.Tensor,
    diagonal: str,
    window: Window,
    queries: int,
) -> str:
    """The version to take; raises ValueError if that is none, or if shapes, diagonal or window cannot be."""
    if version not in {None, *VERSIONS}:
        raise ValueError(f"there is no version {version!r}; there are {', '.join((*VERSIONS, *SPECIAL))}")
    if k.shape != v.shape:
        raise ValueError(f"v has shape {tuple(v.shape)}, k {tuple(k.shape)}: they must agree")
    if k.shape[3] != q.shape[3]:
        raise ValueError(f"k has head dimension {k.shape[3]}, q {q.shape[3]}")
    if not k.shape[1] or q.shape[1] % k.shape[1]:
        raise ValueError(f"k has {k.shape[1]} heads, which do not divide q's {q.shape[1]}")
    if diagonal not in DIAGONALS:
        raise ValueError(f"there is no diagonal {diagonal!r}; there are {', '.join(DIAGONALS)}")
    if any(side is not None and side < 0 for side in window):
        raise ValueError(f"window is {window}: each side is None or at least 0")
    card = card_of(q)
    version = version or fastest(q, k, v, queries=queries, card=card)
    rung = VERSIONS[version]
    if card:
        refuse_other_cards(version, card)
    if q.shape[3] not in rung.dims:
        dims = ", ".join(map(str, rung.dims))
        raise ValueError(f"q has head dimension {q.shape[3]}; {version} is written for {dims}")
    for name, tensor in (("q", q), ("k", k), ("v", v)):
        if not aligned(tensor, rung.aligned):
            raise ValueError(
                f"{name} is not aligned to {rung.aligned} bytes in every row: its strides are {tensor.stride()}"
            )
    return version


def _longest(name: str, offsets: torch.Tensor, rows: torch.Tensor) -> int:
    """The longest sequence; raises ValueError unless the offsets go from 0 to the number of rows and never back."""
    check_kind(name, offsets)
    if offsets.dtype != torch.int32 or offsets.dim() != 1 or not offsets.is_contiguous():
        raise ValueError(
            f"{name} must be one contiguous row of int32, it is {offsets.dtype} {tuple(offsets.shape)}"
        )
    if offsets.device != rows.device:
        raise ValueError(f"{name} is on {offsets.device}, the rows on {rows.device}")
    found = offsets.tolist()
    lengths = [after - before for before, after in pairwise(found)]
    if not lengths or found[0] != 0 or found[-1] != rows.shape[0] or min(lengths) < 0:
        raise ValueError(f"{name} must go from 0 up to {rows.shape[0]}, it is {found}")
    return max(lengths)
