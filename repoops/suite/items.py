"""What the items of a kernel specification have in common: what they say to the report, and how gates are asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from repoops.backends.interface import Options
from repoops.errors import RepoOpsError
from repoops.kernel.model import Compiled, Kernel, Launch, Outcome
from repoops.nvidia import sass
from repoops.nvidia.limits import occupancy
from repoops.report.verification import Resources
from repoops.suite import settings
from repoops.suite.gates import Counted, MachineCode
from repoops.suite.plugin import KEY
from repoops.suite.spec import Case, KernelSpec, Version


class KernelItem(pytest.Item):
    """What all kinds share: facts for the report, and failures as sentences."""

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

    def options(self) -> Options:
        """Those of the run, on the architectures that this version is written for."""
        options = settings.options(self.config)
        able = tuple(arch for arch in options.archs if arch in self.version.archs)
        if not able:
            pytest.skip(f"{self.version.name} is written for {', '.join(self.version.archs)}")
        return replace(options, archs=able, optimise=self.version.optimise)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """A check that did not hold is a sentence, not a traceback into this package."""
        if isinstance(excinfo.value, (RepoOpsError, pytest.fail.Exception)):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Any, int | None, str]:
        """Where pytest says this item stands."""
        return self.path, None, self.name


def allotted(version: Version, found: Resources, launch: Launch) -> list[str]:
    """What is wrong with what ptxas allots, by the version's gates."""
    gates = [gate for gate in version.gates if not isinstance(gate, (Counted, MachineCode))]
    return [fault for gate in gates if (fault := gate(found, launch))]


def coded(version: Version, compiled: Compiled, keep: Path | None) -> list[str]:
    """What is wrong with a kernel's machine code, by the version's gates; disassembles only where there is such a gate.

    Raises:
        RepoOpsError: there is no nvdisasm.
    """
    gates = [gate for gate in version.gates if isinstance(gate, MachineCode)]
    if not gates:
        return []
    found = replace(compiled.resources, instructions=sass.count(compiled.cubin, compiled.entry, keep=keep))
    return [fault for gate in gates if (fault := gate.fault(found))]


def counts(version: Version, outcome: Outcome, case: Case) -> list[str]:
    """What is wrong with what a run of a case counted, by the version's gates; nothing where nothing counts."""
    if outcome.counters is None:
        return []
    said = (gate.fault(outcome, case) for gate in version.gates if isinstance(gate, Counted))
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


def launched(found: Resources, kernel: Kernel, launch: Launch) -> Resources:
    """What ptxas allots, with what of this launch fits on a multiprocessor."""
    fits = occupancy(found, launch.threads, launch.shared_bytes)
    return replace(
        found, kernel=kernel.name, shared_dynamic=launch.shared_bytes, blocks=fits.blocks,
        occupancy=round(fits.share, 4), limiter=fits.limiter,
    )  # fmt: skip


def looked_at(found: Resources, compiled: Compiled, keep: Path | None) -> Resources:
    """With the digest of its machine code, and its instructions counted where there is nvdisasm."""
    counted = sass.count(compiled.cubin, compiled.entry, keep=keep) if sass.version() else ()
    return replace(found, sass_sha256=sass.digest(compiled.cubin, compiled.entry), instructions=counted)
