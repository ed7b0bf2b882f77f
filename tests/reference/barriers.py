"""An mbarrier object, as the ISA describes its counts and phases.

Source: PTX ISA 9.0, "Contents of the mbarrier object", "Phase of the mbarrier object", "Arrive-on operation".
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass
class Barrier:
    """`pending` arrivals are missing in this phase; `expected` come in the next."""

    pending: int
    expected: int
    phase: int = 0

    def arrive(self, count: int, *, drop: bool = False) -> tuple[int, int]:
        """The phase and the pending count before it."""
        before = self.phase, self.pending
        self.expected -= count if drop else 0
        self.pending -= count
        if self.pending == 0:
            self.phase += 1
            self.pending = self.expected
        return before

    def completed(self, phase: int) -> bool:
        """Whether the phase that a state was taken in is over."""
        return self.phase != phase

    def parity_completed(self, parity: int) -> bool:
        """Whether, of the current and the last phase, the one of this parity is over."""
        return self.phase % 2 != parity
