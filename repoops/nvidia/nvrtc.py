"""CUDA C++ → PTX through NVRTC: NVIDIA's own front end, which needs neither driver nor GPU nor toolkit."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from repoops.errors import RepoOpsError
from repoops.kernel.model import Kernel
from repoops.nvidia import wheels

_INSTALL = "pip install 'repoops[kernels]'"


class CompileError(RepoOpsError):
    """The compiler refused the source; `log` is all that it said."""

    def __init__(self, what: str, *, where: str, log: str) -> None:
        super().__init__(what, where=where, code=1)
        self.log = log


def version() -> str:
    """`13.2`, of the library itself.

    Raises:
        RepoOpsError: the library cannot be loaded.
    """
    nvrtc = _library()
    _, major, minor = nvrtc.nvrtcVersion()
    return f"{major}.{minor}"


def compile_ptx(kernel: Kernel, arch: str) -> tuple[str, str]:
    """Compiles a kernel's source for one architecture.

    Args:
        kernel: its source is read now; `-lineinfo` is on, so that PTX and machine code name source lines.
        arch: `sm_89`.

    Returns:
        The PTX, and the kernel's name in it.

    Raises:
        CompileError: with the first error's file, line, source line and caret.
        RepoOpsError: no compiler, or no such file.
    """
    try:
        source = kernel.source.read_text(encoding="utf-8")
    except OSError as error:
        raise RepoOpsError(f"cannot be read: {error.strerror}", where=str(kernel.source)) from None
    return _compile(source, kernel, arch)


@lru_cache(maxsize=64)
def _compile(source: str, kernel: Kernel, arch: str) -> tuple[str, str]:
    nvrtc = _library()
    program = _checked(nvrtc.nvrtcCreateProgram(source.encode(), str(kernel.source).encode(), 0, [], []))
    try:
        _checked(nvrtc.nvrtcAddNameExpression(program, kernel.name.encode()))
        options = [option.encode() for option in _options(kernel, arch)]
        status = nvrtc.nvrtcCompileProgram(program, len(options), options)[0]
        if status != nvrtc.nvrtcResult.NVRTC_SUCCESS:
            raise _refused(_text(nvrtc.nvrtcGetProgramLogSize, nvrtc.nvrtcGetProgramLog, program), kernel)
        entry = _checked(nvrtc.nvrtcGetLoweredName(program, kernel.name.encode()))
        ptx = _text(nvrtc.nvrtcGetPTXSize, nvrtc.nvrtcGetPTX, program)
        return ptx, str(entry.decode())
    finally:
        nvrtc.nvrtcDestroyProgram(program)


def _options(kernel: Kernel, arch: str) -> list[str]:
    folders = (kernel.source.parent, *kernel.include, *wheels.include_folders())
    return [
        f"--gpu-architecture={arch.replace('sm_', 'compute_')}",
        "--std=c++17",
        "-lineinfo",
        *(f"-D{name}={value}" if value else f"-D{name}" for name, value in kernel.defines),
        *(f"-I{folder}" for folder in folders),
    ]


_ERROR = re.compile(
    r"^(?P<file>.+)\((?P<line>\d+)\): (?:catastrophic )?error(?: #\S+)?: (?P<what>.*)$", re.MULTILINE
)


def _refused(log: str, kernel: Kernel) -> CompileError:
    """NVRTC prints `file(line): error: …`, the source line, and a caret below it."""
    found = _ERROR.search(log)
    if not found:
        words = log.strip().splitlines()
        return CompileError(
            words[0] if words else "the compiler gave no reason", where=str(kernel.source), log=log
        )
    shown = log[found.end() :].split("\n\n", 1)[0].strip("\n")
    return CompileError(
        f"{found['what']}\n{shown}" if shown else found["what"],
        where=f"{found['file']}:{found['line']}",
        log=log,
    )


def _library() -> Any:
    try:
        from cuda.bindings import nvrtc

        nvrtc.nvrtcVersion()
    except (ImportError, RuntimeError, OSError) as error:
        raise RepoOpsError(f"NVRTC cannot be loaded: {error}", remedy=_INSTALL) from None
    return nvrtc


def _checked(answer: tuple[Any, ...]) -> Any:
    status, *values = answer
    if int(status) != 0:
        raise RepoOpsError(f"NVRTC failed: {status}")
    return values[0] if values else None


def _text(size: Any, fetch: Any, program: Any) -> str:
    room: bytes = b" " * _checked(size(program))
    _checked(fetch(program, room))
    return room.rstrip(b"\0").decode("utf-8", "replace")
