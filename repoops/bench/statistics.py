"""What samples of two contenders say: medians, intervals by a hierarchical bootstrap, a verdict; pure and seeded.

Samples of one process share its memory layout and the card's state, so processes are resampled before
samples: Kalibera and Jones, "Rigorous benchmarking in reasonable time", ISMM 2013, sections 3 and 6.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

FASTER, SLOWER, SAME, AMBIGUOUS = "FASTER", "SLOWER", "SAME", "AMBIGUOUS"
IMPLAUSIBLE = "IMPLAUSIBLE"
"""Of a median below the roofline floor: what was timed did not do the work."""
NOT_MEASURED = "NOT MEASURED"
VERDICTS = (FASTER, SLOWER, SAME, AMBIGUOUS, IMPLAUSIBLE, NOT_MEASURED)

PROCESSES, SAMPLES = 5, 100
"""Fresh processes, and valid samples in each, below which nothing is said."""
COARSEST = 0.05
"""A control that resolves no better than 5 % is no control."""
_RESAMPLED = 2000
Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Samples:
    """Valid samples of one contender by process, microseconds, and how many more were dropped as throttled."""

    processes: tuple[tuple[float, ...], ...]
    dropped: int = 0

    @property
    def all(self) -> tuple[float, ...]:
        """Those of every process."""
        return tuple(value for process in self.processes for value in process)

    @property
    def lacking(self) -> str | None:
        """Why nothing can be said from so few, or None."""
        enough = sum(len(process) >= SAMPLES for process in self.processes)
        if enough >= PROCESSES:
            return None
        said = f"{enough} processes have {SAMPLES} valid samples, {PROCESSES} must"
        return f"{said}; {self.dropped} samples were dropped as throttled" if self.dropped else said


@dataclass(frozen=True, slots=True)
class Spread:
    """Of one contender's samples, microseconds; `ci95` is of the median."""

    p5: float
    p50: float
    p95: float
    ci95: Interval


@dataclass(frozen=True, slots=True)
class Ratio:
    """The candidate's median over the baseline's: below 1 the candidate is faster."""

    value: float
    ci95: Interval


@dataclass(frozen=True, slots=True)
class Verdict:
    """One of `VERDICTS`, and why where it is none of the first three."""

    name: str
    why: str = ""


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which `share` (0 to 1) of the values lie, interpolated between neighbours; raises ValueError for none."""
    if not values:
        raise ValueError("no samples")
    ordered = sorted(values)
    at = share * (len(ordered) - 1)
    low = math.floor(at)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (at - low)


def median(values: Sequence[float]) -> float:
    """The middle one; raises ValueError for none."""
    return percentile(values, 0.5)


def spread(samples: Samples, seed: int) -> Spread:
    """Median and tails, with the median's interval over processes."""
    import numpy as np

    every = samples.all
    medians = _medians([samples], seed)
    low, high = np.percentile(medians[0], [2.5, 97.5])
    return Spread(percentile(every, 0.05), median(every), percentile(every, 0.95), (float(low), float(high)))


def ratio(candidate: Samples, baseline: Samples, seed: int) -> Ratio:
    """Of the medians, with a 95 % interval.

    The two were interleaved within each process, so a resampled process brings both: what a process has
    of its own cancels.

    Raises:
        ValueError: the two come from different numbers of processes.
    """
    import numpy as np

    ours, theirs = _medians([candidate, baseline], seed)
    low, high = np.percentile(ours / theirs, [2.5, 97.5])
    return Ratio(median(candidate.all) / median(baseline.all), (float(low), float(high)))


def _medians(contenders: Sequence[Samples], seed: int) -> list[Any]:
    """For each contender the medians of every resampling, all from the same draws of processes.

    Of each process as many samples are drawn as the longest has: one that lost some to throttling
    weighs as much as the others.
    """
    import numpy as np

    count = len(contenders[0].processes)
    if any(len(one.processes) != count for one in contenders):
        raise ValueError("contenders of one comparison come from the same processes")
    random = np.random.default_rng(seed)
    drawn = random.integers(count, size=(_RESAMPLED, count))
    found = []
    for one in contenders:
        sizes = np.array([len(process) for process in one.processes])
        if not sizes.all():
            raise ValueError("a process without samples cannot be resampled")
        padded = np.full((count, sizes.max()), np.nan)
        for which, process in enumerate(one.processes):
            padded[which, : len(process)] = process
        picked = random.random((_RESAMPLED, count, sizes.max())) * sizes[drawn][:, :, None]
        again = padded[drawn[:, :, None], picked.astype(np.int64)]
        found.append(np.median(again.reshape(_RESAMPLED, -1), axis=1))
    return found


def minimum_effect(control: Ratio) -> float:
    """The smallest change that this set-up can tell from none: how far the interval of A against A reaches from 1."""
    low, high = control.ci95
    return max(high, 1 / low) - 1


def control_fault(control: Ratio) -> str | None:
    """Why a comparison of the candidate with itself condemns the set-up, or None: it must say SAME, and finely."""
    low, high = control.ci95
    if not low <= 1 <= high:
        return f"the candidate against itself differs: {control.value:.4f} ({low:.4f} to {high:.4f})"
    effect = minimum_effect(control)
    if effect > COARSEST:
        return f"the candidate against itself resolves no better than {100 * effect:.1f} %, {100 * COARSEST:g} % is needed"
    return None


def compare(found: Ratio, effect: float) -> str:
    """FASTER, SLOWER or SAME where the whole interval lies beyond or within the minimum effect, else AMBIGUOUS."""
    low, high = found.ci95
    if high < 1 / (1 + effect):
        return FASTER
    if low > 1 + effect:
        return SLOWER
    return SAME if 1 / (1 + effect) <= low and high <= 1 + effect else AMBIGUOUS


def verdict(
    candidate: Samples, baseline: Samples, control: Samples, *, floor_us: float, seed: int
) -> tuple[Ratio | None, Verdict]:
    """What a whole comparison comes to; the ratio is None where nothing was measured.

    Args:
        candidate: the kernel's.
        baseline: what it is held against, from the same processes.
        control: the candidate once more, timed as if it were a third.
        floor_us: no median of either may lie below it.
        seed: of the bootstrap.
    """
    for samples in (candidate, baseline, control):
        if samples.lacking:
            return None, Verdict(NOT_MEASURED, samples.lacking)
    found = ratio(candidate, baseline, seed)
    for who, samples in (("the candidate", candidate), ("the baseline", baseline)):
        if median(samples.all) < floor_us:
            return found, Verdict(
                IMPLAUSIBLE,
                f"{who}'s median of {median(samples.all):.3g} µs is below the floor of {floor_us:.3g} µs",
            )
    against_itself = ratio(candidate, control, seed)
    if fault := control_fault(against_itself):
        return found, Verdict(AMBIGUOUS, fault)
    name = compare(found, minimum_effect(against_itself))
    why = "the interval reaches across the minimum effect" if name == AMBIGUOUS else ""
    return found, Verdict(name, why)
