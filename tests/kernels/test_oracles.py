"""Each oracle is tested by a second formulation of the same function, and by what is known of it."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.attention import oracle as attention
from kernels.block_reduce import oracle as block_reduce
from kernels.cross_entropy import oracle as cross_entropy
from kernels.gemm import oracle as gemm
from kernels.layernorm import oracle as layernorm
from kernels.paged_kv import oracle as paged_kv
from kernels.paged_kv import spec as paged
from kernels.rmsnorm import oracle as rmsnorm
from kernels.rope import oracle as rope
from kernels.rope import table
from kernels.softmax import oracle as softmax
from kernels.swiglu import oracle as swiglu
from kernels.vector_add import oracle as vector_add
from repoops.suite.spec import Case

SIZES = st.integers(1, 33)
SEEDS = st.integers(0, 2**32 - 1)


def normal(seed: int, *shape: int, spread: float = 1.0) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)) * spread


def agree(a: torch.Tensor, b: torch.Tensor) -> None:
    assert a.dtype == b.dtype == torch.float64
    torch.testing.assert_close(a, b, rtol=1e-10, atol=1e-10)  # scores of 30 x 30 x 8 cost four digits


@settings(max_examples=40)
@given(SIZES, SEEDS)
def test_vector_add(n: int, seed: int) -> None:
    a, b = normal(seed, n), normal(seed + 1, n)
    agree(vector_add.vector_add(a, b), vector_add.second(a, b))


@settings(max_examples=40)
@given(SIZES, SIZES, st.sampled_from([1.0, 100.0]), SEEDS)
def test_softmax(rows: int, cols: int, spread: float, seed: int) -> None:
    x = normal(seed, rows, cols, spread=spread)
    agree(softmax.softmax(x), softmax.second(x))
    agree(softmax.softmax(x).sum(-1), torch.ones(rows, dtype=torch.float64))


@settings(max_examples=40)
@given(SIZES, SIZES, SEEDS)
def test_rmsnorm(rows: int, cols: int, seed: int) -> None:
    x, weight = normal(seed, rows, cols), normal(seed + 1, cols)
    agree(rmsnorm.rmsnorm(x, weight, 1e-6), rmsnorm.second(x, weight, 1e-6))


@settings(max_examples=40)
@given(SIZES, SIZES, SIZES, SEEDS)
def test_gemm(m: int, n: int, k: int, seed: int) -> None:
    a, b = normal(seed, m, k), normal(seed + 1, k, n)
    agree(gemm.gemm(a, b), gemm.second(a, b))


@settings(max_examples=40)
@given(SIZES, SIZES, SEEDS)
def test_layernorm(rows: int, cols: int, seed: int) -> None:
    x, weight, bias = normal(seed, rows, cols), normal(seed + 1, cols), normal(seed + 2, cols)
    agree(layernorm.layernorm(x, weight, bias, 1e-5), layernorm.second(x, weight, bias, 1e-5))


@settings(max_examples=40)
@given(SIZES, SIZES, SEEDS)
def test_sum_of_a_residual_and_its_norm(rows: int, cols: int, seed: int) -> None:
    x, residual, weight = normal(seed, rows, cols), normal(seed + 1, rows, cols), normal(seed + 2, cols)
    total, y = rmsnorm.add_and_norm(x, residual, weight, 1e-6)
    agree(total - x.double(), residual.double())
    agree(y, rmsnorm.second(total, weight, 1e-6))


@settings(max_examples=40)
@given(SIZES, SIZES, st.sampled_from([1.0, 100.0]), SEEDS)
def test_block_reduce_and_swiglu(rows: int, cols: int, spread: float, seed: int) -> None:
    a, b = normal(seed, rows, cols, spread=spread), normal(seed + 1, rows, cols)
    agree(block_reduce.block_reduce(a), block_reduce.second(a))
    agree(swiglu.swiglu(a, b), swiglu.second(a, b))


@settings(max_examples=40)
@given(st.integers(1, 9), st.integers(1, 5), st.integers(1, 20), st.booleans(), SEEDS)
def test_rope(tokens: int, heads: int, half: int, interleaved: bool, seed: int) -> None:
    x, turns = normal(seed, tokens, heads, 2 * half), table(50, 2 * half)
    positions = torch.randint(50, (tokens,), generator=torch.Generator().manual_seed(seed))
    ours = rope.rope(x, positions, turns, interleaved=interleaved)
    agree(ours, rope.second(x, positions, turns, interleaved=interleaved))
    torch.testing.assert_close(ours.norm(dim=-1), x.double().norm(dim=-1), rtol=1e-6, atol=0)  # a turn


@settings(max_examples=40)
@given(SIZES, SIZES, st.sampled_from([1.0, 30.0]), SEEDS)
def test_cross_entropy(rows: int, cols: int, spread: float, seed: int) -> None:
    logits = normal(seed, rows, cols, spread=spread)
    classes = torch.randint(-2, cols + 1, (rows,), generator=torch.Generator().manual_seed(seed))
    ours = cross_entropy.cross_entropy(logits, classes, -2)
    torch.testing.assert_close(ours, cross_entropy.second(logits, classes, -2), equal_nan=True)
    known = (classes != -1) & (classes != cols)
    agree(
        ours[known],
        torch.nn.functional.cross_entropy(
            logits[known].double(), classes[known], ignore_index=-2, reduction="none"
        ),
    )


@pytest.mark.parametrize("case", paged.SPEC.cases, ids=lambda case: case.id)
def test_paged_kv(case: Case) -> None:
    inputs, blocks = paged.make(case), paged.blocks_of(case)
    ours = paged_kv.append(*inputs, blocks=blocks, page=case["page"])
    assert torch.equal(ours, paged_kv.second(*inputs, blocks=blocks, page=case["page"]))
    new = int((inputs[4] >= 0).sum()) * case["heads"] * case["D"]
    assert int(paged.slots(case, *inputs).sum()) == 2 * new  # no two tokens have the same slot


SIDES = st.one_of(st.none(), st.integers(0, 40))
MASKS = st.fixed_dictionaries(
    {
        "causal": st.booleans(),
        "diagonal": st.sampled_from(["bottom_right", "top_left"]),
        "window": st.tuples(SIDES, SIDES),
    }
)


@settings(max_examples=80)
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


@settings(max_examples=40)
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
