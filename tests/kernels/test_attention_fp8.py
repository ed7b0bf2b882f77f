"""FP8 attention: the oracle by a second formulation, quantising, the entry against the oracle, what it refuses, its baselines and its work."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels import attention_fp8
from kernels.attention_fp8 import forward, oracle, quantise, spec
from repoops import backends
from repoops.backends.interface import Options
from repoops.report.speed import Work
from repoops.suite.problem import problem

SIZES = st.integers(1, 17)
E4M3 = torch.float8_e4m3fn


def normal(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def quantised(seed: int, *shapes: tuple[int, ...]) -> list[torch.Tensor]:
    """Numbers of each shape, then their scales."""
    pairs = [quantise(normal(seed + i, *shape)) for i, shape in enumerate(shapes)]
    return [*(numbers for numbers, _ in pairs), *(scale for _, scale in pairs)]


@settings(max_examples=40)
@given(SIZES, SIZES, st.sampled_from([(3, 3), (4, 2), (3, 1)]), st.booleans(), st.integers(0, 2**32 - 5))
def test_the_oracle_agrees_with_scales_on_scores_and_output(
    seq_q: int, seq_k: int, heads: tuple[int, int], causal: bool, seed: int
) -> None:
    h, h_k = heads
    inputs = quantised(seed, (2, h, seq_q, 8), (2, h_k, seq_k, 8), (2, h_k, seq_k, 8))
    ours = oracle.attention(*inputs, scale=0.35, causal=causal)
    torch.testing.assert_close(
        ours, oracle.second(*inputs, scale=0.35, causal=causal), rtol=1e-10, atol=1e-10
    )


def test_quantising_takes_each_head_to_the_largest_number_and_errs_by_a_sixteenth_at_most() -> None:
    x = normal(0, 2, 3, 50, 64) * torch.tensor([1e-3, 1.0, 1e4])[:, None, None]
    numbers, scale = quantise(x)
    assert numbers.dtype == E4M3
    assert numbers.float().abs().amax(dim=(0, 2, 3)).tolist() == [448.0] * 3
    back = numbers.float() * scale[:, None, None]
    large = x.abs() > scale[:, None, None] * 2**-6  # where numbers have all their bits
    assert float(((back - x).abs() / x.abs())[large].max()) <= 1 / 16
    assert quantise(torch.zeros(1, 2, 3, 64))[1].tolist() == [1.0, 1.0]


def test_forward_with_scales_of_heads_and_of_tensors() -> None:
    q, k, v, scale_q, scale_k, scale_v = quantised(7, (1, 4, 33, 64), (1, 2, 70, 64), (1, 2, 70, 64))
    out = forward(q, k, v, scale_q=scale_q, scale_k=scale_k, scale_v=scale_v, causal=True)
    wanted = oracle.attention(q, k, v, scale_q, scale_k, scale_v, scale=0.125, causal=True)
    assert (out.dtype, out.shape) == (torch.float16, q.shape)
    torch.testing.assert_close(out.double(), wanted, atol=0.05, rtol=0.05)  # the suite holds it closely
    one = {"scale_q": 0.5, "scale_k": torch.tensor(0.01), "scale_v": 2.0}
    each = {name: torch.full((heads,), float(one[name])) for name, heads in zip(one, (4, 2, 2), strict=True)}
    ours, same = (forward(q, k, v, dtype=torch.bfloat16, **scales) for scales in (one, each))
    assert torch.equal(ours, same)


def test_a_query_that_sees_no_key_gives_zeros_and_nothing_gives_nothing() -> None:
    q, k, v, *_ = quantised(3, (1, 1, 70, 64), (1, 1, 3, 64), (1, 1, 3, 64))
    scales = {"scale_q": 0.01, "scale_k": 0.01, "scale_v": 0.01}
    out = forward(q, k, v, causal=True, **scales)
    assert not out[:, :, :67].any()
    assert out[:, :, 67:].any(dim=-1).all()
    assert not forward(q, k[:, :, :0], v[:, :, :0], **scales).any()
    assert forward(q[:, :, :0], k, v, **scales).shape == (1, 1, 0, 64)


def zeros(*shape: int, dtype: torch.dtype = E4M3) -> torch.Tensor:
    return torch.zeros(shape, dtype=dtype)


def call(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, **changed: object) -> torch.Tensor:
    return forward(q, k, v, **{"scale_q": 1.0, "scale_k": 1.0, "scale_v": 1.0, **changed})  # type: ignore[arg-type]


Q, K = zeros(1, 4, 8, 64), zeros(1, 2, 8, 64)


@pytest.mark.parametrize(
    ("refused", "said"),
    [
        (lambda: call(Q.half(), K, K), "q is torch.float16; this kernel takes torch.float8_e4m3fn"),
        (lambda: call(Q, K.to(torch.float8_e5m2), K), "k is torch.float8_e5m2; this kernel takes torch.float8_e4m3fn"),
        (lambda: call(Q[0], K, K), "q has 3 dimensions, 4 are needed: its shape is (4, 8, 64)"),
        (lambda: call(Q.transpose(2, 3), K, K), "q's last dimension has stride 64, 1 is needed: call .contiguous()"),
        (lambda: call(zeros(1, 4, 8, 72)[..., :64], K, K), "q is not aligned to 16 bytes in every row: its strides are (2304, 576, 72, 1)"),
        (lambda: call(Q, K, zeros(1, 2, 9, 64)), "v has shape (1, 2, 9, 64), k (1, 2, 8, 64): they must agree"),
        (lambda: call(Q, zeros(2, 2, 8, 64), zeros(2, 2, 8, 64)), "k has batch 2 and head dimension 64, q 1 and 64"),
        (lambda: call(Q, zeros(1, 3, 8, 64), zeros(1, 3, 8, 64)), "k has 3 heads, which do not divide q's 4"),
        (lambda: call(zeros(1, 4, 8, 96), zeros(1, 2, 8, 96), zeros(1, 2, 8, 96)), "q has head dimension 96; this kernel is written for 64, 128"),
        (lambda: call(Q, K, K, dtype=torch.float32), "dtype is torch.float32; this kernel gives torch.float16, torch.bfloat16"),
        (lambda: call(Q, K, K, scale_q=0.0), "scale_q is 0.0: it must be positive and finite"),
        (lambda: call(Q, K, K, scale_k=torch.ones(4)), "scale_k is torch.float32 (4,) on cpu; a number, or a float32 () or (2,) on cpu is needed"),
        (lambda: call(Q, K, K, scale_v=torch.ones(2).half()), "scale_v is torch.float16 (2,) on cpu; a number, or a float32 () or (2,) on cpu is needed"),
    ],
)  # fmt: skip
def test_what_is_outside_the_contract_is_refused_by_name(refused: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError) as caught:
        refused()
    assert str(caught.value) == said


@pytest.mark.parametrize("dim", attention_fp8.DIMS)
def test_the_products_are_those_of_the_algorithm(dim: int) -> None:
    q, k, v, *scales = quantised(1, *[(1, 2, 128, dim)] * 3)
    out = torch.empty(q.shape, dtype=torch.float16)
    kernel, launch = attention_fp8.plan(q, k, v, *scales, out, scale=0.125, causal=False)
    outcome = backends.BACKENDS["cpu"].run(kernel, launch, Options(archs=("sm_89",), checks=()))
    blocks, tiles, warps = 2 * 2, 2, 4
    # Of 64 keys and 16 rows: scores, sums of the weights by a B of ones, output.
    wanted = blocks * warps * tiles * (8 * dim // 32 + 2 + 2 * dim // 8)
    assert (outcome.counters or {})["tensor_ops"] == wanted


def test_a_baseline_in_16_bits_is_right_and_leaves_its_inputs_alone() -> None:
    of = spec.case(65, H=4, Hk=4, causal=True)
    asked = problem(spec.SPEC, of)
    (math,) = [each for each in spec.SPEC.baselines if each.name.startswith("SDPA (math)")]
    before = [tensor.clone() for tensor in asked.inputs]
    assert spec.SPEC.tolerance.hold(math.call(of, *asked.inputs), asked.truth, asked.bounds)[1] is None
    assert all(map(torch.equal, asked.inputs, before))


def test_its_work_is_of_8_bits_and_has_each_tensor_once() -> None:
    todo = spec.work(spec.case(512, H=8, Hk=2, D=128))
    moved = 512 * 128 * (8 + 2 * 2 + 8 * 2) + (8 + 2 * 2) * 4
    assert todo == Work(4 * 8 * 512 * 512 * 128, moved, "tensor8")
