"""Arguments held against what the compiled kernel declares."""

from __future__ import annotations

import ctypes
from pathlib import Path

import numpy as np
import pytest
import torch

from repoops.errors import RepoOpsError
from repoops.kernel.model import Kernel
from repoops.nvidia import nvrtc
from repoops.nvidia.params import Parameter, check, of_argument, parameters

SOURCE = """
#include <cuda_fp16.h>
struct Pair { long long a; float b; };
extern "C" __global__ void many(const float* x, __half h, Pair s, bool b, short i, unsigned long long u, double d, float2 f)
{
    ((float*)x)[0] = s.b + __half2float(h) + b + i + u + d + f.x;
}
extern "C" __global__ void none() {}
template <typename T> __global__ void of(T* x, int n) { x[n] = T(0); }
"""
MANY = (
    Parameter("integer", 8), Parameter("bytes", 2), Parameter("bytes", 16), Parameter("integer", 1),
    Parameter("integer", 2), Parameter("integer", 8), Parameter("float", 8), Parameter("bytes", 8),
)  # fmt: skip


def test_parameters_are_read_from_the_ptx(tmp_path: Path) -> None:
    path = tmp_path / "k.cu"
    path.write_text(SOURCE)
    ptx, entry = nvrtc.compile_ptx(Kernel(path, "many"), "sm_80")
    assert parameters(ptx, entry) == MANY
    assert parameters(ptx, "none") == ()
    ptx, entry = nvrtc.compile_ptx(Kernel(path, "of<double>"), "sm_80")
    assert parameters(ptx, entry) == (Parameter("integer", 8), Parameter("integer", 4))
    with pytest.raises(RepoOpsError, match="no entry other"):
        parameters(ptx, "other")


def test_other_spellings_of_ptx() -> None:
    ptx = ".visible .entry k(.param .u64 .ptr .global .align 16 k_param_0, .param .b32 k_param_1,\n.param .align 4 .b8 k_param_2[12])\n{"
    assert parameters(ptx, "k") == (Parameter("integer", 8), Parameter("integer", 4), Parameter("bytes", 12))
    with pytest.raises(RepoOpsError, match="is not understood"):
        parameters(".entry k(.param .texref t)", "k")


def test_arguments_of_every_kind_have_a_width() -> None:
    kinds = [of_argument(v)[0] for v in (torch.zeros(1), np.int32(1), np.uint8(1), np.float16(1), np.float64(1), np.bool_(1),
                                         ctypes.c_int64(1), ctypes.c_float(1), ctypes.c_void_p(0))]  # fmt: skip
    assert kinds == [Parameter(k, n) for k, n in (("integer", 8), ("integer", 4), ("integer", 1), ("float", 2), ("float", 8),
                                                  ("integer", 1), ("integer", 8), ("float", 4), ("integer", 8))]  # fmt: skip


@pytest.mark.parametrize("value", [1, 1.0, True, "x", None, np.zeros(3), np.zeros(()), (1,)])
def test_what_has_no_width_or_no_meaning_is_refused(value: object) -> None:
    with pytest.raises(RepoOpsError, match=r"has no width|cannot be handed to a kernel"):
        of_argument(value)


FITS = (torch.zeros(1), np.int32(1), np.float32(1))
WANTED = (Parameter("integer", 8), Parameter("integer", 4), Parameter("float", 4))


def test_what_fits_is_accepted() -> None:
    check(WANTED, FITS, "k")
    check((Parameter("bytes", 2),), (np.float16(1),), "k")


def test_a_struct_or_half_must_agree_in_size() -> None:
    with pytest.raises(RepoOpsError, match="4-byte float, but its parameter is 2 bytes"):
        check((Parameter("bytes", 2),), (np.float32(1),), "k")


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (FITS[:2], "k has 3 parameters, 2 arguments were given"),
        ((*FITS, np.int32(1)), "k has 3 parameters, 4 arguments were given"),
        ((FITS[0], np.int64(1), FITS[2]), "argument 2 of k is numpy.int64(1): 8-byte integer, but its parameter is 4-byte integer"),
        ((FITS[0], np.float32(1), FITS[2]), "argument 2 of k is numpy.float32(1.0): 4-byte float, but its parameter is 4-byte integer"),
        ((FITS[0], FITS[0], FITS[2]), "argument 2 of k is a torch.float32 tensor: 8-byte integer, but its parameter is 4-byte integer"),
        ((np.int32(1), np.int32(1), FITS[2]), "argument 1 of k is numpy.int32(1): 4-byte integer, but its parameter is 8-byte integer"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_named(args: tuple[object, ...], said: str) -> None:
    with pytest.raises(RepoOpsError) as caught:
        check(WANTED, args, "k")
    assert str(caught.value) == said
