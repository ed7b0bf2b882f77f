"""Families of inputs, and buffers that show every write that does not belong."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from repoops.suite.inputs import FAMILIES, RED_ZONE, blank, draw, fenced

FLOATS = ["float16", "bfloat16", "float32", "float64"]
EIGHT = ["float8_e4m3fn", "float8_e5m2"]
INTEGERS = ["int8", "uint8", "int16", "int32", "int64"]


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("family", [*FAMILIES, "zeros", "masked", "large"])
def test_the_same_seed_gives_the_same_tensor_and_another_another(family: str, dtype: str) -> None:
    one, same, other = (draw(family, (5, 33), dtype, seed) for seed in (1, 1, 2))
    assert torch.equal(one, same)
    assert one.dtype == getattr(torch, dtype)
    assert torch.equal(one, other) == (family in ("constant", "zeros", "masked"))


def test_the_families_are_what_they_say() -> None:
    normal, spread = (draw(f, (100, 70), "float32", 0) for f in ("normal", "spread"))
    assert abs(float(normal.std()) - 1) < 0.05
    assert torch.equal(spread.view(-1)[::7], normal.view(-1)[::7] * 16)
    assert float((draw("spread", (1, 4096), "float16", 0).float() ** 2).sum()) > 65504
    assert float((draw("large", (1, 128), "float16", 0).float() ** 2)[:, ::4].sum()) > 65504
    hot = draw("onehot", (9, 4), "float16", 3)
    assert ((hot == 4).sum(1) == 1).all()
    assert len(set(hot.argmax(1).tolist())) == 4
    with pytest.raises(ValueError, match="no family 'uniform'"):
        draw("uniform", (1,), "float32", 0)


@pytest.mark.parametrize("dtype", [*FLOATS, *EIGHT, *INTEGERS])
def test_an_output_begins_unwritten_and_every_element_counts(dtype: str) -> None:
    like = torch.empty(3, 5, dtype=getattr(torch, dtype))
    one, two = blank(like, "cpu", 0), blank(like, "cpu", 1)
    for buffer in (one, two):
        assert buffer.view.shape == (3, 5)
        assert buffer.view.data_ptr() % 16 == 0
        assert bool(buffer.unwritten().all())
        assert buffer.outside() == []
        if dtype in FLOATS + EIGHT:
            assert bool(buffer.view.isnan().all())
        buffer.view.fill_(1)
        assert not buffer.unwritten().any()
        assert buffer.outside() == []
    assert one.pattern != two.pattern


@settings(max_examples=80)
@given(st.sampled_from([*FLOATS, *EIGHT, *INTEGERS]), st.integers(-RED_ZONE, RED_ZONE + 19), st.booleans())
def test_each_write_is_either_inside_or_seen_outside(dtype: str, at: int, also: bool) -> None:
    buffer = blank(torch.empty(4, 5, dtype=getattr(torch, dtype)), "cpu")
    flat = buffer.bits.view(buffer.view.dtype)
    flat[RED_ZONE + at] = 0
    expected = [] if 0 <= at < 20 else [at]
    if also:
        flat[0] = 0
        expected = sorted({-RED_ZONE, *expected})
    assert buffer.outside() == expected
    assert int((~buffer.unwritten()).sum()) == (0 <= at < 20)


@pytest.mark.parametrize("dtype", FLOATS + EIGHT)
def test_an_input_keeps_values_and_strides_and_has_nan_around_and_between(dtype: str) -> None:
    whole = torch.arange(40.0).to(getattr(torch, dtype)).reshape(4, 10)
    for tensor in (whole, whole[:, :7], whole.t(), whole[1:3, 2:4]):
        buffer = fenced(tensor, "cpu")
        assert torch.equal(buffer.view, tensor)
        assert buffer.view.stride() == tensor.stride()
        values = buffer.bits.view(tensor.dtype)
        assert int(values.isnan().sum()) == values.numel() - tensor.numel()
        assert bool(values[:RED_ZONE].isnan().all())
        assert bool(values[-RED_ZONE:].isnan().all())


def test_a_gap_between_rows_that_is_written_is_outside() -> None:
    buffer = blank(torch.empty(4, 10)[:, :7], "cpu")
    buffer.view.fill_(1.0)
    assert buffer.outside() == []
    buffer.bits.view(torch.float32)[RED_ZONE + 10 + 8] = 0.0
    assert buffer.outside() == [18]


def test_an_expanded_input_gets_memory_of_its_own() -> None:
    tensor = torch.tensor([1.0, 2.0]).expand(3, 2)
    buffer = fenced(tensor, "cpu")
    assert torch.equal(buffer.view, tensor)
    assert buffer.view.is_contiguous()


@pytest.mark.parametrize("shape", [(0,), (0, 5), (5, 0), ()])
def test_empty_and_scalar_tensors(shape: tuple[int, ...]) -> None:
    buffer = blank(torch.empty(shape), "cpu")
    assert buffer.view.shape == shape
    assert buffer.outside() == []
    assert fenced(torch.ones(shape), "cpu").view.shape == shape
