"""The bound comes from measured error, and NaN, infinities and odd shapes cannot slip through it."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.report.verification import Error
from repoops.suite.tolerance import FromError

NAN, INF = float("nan"), float("inf")
RULE = FromError()


def compared(
    out: torch.Tensor, truth: torch.Tensor, peer: torch.Tensor, rule: FromError = RULE
) -> tuple[Error, str | None]:
    return rule.hold(out, truth, rule.bounds(truth, peer, out.dtype))


def f64(*values: float) -> torch.Tensor:
    return torch.tensor([values], dtype=torch.float64)


def f32(*values: float) -> torch.Tensor:
    return torch.tensor([values], dtype=torch.float32)


def test_the_bound_is_k_times_torchs_error_and_twice_the_rounding() -> None:
    truth, peer = f64(1.0, 2.0), f32(1.0, 2.001)
    error, fault = compared(f32(1.0, 2.0029), truth, peer, FromError(k=3))
    rounding = ((truth.float() + 0.3 - 0.3).double() - truth).abs().max().item()
    assert math.isclose(error.bound, 3 * (peer.double() - truth).abs().max().item() + 2 * rounding)
    assert fault is None
    assert error.rule == "3 x torch's error in the same dtype + 2 x rounding, or 2 units in the last place"
    _, fault = compared(f32(1.0, 2.0029), truth, peer)
    assert str(fault).startswith("deviates by 0.0029 at (0, 1) (got 2.0029, expected 2), at most 0.002")


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32])
def test_two_units_in_the_last_place_are_allowed_where_torch_is_exact_and_not_many_more(
    dtype: torch.dtype,
) -> None:
    truth = torch.tensor([[1.0, 768.0]], dtype=torch.float64)
    peer, unit = truth.to(dtype), 768 * torch.finfo(dtype).eps
    for units, fine in ((1, True), (-1, True), (2, True), (4, False), (-4, False)):
        out = (truth + torch.tensor([[0.0, units * unit]])).to(dtype)
        assert (compared(out, truth, peer)[1] is None) == fine, units
    error, _ = compared((truth + torch.tensor([[0.0, unit]])).to(dtype), truth, peer)
    assert error.worst_index == (0, 1)
    assert error.bound == 2 * unit


def test_one_wrong_row_cannot_hide_behind_a_large_one() -> None:
    truth = torch.tensor([[1000.0, 2000.0], [0.001, 0.002]], dtype=torch.float64)
    peer = (truth * 1.0001).float()
    out = peer.clone()
    out[1] *= 1.5  # absolutely 0.001, where the bound is 0.4
    error, fault = compared(out, truth, peer)
    assert error.max < error.bound
    assert str(fault).startswith("row (1,) has a relative L2 error of 0.5, at most 0.0002")


@pytest.mark.parametrize(
    ("out", "truth", "fine"),
    [
        (NAN, NAN, True), (0.0, NAN, False), (NAN, 0.0, False),
        (INF, INF, True), (-INF, INF, False), (1e30, INF, False), (INF, 1e30, False), (NAN, INF, False),
        (0.0, 0.0, True), (1e-30, 0.0, False),
    ],
)  # fmt: skip
def test_nan_meets_nan_infinity_the_same_infinity_and_a_row_of_zeros_only_zeros(
    out: float, truth: float, *, fine: bool
) -> None:
    _, fault = compared(f32(out), f64(truth), f64(truth).float())
    assert (fault is None) == fine


def test_a_peer_that_overflows_gives_no_bound() -> None:
    for bad in (INF, NAN):
        with pytest.raises(
            ValueError, match=r"torch in torch.float32 gives NaN or infinity where the truth is finite"
        ):
            compared(f32(1.0, 5.0), f64(1.0, 2.0), f32(1.0, bad))


def test_shapes_must_agree() -> None:
    with pytest.raises(ValueError, match=r"shapes differ: output \(1, 2\), oracle \(1, 1\)"):
        compared(f32(1.0, 2.0), f64(1.0), f32(1.0))


@pytest.mark.parametrize("shape", [(0,), (0, 4), (4, 0), (), (3,), (2, 1, 3)])
def test_any_number_of_dimensions(shape: tuple[int, ...]) -> None:
    truth = torch.ones(shape, dtype=torch.float64)
    error, fault = compared(truth.float(), truth, truth.float())
    assert (fault, error.max, error.row_l2) == (None, 0.0, 0.0)
    assert len(error.worst_index) == len(shape)


DTYPES = st.sampled_from([torch.float16, torch.bfloat16, torch.float32])


@settings(max_examples=100)
@given(
    DTYPES,
    st.integers(1, 40),
    st.integers(1, 40),
    st.integers(0, 2**32 - 1),
    st.sampled_from([1e-3, 1.0, 100.0]),
)
def test_torchs_own_result_always_passes_and_its_negative_never(
    dtype: torch.dtype, rows: int, cols: int, seed: int, size: float
) -> None:
    a, b = (
        torch.randn(rows, cols, generator=torch.Generator().manual_seed(seed + i)) * size for i in range(2)
    )
    a, b = a.to(dtype), b.to(dtype)
    truth, peer = a.double() * b.double().sigmoid() + size, a * b.sigmoid() + size
    assert compared(peer, truth, peer)[1] is None
    assert compared(-peer, truth, peer)[1] is not None


@settings(max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(0, 99))
def test_one_element_beyond_the_bound_is_found_where_it_is(seed: int, at: int) -> None:
    truth = torch.rand(10, 10, generator=torch.Generator().manual_seed(seed), dtype=torch.float64) + 1
    peer = truth.half()
    bound = compared(peer, truth, peer)[0].bound
    out = peer.clone()
    out.view(-1)[at] += 4 * bound
    error, fault = compared(out, truth, peer)
    assert fault is not None
    assert error.worst_index == (at // 10, at % 10)
