"""The kernels' Python entries refuse what is outside their contract, and name the argument."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch

from kernels import (
    attention,
    attention_backward,
    attention_fp8,
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

HALF = torch.float16


def zeros(*shape: int, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    return torch.zeros(shape, dtype=dtype)


def positions(*of_token: int) -> torch.Tensor:
    return torch.tensor(of_token, dtype=torch.int32)


def append(at: list[int], table: list[list[int]], *, page: int) -> None:
    """Two tokens of sequence 0 into a cache of one block."""
    token, cache = zeros(2, 1, 8), zeros(1, page, 1, 8)
    rows = torch.tensor(table, dtype=torch.int32)
    paged_kv.append(token, token, rows, positions(0, 0), positions(*at), cache, cache.clone())


def qkv(*shape: int, dtype: torch.dtype = HALF) -> list[torch.Tensor]:
    return [zeros(*shape, dtype=dtype) for _ in range(3)]


def offsets(*rows: int) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.int32)


def backward(lse: Any) -> None:
    attention_backward.backward(*qkv(1, 1, 1, 64), *qkv(1, 1, 1, 64)[:2], lse)


def varlen(cu_seqlens_k: Any) -> None:
    attention.forward_varlen(*qkv(1, 1, 64), offsets(0, 1), cu_seqlens_k)


def fp8(scale_v: Any) -> None:
    attention_fp8.forward(
        *qkv(1, 1, 1, 64, dtype=torch.float8_e4m3fn), scale_q=1, scale_k=1.0, scale_v=scale_v
    )


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: vector_add.forward(zeros(2, 2), zeros(2, 2)), "a has 2 dimensions, 1 is needed: its shape is (2, 2)"),
        (lambda: vector_add.forward(zeros(2, dtype=HALF), zeros(2)), "a is torch.float16; this kernel takes torch.float32"),
        (lambda: vector_add.forward(zeros(2), zeros(3)), "a has 2 elements, b 3"),
        (lambda: vector_add.forward(zeros(8)[::2], zeros(4)), "a's last dimension has stride 2, 1 is needed: call .contiguous()"),
        (lambda: softmax.forward(zeros(3)), "x has 1 dimension, 2 are needed: its shape is (3,)"),
        (lambda: softmax.forward(zeros(2, 3, dtype=torch.bfloat16)), "x is torch.bfloat16; this kernel takes torch.float32, torch.float16"),
        (lambda: softmax.forward(zeros(0, 3)), "x has shape (0, 3): at least one row, and 1 to 2^31 - 1 columns are needed"),
        (lambda: softmax.forward(zeros(4, 3).t()), "x's last dimension has stride 3, 1 is needed: call .contiguous()"),
        (lambda: rmsnorm.forward(zeros(2, 3), zeros(4)),
         "x has shape (2, 3), weight (4,): cols must agree, and nothing be empty"),
        (lambda: rmsnorm.forward(zeros(2, 3), zeros(3, dtype=HALF)),
         "weight is torch.float16 on cpu, the first argument torch.float32 on cpu"),
        (lambda: gemm.forward(zeros(2, 3, dtype=HALF), zeros(4, 3, dtype=HALF)),
         "a has shape (2, 3), b (4, 3): (m, k) and (k, n) are needed, none of them 0, n at most 4194240"),
        (lambda: gemm.forward(zeros(2, 3), zeros(3, 4)), "a is torch.float32; this kernel takes torch.float16, torch.bfloat16"),
        (lambda: gemm.forward(zeros(8, 8, dtype=HALF), zeros(8, 12, dtype=HALF), version="tensor_core"),
         "b is not aligned to 16 bytes in every row: its strides are (12, 1)"),
        (lambda: gemm.forward(zeros(2, 3, dtype=HALF), zeros(3, 4, dtype=HALF), version="naive"),
         "there is no version 'naive'; there are tiled, tensor_core, pipelined"),
        (lambda: rmsnorm.add_and_norm(zeros(2, 3), zeros(2, 4), zeros(3)),
         "x has shape (2, 3), residual (2, 4): they must agree"),
        (lambda: layernorm.forward(zeros(2, 3), zeros(3), zeros(4)),
         "x has shape (2, 3), weight (3,), bias (4,): cols must agree, and nothing be empty"),
        (lambda: block_reduce.forward(zeros(2, 3, dtype=HALF)), "x is torch.float16; this kernel takes torch.float32"),
        (lambda: block_reduce.forward(zeros(0, 3)), "x has shape (0, 3): at least one row, and 1 to 2^31 - 4097 columns are needed"),
        (lambda: swiglu.forward(zeros(2, 3), zeros(2, 4)), "a has shape (2, 3), b (2, 4): they must agree, and nothing be empty"),
        (lambda: rope.forward(zeros(2, 3, 5), positions(0, 1), zeros(4, 5)),
         "x has shape (2, 3, 5), positions (2,), turns (4, 5): (tokens, heads, dim), (tokens,) and (length, dim) are needed, dim even, and nothing empty"),
        (lambda: rope.forward(zeros(2, 3, 4), positions(0, 7), rope.table(7, 4)),
         "positions must be from 0 to 6: turns has no other rows"),
        (lambda: cross_entropy.forward(zeros(2, 3), torch.zeros(3, dtype=torch.int64)),
         "logits has shape (2, 3), classes (3,): rows must agree, and nothing be empty"),
        (lambda: cross_entropy.forward(zeros(2, 3), zeros(2)), "classes is torch.float32; this kernel takes torch.int64"),
        (lambda: append([0, 4], [[0, 1]], page=3), "token 1: the table says block 1, the cache has 1"),
        (lambda: append([0, 6], [[0, 1]], page=3), "token 1: the table has no place for position 6 of sequence 0"),
        (lambda: append([2, 2], [[0, 1]], page=3), "tokens 0 and 1 have the same slot, 2 of block 0"),
        (lambda: append([2], [[0]], page=3),
         "shapes do not fit: k (2, 1, 8), v (2, 1, 8), k_cache (1, 3, 1, 8), v_cache (1, 3, 1, 8), sequences (2,), positions (1,)"),
        (lambda: attention.forward(*qkv(1, 2, 4, 32)), "q has head dimension 32; naive is written for 40, 64, 96, 128"),
        (lambda: attention.forward(*qkv(1, 2, 4, 96), version="pipelined"), "q has head dimension 96; pipelined is written for 64, 128"),
        (lambda: attention.forward(*qkv(1, 2, 4, 64, dtype=torch.float32)), "q is torch.float32; this kernel takes torch.float16, torch.bfloat16"),
        (lambda: attention.forward(*qkv(2, 4, 64)), "q has 3 dimensions, 4 are needed: its shape is (2, 4, 64)"),
        (lambda: attention.forward(*qkv(1, 2, 4, 64)[:2], zeros(1, 2, 5, 64, dtype=HALF)),
         "v has shape (1, 2, 5, 64), k (1, 2, 4, 64): they must agree"),
        (lambda: attention.forward(zeros(1, 3, 4, 64, dtype=HALF), *qkv(1, 2, 4, 64)[:2]),
         "k has 2 heads, which do not divide q's 3"),
        (lambda: attention.forward(zeros(2, 2, 4, 64, dtype=HALF), *qkv(1, 2, 4, 64)[:2]), "k has batch 1, q 2"),
        (lambda: attention.forward(zeros(1, 2, 4, 64, dtype=HALF), *qkv(1, 2, 4, 40)[:2]), "k has head dimension 40, q 64"),
        (lambda: attention.forward(*qkv(1, 2, 4, 64), diagonal="middle"),
         "there is no diagonal 'middle'; there are bottom_right, top_left"),
        (lambda: attention.forward(*qkv(1, 2, 4, 64), window=(-1, None)), "window is (-1, None): each side is None or at least 0"),
        (lambda: attention.forward(zeros(1, 2, 4, 64, dtype=torch.bfloat16), *qkv(1, 2, 4, 64)[:2]),
         "k is torch.float16 on cpu, the first argument torch.bfloat16 on cpu"),
        (lambda: attention.forward_varlen(*qkv(1, 2, 4, 64), offsets(0, 4), offsets(0, 4)),
         "q has 4 dimensions, 3 are needed: its shape is (1, 2, 4, 64)"),
        (lambda: attention.forward_varlen(*qkv(4, 2, 64), offsets(0, 5), offsets(0, 4)),
         "cu_seqlens_q must go from 0 up to 4, it is [0, 5]"),
        (lambda: attention.forward_varlen(*qkv(4, 2, 64), offsets(0, 4), offsets(0, 3, 2, 4)),
         "cu_seqlens_k must go from 0 up to 4, it is [0, 3, 2, 4]"),
        (lambda: attention.forward_varlen(*qkv(4, 2, 64), offsets(0, 4), offsets(0, 1, 4)),
         "cu_seqlens_q has 2 offsets, cu_seqlens_k 3"),
        (lambda: attention.forward_varlen(*qkv(4, 2, 64), offsets(0, 4).long(), offsets(0, 4)),
         "cu_seqlens_q must be one contiguous row of int32, it is torch.int64 (2,)"),
        (lambda: attention.forward(zeros(1, 2, 4, 65, dtype=HALF)[..., :64], *qkv(1, 2, 4, 64)[:2]),
         "q is not aligned to 4 bytes in every row: its strides are (520, 260, 65, 1)"),
        (lambda: attention.forward(zeros(1 + 512, dtype=HALF)[1:].view(1, 2, 4, 64), *qkv(1, 2, 4, 64)[:2]),
         "q is not aligned to 4 bytes in every row: its strides are (512, 256, 64, 1)"),
        (lambda: attention.forward(zeros(1, 2, 4, 68, dtype=HALF)[..., :64], *qkv(1, 2, 4, 64)[:2], version="tensor_core"),
         "q is not aligned to 16 bytes in every row: its strides are (544, 272, 68, 1)"),
        (lambda: attention.forward(*qkv(1, 2, 4, 64), version="fast"), "there is no version 'fast'; there are naive, tiled, vectorised, pipelined, split_kv, tensor_core, wgmma, tuned_s512"),
        (lambda: attention.forward(*qkv(1, 2, 4, 96), version="wgmma"), "q has head dimension 96; wgmma is written for 64, 128"),
        (lambda: attention.refuse_other_cards("wgmma", "sm_89"),
         "wgmma is written for sm_90a, and q lies on a card of sm_89: take version='tensor_core'"),
        (lambda: attention.forward(*qkv(1, 2, 511, 64), version="tuned_s512"),
         ("tuned_s512 is written for (batch, heads, 512, 64) in float16, the same for q, k and v; "
         "q is (1, 2, 511, 64) in torch.float16: take version='tensor_core'")),
        (lambda: attention.forward(*qkv(1, 2, 512, 64)[:1], *qkv(1, 2, 513, 64)[:2], version="tuned_s512"),
         ("tuned_s512 is written for (batch, heads, 512, 64) in float16, the same for q, k and v; "
         "k is (1, 2, 513, 64) in torch.float16: take version='tensor_core'")),
        (lambda: attention.forward(*qkv(1, 2, 512, 64)[:2], zeros(1, 512, 2, 64, dtype=HALF).transpose(1, 2), version="tuned_s512"),
         ("tuned_s512 needs contiguous tensors aligned to 16 bytes; v has strides (65536, 64, 128, 1) "
         "and begins 0 bytes after a multiple: call .contiguous() or .clone()")),
        (lambda: attention.forward(*qkv(1, 2, 512, 64), causal=True, version="tuned_s512"),
         "tuned_s512 has no mask: take version='tensor_core'"),
        (lambda: attention.forward(*qkv(1, 2, 512, 64), scale=-1.0, version="tuned_s512"),
         "tuned_s512 takes no negative scale, and this is -1.0: take version='tensor_core'"),
    ],
)  # fmt: skip
def test_what_is_outside_the_contract_is_refused_by_name(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(ValueError) as caught:
        call()
    assert str(caught.value) == said


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: vector_add.forward([0.0], zeros(1)), "a is of type list; a torch.Tensor is needed"),  # type: ignore[arg-type]
        (lambda: vector_add.forward(None, zeros(1)), "a is of type NoneType; a torch.Tensor is needed"),  # type: ignore[arg-type]
        (lambda: vector_add.forward(zeros(1).numpy(), zeros(1)), "a is of type ndarray; a torch.Tensor is needed"),  # type: ignore[arg-type]
        (lambda: backward(None), "lse is of type NoneType; a torch.Tensor is needed"),
        (lambda: varlen([0, 1]), "cu_seqlens_k is of type list; a torch.Tensor is needed"),
        (lambda: fp8("1"), "scale_v is of type str; a number or a torch.Tensor is needed"),
    ],
)  # fmt: skip
def test_what_is_no_tensor_is_refused_by_its_type(call: Callable[[], Any], said: str) -> None:
    with pytest.raises(TypeError) as caught:
        call()
    assert str(caught.value) == said


def test_a_gradient_is_not_lost_without_a_word() -> None:
    b = zeros(2).requires_grad_()
    with pytest.raises(ValueError, match=r"b requires a gradient, .* or on b\.detach\(\)"):
        vector_add.forward(zeros(2), b)
    with pytest.raises(ValueError, match=r"lse requires a gradient"):
        backward(zeros(1, 1, 1).requires_grad_())
    with pytest.raises(ValueError, match=r"scale_v requires a gradient"):
        fp8(zeros(1).requires_grad_())
    with torch.no_grad():
        assert not vector_add.forward(zeros(2), b).any()
