"""Inputs, each family meant to make a different mistake visible, and the buffers that show who wrote where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

FAMILIES = ("normal", "spread", "constant", "onehot")


def draw(family: str, shape: tuple[int, ...], dtype: str, seed: int) -> Any:
    """A tensor of a family, on the CPU.

    `normal` is N(0, 1); `spread` N(0, 1) with every 7th element 16 times as large, which overflows a
    sum kept in fp16; `constant` is 0.5 everywhere, whose softmax is known; `onehot` has one 4.0 a row
    at a place that differs by row, so that a permuted or shifted read shows; `zeros` and `masked`
    (-inf everywhere) are for rows that carry nothing; `large` is N(0, 64^2), whose squares overflow fp16
    after twenty elements or so.

    Args:
        family: one of `FAMILIES`, or `zeros`, `masked`, `large`.
        shape: of the tensor; its last dimension is the row.
        dtype: torch's name (`float16`).
        seed: the same seed gives the same tensor.
    """
    import torch

    kind = getattr(torch, dtype)
    fill = {"constant": 0.5, "zeros": 0.0, "masked": float("-inf")}
    if family in fill:
        return torch.full(shape, fill[family], dtype=kind)
    if family == "onehot":
        rows = torch.zeros(shape, dtype=kind).reshape(-1, shape[-1])
        at = (torch.arange(rows.shape[0]) * 5 + seed) % shape[-1]
        rows[torch.arange(rows.shape[0]), at] = 4.0
        return rows.reshape(shape)
    values = torch.randn(shape, generator=torch.Generator().manual_seed(seed))
    if family == "spread":
        values.view(-1)[::7] *= 16
    elif family == "large":
        values *= 64
    elif family != "normal":
        raise ValueError(f"no family {family!r}; there are {', '.join((*FAMILIES, *fill, 'large'))}")
    return values.to(kind)


RED_ZONE = 64
"""Elements on each side of a buffer that must stay as they are; a multiple of 16 bytes for every dtype."""

# NaN in every float format of the size, so that a sum that reads one shows it; a payload that no
# arithmetic produces, so that an element still holding it was never written. Several of each: an integer
# kernel may compute one of them, not both in two runs.
_PATTERNS = {
    1: (0x5A, 0x25, 0x3C),
    2: (0x7FDA, 0x7FE5, 0x7FC3),
    4: (0x7FDA5A5A, 0x7FE5A5A5, 0x7FC3C3C3),
    8: (0x7FFA5A5A5A5A5A5A, 0x7FF5A5A5A5A5A5A5, 0x7FF3C3C3C3C3C3C3),
}
_FP8 = (0x7F, -1)
"""E4M3 has these two NaN and no other, E5M2 has them too: a NaN that a kernel computes is one of them, in both runs."""


@dataclass(frozen=True, slots=True)
class Buffer:
    """A tensor inside a larger one whose other elements hold a pattern, gaps between strided rows included.

    Attributes:
        view: what the kernel is handed.
        bits: all of the memory as integers of the element's size; shares memory with `view`.
        pattern: what everything that was not filled holds.
    """

    view: Any
    bits: Any
    pattern: int

    def outside(self) -> list[int]:
        """Element offsets from the view's first one of what was written around the view; sorted."""
        import torch

        mine = torch.zeros(self.bits.shape, dtype=torch.bool)
        mine.as_strided(self.view.shape, self.view.stride(), RED_ZONE).fill_(True)
        changed = (self.bits.cpu() != self.pattern) & ~mine
        return [int(i) - RED_ZONE for i in changed.nonzero().flatten()]

    def unwritten(self) -> Any:
        """Where the view still holds the pattern: bool, of its shape, on the CPU."""
        return self.view_bits() == self.pattern

    def view_bits(self) -> Any:
        """The view's elements as integers, of its shape, on the CPU."""
        return self.bits.cpu().as_strided(self.view.shape, self.view.stride(), RED_ZONE)


def blank(like: Any, device: str, run: int = 0) -> Buffer:
    """An output: a tensor of the shape, strides and dtype of `like`, with the pattern of the `run`-th run inside and around it."""
    import torch

    size = like.element_size()
    span = (
        1 + sum((n - 1) * step for n, step in zip(like.shape, like.stride(), strict=True))
        if like.numel()
        else 0
    )
    kind = {1: torch.int8, 2: torch.int16, 4: torch.int32, 8: torch.int64}[size]
    patterns = _FP8 if size == 1 and like.dtype.is_floating_point else _PATTERNS[size]
    pattern = patterns[run % len(patterns)]
    bits = torch.full((span + 2 * RED_ZONE,), pattern, dtype=kind, device=device)
    view = bits.view(like.dtype).as_strided(like.shape, like.stride(), RED_ZONE)
    return Buffer(view, bits, pattern)


def fenced(tensor: Any, device: str) -> Buffer:
    """An input: a copy, strides kept, with NaN around and between its rows, so that a read out of bounds shows."""
    if any(step == 0 and n > 1 for n, step in zip(tensor.shape, tensor.stride(), strict=True)):
        tensor = tensor.contiguous()  # an expanded tensor has one memory for many elements
    buffer = blank(tensor, device)
    buffer.view.copy_(tensor)
    return buffer
