"""No GPU: NVRTC and ptxas compile a kernel for real, and nothing runs it."""

from __future__ import annotations

from dataclasses import replace

from repoops.backends.availability import Availability
from repoops.errors import RepoOpsError
from repoops.kernel.model import Compiled, Kernel
from repoops.nvidia import nvrtc, ptxas, wheels


def available() -> Availability:
    """Whether both compilers are here."""
    try:
        said = f"NVRTC {nvrtc.version()}"
    except RepoOpsError as error:
        return Availability(ok=False, why=f"{error.what}; {error.remedy}")
    if not wheels.include_folders():
        return Availability(ok=False, why="cuda_fp16.h is not found; pip install 'repoops[kernels]'")
    if wheels.tool("ptxas") is None:
        return Availability(ok=False, why="ptxas is not found; pip install 'repoops[kernels]'")
    return Availability(ok=True, why=f"{said}, ptxas {ptxas.version()}")


def compile_kernel(kernel: Kernel, arch: str) -> Compiled:
    """A kernel as machine code for one architecture, with what ptxas allots it.

    Raises:
        CompileError: the source is refused; file, line and caret are in the message.
        RepoOpsError: ptxas refuses it, or a compiler is missing.
    """
    ptx, entry = nvrtc.compile_ptx(kernel, arch)
    cubin, said = ptxas.assemble(ptx, arch)
    found = ptxas.resources(said, entry, arch)
    return Compiled(arch, entry, ptx, cubin, replace(found, max_threads=_max_threads(ptx, entry)))


def _max_threads(ptx: str, entry: str) -> int | None:
    """What `__launch_bounds__` became: `.maxntid x[, y, z]` after the entry's parameters."""
    head = ptx.split(f".entry {entry}", 1)[-1].split("{", 1)[0]
    if ".maxntid" not in head:
        return None
    extents = head.split(".maxntid", 1)[1].splitlines()[0].split(",")
    product = 1
    for extent in extents:
        product *= int(extent)
    return product
