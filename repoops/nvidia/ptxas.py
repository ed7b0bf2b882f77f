"""PTX → machine code through ptxas, and what it allots a kernel: registers, spills, stack, shared memory."""

from __future__ import annotations

import re
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path

from repoops.errors import RepoOpsError
from repoops.nvidia import wheels
from repoops.report.verification import Resources


def version() -> str | None:
    """`13.2`, or None where there is no ptxas."""
    tool = wheels.tool("ptxas")
    if tool is None:
        return None
    said = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"release (\d+\.\d+)", said)
    return found[1] if found else None


@lru_cache(maxsize=64)
def assemble(ptx: str, arch: str) -> tuple[bytes, str]:
    """Translates PTX for one architecture.

    Returns:
        The cubin, and what `ptxas -v` said of every kernel in it.

    Raises:
        RepoOpsError: there is no ptxas, or it refuses (too much shared memory, an instruction the
            architecture lacks); its own words are in the message.
    """
    tool = wheels.tool("ptxas")
    if tool is None:
        raise RepoOpsError("ptxas is neither in a wheel nor on PATH", remedy="pip install 'repoops[kernels]'")
    with tempfile.TemporaryDirectory(prefix="repoops-ptxas-") as folder:
        source, cubin = Path(folder, "kernel.ptx"), Path(folder, "kernel.cubin")
        source.write_text(ptx, encoding="utf-8")
        done = subprocess.run(
            [tool, "-v", f"--gpu-name={arch}", source, "-o", cubin],
            capture_output=True,
            text=True,
            check=False,
        )
        said = done.stderr + done.stdout
        if done.returncode != 0:
            errors = [
                line for line in said.splitlines() if "error" in line or "fatal" in line
            ] or said.splitlines()
            first = errors[0].replace(str(source), "the PTX") if errors else f"exit status {done.returncode}"
            raise RepoOpsError(f"ptxas refuses it for {arch}: {first}", code=1)
        return cubin.read_bytes(), said


def resources(said: str, entry: str, arch: str) -> Resources:
    """Reads one kernel's part of what `ptxas -v` said.

    Raises:
        RepoOpsError: the entry is not in it, or ptxas words it in a way that is not known.
    """
    parts = re.split(r"Compiling entry function '([^']+)' for '[^']+'", said)
    about = dict(zip(parts[1::2], parts[2::2], strict=True)).get(entry)
    used = re.search(r"Used (\d+) registers", about or "")
    frame = re.search(
        r"(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads", about or ""
    )
    if about is None or used is None or frame is None:
        raise RepoOpsError(
            f"ptxas said nothing that is understood of {entry}", remedy="report it with ptxas --version"
        )
    shared = re.search(r"(\d+) bytes smem", about)
    return Resources(
        arch=arch,
        registers=int(used[1]),
        stack=int(frame[1]),
        spill_stores=int(frame[2]),
        spill_loads=int(frame[3]),
        shared_static=int(shared[1]) if shared else 0,
        constant=sum(int(size) for size in re.findall(r"(\d+) bytes cmem\[\d+\]", about)),
    )
