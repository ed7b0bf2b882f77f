"""A kernel's source → PTX, by whichever of NVIDIA's compilers takes it; PTX that is given stays as it is."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from repoops.errors import RepoOpsError
from repoops.kernel.model import Kernel
from repoops.nvidia import nvcc, nvrtc, ptxas


@dataclass(frozen=True, slots=True)
class Translated:
    """PTX, the kernel's name in it, and who made it: `NVRTC 13.5`, or `nvcc 13.5: …` with the reason."""

    ptx: str
    entry: str
    compiler: str


def to_ptx(kernel: Kernel, arch: str, *, keep: Path | None = None) -> Translated:
    """Compiles with NVRTC; with nvcc where the file holds host code.

    Raises:
        CompileError: the source is refused; file, line and caret are in the message.
        RepoOpsError: no compiler, no such file, an architecture that is not known, or no such entry in PTX.
    """
    if kernel.source.suffix == ".ptx":
        return _given(kernel)
    try:
        return Translated(*nvrtc.compile_ptx(kernel, arch, keep=keep), f"NVRTC {nvrtc.version()}")
    except nvrtc.CompileError as refused:
        if not refused.host_code:
            raise
        if nvcc.version() is None:
            raise nvrtc.CompileError(
                f"NVRTC takes no host code: {refused.what}",
                where=str(refused.where),
                log=refused.log,
                remedy="install g++, so that nvcc can be used, or move the host code to a file of its own",
            ) from None
        try:
            ptx, entry, left_out = nvcc.compile_ptx(kernel, arch, keep=keep)
        except nvrtc.CompileError as again:
            # Both miss the same header: NVRTC's words have the source line.
            raise (refused if refused.missing and refused.missing == again.missing else again) from None
        reason = f"NVRTC takes no host code ({refused.where}: {refused.what.splitlines()[0]})"
        if left_out:
            reason += f"; host functions that do not compile are left out ({left_out})"
        return Translated(ptx, entry, f"nvcc {nvcc.version()}: {reason}")


def _given(kernel: Kernel) -> Translated:
    source = nvrtc.read(kernel)[1].decode("utf-8", "replace")
    found = ptxas.entries(source)
    if kernel.name not in found:
        shown = nvcc.demangled(found)
        raise RepoOpsError(
            f"there is no kernel {kernel.name!r} in this file",
            where=nvrtc.near(str(kernel.source)),
            remedy="its entries: " + ", ".join(n if shown[n] == n else f"{n} ({shown[n]})" for n in found)
            if found else "it has no .entry",
            code=1,
        )  # fmt: skip
    return Translated(source, kernel.name, "given as PTX")
