"""A case is made once, and whoever spoils it is told."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from repoops.suite import problem as problems
from repoops.suite.problem import problem
from repoops.suite.spec import Case, KernelSpec, Version

CASES = tuple(Case((("n", n),), "float32") for n in (1000, 2000, 3000))


def spec(made: list[Case]) -> KernelSpec:
    def make(case: Case) -> tuple[torch.Tensor, ...]:
        made.append(case)
        return (torch.ones(case["n"]),)

    return KernelSpec(
        name="twice", make=make, empty=lambda _, x: torch.empty_like(x), oracle=lambda _, x: 2 * x.double(), peer=lambda _, x: 2 * x,
        cases=CASES, versions=(Version("plain", lambda *_: ()),), source="none",
    )  # fmt: skip


def test_a_case_is_made_once_and_dropped_when_room_is_short(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Case] = []
    asked = spec(made)
    monkeypatch.setattr(problems, "MOST_KEPT", 100_000)
    for case in (*CASES, *CASES):
        assert problem(asked, case).truth.sum() == 2 * case["n"]
    assert made == list(CASES)
    monkeypatch.setattr(problems, "MOST_KEPT", 0)
    for case in CASES:
        problem(asked, replace(case, seed=1))
    assert len(problems._kept) == 1


def test_another_specification_with_the_same_case_is_another_problem() -> None:
    one, other = spec([]), spec([])
    assert problem(one, CASES[0]) is problem(one, CASES[0])
    assert problem(one, CASES[0]) is not problem(other, CASES[0])


@pytest.mark.parametrize("whom", ["oracle", "peer"])
def test_an_oracle_that_writes_into_its_inputs_is_named(whom: str) -> None:
    spoilt = replace(spec([]), **{whom: lambda _, x: x.mul_(2).double()})
    with pytest.raises(ValueError, match=f"twice: the {whom} writes into its inputs"):
        _ = problem(spoilt, CASES[0]).bounds
