"""Attention's gradients: the oracle by a second formulation, the entry against autograd, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from kernels.attention_backward import backward, oracle

SIZES = st.integers(1, 17)
HALF = torch.float16


def normal(seed: int, *shape: int) -> torch.Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@settings(max_examples=40)
@given(SIZES, SIZES, st.booleans(), st.integers(0, 2**32 - 5))
def test_the_oracle_agrees_with_autograd(seq_q: int, seq_k: int, causal: bool, seed: int) -> None:
    q, k, v, d_o = (normal(seed + i, 1, 2, n, 8) for i, n in enumerate((seq_q, seq_k, seq_k, seq_q)))
    ours = oracle.gradients(q, k, v, d_o, scale=0.35, causal=causal)
    for mine, other in zip(ours, oracle.second(q, k, v, d_o, scale=0.35, causal=causal), strict=True):
        torch.testing.assert_close(mine, other, rtol=1e-10, atol=1e-10)


def test_the_gradients_are_differences_of_the_forward_pass() -> None:
    q, k, v, d_o = (normal(i, 1, 1, 5, 4).double() for i in range(4))
    d_q, _, _ = oracle.gradients(q, k, v, d_o, scale=0.5, causal=True)
    step = torch.zeros_like(q)
    step[0, 0, 3, 2] = 1e-6
    after, before = (oracle.forward(q + sign * step, k, v, scale=0.5, causal=True)[0] for sign in (1, -1))
    assert float(((after - before) * d_o).sum()) / 2e-6 == pytest.approx(float(d_q[0, 0, 3, 2]), rel=1e-6)


def test_backward_as_torch_has_it() -> None:
    q, k, v, d_o = (normal(i, 1, 2, 33, 64).half() for i in range(4))
    o, lse = oracle.forward(q, k, v, scale=0.125, causal=True)
    found = backward(q, k, v, o.half(), d_o, lse.float(), causal=True)
    leaves = [tensor.float().requires_grad_() for tensor in (q, k, v)]
    out = torch.nn.functional.scaled_dot_product_attention(*leaves, is_causal=True)
    for ours, wanted in zip(found, torch.autograd.grad(out, leaves, d_o.float()), strict=True):
        torch.testing.assert_close(ours.float(), wanted, atol=4e-3, rtol=4e-3)


def zeros(*shape: int, dtype: torch.dtype = HALF) -> torch.Tensor:
    return torch.zeros(shape, dtype=dtype)


Q, K, LSE = zeros(1, 2, 4, 64), zeros(1, 2, 6, 64), zeros(1, 2, 4, dtype=torch.float32)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: backward(zeros(1, 2, 4, 32), *[zeros(1, 2, 6, 32)] * 2, *[zeros(1, 2, 4, 32)] * 2, LSE),
         "q has head dimension 32; this kernel is written for 64, 128"),
        (lambda: backward(Q, K, Q, Q, Q, LSE),
         "v has shape (1, 2, 4, 64), which does not fit q (1, 2, 4, 64), k (1, 2, 6, 64)"),
        (lambda: backward(Q, K, K, Q, K, LSE),
         "d_o has shape (1, 2, 6, 64), which does not fit q (1, 2, 4, 64), k (1, 2, 6, 64)"),
        (lambda: backward(Q, K, K, Q, zeros(1, 4, 2, 64).transpose(1, 2), LSE),
         "d_o must be contiguous and aligned to 4 bytes: call .contiguous()"),
        (lambda: backward(Q, K, K, Q, Q, LSE.half()),
         "lse is torch.float16 (1, 2, 4) on cpu; a contiguous float32 (1, 2, 4) on cpu is needed"),
        (lambda: backward(Q, K, K.bfloat16(), Q, Q, LSE),
         "v is torch.bfloat16 on cpu, the first argument torch.float16 on cpu"),
    ],
)  # fmt: skip
def test_what_is_outside_the_contract_is_refused_by_name(call: Callable[[], object], said: str) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == said
