"""A case's inputs and what is right for them, made once for all versions, architectures and mutants that ask."""

from __future__ import annotations

from collections import OrderedDict
from functools import cached_property
from typing import Any

from repoops.suite.spec import Case, KernelSpec, Step, Version
from repoops.suite.tolerance import Bounds

MOST_KEPT = 256 << 20
"""Bytes of tensors that are kept; the case last asked for is kept whatever its size."""


class Problem:
    """A case's tensors on the CPU; whoever writes into one takes a copy.

    Attributes:
        inputs: as the specification makes them.
    """

    def __init__(self, spec: KernelSpec, case: Case) -> None:
        self.spec, self.case = spec, case
        self.inputs: tuple[Any, ...] = spec.make(case)
        self._versions = [tensor._version for tensor in self.inputs]  # noqa: SLF001 - torch has no other word for it

    @cached_property
    def truth(self) -> Any:
        """The oracle's output, float64."""
        return self._asked("oracle")

    @cached_property
    def bounds(self) -> Bounds:
        """How far from the truth an output of the specification's dtype may be."""
        kind = self.spec.empty(self.case, *self.inputs).dtype
        return self.spec.tolerance.bounds(self.truth, self._asked("peer"), kind)

    def _asked(self, whom: str) -> Any:
        answer = getattr(self.spec, whom)(self.case, *self.inputs)
        if [tensor._version for tensor in self.inputs] != self._versions:  # noqa: SLF001
            raise ValueError(f"{self.spec.name}: the {whom} writes into its inputs")
        return answer

    @property
    def bytes(self) -> int:
        """Of its tensors, those that were asked for so far."""
        known = [*self.inputs]
        if "truth" in self.__dict__:
            known.append(self.truth)
        if "bounds" in self.__dict__:
            known += self.bounds.tensors
        return sum(tensor.numel() * tensor.element_size() for tensor in known)


_kept: OrderedDict[tuple[int, Case], Problem] = OrderedDict()


def problem(spec: KernelSpec, case: Case) -> Problem:
    """The one that there is of this case, while there is room for it."""
    asked = (id(spec), case)
    if asked not in _kept:
        while _kept and sum(known.bytes for known in _kept.values()) > MOST_KEPT:
            _kept.popitem(last=False)
        _kept[asked] = Problem(spec, case)
    _kept.move_to_end(asked)
    return _kept[asked]


def planned(spec: KernelSpec, version: Version, case: Case) -> tuple[Step, ...]:
    """A version's launches for a case, on the CPU's tensors and an output of no account: to look at, not to run."""
    inputs = problem(spec, case).inputs
    return version.launches(case, inputs, spec.empty(case, *inputs))
