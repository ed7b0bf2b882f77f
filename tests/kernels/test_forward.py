"""The kernels' Python entries, on the CPU by the engine: what a caller without a card gets."""

from __future__ import annotations

import pytest
import torch

from kernels import (
    attention,
    block_reduce,
    cross_entropy,
    gemm,
    layernorm,
    paged_kv,
    rmsnorm,
    rope,
    softmax,
    swiglu,
    vector_add,
)
from kernels.attention import oracle

RANDOM = torch.Generator().manual_seed(0)


def normal(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.randn(shape, generator=RANDOM).to(dtype)


def test_vector_add() -> None:
    a, b = normal(1000), normal(1000)
    assert torch.equal(vector_add.forward(a, b), a + b)


def test_softmax_and_rmsnorm_of_strided_rows() -> None:
    x, weight = normal(5, 130)[:, :127], normal(127)
    torch.testing.assert_close(softmax.forward(x), torch.softmax(x, -1))
    torch.testing.assert_close(
        rmsnorm.forward(x, weight), torch.nn.functional.rms_norm(x, (127,), weight, 1e-6)
    )


@pytest.mark.parametrize("version", attention.VERSIONS)
def test_attention_as_torch_has_it(version: str) -> None:
    q = normal(1, 4, 65, 64, dtype=torch.float16)
    k, v = (normal(1, 2, 70, 64, dtype=torch.float16) for _ in range(2))
    wanted = torch.nn.functional.scaled_dot_product_attention(
        q.float(), k.float(), v.float(), is_causal=True, enable_gqa=True
    )
    out = attention.forward(q, k, v, causal=True, diagonal="top_left", version=version)
    torch.testing.assert_close(out.float(), wanted, atol=2e-3, rtol=2e-3)


def test_attention_takes_the_version_that_the_problem_allows() -> None:
    rows = normal(1, 2, 33, 70, dtype=torch.float16)[..., 2:66]  # begin at multiples of 4 bytes, not of 16
    wanted = torch.nn.functional.scaled_dot_product_attention(rows.float(), rows.float(), rows.float())
    torch.testing.assert_close(attention.forward(rows, rows, rows).float(), wanted, atol=2e-3, rtol=2e-3)
    with pytest.raises(ValueError, match="q is not aligned to 16 bytes"):
        attention.forward(rows, rows, rows, version="tensor_core")


def test_attention_takes_products_of_warp_groups_on_a_card_that_has_them() -> None:
    def taken(card: str | None, *shape: int, queries: int = 64) -> str:
        rows = torch.zeros(shape, dtype=torch.float16)
        return attention.fastest(rows, rows, rows, queries=queries, card=card)

    assert taken("sm_90", 1, 2, 64, 64) == taken("sm_90", 1, 2, 64, 128) == "wgmma"
    assert [taken(card, 1, 2, 64, 64) for card in ("sm_89", "sm_100", None)] == ["tensor_core"] * 3
    assert taken("sm_90", 1, 2, 64, 96) == taken("sm_90", 1, 2, 64, 64, queries=63) == "tensor_core"
    attention.refuse_other_cards("wgmma", "sm_90")
    attention.refuse_other_cards("tensor_core", "sm_75")


def test_attention_of_packed_sequences_is_that_of_each() -> None:
    q, k, v = (normal(n, 2, 40, dtype=torch.bfloat16) for n in (70, 75, 75))
    cu_q, cu_k = (torch.tensor(at, dtype=torch.int32) for at in ([0, 5, 5, 70], [0, 10, 30, 75]))
    out = attention.forward_varlen(q, k, v, cu_q, cu_k, window=(20, 0))
    for mine, theirs in ((slice(0, 5), slice(0, 10)), (slice(5, 70), slice(30, 75))):
        alone = (rows[None].transpose(1, 2) for rows in (q[mine], k[theirs], v[theirs]))
        wanted = attention.forward(*alone, window=(20, None), causal=True)[0].transpose(0, 1)
        assert torch.equal(out[mine], wanted)


@pytest.mark.parametrize("version", gemm.VERSIONS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_gemm_of_strided_rows(version: str, dtype: torch.dtype) -> None:
    a, b = normal(33, 72, dtype=dtype)[:, :65], normal(65, 40, dtype=dtype)[:, :37]
    torch.testing.assert_close(gemm.forward(a, b, version=version), a @ b)


@pytest.mark.parametrize("scale", [-0.3, 0.0])
def test_attention_with_a_scale_that_is_not_positive(scale: float) -> None:
    q, k, v = (normal(1, 2, 65, 64, dtype=torch.float16) for _ in range(3))
    wanted = oracle.attention(q, k, v, scale=scale, causal=True)
    for version in ("naive", "tensor_core"):
        out = attention.forward(q, k, v, scale=scale, causal=True, version=version)
        torch.testing.assert_close(out.double(), wanted, atol=2e-3, rtol=2e-3)


def test_attention_of_the_one_shape_that_tuned_s512_is_for() -> None:
    q, k, v = (normal(2, 1, 512, 64, dtype=torch.float16) for _ in range(3))
    wanted = torch.nn.functional.scaled_dot_product_attention(q.float(), k.float(), v.float(), scale=0.3)
    torch.testing.assert_close(
        attention.forward(q, k, v, scale=0.3, version="tuned_s512").float(), wanted, atol=2e-3, rtol=2e-3
    )


def test_layernorm_and_sums_of_strided_rows() -> None:
    x, weight, bias = normal(5, 130)[:, :127], normal(127), normal(127)
    torch.testing.assert_close(
        layernorm.forward(x, weight, bias), torch.nn.functional.layer_norm(x, (127,), weight, bias)
    )
    torch.testing.assert_close(block_reduce.forward(x), x.sum(-1))


def test_rmsnorm_of_a_sum() -> None:
    x, residual, weight = normal(3, 100), normal(3, 100), normal(100)
    total, y = rmsnorm.add_and_norm(x, residual, weight)
    assert torch.equal(total, x + residual)
    torch.testing.assert_close(y, torch.nn.functional.rms_norm(total, (100,), weight, 1e-6))


def test_swiglu_of_the_halves_of_a_projection() -> None:
    a, b = normal(3, 2 * 65).chunk(2, dim=-1)
    torch.testing.assert_close(swiglu.forward(a, b), torch.nn.functional.silu(a) * b)


@pytest.mark.parametrize("interleaved", [False, True])
def test_rope_turns_back_what_it_turned(interleaved: bool) -> None:
    x, turns = normal(4, 2, 64), rope.table(9, 64)
    positions = torch.tensor([3, 0, 8, 1], dtype=torch.int32)
    turned = rope.forward(x, positions, turns, interleaved=interleaved)
    assert torch.equal(turned[1], x[1])  # position 0 is no turn
    back = turns * torch.tensor([1.0, -1.0]).repeat_interleave(32)
    torch.testing.assert_close(rope.forward(turned, positions, back, interleaved=interleaved), x)


def test_cross_entropy_as_torch_has_it() -> None:
    logits, classes = normal(5, 70)[:, :65], torch.tensor([0, 64, -100, 7, 8])
    wanted = torch.nn.functional.cross_entropy(logits, classes, reduction="none")
    torch.testing.assert_close(cross_entropy.forward(logits, classes), wanted)


def test_paged_kv_reads_back_and_leaves_the_rest() -> None:
    k, v = normal(3, 2, 16, dtype=torch.float16), normal(3, 2, 16, dtype=torch.float16)
    k_cache, v_cache = (torch.full((4, 2, 2, 16), 9.0, dtype=torch.float16) for _ in range(2))
    table = torch.tensor([[3, 1], [0, -1]], dtype=torch.int32)
    sequences, at = (torch.tensor(numbers, dtype=torch.int32) for numbers in ([0, 1, 0], [2, 1, -1]))
    paged_kv.append(k, v, table, sequences, at, k_cache, v_cache)
    assert torch.equal(torch.stack((k_cache[1, 0], k_cache[0, 1])), k[:2])
    assert torch.equal(torch.stack((v_cache[1, 0], v_cache[0, 1])), v[:2])
    assert int((k_cache == 9).all(dim=(2, 3)).sum()) == int((v_cache == 9).all(dim=(2, 3)).sum()) == 6
