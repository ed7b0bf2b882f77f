"""Each oracle is tested by a second formulation of the same function, and by what is known of it."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.attention import oracle as attention
from kernels.gemm import oracle as gemm
from kernels.rmsnorm import oracle as rmsnorm
from kernels.softmax import oracle as softmax
from kernels.vector_add import oracle as vector_add

SIZES = st.integers(1, 33)
SEEDS = st.integers(0, 2**32 - 1)


def normal(seed: int, *shape: int, spread: float = 1.0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * spread


def agree(a: torch.Tensor, b: torch.Tensor) -> None:
    assert a.dtype == b.dtype == torch.float64
    torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)  # scores of 30 x 30 x 8 cost four digits


@settings(max_examples=40, deadline=None)
@given(SIZES, SEEDS)
def test_vector_add(n: int, seed: int) -> None:
    a, b = normal(seed, n), normal(seed + 1, n)
    agree(vector_add.vector_add(a, b), vector_add.second(a, b))


@settings(max_examples=40, deadline=None)
@given(SIZES, SIZES, st.sampled_from([1.0, 100.0]), SEEDS)
def test_softmax(rows: int, cols: int, spread: float, seed: int) -> None:
    x = normal(seed, rows, cols, spread=spread)
    agree(softmax.softmax(x), softmax.second(x))
    agree(softmax.softmax(x).sum(-1), torch.ones(rows, dtype=torch.float64))


@settings(max_examples=40, deadline=None)
@given(SIZES, SIZES, SEEDS)
def test_rmsnorm(rows: int, cols: int, seed: int) -> None:
    x, weight = normal(seed, rows, cols), normal(seed + 1, cols)
    agree(rmsnorm.rmsnorm(x, weight, 1e-6), rmsnorm.second(x, weight, 1e-6))


@settings(max_examples=40, deadline=None)
@given(SIZES, SIZES, SIZES, SEEDS)
def test_gemm(m: int, n: int, k: int, seed: int) -> None:
    a, b = normal(seed, m, k), normal(seed + 1, k, n)
    agree(gemm.gemm(a, b), gemm.second(a, b))


@settings(max_examples=60, deadline=None)
@given(SIZES, SIZES, st.booleans(), st.sampled_from([1.0, 30.0]), SEEDS)
def test_attention(seq_q: int, seq_k: int, causal: bool, spread: float, seed: int) -> None:
    q, k, v = (normal(seed + i, 2, 3, n, 8, spread=spread) for i, n in enumerate((seq_q, seq_k, seq_k)))
    agree(
        attention.attention(q, k, v, scale=0.35, causal=causal),
        attention.second(q, k, v, scale=0.35, causal=causal),
    )


def test_attention_is_torchs_own_in_float64() -> None:
    q, k, v = (normal(i, 1, 2, 33, 64).double() for i in range(3))
    for causal in (False, True):
        ours = attention.attention(q, k, v, scale=0.125, causal=causal)
        agree(ours, torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=causal, scale=0.125))


@pytest.mark.parametrize("formulation", [attention.attention, attention.second])
def test_a_query_that_sees_no_key_gives_zeros(formulation: object) -> None:
    q, k, v = normal(0, 1, 1, 5, 8), normal(1, 1, 1, 2, 8), normal(2, 1, 1, 2, 8)
    out = formulation(q, k, v, scale=1.0, causal=True)  # type: ignore[operator]
    assert (out[0, 0, :3] == 0).all()
    agree(out[0, 0, 3], v[0, 0, 0].double())
