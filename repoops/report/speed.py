"""How fast a kernel could be, and how fast one was: a case's work, a card's floor for it, a time measured on a card."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

Interval = tuple[float, float]
"""Of 95 %."""
UNITS = ("tensor16", "tensor8", "fp32")
"""What does the arithmetic: products of floats of 16 or of 8 bits on tensor cores, summed in float32; or float32 lanes."""

CHECK = "bench["
"""How the check of a case that is to be timed begins: `bench[sm_89, S512-fp16]`."""


def case_id(check: str) -> str:
    """`bench[sm_89, S512-fp16]` is about `S512-fp16`; raises ValueError for another check."""
    if not check.startswith(CHECK):
        raise ValueError(f"{check} is no case to be timed")
    return check.removeprefix(CHECK).removesuffix("]").partition(", ")[2]


@dataclass(frozen=True, slots=True)
class Work:
    """What the algorithm must do for one case, whatever the kernel does: arithmetic, and bytes to and from memory at least."""

    flops: int
    bytes: int
    unit: str = "tensor16"

    def __post_init__(self) -> None:
        """Raises ValueError for a unit that there is not, and for no work."""
        if self.unit not in UNITS:
            raise ValueError(f"the unit is {self.unit!r}, not one of {', '.join(UNITS)}")
        if self.flops < 0 or self.bytes < 0:
            raise ValueError("work is not negative")


@dataclass(frozen=True, slots=True)
class Floor:
    """The roofline of one card for one case, microseconds, from data-sheet peaks: computed, never measured."""

    card: str
    compute_us: float
    memory_us: float

    @property
    def us(self) -> float:
        """No kernel is faster when its inputs lie in memory."""
        return max(self.compute_us, self.memory_us)

    @property
    def bound(self) -> str:
        """Which side binds: `compute` or `memory`."""
        return "compute" if self.compute_us >= self.memory_us else "memory"


@dataclass(frozen=True, slots=True)
class Rival:
    """One baseline beside a kernel, timed in the same processes; figures are None where it was not.

    Attributes:
        name: `torch SDPA (flash)`.
        version: of its package.
        verdict: on the kernel against it: FASTER, SLOWER, SAME, AMBIGUOUS, IMPLAUSIBLE or NOT MEASURED.
        why: of the last three.
        p50_us: its median; `ci95` is of that.
        ratio: the kernel's median over its; `ratio_ci95` is of that.
    """

    name: str
    version: str
    verdict: str
    why: str = ""
    p50_us: float | None = None
    ci95: Interval | None = None
    ratio: float | None = None
    ratio_ci95: Interval | None = None


@dataclass(frozen=True, slots=True)
class Timing:
    """Measured on a GPU, microseconds; there is none for a CPU, by construction.

    Attributes:
        method: `CUDA events`, `graph replay`.
        samples: valid ones, of all processes together; `dropped` ones were throttled.
        ci95: of the median.
        l2: `cold` (buffers rotate through twice the cache) or `warm`.
        floor_us: below which the median would be implausible.
        minimum_effect: the smallest change that could be told, from `control_ci95`: the kernel against itself.
        rivals: every baseline, measured or not.
        clocks_mhz: lowest and highest clock of the multiprocessors that was read between blocks of samples.
    """

    method: str
    samples: int
    p50_us: float
    p5_us: float
    p95_us: float
    baseline: str | None = None
    baseline_p50_us: float | None = None
    ci95: Interval | None = None
    processes: int | None = None
    dropped: int = 0
    l2: str | None = None
    floor_us: float | None = None
    control_ci95: Interval | None = None
    minimum_effect: float | None = None
    rivals: tuple[Rival, ...] = ()
    clocks_mhz: tuple[int, int] | None = None


def timing_from_json(data: Mapping[str, Any]) -> Timing:
    """Takes back what `dataclasses.asdict` gave, older reports without the newer fields too."""
    pairs = {name: _pair(data.get(name)) for name in ("ci95", "control_ci95", "clocks_mhz")}
    return Timing(**{**data, **pairs, "rivals": tuple(_rival(found) for found in data.get("rivals", ()))})


def _rival(data: Mapping[str, Any]) -> Rival:
    return Rival(**{**data, **{name: _pair(data.get(name)) for name in ("ci95", "ratio_ci95")}})


def _pair(found: Any) -> Any:
    return tuple(found) if found is not None else None


def floor_to_json(floor: Floor) -> dict[str, Any]:
    """With what follows from the two sides, for readers without this package."""
    return {**asdict(floor), "us": floor.us, "bound": floor.bound}


def floor_from_json(data: Mapping[str, Any]) -> Floor:
    """Takes back what `floor_to_json` gave."""
    return Floor(data["card"], data["compute_us"], data["memory_us"])
