"""A specification's case as a contest: one version, and the baselines it is timed against, each held to the oracle."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

from repoops import backends
from repoops.errors import RepoOpsError
from repoops.kernel.contest import Call, Contender, Contest
from repoops.nvidia import wheels
from repoops.suite.inputs import fenced
from repoops.suite.problem import Problem, problem
from repoops.suite.spec import Baseline, Case, KernelSpec, Version


def contest(device: str, *, spec: str, version: str, case: str) -> Contest:
    """The contest of a headline case.

    Args:
        device: where its tensors lie, as torch names it.
        spec: the `spec.py`.
        version: the version's name in it.
        case: the case's id.

    Raises:
        RepoOpsError: there is no such version or case.
    """
    found = load(Path(spec))
    chosen = {known.name: known for known in found.versions}.get(version)
    headline = {known.id: known for known in found.headline}.get(case)
    if chosen is None or headline is None:
        lacking = f"version {version!r}" if chosen is None else f"headline case {case!r}"
        raise RepoOpsError(f"{found.name} has no {lacking}", where=spec)
    table = _Table(found, headline, device)
    given, out = table.buffers(headline.seed)
    footprint = sum(tensor.numel() * tensor.element_size() for tensor in (*given, out))
    peer = Baseline("torch (textbook)", "torch", found.peer)
    return Contest(
        table.kernel(chosen), tuple(table.baseline(each) for each in (peer, *found.baselines)), footprint
    )


def load(path: Path) -> KernelSpec:
    """A `spec.py`'s SPEC; what it imports is found from the current folder.

    Raises:
        RepoOpsError: it defines none.
    """
    if "" not in sys.path and str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))
    made = importlib.util.spec_from_file_location(f"repoops_contest_{path.parent.name}", path)
    if made is None or made.loader is None or not path.is_file():
        raise RepoOpsError("there is no such specification", where=str(path))
    module = importlib.util.module_from_spec(made)
    made.loader.exec_module(module)
    found = getattr(module, "SPEC", None)
    if not isinstance(found, KernelSpec):
        raise RepoOpsError("it defines no SPEC = KernelSpec(…)", where=str(path))
    return found


class _Table:
    """What all contenders of one contest share: the case, with inputs of any seed."""

    def __init__(self, spec: KernelSpec, case: Case, device: str) -> None:
        self.spec, self.case, self.device = spec, case, device

    def _asked(self, seed: int) -> Problem:
        return problem(self.spec, replace(self.case, seed=seed))

    def buffers(self, seed: int) -> tuple[tuple[Any, ...], Any]:
        """Inputs and an output on the device, with memory of their own."""
        inputs = self._asked(seed).inputs
        given = tuple(fenced(tensor, self.device).view for tensor in inputs)
        return given, fenced(self.spec.empty(self.case, *inputs).fill_(float("nan")), self.device).view

    def kernel(self, version: Version) -> Contender:
        """A version of the kernel."""

        def bound(seed: int) -> tuple[Call, Any]:
            given, out = self.buffers(seed)
            calls = [backends.bind(*step) for step in version.launches(self.case, given, out)]
            return (calls[0] if len(calls) == 1 else lambda: [call() for call in calls]), out

        def check(seed: int) -> str | None:
            call, out = bound(seed)
            call()
            return self._fault(out, seed)

        return Contender(f"{self.spec.name} {version.name}", "", lambda seed: bound(seed)[0], check)

    def baseline(self, one: Baseline) -> Contender:
        """Somebody else's way; one that does not take the case is told by its check."""
        version = wheels.version(one.package)

        def bind(seed: int) -> Call:
            given, _ = self.buffers(seed)
            return lambda: one.call(self.case, *given)

        return Contender(
            one.name,
            f"{one.package} {version}" if version else "",
            bind,
            lambda seed: self._fault(bind(seed)(), seed),
            "" if version else f"{one.package} is not installed",
        )

    def _fault(self, out: Any, seed: int) -> str | None:
        """What is wrong with an output, by the specification's own tolerance; what is not to be written is held to nothing."""
        import torch

        asked = self._asked(seed)
        truth, out = asked.truth, out.cpu()
        if self.spec.writes:
            out = torch.where(self.spec.writes(self.case, *asked.inputs), out, truth.to(out.dtype))
        return self.spec.tolerance.hold(out, truth, asked.bounds)[1]
