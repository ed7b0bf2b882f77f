"""Kernel specifications as pytest items: a compilation for each architecture, and a run of each case."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import pytest

from repoops import backends
from repoops.backends.compile import check_launch, compile_kernel
from repoops.backends.interface import Options
from repoops.errors import RepoOpsError
from repoops.kernel.model import Compiled, Kernel, Launch, Outcome
from repoops.nvidia.limits import occupancy
from repoops.report.verification import Resources
from repoops.suite import settings
from repoops.suite.gates import Counted
from repoops.suite.judge import judge
from repoops.suite.plugin import KEY
from repoops.suite.spec import Case, KernelSpec, Version


class SpecFile(pytest.Module):
    """A `spec.py` and the items its `SPEC` makes."""

    def collect(self) -> Iterator[pytest.Item]:
        """Compilations first: what does not compile need not run."""
        spec = getattr(self.obj, "SPEC", None)
        if not isinstance(spec, KernelSpec):
            raise self.CollectError(
                f"{self.path.name} imports repoops.suite but defines no SPEC = KernelSpec(…)"
            )
        try:
            archs = settings.archs(self.config)
        except RepoOpsError as error:
            raise self.CollectError(str(error)) from None
        for version in spec.versions:
            for arch in archs:
                name = f"{version.name}::compile[{arch}]"
                yield CompileItem.from_parent(self, name=name, spec=spec, version=version, arch=arch)
        for version in spec.versions:
            for case in spec.cases:
                if version.takes(case):
                    name = f"{version.name}[{case.id}]"
                    yield CaseItem.from_parent(self, name=name, spec=spec, version=version, case=case)


class _KernelItem(pytest.Item):
    """What both kinds share: facts for the report, and failures as sentences."""

    check: str

    def __init__(self, *, spec: KernelSpec, version: Version, **rest: Any) -> None:
        super().__init__(**rest)
        self.spec, self.version = spec, version

    def say(self, **facts: Any) -> None:
        """Adds to what the report says of this item."""
        first = {"kernel": self.spec.name, "version": self.version.name, "check": self.check, "ran_on": ""}
        self.stash.setdefault(KEY, first).update(facts)

    def runtest(self) -> None:
        """Does the check; what the machine lacks for it makes it not run, and no failure."""
        self.say()
        try:
            self.verify()
        except RepoOpsError as error:
            if error.code == 2:
                pytest.skip(str(error).replace("\n", ";"))
            raise

    def verify(self) -> None:
        """The check itself: passes, fails or skips as pytest does; raises RepoOpsError with code 2 for want of a tool."""
        raise NotImplementedError

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A check that did not hold is a sentence, not a traceback into this package."""
        if isinstance(excinfo.value, (RepoOpsError, pytest.fail.Exception)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Where pytest says this item stands."""
        return self.path, None, self.name


class CompileItem(_KernelItem):
    """A version compiled for one architecture, its launches checked, and held to its gates."""

    def __init__(self, *, arch: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.arch, self.check = arch, f"compile[{arch}]"

    def verify(self) -> None:
        """Compiles every kernel that the version's cases need; the report shows the one that takes the most."""
        if self.arch not in self.version.archs:
            pytest.skip(f"{self.version.name} is written for {', '.join(self.version.archs)}")
        self.say(ran_on=f"compile: {self.arch}")
        keep = settings.options(self.config).keep
        compiled: dict[Kernel, Compiled] = {}
        worst = (-1, 0, 0, 0)
        faults: dict[str, None] = {}
        for case in filter(self.version.takes, self.spec.cases):
            inputs = self.spec.make(case)
            for kernel, launch in self.version.launches(case, inputs, self.spec.empty(case, *inputs)):
                if kernel not in compiled:
                    compiled[kernel] = compile_kernel(kernel, self.arch, keep)
                check_launch(kernel, compiled[kernel], launch)
                found = _launched(compiled[kernel].resources, kernel, launch)
                weight = (
                    found.spill_stores + found.spill_loads,
                    found.stack,
                    found.registers,
                    launch.threads,
                )
                if weight > worst:
                    worst = weight
                    self.say(resources=asdict(found))
                said = (gate(found, launch) for gate in self.version.gates if not isinstance(gate, Counted))
                faults |= {f"{kernel.name} {fault}": None for fault in said if fault}
        if not compiled:
            pytest.fail(f"{self.version.name} takes none of the cases", pytrace=False)
        if faults:
            pytest.fail("\n".join(faults), pytrace=False)


def _launched(found: Resources, kernel: Kernel, launch: Launch) -> Resources:
    fits = occupancy(found, launch.threads, launch.shared_bytes)
    return replace(
        found, kernel=kernel.name, shared_dynamic=launch.shared_bytes, blocks=fits.blocks,
        occupancy=round(fits.share, 4), limiter=fits.limiter,
    )  # fmt: skip


class CaseItem(_KernelItem):
    """A version run on one case and held to the oracle."""

    def __init__(self, *, case: Case, **rest: Any) -> None:
        super().__init__(**rest)
        self.case, self.check = case, f"numerics[{case.id}]"

    def verify(self) -> None:
        """Runs the kernel and judges it; where nothing can run it, it is not run."""
        backend = settings.backend(self.config)
        if backend == "compile":
            pytest.skip(settings.why_not_run(self.config))
        if backend == "cuda" and (lost := backends.cuda.lost()):
            pytest.skip(f"the card cannot be used any more in this process, {lost}")
        options = self._options()
        orders = settings.orders(self.config) if backend == "cpu" else ("", "")
        runs = [partial(self._run, backend, replace(options, order=order)) for order in orders]
        found = judge(self.spec, self.version, self.case, runs, "cuda" if backend == "cuda" else "cpu")
        faults = [*found.faults, *self._gates(found.outcome)]
        self.say(
            error=asdict(found.error), findings=[asdict(f) for f in found.findings], **counted(found.outcome)
        )
        if faults:
            pytest.fail("\n".join(faults), pytrace=False)

    def _options(self) -> Options:
        """Those of the run, on the architectures that this version is written for."""
        options = settings.options(self.config)
        able = tuple(arch for arch in options.archs if arch in self.version.archs)
        if not able:
            pytest.skip(f"{self.version.name} is written for {', '.join(self.version.archs)}")
        return replace(options, archs=able)

    def _run(self, backend: str, options: Options, kernel: Kernel, launch: Launch) -> Outcome:
        outcome = backends.BACKENDS[backend].run(kernel, launch, options)
        self.say(ran_on=outcome.ran_on)
        return outcome

    def _gates(self, outcome: Outcome) -> list[str]:
        if outcome.counters is None:
            return []
        said = (gate.fault(outcome) for gate in self.version.gates if isinstance(gate, Counted))
        return [fault for fault in said if fault]


def counted(outcome: Outcome) -> dict[str, Any]:
    """What the report keeps of an outcome beside its findings: plain data, counters that stayed zero left out by line."""
    return {
        "counters": dict(outcome.counters or {}),
        "lines": [
            [file, line, {n: c for n, c in counts.items() if c}]
            for file, line, counts in outcome.line_counters
        ],
        "notes": [f"compiled by {outcome.compiler}"] if outcome.compiler.startswith("nvcc") else [],
    }
