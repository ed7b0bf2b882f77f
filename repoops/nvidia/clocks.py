"""What a card's clocks are held back by, through NVML: whether a time was taken at full speed.

Written against cuda-bindings 13.5 (`cuda.bindings.nvml`), and tested through them against a stand-in for NVML's
library. No card has been read by this project so far.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_REASONS = {
    0x1: "idle", 0x2: "application clocks", 0x4: "power cap", 0x8: "hardware slowdown", 0x10: "sync boost",
    0x20: "thermal slowdown (software)", 0x40: "thermal slowdown (hardware)", 0x80: "power brake", 0x100: "display clocks",
    0x200: "board limit", 0x400: "reliability",
}  # fmt: skip
"""Source: NVML API reference, `nvmlClocksEventReasons`."""
_HARMLESS = 0x1 | 0x2 | 0x10 | 0x100
"""Idle between launches, and clocks that somebody set on purpose; all else, and what is not known, slows the card down."""


@dataclass(frozen=True, slots=True)
class State:
    """A card between two blocks of samples: clock of its multiprocessors, and the bits of what holds it back."""

    sm_mhz: int
    reasons: int

    @property
    def throttled(self) -> bool:
        """Whether something holds the clock back that nobody asked for."""
        return bool(self.reasons & ~_HARMLESS)

    @property
    def words(self) -> tuple[str, ...]:
        """The reasons by name."""
        return names(self.reasons)


def names(reasons: int) -> tuple[str, ...]:
    """A bit mask of reasons in words; a bit that NVML has since added is shown as a number."""
    bits = [1 << n for n in range(reasons.bit_length()) if reasons >> n & 1]
    return tuple(_REASONS.get(bit, f"{bit:#x}") for bit in bits)


def read(uuid: str) -> State | str:
    """The state of the card with this UUID (`GPU-…`), or why it cannot be read."""
    try:
        nvml, handle = _handle(uuid)
        reasons = int(nvml.device_get_current_clocks_event_reasons(handle))
        return State(int(nvml.device_get_clock_info(handle, nvml.ClockType.SM)), reasons)
    except Exception as error:  # noqa: BLE001 - its classes are generated, one for each status
        return f"NVML cannot be asked: {str(error).splitlines()[0] if str(error) else type(error).__name__}"


@lru_cache(maxsize=8)
def _handle(uuid: str) -> tuple[Any, Any]:
    from cuda.bindings import nvml

    nvml.init_v2()
    return nvml, nvml.device_get_handle_by_uuid(uuid)
