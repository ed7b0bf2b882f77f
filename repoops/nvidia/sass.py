"""Machine code (SASS) of a kernel: which instructions it has, through nvdisasm, and a digest that names and addresses do not enter.

ptxas puts the functions that a kernel calls into the kernel's own section, so that this section is
all of its code. Counts are static: what stands in the code, not how often it is executed.
"""

from __future__ import annotations

import hashlib
import json
import struct
import subprocess
import tempfile
from functools import cache as once
from pathlib import Path

from repoops import cache
from repoops.errors import RepoOpsError
from repoops.files import sha256
from repoops.nvidia import wheels

COUNTED = (
    "HMMA", "QMMA", "HGMMA", "IMMA", "LDSM", "LDGSTS", "LDG.128", "STG.128", "LDS.128", "STS.128", "BAR", "SHFL", "MUFU",
    "FFMA", "LDL", "STL",
)  # fmt: skip
"""Instructions that tell kernels apart, by NVIDIA's names: products on tensor cores (of a warp, of 8-bit
floats, of a warp group, of integers), matrix loads, copies from global to shared memory past the registers, 16-byte accesses,
barriers, shuffles, special functions, multiply-adds, local memory. A name with a suffix counts those that
carry it; one without counts all of its kind.

Source: CUDA Binary Utilities 13, Instruction Set Reference.
"""
TOTAL = "instructions"
"""All but the NOPs that fill up the end."""


def digest(cubin: bytes, entry: str) -> str:
    """A digest of what one kernel does: its instructions, scheduling included, and the constants of its module.

    The kernel's name, its source lines and where it lies in the module do not enter.

    Args:
        cubin: of ptxas.
        entry: the kernel's name in it.

    Raises:
        RepoOpsError: there is no such kernel in it.
    """
    found = hashlib.sha256()
    sections = _sections(cubin)
    if f".text.{entry}" not in sections:
        raise RepoOpsError(f"there is no machine code of {entry} in the cubin", code=1)
    for name in (f".text.{entry}", f".nv.constant2.{entry}", ".nv.constant3", ".nv.global.init"):
        content = sections.get(name, b"")
        found.update(struct.pack("<Q", len(content)) + content)
    return f"sha256:{found.hexdigest()}"


def _sections(cubin: bytes) -> dict[str, bytes]:
    """Name → content of an ELF file's sections; 64 bits, little-endian, as all cubins are.

    Source: System V ABI, "ELF Header" and "Sections".
    """
    if cubin[:6] != b"\x7fELF\x02\x01":
        raise RepoOpsError("not a cubin: it is no ELF file of 64 bits", code=1)
    (start,) = struct.unpack_from("<Q", cubin, 40)
    size, count, names = struct.unpack_from("<HHH", cubin, 58)
    heads = [struct.unpack_from("<IIQQQQ", cubin, start + n * size) for n in range(count)]
    strings = heads[names][4]
    found = {}
    for name, kind, _, _, at, length in heads:
        end = cubin.index(b"\0", strings + name)
        label = cubin[strings + name : end].decode("utf-8", "replace")
        found[label] = (
            b"" if kind == 8 else cubin[at : at + length]
        )  # 8: SHT_NOBITS, takes no room in the file
    return found


@once
def version() -> str | None:
    """nvdisasm's, or None where there is none."""
    tool = wheels.tool("nvdisasm")
    if tool is None:
        return None
    said = subprocess.run([tool, "--version"], capture_output=True, text=True, check=False).stdout
    return said.strip().splitlines()[-1] if said.strip() else None


def count(cubin: bytes, entry: str, *, keep: Path | None = None) -> tuple[tuple[str, int], ...]:
    """How many of `COUNTED` a kernel's code has, and how many instructions in all (`TOTAL`); those that are zero too.

    Args:
        cubin: of ptxas.
        entry: the kernel's name in it.
        keep: a cache folder; None disassembles anew, which takes half a second.

    Raises:
        RepoOpsError: there is no nvdisasm, or it does not know this code.
    """
    said = version()
    if said is None:
        raise RepoOpsError(
            "nvdisasm is neither in a wheel nor on PATH", remedy="pip install 'repoops[kernels]'"
        )
    name = cache.key("sass/1", said, COUNTED, sha256(cubin))
    known = cache.load(keep, name)
    if known is None:
        known = {each: json.dumps(_counted(opcodes)) for each, opcodes in _opcodes(cubin).items()}
        cache.store(keep, name, known)
    if entry not in known:
        raise RepoOpsError(f"nvdisasm shows no {entry}", code=1)
    return tuple(json.loads(known[entry]).items())


def _opcodes(cubin: bytes) -> dict[str, list[str]]:
    """Of each function of a cubin, its instructions' names with their suffixes: `LDG.E.128`."""
    tool = wheels.tool("nvdisasm")
    with tempfile.TemporaryDirectory(prefix="repoops-sass-") as folder:
        path = Path(folder, "kernel.cubin")
        path.write_bytes(cubin)
        done = subprocess.run(
            [str(tool), "-c", "-json", str(path)], capture_output=True, text=True, errors="replace", check=False
        )  # fmt: skip
    try:
        _, functions = json.loads(done.stdout)
        return {
            one["function-name"]: [each["opcode"] for each in one["sass-instructions"]] for one in functions
        }
    except (ValueError, KeyError, TypeError):
        first = (done.stderr + done.stdout).strip().splitlines()[:1] or [f"status {done.returncode}"]
        raise RepoOpsError(f"nvdisasm is not understood: {first[0][:200]}") from None


def _counted(opcodes: list[str]) -> dict[str, int]:
    while opcodes and opcodes[-1] == "NOP":
        opcodes = opcodes[:-1]
    parts = [opcode.split(".") for opcode in opcodes]
    found = {TOTAL: len(parts)}
    for name in COUNTED:
        kind, *suffix = name.split(".")
        found[name] = sum(part[0] == kind and set(suffix) <= set(part) for part in parts)
    return found
