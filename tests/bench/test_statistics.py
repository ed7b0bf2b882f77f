from __future__ import annotations

import statistics as reference

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.bench import statistics as s

TIMES = st.floats(1e-3, 1e6)
RATIOS = st.floats(0.2, 5.0)


def drawn(
    median: float, *, seed: int, processes: int = 5, samples: int = 100, noise: float = 0.01
) -> s.Samples:
    """Log-normal samples, each process with an offset of its own, as caches and clocks give them."""
    random = np.random.default_rng(seed)
    offsets = random.normal(0, noise / 4, processes)
    return s.Samples(
        tuple(
            tuple(median * np.exp(offset + random.normal(0, noise, samples))) for offset in offsets
        )
    )  # fmt: skip


@given(st.lists(TIMES, min_size=1, max_size=40))
def test_median_and_percentiles_are_those_of_the_standard_library(values: list[float]) -> None:
    assert s.median(values) == pytest.approx(reference.median(values))
    assert s.percentile(values, 0.0) == min(values)
    assert s.percentile(values, 1.0) == max(values)
    assert s.percentile(values, 0.3) == pytest.approx(np.percentile(values, 30))


def test_no_samples_have_no_median() -> None:
    with pytest.raises(ValueError, match="no samples"):
        s.median([])


@given(RATIOS, RATIOS, st.floats(0.0, 0.05))
def test_a_verdict_is_mirrored_where_candidate_and_baseline_change_places(
    one: float, other: float, effect: float
) -> None:
    low, high = sorted((one, other))
    forward = s.compare(s.Ratio(low, (low, high)), effect)
    backward = s.compare(s.Ratio(1 / low, (1 / high, 1 / low)), effect)
    mirrored = {s.FASTER: s.SLOWER, s.SLOWER: s.FASTER}
    edges = (1 + effect, 1 / (1 + effect))
    if all(abs(end - edge) > 1e-9 for end in (low, high) for edge in edges):
        assert backward == mirrored.get(forward, forward)


@given(RATIOS, RATIOS, st.floats(0.0, 0.05))
def test_a_verdict_is_never_made_by_an_interval_that_crosses_the_minimum_effect(
    one: float, other: float, effect: float
) -> None:
    low, high = sorted((one, other))
    said = s.compare(s.Ratio(low, (low, high)), effect)
    if said == s.FASTER:
        assert high < 1
    if said == s.SLOWER:
        assert low > 1
    if low < 1 / (1 + effect) <= 1 + effect < high:
        assert said == s.AMBIGUOUS


@settings(max_examples=10)
@given(st.integers(0, 2**16), st.floats(0.5, 50))
def test_the_interval_holds_the_ratio_and_does_not_change_with_the_unit(seed: int, scale: float) -> None:
    candidate, baseline = drawn(10, seed=seed), drawn(12, seed=seed + 1)
    found = s.ratio(candidate, baseline, seed=3)
    assert found.ci95[0] <= found.value <= found.ci95[1]
    scaled = [
        s.Samples(tuple(tuple(v * scale for v in p) for p in c.processes)) for c in (candidate, baseline)
    ]
    assert s.ratio(*scaled, seed=3).ci95 == pytest.approx(found.ci95)


def test_the_same_seed_gives_the_same_interval_and_another_one_another() -> None:
    candidate, baseline = drawn(10, seed=1), drawn(12, seed=2)
    assert s.ratio(candidate, baseline, seed=3) == s.ratio(candidate, baseline, seed=3)
    assert s.ratio(candidate, baseline, seed=3) != s.ratio(candidate, baseline, seed=4)


def test_processes_that_disagree_widen_the_interval() -> None:
    """What a plain bootstrap over all samples would miss: 500 samples, but only 5 independent ones."""
    offsets = (0.9, 0.95, 1.0, 1.05, 1.1)
    random = np.random.default_rng(0)
    apart = s.Samples(tuple(tuple(10 * o * np.exp(random.normal(0, 0.001, 100))) for o in offsets))
    together = drawn(10, seed=1, noise=0.001)
    low, high = s.spread(apart, seed=0).ci95
    assert high - low > 0.5
    low, high = s.spread(together, seed=0).ci95
    assert high - low < 0.05


def test_a_process_of_its_own_speed_cancels_in_the_ratio() -> None:
    offsets = (0.8, 0.9, 1.0, 1.1, 1.2)
    random = np.random.default_rng(0)

    def slowed(median: float) -> s.Samples:
        return s.Samples(tuple(tuple(median * o * np.exp(random.normal(0, 0.001, 100))) for o in offsets))

    low, high = s.ratio(slowed(10), slowed(20), seed=0).ci95
    assert 0.45 < low <= 0.5 <= high < 0.55


def outcome(
    candidate: s.Samples, baseline: s.Samples, control: s.Samples, floor_us: float = 1.0
) -> s.Verdict:
    return s.verdict(candidate, baseline, control, floor_us=floor_us, seed=0)[1]


def test_verdicts_of_a_sound_comparison() -> None:
    candidate, control = drawn(10, seed=1), drawn(10, seed=2)
    assert outcome(candidate, drawn(12, seed=3), control).name == s.FASTER
    assert outcome(candidate, drawn(8, seed=3), control).name == s.SLOWER
    assert outcome(candidate, drawn(10, seed=3, noise=0.001), drawn(10, seed=4)).name in (s.SAME, s.AMBIGUOUS)
    assert outcome(candidate, candidate, control).name == s.SAME


def test_a_control_that_differs_from_itself_condemns_the_comparison() -> None:
    said = outcome(drawn(10, seed=1), drawn(12, seed=3), drawn(11, seed=2))
    assert said.name == s.AMBIGUOUS
    assert said.why.startswith("the candidate against itself differs: 0.9")


def test_a_control_too_coarse_condemns_the_comparison() -> None:
    noisy = drawn(10, seed=1, noise=1.0)
    said = outcome(noisy, drawn(30, seed=3, noise=1.0), noisy)
    assert said.name == s.AMBIGUOUS
    assert "resolves no better than" in said.why


def test_below_the_floor_is_implausible_whoever_is() -> None:
    candidate, control, baseline = drawn(10, seed=1), drawn(10, seed=2), drawn(12, seed=3)
    assert outcome(candidate, baseline, control, floor_us=11).name == s.IMPLAUSIBLE
    assert "the candidate's median" in outcome(candidate, baseline, control, floor_us=11).why
    assert "the baseline's median" in outcome(baseline, candidate, drawn(12, seed=4), floor_us=11).why


@pytest.mark.parametrize(("processes", "samples"), [(4, 100), (5, 99)])
def test_too_few_samples_are_no_measurement(processes: int, samples: int) -> None:
    few = drawn(10, seed=1, processes=processes, samples=samples)
    found, said = s.verdict(few, few, few, floor_us=1.0, seed=0)
    assert (found, said.name) == (None, s.NOT_MEASURED)


def test_dropped_samples_are_told() -> None:
    whole = drawn(10, seed=1)
    cut = s.Samples((whole.processes[0][:60], *whole.processes[1:]), dropped=40)
    assert cut.lacking == "4 processes have 100 valid samples, 5 must; 40 samples were dropped as throttled"


def test_contenders_of_different_processes_are_not_compared() -> None:
    with pytest.raises(ValueError, match="same processes"):
        s.ratio(drawn(10, seed=1), drawn(10, seed=1, processes=6), seed=0)
