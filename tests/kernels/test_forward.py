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


def test_attention_of_the_one_shape_that_tuned_s512_is_for() -> None:
    q, k, v = (normal(2, 1, 512, 64, dtype=torch.float16) for _ in range(3))
    wanted = torch.nn.functional.scaled_dot_product_attention(q.float(), k.float(), v.float(), scale=0.3)
    torch.testing.assert_close(
        attention.forward(q, k, v, scale=0.3, version="tuned_s512").float(), wanted, atol=2e-3, rtol=2e-3
    )
