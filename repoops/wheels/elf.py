"""What a wheel's libraries ask for, read from their ELF headers, and held to a host's facts.

A tag such as `linux_x86_64` claims no C library, and a name may claim no torch: the loader will ask
all the same. Read are the symbol versions (GLIBC, GLIBCXX, CXXABI), the libraries that are to be
found elsewhere (libcudart, libc10), the machine, and the ABI of std::string in torch's symbols.
Source: System V ABI, "Symbol Versioning" (LSB 3.1); Itanium C++ ABI, "abi tags" for `__cxx11`.
"""

from __future__ import annotations

import re
import shutil
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from repoops.hostfacts.model import Absent, HostFacts, Known, Unknown
from repoops.wheels import wheel_file
from repoops.wheels.difference import AXES, Difference, release, said

_MACHINES = {"EM_X86_64": "x86_64", "EM_AARCH64": "aarch64", "EM_386": "i686", "EM_PPC64": "ppc64le"}
_TORCH = re.compile(r"_ZNK?(3c10|2at|5torch)")
_OLD_STRING = re.compile(r"(RK|[EKPR_])Ss($|[A-Z])")


@dataclass(frozen=True, slots=True)
class Library:
    """What one shared library asks for.

    Attributes:
        name: its file name.
        machine: `x86_64`, or what the header calls a machine that is not known here.
        versions: `GLIBC`, `GLIBCXX`, `CXXABI` → the newest version of its symbols that is asked for.
        libraries: names of those to be loaded with it that the wheel does not bring.
        strings: which std::string torch's functions are called with: `TRUE`, `FALSE`.
    """

    name: str
    machine: str
    versions: dict[str, str]
    libraries: tuple[str, ...]
    strings: frozenset[str]


def needs(path: Path) -> tuple[Library, ...]:
    """Reads every shared library of a wheel.

    Raises:
        RepoOpsError: the file is no wheel.
    """
    found = []
    with wheel_file.opened(path) as wheel:
        own = {name.rpartition("/")[2] for name in wheel.namelist()}
        for name in wheel.namelist():
            if not re.search(r"\.so(\.[\d.]+)?$", name):
                continue
            with tempfile.TemporaryFile() as file, wheel.open(name) as packed:
                shutil.copyfileobj(packed, file, 1 << 20)
                file.seek(0)
                library = _read(file, name.rpartition("/")[2], own)
            if library:
                found.append(library)
    return tuple(found)


def differences(facts: HostFacts, libraries: Iterable[Library]) -> tuple[Difference, ...]:
    """Every axis on which the libraries that would be loaded ask for what the host does not have."""
    loaded = _loaded(facts, list(libraries))
    found = [
        *_machine(facts, loaded),
        *_libc(facts, loaded),
        *_runtime(facts, loaded),
        *_torch(facts, loaded),
        *_strings(facts, loaded),
        *_cudart(facts, loaded),
    ]
    return tuple(sorted(found, key=lambda d: AXES.index(d.axis)))


def _loaded(facts: HostFacts, libraries: list[Library]) -> list[Library]:
    """Without those that a wheel holds for other versions of CUDA, where it holds one for several.

    `libbitsandbytes_cuda118.so`, `…_cuda121.so`, `…_cuda126.so` are one library: at run time the one of
    torch's CUDA is taken, and what the others ask for is never asked for.
    """
    have = facts.cuda.value if isinstance(facts.cuda, Known) else ""
    groups: dict[tuple[str, str], list[tuple[str, Library]]] = {}
    kept = []
    for library in libraries:
        shape = re.fullmatch(r"(.*?)cu(?:da)?(\d{2,3})(.*)", library.name)
        if shape:
            groups.setdefault((shape[1], shape[3]), []).append((shape[2], library))
        else:
            kept.append(library)
    for group in groups.values():
        if len(group) > 1 and not have:
            continue
        exact = [lib for number, lib in group if number == "".join(have.split(".")[:2])]
        major = [lib for number, lib in group if have and number[:2] == have.split(".", maxsplit=1)[0]]
        kept += exact or major or [lib for _, lib in group]
    return kept


def _read(file: IO[bytes], name: str, own: set[str]) -> Library | None:
    from elftools.common.exceptions import ELFError
    from elftools.elf.elffile import ELFFile

    try:
        elf: Any = ELFFile(file)
    except ELFError:
        return None  # a linker script, or empty: the loader does not open it either
    versions: dict[str, str] = {}
    libraries: dict[str, None] = {}
    strings: set[str] = set()
    for section in elf.iter_sections():
        match section["sh_type"]:
            case "SHT_GNU_verneed":
                for _, asked in section.iter_versions():
                    for version in asked:
                        _version(version.name, versions)
            case "SHT_DYNAMIC":
                for tag in section.iter_tags("DT_NEEDED"):
                    if tag.needed not in own:
                        libraries.setdefault(tag.needed)
            case "SHT_DYNSYM":
                for symbol in section.iter_symbols():
                    if symbol["st_shndx"] == "SHN_UNDEF" and _TORCH.match(symbol.name):
                        strings |= _string(symbol.name)
    machine = _MACHINES.get(elf["e_machine"], str(elf["e_machine"]))
    return Library(name, machine, versions, tuple(libraries), frozenset(strings))


def _version(text: str, versions: dict[str, str]) -> None:
    shape = re.fullmatch(r"(GLIBC|GLIBCXX|CXXABI)_(\d[\d.]*)", text)
    if shape and release(shape[2]) > release(versions.get(shape[1], "0")):
        versions[shape[1]] = shape[2]


def _string(symbol: str) -> set[str]:
    if "NSt7__cxx11" in symbol or "B5cxx11" in symbol:
        return {"TRUE"}
    return {"FALSE"} if _OLD_STRING.search(symbol) else set()


def _most(libraries: Iterable[Library], word: str) -> tuple[str, str] | None:
    """The newest version that any library asks for, and which one does."""
    asked = [
        (release(lib.versions[word]), lib.versions[word], lib.name)
        for lib in libraries
        if word in lib.versions
    ]
    return max(asked)[1:] if asked else None


def _machine(facts: HostFacts, found: list[Library]) -> tuple[Difference, ...]:
    if not found or any(facts.machine == Known(lib.machine) for lib in found):
        return ()
    machine, library = found[0].machine, found[0].name
    return (
        Difference(
            "platform", f"{machine} ({library})", f"{said(facts.system)} {said(facts.machine)}", f"a host with {machine}",
            (("machine", Known(machine)),),
        ),
    )  # fmt: skip


def _libc(facts: HostFacts, found: list[Library]) -> tuple[Difference, ...]:
    if not (asked := _most(found, "GLIBC")):
        return ()
    wanted, library = asked
    kind, _, have = facts.libc.value.partition(" ") if isinstance(facts.libc, Known) else ("", "", "0")
    if kind == "glibc" and release(have) >= release(wanted):
        return ()
    return (
        Difference(
            "glibc", f"glibc {wanted} or later ({library})", said(facts.libc),
            f"a host or container image with glibc {wanted} or later",
            (("libc", Known(f"glibc {wanted}")),), float(abs(release(have)[-1] - release(wanted)[-1])),
        ),
    )  # fmt: skip


def _runtime(facts: HostFacts, found: list[Library]) -> tuple[Difference, ...]:
    differ = []
    for word, fact in (("GLIBCXX", "glibcxx"), ("CXXABI", "cxxabi")):
        have = getattr(facts, fact)
        if isinstance(have, Unknown) or not (asked := _most(found, word)):
            continue
        wanted, library = asked
        if not (isinstance(have, Known) and release(have.value) >= release(wanted)):
            differ.append(
                Difference(
                    "libstdc++", f"{word}_{wanted} ({library})", f"{word}_{said(have)}",
                    "install a newer libstdc++ where this Python finds it, or take a newer image",
                    ((fact, Known(wanted)),),
                )
            )  # fmt: skip
    return tuple(differ[:1])


def _torch(facts: HostFacts, found: list[Library]) -> tuple[Difference, ...]:
    if isinstance(facts.torch, Known):
        return ()
    links = [(name, lib.name) for lib in found for name in lib.libraries if re.match(r"lib(torch|c10)", name)]
    if not links:
        return ()
    return (
        Difference(
            "torch", f"torch ({links[0][0]} for {links[0][1]})", f"none: {said(facts.torch)}",
            "install the torch that it was built for", (("torch", Known("2.0.0")),),
        ),
    )  # fmt: skip


def _strings(facts: HostFacts, found: list[Library]) -> tuple[Difference, ...]:
    asked = {word: lib.name for lib in reversed(found) for word in lib.strings}
    if len(asked) != 1:
        return ()
    ((wanted, library),) = asked.items()
    if facts.cxx11abi == Known(wanted) or isinstance(facts.torch, Absent):
        return ()
    return (
        Difference(
            "cxx11abi", f"{wanted} ({library})", said(facts.cxx11abi),
            f"install a torch built with _GLIBCXX_USE_CXX11_ABI={int(wanted == 'TRUE')}", (("cxx11abi", Known(wanted)),),
        ),
    )  # fmt: skip


def _cudart(facts: HostFacts, found: list[Library]) -> tuple[Difference, ...]:
    asked: dict[str, tuple[str, str]] = {}
    for library in found:
        for name in library.libraries:
            if shape := re.fullmatch(r"lib(?:cudart|cublas)\.so\.(\d+)(?:\.\d+)*", name):
                asked.setdefault(shape[1], (name, library.name))
    have = facts.cuda.value if isinstance(facts.cuda, Known) else f"none: {said(facts.cuda)}"
    packages = () if isinstance(facts.packages, Unknown) else facts.packages
    there = {have.split(".", maxsplit=1)[0], *("13" for p in packages if p == "nvidia-cuda-runtime")}
    there |= {p.rpartition("-cu")[2] for p in packages if p.startswith("nvidia-cuda-runtime-cu")}
    if not asked or there & set(asked):
        return ()
    major, (name, by) = next(iter(asked.items()))
    return (
        Difference(
            "cuda", f"CUDA {major} ({name} for {by})", have, f"install a torch built for CUDA {major}",
            (("cuda", Known(f"{major}.0")),),
        ),
    )  # fmt: skip
