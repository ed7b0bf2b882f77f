"""PTX → machine code through ptxas, and what it allots a kernel: registers, spills, stack, shared memory."""

from __future__ import annotations

import base64
import re
import subprocess
import tempfile
from functools import cache as once
from functools import lru_cache
from pathlib import Path

from repoops import cache
from repoops.errors import RepoOpsError
from repoops.files import sha256
from repoops.nvidia import wheels
from repoops.report.verification import Resources

_INSTALL = "pip install 'repoops[kernels]'"


@once
def version() -> str | None:
    """`13.2`, or None where there is no ptxas."""
    tool = wheels.tool("ptxas")
    if tool is None:
        return None
    said = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False).stdout
    found = re.search(r"release (\d+\.\d+), V(\S+)", said)
    return found[1] if found else None


def assemble(ptx: str, arch: str, *, keep: Path | None = None) -> tuple[bytes, str]:
    """Translates PTX for one architecture.

    Args:
        ptx: a whole module.
        arch: `sm_89`.
        keep: a cache folder; None translates anew.

    Returns:
        The cubin, and what `ptxas -v` said of every function in it.

    Raises:
        RepoOpsError: there is no ptxas, or it refuses (too much shared memory, an instruction the
            architecture lacks); its own words are in the message.
    """
    tool = wheels.tool("ptxas")
    if tool is None:
        raise RepoOpsError("ptxas is neither in a wheel nor on PATH", remedy=_INSTALL)
    stamp = tool.stat()
    name = cache.key("cubin/1", str(tool), stamp.st_size, stamp.st_mtime_ns, arch, sha256(ptx.encode()))
    known = cache.load(keep, name)
    if known is None:
        cubin, said = _assemble(tool, ptx, arch)
        known = {"cubin": base64.b64encode(cubin).decode(), "said": said}
        cache.store(keep, name, known)
    return base64.b64decode(known["cubin"]), known["said"]


def _assemble(tool: Path, ptx: str, arch: str) -> tuple[bytes, str]:
    with tempfile.TemporaryDirectory(prefix="repoops-ptxas-") as folder:
        source, cubin = Path(folder, "kernel.ptx"), Path(folder, "kernel.cubin")
        source.write_text(ptx, encoding="utf-8")
        command = [str(tool), "-v", f"--gpu-name={arch}", str(source), "-o", str(cubin)]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        said = (done.stderr + done.stdout).replace(str(source), "kernel.ptx")
        if done.returncode != 0:
            lines = said.strip().splitlines()
            errors = [line for line in lines if re.search(r"\b(error|fatal)\b", line)] or lines
            first = (
                re.sub(r"^ptxas (error|fatal)\s*: ", "", errors[0]) if errors else f"status {done.returncode}"
            )
            raise RepoOpsError(f"ptxas refuses it for {arch}: {first}", code=1)
        return cubin.read_bytes(), said


_FRAME = re.compile(
    r"Function properties for (\S+)\s+(\d+) bytes stack frame, (\d+) bytes spill stores, (\d+) bytes spill loads"
)

_SERIALISED = re.compile(
    r"wgmma\.mma_async instructions are serialized due to (.*?) in (?:the )?function '([^']+)'"
)


@lru_cache(maxsize=64)
def resources(said: str, ptx: str, entry: str, arch: str) -> Resources:
    """What ptxas allots one kernel, the functions it calls included.

    Spills of a function that is not inlined are reported apart from the kernels that call it, so
    they are looked up through the calls in the PTX and added.

    Args:
        said: ptxas' words, of `assemble`.
        ptx: the module that was assembled.
        entry: the kernel's name in it.
        arch: what it was assembled for.

    Raises:
        RepoOpsError: the kernel is not in it, or ptxas words it in a way that is not known.
    """
    parts = re.split(r"Compiling entry function '([^']+)' for '[^']+'", said)
    about = dict(zip(parts[1::2], parts[2::2], strict=True)).get(entry, "")
    frames = {name: tuple(map(int, sizes)) for name, *sizes in _FRAME.findall(said)}
    used = re.search(r"Used (\d+) registers", about)
    if used is None or entry not in frames:
        raise RepoOpsError(
            f"ptxas said nothing that is understood of {entry}",
            remedy=f"report it with the output of: ptxas --version (here {version()})",
        )
    called = [frames[name] for name in reachable(ptx, entry) if name in frames]
    deep = re.search(r"(\d+) bytes cumulative stack size", about)
    return Resources(
        arch=arch,
        registers=int(used[1]),
        stack=max(frames[entry][0], int(deep[1]) if deep else 0),
        spill_stores=sum(frame[1] for frame in called),
        spill_loads=sum(frame[2] for frame in called),
        shared_static=_bytes(about, "smem"),
        constant=_bytes(about, r"cmem\[\d+\]"),
        max_threads=max_threads(ptx, entry),
        serialised=next((why for why, name in _SERIALISED.findall(said) if name == entry), None),
    )


def _bytes(about: str, what: str) -> int:
    return sum(int(size) for size in re.findall(rf"(\d+) bytes {what}", about))


_FUNCTION = re.compile(
    r"^[ \t]*(?:\.\w+[ \t]+)*\.(?:func|entry)\b(?:[ \t]*\([^)]*\))?\s*([\w$]+)", re.MULTILINE
)


def _functions(ptx: str) -> dict[str, tuple[str, str]]:
    """Name → (what stands before the body, the body); prototypes have none and are left out."""
    found = {}
    for head in _FUNCTION.finditer(ptx):
        opening = re.compile(r"[{;]").search(ptx, head.end())
        if opening is None or opening[0] == ";":
            continue
        depth = 0
        for brace in re.compile(r"[{}]").finditer(ptx, opening.start()):
            depth += 1 if brace[0] == "{" else -1
            if depth == 0:
                found[head[1]] = (ptx[head.end() : opening.start()], ptx[opening.start() : brace.end()])
                break
    return found


def entries(ptx: str) -> tuple[str, ...]:
    """The names of a module's kernels."""
    return tuple(re.findall(r"^[ \t]*(?:\.\w+[ \t]+)*\.entry\s+([\w$]+)", ptx, re.MULTILINE))


def reachable(ptx: str, entry: str) -> set[str]:
    """A kernel and every function of its module that it may call; a function whose address is taken counts."""
    functions = _functions(ptx)
    found, pending = {entry}, [entry]
    while pending:
        _, body = functions.get(pending.pop(), ("", ""))
        named = set(re.findall(r"[\w$]+", body)) & functions.keys()
        pending += named - found
        found |= named
    return found


def max_threads(ptx: str, entry: str) -> int | None:
    """What `__launch_bounds__` became: `.maxntid x[, y, z]` between an entry's parameters and its body."""
    head, _ = _functions(ptx).get(entry, ("", ""))
    found = re.search(r"\.maxntid\s+(\d+)(?:\s*,\s*(\d+))?(?:\s*,\s*(\d+))?", head)
    if found is None:
        return None
    x, y, z = (int(n) if n else 1 for n in found.groups())
    return x * y * z
