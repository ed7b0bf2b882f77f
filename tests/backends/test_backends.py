"""Which back end is taken, and why another is not; what `compile` checks of a launch without running it."""

from __future__ import annotations

import ctypes
import inspect
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from repoops import backends
from repoops.backends import compile as compiler
from repoops.backends import cpu, cuda
from repoops.backends.interface import ARCHS, Availability, Backend, Options
from repoops.errors import RepoOpsError
from repoops.kernel.model import Kernel, Launch
from repoops.nvidia.nvrtc import CompileError

SCALE = 'extern "C" __global__ void scale(float* x, int n) { if (threadIdx.x < n) x[threadIdx.x] *= 2.0f; }\n'
NO_CACHE = Options(keep=None)


@pytest.fixture
def scale(tmp_path: Path) -> Kernel:
    (tmp_path / "scale.cu").write_text(SCALE)
    return Kernel(tmp_path / "scale.cu", "scale")


LAUNCH = Launch((1, 1, 1), (32, 1, 1), (torch.zeros(8), np.int32(8)))


@pytest.mark.parametrize("name", backends.BACKENDS)
def test_back_ends_are_alike(name: str) -> None:
    module = backends.BACKENDS[name]
    assert isinstance(module.available(), Availability)
    assert module.available().why
    wanted = list(inspect.signature(Backend.run).parameters)[1:]
    assert list(inspect.signature(module.run).parameters) == wanted


def test_auto_takes_the_first_that_works_in_the_order_card_cpu_compiler(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    class Stand:
        def __init__(self, ok: bool) -> None:
            self.ok = ok

        def available(self) -> Availability:
            return Availability(self.ok, "yes" if self.ok else "no reason")

    assert list(backends.BACKENDS) == ["cuda", "cpu", "compile"]
    for able, taken in (
        (("cuda", "cpu", "compile"), "cuda"),
        (("cpu", "compile"), "cpu"),
        (("compile",), "compile"),
    ):
        for name in ("cuda", "cpu", "compile"):
            monkeypatch.setitem(backends.BACKENDS, name, Stand(name in able))  # type: ignore[arg-type]
        assert backends.choose("auto") == taken
        assert {name for name, state in backends.survey().items() if state.ok} == set(able)
        assert backends.choose(able[-1]) == able[-1]
    monkeypatch.setitem(backends.BACKENDS, "compile", Stand(ok=False))  # type: ignore[arg-type]
    with pytest.raises(RepoOpsError) as caught:
        backends.choose("auto")
    assert str(caught.value) == (
        "no kernel can be run or compiled here (cuda: no reason; cpu: no reason; compile: no reason)\n  see: repoops doctor"
    )


def test_here_the_compiler_works_and_auto_takes_a_card_before_the_cpu_before_it() -> None:
    found = backends.survey()
    assert found["compile"].ok
    assert found["compile"].why.startswith("NVRTC 13.")
    assert backends.choose("auto") == next(name for name in backends.BACKENDS if found[name].ok)


def test_what_is_not_known_is_refused_with_its_reason() -> None:
    with pytest.raises(RepoOpsError, match="there is no back end 'rocm'"):
        backends.choose("rocm")


@pytest.mark.parametrize(
    ("asked", "taken"),
    [
        (ARCHS, "sm_89"),
        (("sm_100a", "sm_80", "sm_90"), "sm_80"),
        (("sm_90a",), "sm_90a"),
        (("sm_90",), "sm_90"),
        (("sm_90", "sm_89"), "sm_89"),
    ],
)
def test_the_cpu_executes_sm_89_or_the_first_that_it_can(asked: tuple[str, ...], taken: str) -> None:
    assert cpu.architecture(asked) == taken


def test_the_cpu_refuses_architectures_that_it_does_not_execute() -> None:
    with pytest.raises(RepoOpsError) as caught:
        cpu.architecture(("sm_100a", "sm_120"))
    assert caught.value.what == "the CPU back end does not execute sm_100a, sm_120"
    assert "sm_89" in str(caught.value.remedy)


def test_the_cpu_takes_no_tensor_of_a_card() -> None:
    with pytest.raises(RepoOpsError, match="a tensor argument lies on meta"):
        cpu.on_this_machine((torch.zeros(2), torch.zeros(2, device="meta"), np.int32(1)))


def test_compiling_is_no_run(scale: Kernel) -> None:
    outcome = compiler.run(scale, LAUNCH, NO_CACHE)
    assert (outcome.executed, outcome.ran_on, outcome.elapsed_us) == (False, "", None)
    assert tuple(found.arch for found in outcome.resources) == ARCHS
    assert LAUNCH.args[0].eq(0).all()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"args": (torch.zeros(8), np.int64(8))}, "argument 2 of scale is numpy.int64(8): 8-byte integer, but its parameter is 4-byte integer"),
        ({"args": (torch.zeros(8), 8)}, "the argument 8 has no width, a kernel's parameter does"),
        ({"args": (torch.zeros(8),)}, "scale has 2 parameters, 1 argument was given"),
        ({"block": (2048, 1, 1)}, "sm_80 refuses the launch of scale: CUDA_ERROR_INVALID_VALUE: block (2048, 1, 1), at most (1024, 1024, 64) and 1024 threads"),
        ({"shared_bytes": 200 * 1024}, "sm_80 refuses the launch of scale: CUDA_ERROR_INVALID_VALUE: 204800 bytes of shared memory a block, at most 166912"),
    ],
)  # fmt: skip
def test_a_launch_that_a_card_would_refuse_is_refused(
    scale: Kernel, change: dict[str, object], said: str
) -> None:
    with pytest.raises(RepoOpsError) as caught:
        compiler.run(scale, replace(LAUNCH, **change), NO_CACHE)  # type: ignore[arg-type]
    assert (caught.value.what, caught.value.code) == (said, 1)


def test_a_source_that_does_not_compile_is_refused(scale: Kernel) -> None:
    scale.source.write_text(SCALE.replace("2.0f", "two"))
    with pytest.raises(CompileError, match='identifier "two" is undefined'):
        compiler.run(scale, LAUNCH, NO_CACHE)


def test_pointers_may_be_given_as_such(scale: Kernel) -> None:
    launch = replace(LAUNCH, args=(ctypes.c_void_p(0), ctypes.c_int(8)))
    assert len(compiler.run(scale, launch, replace(NO_CACHE, archs=("sm_90",))).resources) == 1


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ((torch.zeros(1), np.int32(1)), "a tensor argument lies on cpu, not on a GPU"),
        (
            (torch.zeros(1, device="meta"), torch.zeros(1)),
            "a tensor argument lies on cpu, meta, not on a GPU",
        ),
        ((np.int32(1),), "a launch without a tensor has nothing to write to"),
    ],
)
def test_the_card_takes_only_tensors_of_its_own(scale: Kernel, args: tuple[object, ...], said: str) -> None:
    with pytest.raises(RepoOpsError) as caught:
        cuda.run(scale, replace(LAUNCH, args=args), NO_CACHE)
    assert str(caught.value) == said


def test_a_kernel_that_names_its_architecture_is_compiled_for_it_alone(scale: Kernel) -> None:
    only = replace(scale, arch="sm_90a")
    assert [found.arch for found in compiler.run(only, LAUNCH, NO_CACHE).resources] == ["sm_90a"]
    assert [found.arch for found in cpu.run(only, LAUNCH, NO_CACHE).resources] == ["sm_90a"]
    assert [cuda.target(only, "sm_90"), cuda.target(scale, "sm_90")] == ["sm_90a", "sm_90"]
    with pytest.raises(RepoOpsError, match="scale is written for sm_90a, and the card is sm_89"):
        cuda.target(only, "sm_89")


@pytest.mark.skipif(not cuda.available().ok, reason="needs a GPU that torch can use")
def test_a_launch_on_a_card_does_what_it_says(scale: Kernel) -> None:
    x = torch.arange(8.0, device="cuda")
    outcome = cuda.run(scale, replace(LAUNCH, args=(x, np.int32(5))), NO_CACHE)
    assert x.tolist() == [0, 2, 4, 6, 8, 5, 6, 7]
    assert outcome.ran_on == f"cuda: {torch.cuda.get_device_name()}"
    assert outcome.elapsed_us is not None
    assert outcome.elapsed_us > 0
