"""Each oracle is tested by a second formulation of the same function, and by what is known of it."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

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


SIDES = st.one_of(st.none(), st.integers(0, 40))
MASKS = st.fixed_dictionaries(
    {
        "causal": st.booleans(),
        "diagonal": st.sampled_from(["bottom_right", "top_left"]),
        "window": st.tuples(SIDES, SIDES),
    }
)


@settings(max_examples=80, deadline=None)
@given(SIZES, SIZES, st.sampled_from([(3, 3), (4, 2), (3, 1)]), MASKS, st.sampled_from([1.0, 30.0]), SEEDS)
def test_attention(
    seq_q: int, seq_k: int, heads: tuple[int, int], mask: dict[str, Any], spread: float, seed: int
) -> None:
    q = normal(seed, 2, heads[0], seq_q, 8, spread=spread)
    k, v = (normal(seed + i, 2, heads[1], seq_k, 8, spread=spread) for i in (1, 2))
    agree(
        attention.attention(q, k, v, scale=0.35, **mask),
        attention.second(q, k, v, scale=0.35, **mask),
    )


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 9), st.integers(0, 9)), min_size=1, max_size=4), MASKS, SEEDS)
def test_packed_attention_is_that_of_a_mask_over_everything(
    lengths: list[tuple[int, int]], mask: dict[str, Any], seed: int
) -> None:
    seq_q, seq_k = zip(*lengths, strict=True)
    cu_q, cu_k = (torch.tensor([0, *accumulate(seq)]) for seq in (seq_q, seq_k))
    q, k, v = (normal(seed + i, 1, 2, sum(seq), 8).double() for i, seq in enumerate((seq_q, seq_k, seq_k)))
    seen = torch.block_diag(*(attention.band(*pair, **mask).double() for pair in lengths)).bool()
    scores = torch.einsum("bhqd,bhkd->bhqk", q, k) * 0.35
    weights = scores.masked_fill(~seen, float("-inf")).softmax(-1).nan_to_num(0.0)
    agree(
        attention.packed(attention.attention, q, k, v, cu_q, cu_k, scale=0.35, **mask),
        weights @ v,
    )


@pytest.mark.parametrize("formulation", [attention.visible, attention.band])
def test_what_a_query_sees(formulation: Any) -> None:
    def rows(**mask: Any) -> list[str]:
        return ["".join(".x"[int(seen)] for seen in row) for row in formulation(3, 5, **mask)]

    assert rows(causal=True) == ["xxx..", "xxxx.", "xxxxx"]
    assert rows(causal=True, diagonal="top_left") == ["x....", "xx...", "xxx.."]
    assert rows(window=(1, 1)) == [".xxx.", "..xxx", "...xx"]
    assert rows(window=(None, 0), diagonal="top_left") == ["x....", "xx...", "xxx.."]
    assert rows(window=(0, 3), causal=True) == ["..x..", "...x.", "....x"]


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
