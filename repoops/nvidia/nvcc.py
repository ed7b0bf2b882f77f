"""CUDA C++ → PTX through nvcc: for files that hold host code as well, which NVRTC refuses.

It needs a C++ compiler of the host, but no driver and no GPU; the wheel's nvcc serves as a toolkit's does.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from functools import cache as once
from pathlib import Path

from repoops import cache
from repoops.errors import RepoOpsError
from repoops.files import sha256
from repoops.kernel.model import Kernel
from repoops.nvidia import hostcode, nvrtc, ptxas, wheels
from repoops.nvidia.includes import dependencies

_ENTRY = nvrtc.NAME_MAP + ".cu"
_EXTENSIONS = ("--extended-lambda", "--expt-relaxed-constexpr")
"""What real sources ask for most often; they permit more and change nothing that is permitted without."""
_ABSENT = {"c10/cuda/impl/cuda_cmake_macros.h": "#pragma once\n"}
"""What PyTorch's headers include and its builds for machines without a GPU leave out: how its libraries are linked."""


@once
def version() -> str | None:
    """`13.5`, or None where there is no nvcc, or no host compiler for it."""
    tool = wheels.tool("nvcc")
    if tool is None or shutil.which("g++") is None:
        return None
    said = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"release (\d+\.\d+)", said)
    return found[1] if found else None


def compile_ptx(kernel: Kernel, arch: str, *, keep: Path | None = None) -> tuple[str, str, str]:
    """As `nvrtc.compile_ptx`, host code in the file included, and passed over.

    A template is instantiated by a reference to it that is appended to the source.

    Returns:
        The PTX, the kernel's name in it, and why host functions were left out; "" where none was.

    Raises:
        CompileError: with the first error's file, line, source line and caret.
        RepoOpsError: there is no nvcc or no host compiler.
    """
    said = version()
    if said is None:
        raise RepoOpsError(
            "nvcc, or g++ for it, is not found", remedy="pip install 'repoops[kernels]'; install g++"
        )
    kernel, source = nvrtc.read(kernel)
    options = [*nvrtc.common_options(kernel), *_EXTENSIONS]
    # Behind the user's own folders; NVRTC does without, as it has none of what these headers include.
    options += [word for folder in wheels.extension_folders() for word in ("-isystem", str(folder))]
    name = None
    if keep is not None:
        included = dependencies(kernel.source, source, (kernel.source.parent, *kernel.include))
        if included is not None:
            name = cache.key(
                "nvcc/3", said, wheels.version("torch"), str(wheels.tool("nvcc")), str(kernel.source), sha256(source), kernel.name, arch, options, included,
            )  # fmt: skip
    known = cache.load(keep, name) if name else None
    if known is None:
        ptx, left_out = _compile(source.decode("utf-8", "surrogateescape"), kernel, arch, options)
        known = {"ptx": ptx, "entry": _entry(ptx, kernel), "left_out": left_out}
        if name:
            cache.store(keep, name, known)
    return known["ptx"], known["entry"], known["left_out"]


def _compile(source: str, kernel: Kernel, arch: str, options: list[str]) -> tuple[str, str]:
    """The PTX, and why host functions were left out: those that hold an error, until there is none, or none in such a function.

    So what is told of a file that has errors elsewhere too is one of those.
    """
    ptx, log = _run(source, kernel, arch, options)
    first = None
    rest = source
    while ptx is None:
        refused = nvrtc.refusal(log, kernel, source)
        first = first or refused
        fewer = hostcode.without(rest, nvrtc.error_lines(log, kernel))
        if fewer == rest:
            raise refused
        rest = fewer
        ptx, log = _run(rest, kernel, arch, options)
    if first is None:
        return ptx, ""
    if hostcode.LEFT_OUT in ptx:
        raise first
    return ptx, f"{first.where}: {first.what.split(chr(10))[0]}"


def _run(source: str, kernel: Kernel, arch: str, options: list[str]) -> tuple[str | None, str]:
    """The PTX or None, and all that nvcc said."""
    whole = (
        f'#line 1 "{kernel.source}"\n{source}\n#line 1 "{_ENTRY}"\n'
        f"void* repoops_entry() {{ return (void*)({kernel.name}); }}\n"
    )
    with tempfile.TemporaryDirectory(prefix="repoops-nvcc-") as folder:
        Path(folder, _ENTRY).write_text(whole, encoding="utf-8", errors="surrogateescape")
        for name, text in _ABSENT.items():
            Path(folder, "absent", name).parent.mkdir(parents=True, exist_ok=True)
            Path(folder, "absent", name).write_text(text, encoding="utf-8")
        command = [str(wheels.tool("nvcc")), "-ptx", f"-arch={arch.replace('sm_', 'compute_')}",
                   *options, "-isystem", "absent", "-o", "kernel.ptx", _ENTRY]  # fmt: skip
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, errors="replace", check=False
        )
        made = Path(folder, "kernel.ptx")
        return (made.read_text(encoding="utf-8") if done.returncode == 0 else None), done.stderr + done.stdout


def _entry(ptx: str, kernel: Kernel) -> str:
    """The name in the PTX of the kernel that the source calls so.

    Raises:
        RepoOpsError: several could be meant; their full names are in the message.
    """
    entries = ptxas.entries(ptx)
    shown = demangled(entries)
    wanted = _squeezed(kernel.name)
    fit = [entry for entry in entries if wanted in (entry, _called(shown[entry]))]
    if not fit and "<" in wanted:  # written otherwise than the compiler does: unsigned for unsigned int
        fit = [entry for entry in entries if _called(shown[entry]).split("<")[0] == wanted.split("<")[0]]
    if len(fit) != 1:
        raise RepoOpsError(
            f"which kernel is {kernel.name!r}?",
            where=str(kernel.source),
            remedy="name one of: " + ", ".join(_called(shown[entry]) for entry in fit or entries),
            code=1,
        )
    return fit[0]


def demangled(names: tuple[str, ...]) -> dict[str, str]:
    """Names as the source has them: `void row_sum<float, 128>(float*)`; themselves where no tool is there to say."""
    tool = shutil.which("c++filt") or shutil.which("cu++filt")
    if tool is None or not names:
        return {name: name for name in names}
    said = subprocess.run([tool, *names], capture_output=True, text=True, check=False).stdout.splitlines()
    return dict(zip(names, said, strict=True)) if len(said) == len(names) else {name: name for name in names}


def _squeezed(name: str) -> str:
    return re.sub(r"\s*([<>,*&:])\s*", r"\1", name.strip())


def _called(signature: str) -> str:
    """`void a::row_sum<float, 128>(float*)` → `a::row_sum<float,128>`."""
    found = _squeezed(signature.replace("(anonymous namespace)::", ""))
    depth = 0
    for at, character in enumerate(found):
        depth += (character == "<") - (character == ">")
        if character == "(" and depth == 0:
            found = found[:at]
            break
    return found.removeprefix("void ")
