"""Where NVIDIA's compilers and headers lie: in wheels from PyPI, else in a toolkit of the machine."""

from __future__ import annotations

import importlib.util
import os
import shutil
import sysconfig
from collections.abc import Iterable, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path

from repoops.files import digest


@cache
def roots() -> tuple[Path, ...]:
    """Folders that look like a toolkit or a part of one (`bin/`, `include/`, `lib/`), in the order to search them."""
    spec = importlib.util.find_spec("nvidia")
    packages = [Path(place) for place in spec.submodule_search_locations or ()] if spec else []
    return search(packages, os.environ)


def search(packages: Iterable[Path], environ: Mapping[str, str]) -> tuple[Path, ...]:
    """What `roots` does, for given places.

    Wheels of CUDA 13 share one folder (`nvidia/cu13`), those of CUDA 12 have one each
    (`nvidia/cuda_nvrtc`, `nvidia/cuda_nvcc` …); then CUDA_HOME, CUDA_PATH, the toolkit whose nvcc is
    on PATH, and /usr/local/cuda.
    """
    found: list[Path] = []
    for place in packages:
        found += sorted(place.glob("cu[0-9]*"), reverse=True)
        found += sorted(place.glob("cuda_*"))
    found += [Path(environ[name]) for name in ("CUDA_HOME", "CUDA_PATH") if environ.get(name)]
    nvcc = shutil.which("nvcc", path=environ.get("PATH", ""))
    if nvcc:
        found.append(Path(nvcc).resolve().parent.parent)
    found.append(Path("/usr/local/cuda"))
    return tuple(dict.fromkeys(f for f in found if f.is_dir()))


def tool(name: str) -> Path | None:
    """An executable of the toolkit (`ptxas`), or None."""
    for root in roots():
        if os.access(root / "bin" / name, os.X_OK):
            return root / "bin" / name
    found = shutil.which(name)
    return Path(found) if found else None


def include_folders() -> tuple[Path, ...]:
    """The folder with `cuda_fp16.h`, and the one with CCCL (`cuda/std`), of the first toolkit that has each."""
    wanted = ("cuda_fp16.h", "cuda/std/cstdint")
    found = []
    for name in wanted:
        places = (place for root in roots() for place in (root / "include", root / "include" / "cccl"))
        found += [place for place in places if (place / name).is_file()][:1]
    return tuple(dict.fromkeys(found)) if len(found) == len(wanted) else tuple(found[:1])


_PACKAGES = {
    "cublas": "nvidia-cublas", "cusparse": "nvidia-cusparse", "cusolver": "nvidia-cusolver", "curand": "nvidia-curand",
    "cufft": "nvidia-cufft", "npp": "nvidia-npp", "nvjpeg": "nvidia-nvjpeg", "nvml": "nvidia-nvml-dev",
    "nvtx3/": "nvidia-nvtx", "cuda_profiler_api": "nvidia-cuda-profiler-api", "cuda/": "nvidia-cuda-cccl",
    "cub/": "nvidia-cuda-cccl", "thrust/": "nvidia-cuda-cccl", "torch/": "torch", "ATen/": "torch", "c10/": "torch",
}  # fmt: skip


def package(header: str) -> str | None:
    """How to come by a header of NVIDIA's or PyTorch's: `pip install nvidia-curand`; None for any other."""
    found = next((name for start, name in _PACKAGES.items() if header.startswith(start)), None)
    return f"pip install {found}" if found else None


@cache
def extension_folders() -> tuple[Path, ...]:
    """Where the headers of a PyTorch extension lie (`torch/extension.h`, `Python.h`); none where PyTorch is not installed.

    Those that `torch.utils.cpp_extension` hands to nvcc, without importing torch.
    """
    spec = importlib.util.find_spec("torch")
    if spec is None or spec.origin is None:
        return ()
    torch = Path(spec.origin).parent / "include"
    places = (torch, torch / "torch" / "csrc" / "api" / "include", Path(sysconfig.get_paths()["include"]))
    return tuple(place for place in places if place.is_dir())


@cache
def headers_digest() -> str:
    """Tells toolkits' headers apart: the digest of `cuda_runtime_api.h`, which holds the version, and the folders."""
    places = [f"{place}:{digest(place / 'cuda_runtime_api.h')}" for place in include_folders()[:1]
              if (place / "cuda_runtime_api.h").is_file()]  # fmt: skip
    return " ".join([*places, *map(str, include_folders()[1:])])


def version(package: str) -> str | None:
    """An installed package's version, or None."""
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
