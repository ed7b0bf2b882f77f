"""Arguments written as words: what each makes, and what is refused with which remedy."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from repoops.errors import RepoOpsError
from repoops.suite.arguments import TYPES, make, parse, statistic
from repoops.suite.inputs import Buffer


def made(words: str, *, number: int = 0, seed: int = 0) -> Any:
    found = make(parse(words), number, seed=seed, device="cpu")
    return found.view if isinstance(found, Buffer) else found


@pytest.mark.parametrize("name", TYPES)
@pytest.mark.parametrize("fill", ["random", "zeros", "ones", "arange", "3", "0..1"])
def test_every_type_can_be_filled_in_every_way(name: str, fill: str) -> None:
    tensor = made(f"{name}[2,3]={fill}")
    assert (tensor.shape, tensor.dtype) == ((2, 3), getattr(torch, TYPES[name]))
    values = tensor.double().reshape(-1).tolist()
    if fill == "arange" and name != "bool":
        assert values == [0, 1, 2, 3, 4, 5]
    elif fill in ("zeros", "ones"):
        assert set(values) == {float(fill == "ones")}
    elif fill == "0..1":
        assert set(values) <= {0, 1}


def test_random_tensors_differ_by_place_and_seed_and_come_back() -> None:
    one = made("f32[64]")
    assert torch.equal(one, made("f32[64]"))
    assert not torch.equal(one, made("f32[64]", number=1))
    assert not torch.equal(one, made("f32[64]", seed=1))


@pytest.mark.parametrize(
    ("words", "value"),
    [("i32:1024", np.int32(1024)), ("i64=-1", np.int64(-1)), ("u8:0xff", np.uint8(255)), ("f32:0.125", np.float32(0.125)),
     ("f32:-inf", np.float32("-inf")), ("f16:2", np.float16(2)), ("bool:1", np.bool_(True))],
)  # fmt: skip
def test_scalars_have_the_width_that_is_written(words: str, value: Any) -> None:
    found = made(words)
    assert (found, found.dtype) == (value, value.dtype)


def test_a_null_pointer_and_a_files_tensor(tmp_path: Path) -> None:
    assert isinstance(made("null"), ctypes.c_void_p)
    np.save(tmp_path / "x.npy", np.arange(6, dtype=np.float16).reshape(2, 3))
    assert torch.equal(made(f"@{tmp_path}/x.npy"), torch.arange(6, dtype=torch.float16).reshape(2, 3))
    out = made(f"@{tmp_path}/x.npy:out")
    assert out.shape == (2, 3)
    assert bool(out.isnan().all())


def test_an_output_holds_a_pattern_and_lies_between_red_zones() -> None:
    buffer = make(parse("f32[4]:out"), 0, seed=0, device="cpu")
    assert bool(buffer.unwritten().all())
    buffer.view[0] = 1
    assert buffer.unwritten().tolist() == [False, True, True, True]
    assert buffer.bits.numel() > 100
    assert parse("f32[4]:out").out
    assert not parse("f32[4]").out


@pytest.mark.parametrize(
    ("words", "said"),
    [("f32", "is no argument"), ("f31[2]", "there is no type 'f31'"), ("i32:x", "'x' is no number"), ("f32[2]=some", "'some' is no number"),
     ("i8:300", "300"), ("bf16:1", "a scalar bf16 cannot be written"), ("@none.npy", "no tensor can be had from it"), ("i32[2]=0.5", "0.5 is no i32"),
     ("i32[2]=5..1", "1 is below 5"), ("", "is no argument")],
)  # fmt: skip
def test_what_is_no_argument_is_refused_by_name(words: str, said: str) -> None:
    with pytest.raises(RepoOpsError) as caught:
        made(words)
    assert said in str(caught.value)
    assert caught.value.code == 2


@given(st.text(alphabet="fi3216[]=:,.0x@outnullzers -", max_size=20))
def test_any_words_are_understood_or_refused(words: str) -> None:
    try:
        found = parse(words)
    except RepoOpsError:
        return
    assert found.words == words


def test_a_statistic_tells_what_is_not_finite_apart() -> None:
    buffer = make(parse("f32[4]=arange"), 0, seed=0, device="cpu")
    buffer.view[3] = float("nan")
    buffer.view[0] = float("inf")
    assert statistic(buffer) == {
        "shape": [4], "dtype": "float32", "min": 1.0, "max": 2.0, "mean": 1.5, "nan": 1, "inf": 1, "first": ["inf", 1.0, 2.0, "nan"],
    }  # fmt: skip
