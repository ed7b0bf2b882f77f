"""What this machine has of what RepoOps needs, and the one command that mends each lack."""

from __future__ import annotations

import os
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from repoops import machine
from repoops.config import load
from repoops.errors import RepoOpsError

_KERNELS = f"{Path(sys.executable).name} -m pip install 'repoops[kernels]'"


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """One thing looked for.

    Attributes:
        name: what it is.
        found: what is there, or why nothing is.
        ok: whether it serves.
        needed_for: `hygiene` (without it nothing works), `kernels`, `gpu` or `remote`.
        remedy: the one command or act that mends it, where it is not ok.
    """

    name: str
    found: str
    ok: bool
    needed_for: str
    remedy: str = ""


def examine(folder: Path) -> list[Diagnosis]:
    """Looks for everything; starts no GPU work and imports no heavy package."""
    return [look(folder) for look in _LOOKS]


def _git(_: Path) -> Diagnosis:
    said = machine.version_of("git")
    found = re.search(r"(\d+)\.(\d+)", said or "")
    fits = found is not None and (int(found[1]), int(found[2])) >= (2, 31)
    return Diagnosis(
        "git", said or "not on PATH", fits, "hygiene",
        "" if fits else "install git 2.31 or later with the system's package manager",
    )  # fmt: skip


def _python(_: Path) -> Diagnosis:
    fits = sys.version_info >= (3, 10)
    return Diagnosis(
        "Python", sys.version.split()[0], fits, "hygiene", "" if fits else "install Python 3.10 or later"
    )


def _package(name: str, needed_for: str, mend: str) -> Callable[[Path], Diagnosis]:
    def look(_: Path) -> Diagnosis:
        try:
            return Diagnosis(name, metadata.version(name), True, needed_for)
        except metadata.PackageNotFoundError:
            return Diagnosis(name, "not installed", False, needed_for, mend)

    return look


def _tool(name: str) -> Callable[[Path], Diagnosis]:
    def look(_: Path) -> Diagnosis:
        from repoops.nvidia import wheels

        tool = wheels.tool(name)
        if tool is None:
            return Diagnosis(name, "neither in a wheel nor on PATH", False, "kernels", _KERNELS)
        return Diagnosis(name, machine.version_of(str(tool)) or str(tool), True, "kernels")

    return look


def _gpu(_: Path) -> Diagnosis:
    cards = machine.gpus()
    if isinstance(cards, str):
        return Diagnosis(
            "GPU", cards, False, "gpu",
            "none is needed to compile and check kernels here; to run them, use a machine with an NVIDIA driver",
        )  # fmt: skip
    names = "; ".join(
        f"{c.name} (driver {c.driver}, sm_{c.compute_capability.replace('.', '')}, {c.memory_mib} MiB)"
        for c in cards
    )
    return Diagnosis(
        "GPU", names or "none", bool(cards), "gpu", "" if cards else "nvidia-smi lists no card: see dmesg"
    )


def _ssh(_: Path) -> Diagnosis:
    said = machine.version_of("ssh", "-V")
    return Diagnosis(
        "ssh", said or "not on PATH", said is not None, "remote",
        "" if said else "install the OpenSSH client with the system's package manager",
    )  # fmt: skip


def _disk(folder: Path) -> Diagnosis:
    free = machine.disk_free(folder)
    fits = free >= 2 << 30
    return Diagnosis(
        "disk", f"{free / (1 << 30):.1f} GiB free", fits, "hygiene",
        "" if fits else "free some: repoops trash purge --older-than 30d",
    )  # fmt: skip


def _configuration(folder: Path) -> Diagnosis:
    root = next((at for at in (folder, *folder.parents) if (at / ".git").exists()), folder)
    try:
        load(root)
    except RepoOpsError as error:
        said = str(error.where or root) + ": " + error.what
        return Diagnosis("configuration", said, False, "hygiene", error.remedy or "mend that place in it")
    return Diagnosis("configuration", "without a fault", True, "hygiene")


def _editor(_: Path) -> Diagnosis:
    named = os.environ.get("VISUAL") or os.environ.get("EDITOR")
    there = bool(named) and shutil.which((named or "").split()[0]) is not None
    return Diagnosis(
        "editor", named or "EDITOR is not set", there, "session-end --edit",
        "" if there else "export EDITOR=vi, or another that is installed",
    )  # fmt: skip


_LOOKS: tuple[Callable[[Path], Diagnosis], ...] = (
    _git,
    _python,
    _disk,
    _configuration,
    _editor,
    _package("torch", "kernels", _KERNELS),
    _package("pytest", "kernels", _KERNELS),
    _package("nvidia-cuda-nvrtc", "kernels", _KERNELS),
    _tool("ptxas"),
    _tool("nvdisasm"),
    _package("unidiff", "kernels", _KERNELS),
    _package("llvmlite", "kernels", _KERNELS),
    _package("cuda-core", "gpu", _KERNELS),
    _gpu,
    _ssh,
)
