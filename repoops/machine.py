"""Facts of this machine, asked of its own tools: GPUs, disk, versions of programs."""

from __future__ import annotations

import contextlib
import os
import platform
import shutil
import subprocess
from dataclasses import dataclass
from functools import cache
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Gpu:
    """One card as `nvidia-smi` names it; memory in MiB, `used_mib` over all processes."""

    name: str
    driver: str
    compute_capability: str
    memory_mib: int
    used_mib: int


_FIELDS = "name,driver_version,compute_cap,memory.total,memory.used"


def gpus() -> tuple[Gpu, ...] | str:
    """The cards of this machine, or why they cannot be named."""
    said = _ask("nvidia-smi", f"--query-gpu={_FIELDS}", "--format=csv,noheader,nounits")
    if said is None:
        return "nvidia-smi is not installed: no NVIDIA driver here"
    status, words = said
    if status != 0:
        return f"nvidia-smi failed: {words.splitlines()[0] if words else f'exit status {status}'}"
    rows = [[part.strip() for part in line.split(",")] for line in words.splitlines() if line.strip()]
    try:
        return tuple(Gpu(row[0], row[1], row[2], int(row[3]), int(row[4])) for row in rows)
    except (IndexError, ValueError):
        return f"nvidia-smi answered what is not understood: {words.splitlines()[0]}"


def version_of(program: str, *args: str) -> str | None:
    """The first line a program prints about its version; None where it is not on PATH."""
    said = _ask(program, *(args or ("--version",)))
    if said is None:
        return None
    return said[1].splitlines()[0].strip() if said[1] else f"exit status {said[0]}"


def disk_free(path: Path) -> int:
    """Bytes that are free where a path lies."""
    return shutil.disk_usage(path).free


def cores() -> int:
    """Processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@cache
def memory() -> int:
    """Bytes of memory that this machine has, or that its control group leaves to this process."""
    found = [os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")]
    for limit in ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes"):
        with contextlib.suppress(OSError, ValueError):  # not there, or `max`
            found.append(int(Path(limit).read_text(encoding="ascii")))
    return min(found)


def summary() -> dict[str, str]:
    """The machine in words, for a session's record: system, processor, Python."""
    return {
        "system": f"{platform.system()} {platform.release()}",
        "processor": f"{platform.machine()}, {os.cpu_count()} cores",
        "python": platform.python_version(),
    }


def _ask(program: str, *args: str) -> tuple[int, str] | None:
    found = shutil.which(program)
    if found is None:
        return None
    try:
        done = subprocess.run(
            [found, *args], capture_output=True, check=False, timeout=20, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        return 124, f"{program} did not answer within 20 s"
    except OSError as error:
        return 126, f"{program} cannot be started: {error.strerror}"
    words = done.stdout if done.stdout.strip() else done.stderr
    return done.returncode, words.decode("utf-8", "replace").strip()
