"""Where an element of a matrix lies that a `wgmma` descriptor describes: CUTLASS's canonical layouts, taken literally.

CUTLASS writes a layout as a shape and strides, `((8,m),(T,2)):((8T,SBO),(1,T))`, in elements of 16 bits (T of them are
16 bytes), and a swizzle `<B,4,3>` that is applied to the address in bytes: bits 4 to 3 + B change with bits 7 to 6 + B.

Source: CUTLASS, `include/cute/atom/mma_traits_sm90_gmma.hpp`, comments above `make_gmma_desc`; `cute/swizzle.hpp`.
"""

from __future__ import annotations

from dataclasses import dataclass

T = 8
"""Elements of 16 bytes."""
MODES = {"none": (0, 0), "32": (3, 1), "64": (2, 2), "128": (1, 3)}
"""Swizzle by bytes → the descriptor's bits 62 and 63, and B."""


@dataclass(frozen=True)
class Descriptor:
    """A matrix in shared memory; offsets in bytes."""

    mode: str
    start: int
    lead: int
    stride: int

    @property
    def word(self) -> int:
        """As the instruction takes it."""
        bits = self.start >> 4 | self.lead >> 4 << 16 | self.stride >> 4 << 32
        return bits | MODES[self.mode][0] << 62

    def place(self, mn: int, k: int, *, turned: bool) -> int:
        """The byte at which element (mn, k) lies; `turned` says that the matrix is MN-major."""
        repeat = {"none": 1, "32": 2, "64": 4, "128": 8}[self.mode]
        lead, stride = self.lead // 2, self.stride // 2
        if not turned:  # ((8,m),(T,2)):((repeat T,SBO),(1,T)), without a swizzle (1,LBO) for the last
            row, group, inside, chunk = mn % 8, mn // 8, k % T, k // T
            element = (
                row * repeat * T + group * stride + inside + chunk * (lead if self.mode == "none" else T)
            )
        else:  # ((T,repeat,m),(8,k)):((1,T,LBO),(repeat T,SBO)), without a swizzle ((1,T,SBO),(1T,LBO))
            inside, chunk, group = mn % T, mn // T % repeat, mn // T // repeat
            outer, deeper = (stride, lead) if self.mode == "none" else (lead, stride)
            element = inside + chunk * T + group * outer + k % 8 * repeat * T + k // 8 * deeper
        address = self.start + 2 * element
        bits = (1 << MODES[self.mode][1]) - 1
        return address ^ (address >> 7 & bits) << 4
