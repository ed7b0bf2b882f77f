"""Every case of every specification can fail: torch's own result passes, wrong ones do not."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch

from repoops.kernel.model import Kernel, Launch, Outcome
from repoops.suite import mutants
from repoops.suite.gates import Counted
from repoops.suite.judge import judge
from repoops.suite.spec import Case, KernelSpec

FOLDER = Path(__file__).parent.parent.parent / "kernels"
NAMES = sorted(path.parent.name for path in FOLDER.glob("*/spec.py"))
TRIVIAL = ("zeros", "masked")
"""Families whose true output is zeros or NaN everywhere: there, zeros are right."""


@cache
def spec_of(name: str) -> KernelSpec:
    """A specification whose inputs, oracle and peer are computed once a case: in fp16 they take the time."""
    found = importlib.import_module(f"kernels.{name}.spec").SPEC
    assert isinstance(found, KernelSpec)
    made = cache(found.make)
    oracle = cache(lambda case: found.oracle(case, *made(case)))
    peer = cache(lambda case: found.peer(case, *made(case)))
    return replace(found, make=made, oracle=lambda case, *_: oracle(case), peer=lambda case, *_: peer(case))


def faults(spec: KernelSpec, case: Case, change: Callable[[torch.Tensor], Any]) -> tuple[str, ...]:
    """What the judge says of torch's own result, changed, in the place of the kernel's."""

    def run(_: Kernel, launch: Launch) -> Outcome:
        (out,) = launch.args
        inputs = spec.make(case)
        result = spec.peer(case, *inputs).clone(memory_format=torch.contiguous_format)
        change(result)
        out.copy_(torch.where(spec.writes(case, *inputs), result, out) if spec.writes else result)
        return Outcome(ran_on="cpu: torch in the place of a kernel")

    kernel = Kernel(FOLDER / spec.name / "spec.py", "none: torch writes the output")
    version = replace(
        spec.versions[0], plan=lambda _case, _inputs, out: (kernel, Launch((1, 1, 1), (32, 1, 1), (out,)))
    )
    return judge(spec, version, case, (run, run), "cpu").faults


def test_there_are_kernels() -> None:
    assert {"attention", "rmsnorm", "softmax", "vector_add"} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_torchs_own_result_passes_every_case(name: str) -> None:
    spec = spec_of(name)
    assert {case.id: said for case in spec.cases if (said := faults(spec, case, lambda out: out))} == {}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize(
    "change",
    [
        lambda out: out.zero_(),
        lambda out: out.mul_(1.1),
        lambda out: out.view(-1, out.shape[-1])[-1].mul_(1.1),
    ],
    ids=["zeros", "10 % too large", "last row 10 % too large"],
)
def test_a_wrong_result_fails_every_case(name: str, change: Callable[[torch.Tensor], Any]) -> None:
    spec = spec_of(name)
    survivors = []
    for case in spec.cases:
        truth = spec.oracle(case, *spec.make(case))
        if case.inputs in TRIVIAL or not truth.reshape(-1, truth.shape[-1])[-1].any():
            continue
        if not faults(spec, case, change):
            survivors.append(case.id)
    assert survivors == []


@pytest.mark.parametrize("name", NAMES)
def test_every_version_stands_for_a_kernel_of_its_source(name: str) -> None:
    spec = spec_of(name)
    assert spec.name == name
    for version in spec.versions:
        for case in filter(version.takes, spec.cases):
            inputs = spec.make(case)
            for kernel, launch in version.launches(case, inputs, spec.empty(case, *inputs)):
                assert kernel.source.stem == version.name
                assert kernel.source.parent == FOLDER / name
                function = kernel.name.split("<")[0]  # the rest are template arguments
                assert f" {function}(" in kernel.source.read_text().replace("\n", " ")
                assert launch.threads % 32 == 0


@pytest.mark.parametrize("name", NAMES)
def test_every_version_is_held_to_the_bytes_of_its_algorithm(name: str) -> None:
    for version in spec_of(name).versions:
        assert "traffic" in [gate.name for gate in version.gates if isinstance(gate, Counted)], version.name


def test_every_class_of_bug_has_a_mutant() -> None:
    assert {mutants.read(path).bug for path in FOLDER.glob("*/mutants/*.patch")} == set(mutants.CLASSES)


def test_the_headline_case_is_there() -> None:
    assert "B1-H8-S512-D64-fp16" in [case.id for case in spec_of("attention").cases]


@pytest.mark.parametrize("patch", sorted(FOLDER.glob("*/mutants/*.patch")), ids=lambda path: path.stem)
def test_every_patch_fits_its_source(patch: Path) -> None:
    kernel = patch.parents[1]
    changed = mutants.applied(mutants.read(patch), kernel)
    assert changed
    assert all(text != path.read_text(encoding="utf-8") for path, text in changed.items())
