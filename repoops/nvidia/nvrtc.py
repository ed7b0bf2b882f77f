"""CUDA C++ → PTX through NVRTC: NVIDIA's own front end, which needs neither driver nor GPU nor toolkit.

Called through cuda-bindings. cuda-core's `Program` is not used: it asks the driver for its version
after every compilation (seen with cuda-core 1.2.2), and there may be none.
"""

from __future__ import annotations

import codecs
import os
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

from repoops import cache
from repoops.errors import RepoOpsError
from repoops.files import sha256
from repoops.kernel.model import Kernel
from repoops.nvidia import wheels
from repoops.nvidia.includes import dependencies
from repoops.nvidia.sources import in_text
from repoops.nvidia.standins import HEADERS

_INSTALL = "pip install 'repoops[kernels]'"


class CompileError(RepoOpsError):
    """The compiler refused the source; `log` is all that it said.

    `host_code` says that it was for want of what only a compiler of the host has: its functions, its headers.
    """

    def __init__(self, what: str, *, where: str, log: str, remedy: str | None = None) -> None:
        super().__init__(what, where=where, remedy=remedy, code=1)
        self.log = log

    @property
    def host_code(self) -> bool:
        """Whether nvcc, which hands host code to the host's compiler, may take what NVRTC refused."""
        return any(sign in self.log for sign in _HOST_CODE)

    @property
    def missing(self) -> str | None:
        """The header that was not found, where that is what was wrong first."""
        found = _MISSING.match(self.what)
        return (found[1] or found[2]) if found else None


_MISSING = re.compile(r'(?:cannot|could not) open source file "([^"]+)"|(\S+): No such file or directory')
_HOST_CODE = (
    "host functions are not allowed in JIT mode",
    "cannot open source file",
    "could not open source file",
    "not supported when compiling with NVRTC",  # <cub/cub.cuh>
)


def version() -> str:
    """`13.2`, of the library itself.

    Raises:
        RepoOpsError: the library cannot be loaded.
    """
    _, major, minor = _library().nvrtcVersion()
    return f"{major}.{minor}"


def architectures() -> tuple[str, ...]:
    """What this NVRTC compiles for: `sm_75`, `sm_80`, …; suffixed ones (`sm_90a`) are not in its list."""
    return tuple(f"sm_{number}" for number in _checked(_library().nvrtcGetSupportedArchs()))


def compile_ptx(kernel: Kernel, arch: str, *, keep: Path | None = None) -> tuple[str, str]:
    """Compiles a kernel's source for one architecture.

    Args:
        kernel: its source is read now; `-lineinfo` is on, so that PTX and machine code name source lines.
        arch: `sm_89`.
        keep: a cache folder; None compiles anew.

    Returns:
        The PTX, and the kernel's name in it (mangled where the source's is a template).

    Raises:
        CompileError: with the first error's file, line, source line and caret.
        RepoOpsError: no compiler, no such file, or an architecture that it does not know.
    """
    kernel, source = read(kernel)
    options = _options(kernel, arch)
    name = None
    if keep is not None:
        included = dependencies(kernel.source, source, (kernel.source.parent, *kernel.include))
        if included is not None:
            name = cache.key(
                "ptx/2", version(), wheels.headers_digest(), HEADERS, str(kernel.source), sha256(source), kernel.name,
                options, included,
            )  # fmt: skip
    known = cache.load(keep, name) if name else None
    if known is None:
        ptx, entry = _compile(source, kernel, options)
        known = {"ptx": ptx, "entry": entry}
        if name:
            cache.store(keep, name, known)
    return known["ptx"], known["entry"]


def read(kernel: Kernel) -> tuple[Kernel, bytes]:
    """A kernel with an absolute path, and its source without a byte order mark, which the compilers refuse.

    Raises:
        RepoOpsError: the file cannot be read.
    """
    if kernel.text is not None:
        return replace(kernel, source=kernel.source.absolute()), kernel.text.encode()
    try:
        source = kernel.source.read_bytes().removeprefix(codecs.BOM_UTF8)
        return replace(kernel, source=kernel.source.absolute()), source
    except OSError as error:
        raise RepoOpsError(
            f"cannot be read: {error.strerror}", where=near(str(kernel.source)), code=1
        ) from None


def _compile(source: bytes, kernel: Kernel, options: list[str]) -> tuple[str, str]:
    nvrtc = _library()
    # Headers given here come before those in folders, so that one of the user's own would be hidden.
    folders = (kernel.source.parent, *kernel.include)
    given = {name: text for name, text in HEADERS.items() if not any((at / name).exists() for at in folders)}
    program = _checked(
        nvrtc.nvrtcCreateProgram(
            source, str(kernel.source).encode(), len(given),
            [text.encode() for text in given.values()], [name.encode() for name in given],
        )
    )  # fmt: skip
    try:
        _checked(nvrtc.nvrtcAddNameExpression(program, kernel.name.encode()))
        status = nvrtc.nvrtcCompileProgram(program, len(options), [option.encode() for option in options])[0]
        if status != nvrtc.nvrtcResult.NVRTC_SUCCESS:
            log = _text(nvrtc.nvrtcGetProgramLogSize, nvrtc.nvrtcGetProgramLog, program)
            raise refusal(log, kernel, source.decode("utf-8", "replace"))
        entry = _checked(nvrtc.nvrtcGetLoweredName(program, kernel.name.encode()))
        ptx = _text(nvrtc.nvrtcGetPTXSize, nvrtc.nvrtcGetPTX, program)
        return ptx, str(entry.decode())
    finally:
        nvrtc.nvrtcDestroyProgram(program)


def _options(kernel: Kernel, arch: str) -> list[str]:
    return [
        f"--gpu-architecture={arch.replace('sm_', 'compute_')}",
        *common_options(kernel),
        *(f"-I{folder}" for folder in wheels.include_folders()),
    ]


def common_options(kernel: Kernel) -> list[str]:
    """What NVRTC and nvcc are told alike: standard, line numbers, macros, the user's folders."""
    return [
        "--std=c++17",
        "-lineinfo",
        *(f"-D{name}={value}" if value else f"-D{name}" for name, value in kernel.defines),
        *(f"-I{folder}" for folder in (kernel.source.parent, *kernel.include)),
    ]


_ERROR = re.compile(
    r"^(?P<file>[^\n]+?)[(:](?P<line>\d+)(?:\)|:\d+)?: (?:catastrophic |fatal )?error(?: #\S+)?: (?P<what>[^\n]*)$",
    re.MULTILINE,
)
NAME_MAP = "__nv_name_map"
"""The file in which NVRTC looks the kernel's name up; nvcc is handed one that begins so."""


def refusal(log: str, kernel: Kernel, source: str) -> CompileError:
    """What NVRTC's log comes to: it prints `file(line): error: …`, the source line, and a caret below it.

    Args:
        log: all that the compiler said.
        kernel: what was compiled.
        source: its text, for the names that are defined there.
    """
    errors = list(_ERROR.finditer(log))
    own = [error for error in errors if not error["file"].startswith(NAME_MAP)]
    file = near(str(kernel.source))
    if errors and not own:
        defined = [kernel.name for kernel in in_text(source)]
        if kernel.name in defined:
            return CompileError(
                f"{kernel.name!r} alone names no kernel in this file", where=file, log=log,
                remedy=f"a template needs its arguments ({kernel.name}<float>), and what lies in a namespace that one's name",
            )  # fmt: skip
        return CompileError(
            f"there is no kernel {kernel.name!r} in this file", where=file, log=log,
            remedy=f"its __global__ functions: {', '.join(defined)}" if defined else "it defines no __global__ function",
        )  # fmt: skip
    if not own:
        words = log.strip().splitlines() or ["the compiler gave no reason"]
        if "--gpu-architecture" in words[0]:
            arch = "this architecture is not known to NVRTC " + version()
            return CompileError(
                arch, where=file, log=log, remedy="it compiles for " + ", ".join(architectures())
            )
        return CompileError(words[0], where=file, log=log)
    first = own[0]
    end = own[1].start() if len(own) > 1 else len(log)
    shown = log[first.end() : end].split("\n\n", 1)[0].strip("\n")
    more = f" (and {len(own) - 1} more)" if len(own) > 1 else ""
    what = first["what"] + more
    found = CompileError(
        f"{what}\n{shown}" if shown else what, where=f"{near(first['file'])}:{first['line']}", log=log
    )
    found.remedy = wheels.package(found.missing) if found.missing else None
    return found


def error_lines(log: str, kernel: Kernel) -> frozenset[int]:
    """The lines of a kernel's source, not of what it includes, that a compiler's errors name."""
    return frozenset(
        int(error["line"]) for error in _ERROR.finditer(log) if error["file"] == str(kernel.source)
    )


def near(path: str) -> str:
    """A path as seen from the current folder, where it lies below it."""
    return path.removeprefix(os.getcwd() + os.sep)


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
