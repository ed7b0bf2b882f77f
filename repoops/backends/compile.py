"""No GPU: NVRTC and ptxas compile a kernel for real, its launch is checked, and nothing runs it."""

from __future__ import annotations

from pathlib import Path

from repoops.backends.interface import Availability, Options
from repoops.errors import RepoOpsError
from repoops.kernel.model import Compiled, Kernel, Launch, Outcome
from repoops.nvidia import limits, nvrtc, params, ptxas, translate, wheels
from repoops.report.verification import Resources


def available() -> Availability:
    """Whether both compilers and the headers are here."""
    try:
        said = f"NVRTC {nvrtc.version()}"
    except RepoOpsError as error:
        return Availability(ok=False, why=f"{error.what}; {error.remedy}")
    if not wheels.include_folders():
        return Availability(ok=False, why="cuda_fp16.h is not found; pip install 'repoops[kernels]'")
    if wheels.tool("ptxas") is None:
        return Availability(ok=False, why="ptxas is not found; pip install 'repoops[kernels]'")
    return Availability(ok=True, why=f"{said}, ptxas {ptxas.version()}")


def compile_kernel(kernel: Kernel, arch: str, keep: Path | None = None) -> Compiled:
    """A kernel as machine code for one architecture, with what ptxas allots it.

    Args:
        kernel: what to compile.
        arch: `sm_89`.
        keep: the compilers' cache folder; None compiles anew.

    Raises:
        CompileError: the source is refused; file, line and caret are in the message.
        RepoOpsError: ptxas refuses it, or a compiler is missing.
    """
    found = translate.to_ptx(kernel, arch, keep=keep)
    cubin, said = ptxas.assemble(found.ptx, arch, keep=keep)
    allotted = ptxas.resources(said, found.ptx, found.entry, arch)
    return Compiled(arch, found.entry, found.ptx, cubin, allotted, found.compiler)


def check_launch(kernel: Kernel, compiled: Compiled, launch: Launch) -> None:
    """Raises if the arguments do not fit the kernel's parameters, or the architecture refuses the launch."""
    params.check(params.parameters(compiled.ptx, compiled.entry), launch.args, kernel.name)
    limits.refuse(launch, compiled.resources, kernel.name)


def run(kernel: Kernel, launch: Launch, options: Options) -> Outcome:
    """Compiles for every architecture asked for, or for the kernel's own, and checks the launch on each; the outcome says that nothing ran."""
    found: list[Resources] = []
    compilers: dict[str, None] = {}
    for arch in (kernel.arch,) if kernel.arch else options.archs:
        compiled = compile_kernel(kernel, arch, options.keep)
        check_launch(kernel, compiled, launch)
        found.append(compiled.resources)
        compilers[compiled.compiler] = None
    return Outcome(ran_on="", resources=tuple(found), compiler="; ".join(compilers))
