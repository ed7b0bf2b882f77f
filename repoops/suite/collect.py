"""Kernel specifications as pytest items: a compilation for each architecture, a run of each case, a trial of each mutant."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from functools import partial
from itertools import groupby, product
from operator import itemgetter
from typing import Any

import pytest

from repoops import backends
from repoops.backends.compile import check_launch, compile_kernel
from repoops.backends.interface import Options
from repoops.errors import RepoOpsError
from repoops.kernel.model import Compiled, Kernel, Launch, Outcome
from repoops.report.verification import Resources
from repoops.suite import mutants, settings
from repoops.suite.contract import held
from repoops.suite.items import KernelItem, allotted, coded, counted, counts, launched, looked_at
from repoops.suite.judge import judge
from repoops.suite.problem import planned
from repoops.suite.spec import Case, KernelSpec, Version
from repoops.suite.timed import TimedItem
from repoops.suite.trial import MutantItem


class SpecFile(pytest.Module):
    """A `spec.py` and the items its `SPEC` makes."""

    def collect(self) -> Iterator[pytest.Item | pytest.Collector]:
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
            # What a version is not written for is no gap; only where nothing asked for is left does it say so.
            able = [arch for arch in archs if arch in version.archs] or archs
            yield self._of(
                version,
                CompileItem,
                {f"compile[{arch}]": {"spec": spec, "version": version, "arch": arch} for arch in able},
            )
        for version in spec.versions:
            for case in spec.cases:
                if version.takes(case):
                    name = f"{version.name}[{case.id}]"
                    yield CaseItem.from_parent(self, name=name, spec=spec, version=version, case=case)
        if self.config.getoption("--repoops-bench"):
            for case, version in product(spec.headline, spec.versions):
                about = {"spec": spec, "version": version, "case": case}
                able = [arch for arch in archs if version.takes(case) and arch in version.archs]
                yield self._of(
                    version,
                    TimedItem,
                    {f"bench[{arch}, {case.id}]": {**about, "arch": arch} for arch in able},
                )
        yield from self._mutants(spec)

    def _of(self, version: Version, kind: type[KernelItem], made: Mapping[str, dict[str, Any]]) -> OfVersion:
        found: OfVersion = OfVersion.from_parent(self, name=version.name, kind=kind, made=made)
        return found

    def _mutants(self, spec: KernelSpec) -> Iterator[pytest.Collector]:
        """Last, as they say something of a kernel only if it is right."""
        versions = {version.name: version for version in spec.versions}
        try:
            found = mutants.find(self.path.parent, tuple(versions))
        except RepoOpsError as error:
            raise self.CollectError(str(error)) from None
        for of, patches in groupby(found, key=itemgetter(0)):
            about = {"spec": spec, "version": versions[of]}
            made = {f"mutant[{what}]": {**about, "what": what, "patch": path} for _, what, path in patches}
            yield self._of(versions[of], MutantItem, made)


class OfVersion(pytest.Collector):
    """Tests of a version that are none of its cases: in pytest each part of `spec.py::tiled::mutant[no-barrier]` is a node."""

    def __init__(self, *, kind: type[KernelItem], made: Mapping[str, dict[str, Any]], **rest: Any) -> None:
        super().__init__(**rest)
        self.kind, self.made = kind, made

    def collect(self) -> Iterator[pytest.Item]:
        """The tests by their names; `-k 'tiled::mutant'` finds them as well."""
        for name, about in self.made.items():
            item = self.kind.from_parent(self, name=name, **about)
            item.extra_keyword_matches.add(f"{self.name}::{name}")
            yield item


class CompileItem(KernelItem):
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
        worst: tuple[tuple[int, ...], Resources, Compiled] | None = None
        faults: dict[str, None] = {}
        for case in filter(self.version.takes, self.spec.cases):
            for kernel, launch in planned(self.spec, self.version, case):
                if kernel not in compiled:
                    compiled[kernel] = compile_kernel(kernel, self.arch, keep)
                    said = coded(self.version, compiled[kernel], keep)
                    faults |= {f"{kernel.name} {fault}": None for fault in said}
                check_launch(kernel, compiled[kernel], launch)
                found = launched(compiled[kernel].resources, kernel, launch)
                spills = found.spill_stores + found.spill_loads
                weight = (spills, found.stack, found.registers, launch.threads)
                if worst is None or weight > worst[0]:
                    worst = weight, found, compiled[kernel]
                    self.say(resources=asdict(found))
                faults |= {f"{kernel.name} {said}": None for said in allotted(self.version, found, launch)}
        if worst:
            self.say(resources=asdict(looked_at(worst[1], worst[2], keep)))
        patches = mutants.find(self.path.parent, [version.name for version in self.spec.versions])
        names = [what for of, what, _ in patches if of == self.version.name]
        contract = held(self.spec, self.version, names, compiled, self.arch)
        self.say(held=contract.to_json())
        if not compiled:
            pytest.fail(f"{self.version.name} takes none of the cases", pytrace=False)
        if faults:
            pytest.fail("\n".join(faults), pytrace=False)


class CaseItem(KernelItem):
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
        options = self.options()
        if self.config.getoption("--repoops-quick") and not self.spec.is_headline(self.case):
            options = replace(options, optimise=False)  # the smallest cases are over before LLVM would be
        orders = settings.orders(self.config) if backend == "cpu" else ("", "")
        runs = [partial(self._run, backend, replace(options, order=order)) for order in orders]
        if self.spec.work:
            self.say(work=asdict(self.spec.work(self.case)))
        found = judge(self.spec, self.version, self.case, runs, "cuda" if backend == "cuda" else "cpu")
        faults = [*found.faults, *counts(self.version, found.outcome, self.case)]
        self.say(
            error=asdict(found.error), findings=[asdict(f) for f in found.findings], **counted(found.outcome)
        )
        if faults:
            pytest.fail("\n".join(faults), pytrace=False)

    def _run(self, backend: str, options: Options, kernel: Kernel, launch: Launch) -> Outcome:
        outcome = backends.BACKENDS[backend].run(kernel, launch, options)
        self.say(ran_on=outcome.ran_on)
        return outcome
