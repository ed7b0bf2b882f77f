"""A number as a text gives it, and how near the real one comes to it."""

from __future__ import annotations

import re
from dataclasses import dataclass

NUMBER = r"(?<![\w.,/-])(?P<about>~|≈|about |around |approximately |approx\.? )?(?P<n>\d{1,3}(?:,\d{3})+|\d+)(?P<least>\+)?(?![\d%]|[.,/:]\d)"
"""A count: `90+`, `~1,200`, `5`; no part of a date, a fraction, a share or a version."""

NEAR = 0.1
"""Within a tenth is approximate."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A count; `bound` is `exact`, `least` (`90+`) or `about` (`~90`)."""

    value: int
    bound: str = "exact"

    @classmethod
    def of(cls, match: re.Match[str]) -> Quantity:
        """From a match of `NUMBER`."""
        bound = "least" if match["least"] else "about" if match["about"] else "exact"
        return cls(int(match["n"].replace(",", "")), bound)

    @property
    def exact(self) -> bool:
        """Whether the text gives it to the unit."""
        return self.bound == "exact"

    def against(self, found: int) -> str:
        """`true`, `approximate` (within 10 %) or `false`."""
        off = abs(found - self.value)
        if off == 0 or (self.bound == "least" and found >= self.value):
            return "true"
        if self.bound == "about" and off <= NEAR * self.value:
            return "true"
        return "approximate" if off <= NEAR * max(found, self.value) else "false"


RANK = ("true", "approximate", "false")


def best(words: list[str]) -> str:
    """The kindest of several verdicts: where a text may mean any of several things, it is held to the one that fits."""
    return min(words, key=RANK.index)
