"""Kernel specifications as pytest items: a compilation for each architecture, and a run of each case."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

import pytest

from repoops import backends
from repoops.backends.compile import compile_kernel
from repoops.backends.interface import Options
from repoops.errors import RepoOpsError
from repoops.kernel.model import Kernel, Launch, Outcome
from repoops.suite.inputs import poisoned, trespass
from repoops.suite.plugin import KEY
from repoops.suite.spec import Case, KernelSpec, Version

_CHOSEN = pytest.StashKey[str]()


def backend_of(config: pytest.Config) -> str:
    """The back end of this test run, chosen once."""
    if _CHOSEN not in config.stash:
        try:
            config.stash[_CHOSEN] = backends.choose(config.getoption("--repoops-backend"))
        except RepoOpsError as error:
            raise pytest.UsageError(str(error)) from None
    return config.stash[_CHOSEN]


def archs_of(config: pytest.Config) -> tuple[str, ...]:
    """The architectures asked for."""
    return tuple(a.strip() for a in config.getoption("--repoops-archs").split(",") if a.strip())


def run_or_compile(
    config: pytest.Config, backend: str, kernel: Kernel, how: tuple[Any, ...], facts: dict[str, Any]
) -> Outcome:
    """What the fixture `run_kernel` does: runs, or compiles and ends the test as not run."""
    grid, block, args, shared = how
    if backend == "compile":
        for arch in archs_of(config):
            facts["resources"] = asdict(compile_kernel(kernel, arch).resources)
            facts["ran_on"] = f"compile: {arch}"
        facts["ran_on"] = ""
        pytest.skip("compiled, but not run: no GPU here, and this version has no CPU engine")
    launch = Launch(_three(grid), _three(block), tuple(args), shared)
    outcome: Outcome = backends.BACKENDS[backend].run(kernel, launch, Options())
    facts["ran_on"] = outcome.ran_on
    return outcome


def _three(extent: tuple[int, ...]) -> tuple[int, int, int]:
    x, y, z = (*extent, 1, 1)[:3]
    return x, y, z


class SpecFile(pytest.Module):
    """A `spec.py` and the items its `SPEC` makes."""

    def collect(self) -> Iterator[pytest.Item]:
        """Compilations first: what does not compile need not run."""
        spec = getattr(self.obj, "SPEC", None)
        if not isinstance(spec, KernelSpec):
            raise self.CollectError(
                f"{self.path.name} imports repoops.suite but defines no SPEC = KernelSpec(…)"
            )
        for version in spec.versions:
            for arch in archs_of(self.config):
                if arch in version.archs:
                    yield CompileItem.from_parent(
                        self, name=f"{version.name}::compile[{arch}]", spec=spec, version=version, arch=arch
                    )
        for version in spec.versions:
            for case in spec.cases:
                if version.takes(case):
                    yield CaseItem.from_parent(
                        self, name=f"{version.name}[{case.id}]", spec=spec, version=version, case=case
                    )


class _KernelItem(pytest.Item):
    """What both kinds share: facts for the report, and failures in one paragraph."""

    spec: KernelSpec
    version: Version

    def say(self, **facts: Any) -> None:
        """Adds to what the report says of this item."""
        self.stash.setdefault(KEY, {"kernel": self.spec.name, "version": self.version.name}).update(facts)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A check that did not hold is a sentence, not a traceback into this package."""
        if isinstance(excinfo.value, (RepoOpsError, AssertionError)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Where pytest says this item stands."""
        return self.path, None, self.name


class CompileItem(_KernelItem):
    """A version compiled for one architecture and held to its gates."""

    def __init__(self, *, spec: KernelSpec, version: Version, arch: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.spec, self.version, self.arch = spec, version, arch

    def runtest(self) -> None:
        """Compiles every kernel that the version's cases need, then asks the gates."""
        self.say(check=f"compile[{self.arch}]", ran_on=f"compile: {self.arch}")
        faults, seen = [], set()
        for case in self.spec.cases:
            if not self.version.takes(case):
                continue
            inputs = self.spec.make(case)
            kernel, launch = self.version.plan(case, inputs, self.spec.empty(case, *inputs))
            if kernel in seen:
                continue
            seen.add(kernel)
            found = compile_kernel(kernel, self.arch).resources
            if len(seen) == 1 or found.registers > self.stash[KEY]["resources"]["registers"]:
                self.say(resources=asdict(found))
            faults += [
                f"{kernel.name} {fault}" for gate in self.version.gates if (fault := gate(found, launch))
            ]
        if faults:
            pytest.fail("; ".join(faults), pytrace=False)


class CaseItem(_KernelItem):
    """A version run on one case and held to the oracle."""

    def __init__(self, *, spec: KernelSpec, version: Version, case: Case, **rest: Any) -> None:
        super().__init__(**rest)
        self.spec, self.version, self.case = spec, version, case

    def runtest(self) -> None:
        """Runs the kernel on poisoned output between red zones; without a GPU it is not run."""
        backend = backend_of(self.config)
        self.say(check=f"numerics[{self.case.id}]", ran_on="")
        if backend == "compile":
            pytest.skip("no GPU here, and this version has no CPU engine")
        inputs = self.spec.make(self.case)
        device = "cuda" if backend == "cuda" else "cpu"
        given = tuple(tensor.to(device, copy=True) for tensor in inputs)
        out, whole = poisoned(self.spec.empty(self.case, *inputs), device)
        kernel, launch = self.version.plan(self.case, given, out)
        outcome: Outcome = backends.BACKENDS[backend].run(kernel, launch, Options())
        self.say(ran_on=outcome.ran_on)
        error, fault = self.spec.tolerance.compare(
            out.cpu(), self.spec.oracle(self.case, *inputs), self.spec.peer(self.case, *inputs)
        )
        self.say(error=asdict(error), findings=[asdict(f) for f in outcome.findings])
        faults = [fault] if fault else []
        faults += [
            f"input {i} was written to"
            for i, (a, b) in enumerate(zip(inputs, given, strict=True))
            if not _same(a, b)
        ]
        faults += [said] if (said := trespass(whole)) else []
        faults += [f"{f.check}: {f.message}" for f in outcome.findings]
        if faults:
            pytest.fail("; ".join(faults), pytrace=False)


def _same(a: Any, b: Any) -> bool:
    import torch

    return bool(torch.equal(a.nan_to_num(), b.cpu().nan_to_num()))


def machine_facts() -> dict[str, str]:
    """What the results depend on besides the tree."""
    from repoops.nvidia import ptxas, wheels

    facts = {"python": platform.python_version(), "processor": platform.machine()}
    for name in ("torch", "nvidia-cuda-nvrtc", "cuda-core", "pytest"):
        facts[name] = wheels.version(name) or "not installed"
    facts["ptxas"] = ptxas.version() or "not installed"
    return facts
