"""Where compilers and headers are looked for, over the layouts of wheels and toolkits."""

from __future__ import annotations

from pathlib import Path

import pytest

from repoops.nvidia import wheels


def made(root: Path, *files: str) -> Path:
    for name in files:
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)
    return root


def test_the_wheels_of_this_environment_are_found() -> None:
    tool = wheels.tool("ptxas")
    assert tool is not None
    assert tool.parts[-3:-1] == ("cu13", "bin")
    folders = wheels.include_folders()
    assert (folders[0] / "mma.h").is_file()
    assert any((folder / "cuda/std/cstdint").is_file() for folder in folders)
    assert wheels.version("nvidia-cuda-nvrtc") is not None
    assert wheels.version("no-such-package") is None


def test_both_layouts_of_wheels_then_the_environment_then_path(tmp_path: Path) -> None:
    packages = made(
        tmp_path / "nvidia",
        "cu13/bin/ptxas",
        "cu12/bin/x",
        "cuda_nvcc/bin/ptxas",
        "cuda_runtime/include/x",
        "cudnn/lib/x",
    )
    home = made(tmp_path / "home", "bin/ptxas")
    toolkit = made(tmp_path / "toolkit", "bin/nvcc", "bin/ptxas")
    environ = {"CUDA_HOME": str(home), "CUDA_PATH": str(tmp_path / "gone"), "PATH": str(toolkit / "bin")}
    found = [path for path in wheels.search([packages], environ) if path.is_relative_to(tmp_path)]
    assert found == [
        packages / "cu13", packages / "cu12", packages / "cuda_nvcc", packages / "cuda_runtime", home, toolkit,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("layout", "folders"),
    [
        (("cu13/include/cuda_fp16.h", "cu13/include/cccl/cuda/std/cstdint"), ["cu13/include", "cu13/include/cccl"]),
        (("cuda_runtime/include/cuda_fp16.h", "cuda_cccl/include/cuda/std/cstdint"), ["cuda_runtime/include", "cuda_cccl/include"]),
        (("cu13/include/cuda_fp16.h", "cu13/include/cuda/std/cstdint"), ["cu13/include"]),
        (("cu13/lib/x",), []),
    ],
)  # fmt: skip
def test_headers_and_cccl_are_found_apart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, layout: tuple[str, ...], folders: list[str]
) -> None:
    packages = made(tmp_path / "nvidia", *layout)
    monkeypatch.setattr(wheels, "roots", lambda: wheels.search([packages], {}))
    found = [path for path in wheels.include_folders() if path.is_relative_to(tmp_path)]
    assert found == [packages / folder for folder in folders]
