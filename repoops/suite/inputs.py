"""Input families, each meant to make a different mistake visible; seeded, on the CPU."""

from __future__ import annotations

from typing import Any

FAMILIES = ("normal", "spread", "constant", "onehot")


def draw(family: str, shape: tuple[int, ...], dtype: str, seed: int) -> Any:
    """A tensor of a family.

    `normal` is N(0, 1); `spread` N(0, 1) with every 7th element 16 times as large, which overflows a
    sum kept in fp16; `constant` is 0.5 everywhere, whose softmax is known; `onehot` has one 4.0 a row
    at a place that differs by row, so that a permuted or shifted read shows.

    Args:
        family: one of `FAMILIES`.
        shape: of the tensor; its last dimension is the row.
        dtype: torch's name (`float16`).
        seed: the same seed gives the same tensor.
    """
    import torch

    kind = getattr(torch, dtype)
    generator = torch.Generator().manual_seed(seed)
    if family == "constant":
        return torch.full(shape, 0.5, dtype=kind)
    if family == "onehot":
        rows = torch.zeros(shape, dtype=kind).reshape(-1, shape[-1])
        at = (torch.arange(rows.shape[0]) * 5 + seed) % shape[-1]
        rows[torch.arange(rows.shape[0]), at] = 4.0
        return rows.reshape(shape)
    values = torch.randn(shape, generator=generator)
    if family == "spread":
        values.view(-1)[::7] *= 16
    elif family != "normal":
        raise ValueError(f"no family {family!r}; there are {', '.join(FAMILIES)}")
    return values.to(kind)


RED_ZONE = 64
"""Elements on each side of an output that must stay as they were."""


def poisoned(like: Any, device: str) -> tuple[Any, Any]:
    """An output buffer full of NaN with red zones around: (the output, the whole buffer)."""
    import torch

    whole = torch.full((like.numel() + 2 * RED_ZONE,), float("nan"), dtype=like.dtype, device=device)
    return whole[RED_ZONE : RED_ZONE + like.numel()].view(like.shape), whole


def trespass(whole: Any) -> str | None:
    """Whether a red zone was written to, and how far from the buffer's ends."""
    import torch

    size = whole.numel() - 2 * RED_ZONE
    written = torch.nonzero(~torch.isnan(whole.cpu())).flatten().tolist()
    outside = [i - RED_ZONE for i in written if not RED_ZONE <= i < RED_ZONE + size]
    if not outside:
        return None
    return f"wrote outside its output: {len(outside)} elements, the first at index {outside[0]} of {size}"
