"""The only place that reads time: everything else is handed a value."""

from __future__ import annotations

import time
from datetime import datetime


def now() -> datetime:
    """The wall clock with the machine's UTC offset, to the second."""
    return datetime.now().astimezone().replace(microsecond=0)


def monotonic() -> float:
    """Seconds on a clock that never goes back; for durations only."""
    return time.monotonic()


def ticks_ns() -> int:
    """Nanoseconds on the finest clock that never goes back; for short durations only."""
    return time.perf_counter_ns()
