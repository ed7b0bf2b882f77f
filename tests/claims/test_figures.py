"""A figure is read with its unit and its precision; a sentence that only hopes claims nothing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from repoops.claims.figures import KINDS, figures


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("It runs in 321 μs.", [("time", 321.0, 0.5)]),
        ("It takes 22.8 µs on an L4", [("time", 22.8, 0.05)]),
        ("kernel: tiled; time (us): 22.40", [("time", 22.4, 0.005)]),
        ("took 1.5 ms", [("time", 1500.0, 50.0)]),
        ("3.2x faster and 14 × slower", [("ratio", 3.2, 0.05), ("ratio", 14.0, 0.5)]),
        ("a speedup of 2.5", [("ratio", 2.5, 0.05)]),
        ("reaches 91.2 TFLOP/s and 250 GB/s", [("rate", 91.2, 0.05), ("rate", 250.0, 0.5)]),
        ("it gets 75 % of peak", [("share", 75.0, 0.5)]),
        ("uses 64 registers and 9,344 bytes of shared memory", [("registers", 64.0, 0.5), ("shared", 9344.0, 0.5)]),
        ("36 KB of shared memory", [("shared", 36864.0, 512.0)]),
        ("no spills, 0 bank conflicts, 75 % occupancy", [("spills", 0.0, 0.5), ("conflicts", 0.0, 0.5), ("occupancy", 75.0, 0.5)]),
        ("100% correct", [("correct", 100.0, 0.5)]),
        ("15/15 tests pass", [("passed", 15.0, 0.0)]),
    ],
)  # fmt: skip
def test_figures_are_read(sentence: str, expected: list[tuple[str, float, float]]) -> None:
    found = sorted((f.kind, f.low, f.half) for f in figures(sentence))
    assert found == [pytest.approx(each) for each in sorted(expected)]


def test_a_range_has_both_ends() -> None:
    (found,) = figures("takes 128 to 150 registers a thread")
    assert (found.low, found.high) == (128.0, 150.0)


@pytest.mark.parametrize(
    "sentence",
    [
        "The goal is 23 µs.",
        "It should take 23 µs.",
        "At most 64 registers are used.",
        "Not measured on hardware; 22.8 µs would be the best.",
        "Blocks of 4 x 4 and tiles of 64x64.",
        "Version 2.13.0 of torch, section 9.7.13, 238 files.",
        'Its summary said "321 μs".',
        "Is it 3 times faster?",
        "Targeting 55 TFLOPS on sub-5 μs kernels, 40-50 TFLOPS.",
        "Memory bandwidth: 300 GB/s",
        "16 bytes a lane are 16 sectors a request",
    ],
)
def test_aims_bounds_and_other_numbers_are_no_claims(sentence: str) -> None:
    assert list(figures(sentence)) == []


def test_below_a_roadmap_there_are_aims_only() -> None:
    assert list(figures("tensor cores: 40 TFLOPS", "Attention Roadmap")) == []
    assert [f.kind for f in figures("tensor cores: 40 TFLOPS", "Attention")] == ["rate"]


@given(st.text())
def test_any_text_can_be_read(text: str) -> None:
    assert all(f.kind in KINDS and f.low <= max(f.low, f.high) and f.half >= 0 for f in figures(text))


@given(st.integers(0, 10**6), st.integers(0, 3))
def test_half_a_unit_of_the_last_digit_is_the_precision(value: int, places: int) -> None:
    written = f"{value / 10**places:.{places}f}"
    (found,) = figures(f"it takes {written} us")
    assert abs(found.low - value / 10**places) < 1e-9
    assert found.half == pytest.approx(0.5 * 10**-places)
