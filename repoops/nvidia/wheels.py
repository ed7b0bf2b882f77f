"""Where NVIDIA's compiler lies: in wheels from PyPI (`nvidia/cu13/…`), else in a toolkit of the machine."""

from __future__ import annotations

import importlib.util
import os
import shutil
from functools import cache
from importlib import metadata
from pathlib import Path


@cache
def roots() -> tuple[Path, ...]:
    """Folders that look like a toolkit (`bin/`, `include/`, `lib/`), the wheels' first."""
    found = []
    spec = importlib.util.find_spec("nvidia")
    for place in spec.submodule_search_locations or () if spec else ():
        found += sorted(Path(place).glob("cu[0-9]*"), reverse=True)
    for variable in ("CUDA_HOME", "CUDA_PATH"):
        if os.environ.get(variable):
            found.append(Path(os.environ[variable]))
    nvcc = shutil.which("nvcc")
    if nvcc:
        found.append(Path(nvcc).resolve().parent.parent)
    return tuple(dict.fromkeys(f for f in found if f.is_dir()))


def tool(name: str) -> Path | None:
    """An executable of the toolkit (`ptxas`), or None."""
    for root in roots():
        if os.access(root / "bin" / name, os.X_OK):
            return root / "bin" / name
    found = shutil.which(name)
    return Path(found) if found else None


def include_folders() -> tuple[Path, ...]:
    """Folders with `cuda_fp16.h` and CCCL, of the first toolkit that has them."""
    for root in roots():
        if (root / "include" / "cuda_fp16.h").is_file():
            return tuple(f for f in (root / "include", root / "include" / "cccl") if f.is_dir())
    return ()


def version(package: str) -> str | None:
    """An installed package's version, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
