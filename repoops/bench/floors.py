"""Rooflines from data sheets: the time below which nothing that does a case's work can be.

Peaks are those that NVIDIA prints, dense (its figures "with sparsity" halved), at boost clock, tensor
cores summing products of 16 or 8 bits in float32. A card that has no FP8 has no peak of it, and no floor
for such work. A card at its power limit reaches less: measure a copy and a
large matrix product on the card itself before quoting a percentage.

Sources, by card: "NVIDIA L4 Tensor Core GPU" data sheet, and for its 58 multiprocessors "NVIDIA Ada GPU
Architecture" v2.01, appendix; "NVIDIA A10 Tensor Core GPU" data sheet; "NVIDIA A100 Tensor Core GPU" data
sheet, 80 GB SXM; "NVIDIA L40S" data sheet; "NVIDIA Ada GPU Architecture" v2.01, table of the GeForce RTX
4090, and for FP8, which v2.01 has otherwise and footnote 4 of v2.02 corrects, v2.02; "NVIDIA H100 Tensor
Core GPU" data sheet, SXM; "NVIDIA H200 Tensor Core GPU" data sheet, SXM. The FP8 peaks are taken from these as
public repositories and vendors' pages quote them, not from the documents themselves: with sparsity 485 (L4),
3,958 (H100 and H200), 1,466 (L40S) and 660.6 (RTX 4090) TFLOP/s.
Williams et al., "Roofline", CACM 52(4), 2009, for the model.
"""

from __future__ import annotations

from dataclasses import dataclass

from repoops.nvidia.limits import baseline
from repoops.report.speed import Floor, Work


@dataclass(frozen=True, slots=True)
class Card:
    """Data-sheet peaks of one card: operations and bytes a second; `tensor8` is None of one without FP8.

    `names` are what the driver calls it, each in full.
    """

    name: str
    arch: str
    tensor16: float
    tensor8: float | None
    fp32: float
    bandwidth: float
    multiprocessors: int
    names: tuple[str, ...]
    source: str

    def peak(self, unit: str) -> float | None:
        """Operations a second of one of `report.speed.UNITS`, or None where the card has it not."""
        return {"tensor16": self.tensor16, "tensor8": self.tensor8, "fp32": self.fp32}[unit]


CARDS = (
    Card("L4", "sm_89", 121e12, 242.5e12, 30.3e12, 300e9, 58, ("NVIDIA L4",), "NVIDIA L4 data sheet"),
    Card("H100 SXM", "sm_90", 989e12, 1979e12, 67e12, 3.35e12, 132, ("NVIDIA H100 80GB HBM3", "NVIDIA H100 SXM"),
         "NVIDIA H100 data sheet"),
    Card("A100 80 GB SXM", "sm_80", 312e12, None, 19.5e12, 2.039e12, 108, ("NVIDIA A100-SXM4-80GB",), "NVIDIA A100 data sheet"),
    Card("H200 SXM", "sm_90", 989e12, 1979e12, 67e12, 4.8e12, 132, ("NVIDIA H200",), "NVIDIA H200 data sheet"),
    Card("RTX 4090", "sm_89", 165.2e12, 330.3e12, 82.6e12, 1.008e12, 128, ("NVIDIA GeForce RTX 4090",),
         "NVIDIA Ada GPU Architecture v2.01, FP8 v2.02"),
    Card("L40S", "sm_89", 362e12, 733e12, 91.6e12, 864e9, 142, ("NVIDIA L40S",), "NVIDIA L40S data sheet"),
    Card("A10", "sm_86", 125e12, None, 31.2e12, 600e9, 72, ("NVIDIA A10",), "NVIDIA A10 data sheet"),
)  # fmt: skip
"""The two that the suite is tuned for come first."""


def floor(work: Work, card: Card) -> Floor | None:
    """Microseconds that the arithmetic takes at the peak of its unit, and the bytes at that of memory; None without that unit."""
    peak = card.peak(work.unit)
    return Floor(card.name, work.flops / peak * 1e6, work.bytes / card.bandwidth * 1e6) if peak else None


def floors(work: Work, arch: str) -> tuple[Floor, ...]:
    """Those of every card in the table that has this architecture."""
    found = (floor(work, card) for card in CARDS if card.arch == baseline(arch))
    return tuple(one for one in found if one)


def card_called(driver_name: str) -> Card | None:
    """The card that the driver names so, or None: a card without a data sheet here has no floor."""
    return next((card for card in CARDS if driver_name in card.names), None)
