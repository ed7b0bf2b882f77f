"""The kernels' Python entries, on the CPU by the engine: what a caller without a card gets."""

from __future__ import annotations

import pytest
import torch

from kernels import attention, gemm, rmsnorm, softmax, vector_add

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
@pytest.mark.parametrize("causal", [False, True])
def test_attention_as_torch_has_it(version: str, causal: bool) -> None:
    q, k, v = (normal(1, 2, 65, 64, dtype=torch.float16) for _ in range(3))
    wanted = torch.nn.functional.scaled_dot_product_attention(
        q.float(), k.float(), v.float(), is_causal=causal
    )
    torch.testing.assert_close(
        attention.forward(q, k, v, causal=causal, version=version).float(), wanted, atol=2e-3, rtol=2e-3
    )


@pytest.mark.parametrize("version", gemm.VERSIONS)
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_gemm_of_strided_rows(version: str, dtype: torch.dtype) -> None:
    a, b = normal(33, 72, dtype=dtype)[:, :65], normal(65, 40, dtype=dtype)[:, :37]
    torch.testing.assert_close(gemm.forward(a, b, version=version), a @ b)


def test_attention_of_the_one_shape_that_tuned_s512_is_for() -> None:
    q, k, v = (normal(2, 1, 512, 64, dtype=torch.float16) for _ in range(3))
    wanted = torch.nn.functional.scaled_dot_product_attention(q.float(), k.float(), v.float(), scale=0.3)
    torch.testing.assert_close(
        attention.forward(q, k, v, scale=0.3, version="tuned_s512").float(), wanted, atol=2e-3, rtol=2e-3
    )
