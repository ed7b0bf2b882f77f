"""No GPU: NVRTC compiles a kernel for real, and the engine executes its PTX on the CPU, watched by the checks."""

from __future__ import annotations

import importlib.util
import platform
from collections.abc import Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

from repoops.backends import compile as compiler
from repoops.backends.interface import CHECKS, Availability, Options
from repoops.errors import RepoOpsError
from repoops.kernel.model import Kernel, Launch, Outcome
from repoops.nvidia import nvrtc, wheels
from repoops.report.verification import Finding

PREFERRED = "sm_89"
"""Executed where several architectures are asked for: the newest of which the engine has every instruction."""
ARCHITECTURES = ("sm_75", "sm_80", "sm_86", "sm_87", "sm_89", "sm_90", "sm_90a")
"""Whose instructions the engine executes; of sm_90a's own the products of warpgroups, not TMA or clusters."""


@cache
def available() -> Availability:
    """Whether NVIDIA's compilers, llvmlite and the engine are here."""
    compiles = compiler.available()
    if not compiles.ok:
        return compiles
    if importlib.util.find_spec("llvmlite") is None:
        return Availability(ok=False, why="llvmlite is not installed; pip install 'repoops[kernels]'")
    try:
        _engine()
    except (ImportError, OSError) as error:  # a llvmlite of another Python, or of another processor
        return Availability(ok=False, why=f"the engine cannot be loaded: {error}")
    return Availability(ok=True, why=f"{processor()}, llvmlite {wheels.version('llvmlite')}, {compiles.why}")


def _engine() -> Any:
    """Loaded when a kernel is to run: it brings LLVM, which takes a while."""
    from repoops import engine
    from repoops.engine import guard  # noqa: F401 - an attribute of the package from then on

    return engine


@cache
def processor() -> str:
    """The CPU's name as its maker gives it, else its architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        lines = []
    named = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return next(filter(None, named), "") or platform.processor() or platform.machine()


def architecture(archs: tuple[str, ...]) -> str:
    """Which of the architectures asked for is executed: `PREFERRED` if it is among them, else the first that can be.

    Raises:
        RepoOpsError: none can.
    """
    able = [arch for arch in archs if arch in ARCHITECTURES]
    if not able:
        raise RepoOpsError(
            f"the CPU back end does not execute {', '.join(archs) or 'no architecture'}",
            remedy=f"it executes {', '.join(ARCHITECTURES)}",
        )
    return PREFERRED if PREFERRED in able else able[0]


def run(kernel: Kernel, launch: Launch, options: Options = Options()) -> Outcome:  # noqa: B008 - frozen, so it is one value
    """Executes one launch on this machine's cores; tensors are changed in place, as on a card.

    Raises:
        RepoOpsError: it does not compile, the architecture refuses the launch, an argument does not
            fit or lies elsewhere, or the engine refuses an instruction, by name.
    """
    state = available()
    if not state.ok:
        raise RepoOpsError(f"{kernel.name} cannot run on the CPU: {state.why}")
    unknown = [check for check in options.checks if check not in CHECKS]
    if unknown:
        raise RepoOpsError(f"there is no check {unknown[0]!r}", remedy=f"there are {', '.join(CHECKS)}")
    on_this_machine(launch.args)
    arch = architecture((kernel.arch,) if kernel.arch else options.archs)
    compiled = compiler.compile_kernel(kernel, arch, options.keep)
    compiler.check_launch(kernel, compiled, launch)
    engine = _engine()
    watched = (*options.checks, *(("counters",) if options.counters else ()))
    try:
        done = engine.guard.run(
            compiled.ptx, compiled.entry, launch, checks=watched, order=options.order,
            jobs=options.jobs, limit=options.limit, keep=options.keep, optimise=options.optimise,
        )  # fmt: skip
    except engine.unit.Refused as refused:
        # The engine's lack and no fault of the kernel: it is not run, and does not fail.
        raise RepoOpsError(refused.what, where=_near(refused.where), remedy=refused.remedy) from None
    sources = {file: _lines(file, kernel) for file in {found.file for found in done.findings if found.file}}
    return Outcome(
        f"cpu: {processor()}",
        findings=tuple(_placed(found, kernel, sources) for found in done.findings),
        counters=done.counters if options.counters else None,
        line_counters=tuple((nvrtc.near(file), line, counts) for file, line, counts in done.line_counters),
        coverage=done.coverage,
        resources=(compiled.resources,),
        printed=done.printed,
        compiler=compiled.compiler,
    )


def intermediate(ptx: str, entry: str, block: tuple[int, int, int], checks: tuple[str, ...]) -> str:
    """A kernel as LLVM IR, as the engine compiles it for thread blocks of this size.

    Raises:
        RepoOpsError: an instruction is one that the engine refuses.
    """
    engine = _engine()
    found: str = engine.jit.translate(ptx, entry, block, frozenset(checks))[0]
    return found


def _near(where: str | None) -> str | None:
    """`file:line` with the file as seen from the current folder."""
    if where is None:
        return None
    file, colon, line = where.rpartition(":")
    return f"{nvrtc.near(file)}{colon}{line}" if file else where


def _lines(file: str, kernel: Kernel) -> list[str]:
    """A source file's lines; none if it cannot be read any more."""
    if kernel.text is not None and Path(file) == kernel.source.absolute():
        return kernel.text.splitlines()
    try:
        return Path(file).read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return []


def _placed(found: Finding, kernel: Kernel, sources: Mapping[str, list[str]]) -> Finding:
    """A finding with the text of its line, its file as seen from here, and the kernel's name in the source."""
    lines = sources.get(found.file or "", [])
    text = lines[found.line - 1] if found.line and found.line <= len(lines) else None
    return replace(
        found, kernel=kernel.name, source=text, file=nvrtc.near(found.file) if found.file else None
    )


def on_this_machine(args: tuple[Any, ...]) -> None:
    """Raises if a tensor lies on a card: the engine follows pointers of this process alone."""
    wrong = sorted({str(a.device) for a in args if hasattr(a, "data_ptr") and a.device.type != "cpu"})
    if wrong:
        raise RepoOpsError(
            f"a tensor argument lies on {', '.join(wrong)}, not in this machine's memory", code=1
        )
