"""Why there is no card to use, told by a driver library that answers with the real one's status codes.

The stand-in is a shared library named libcuda.so.1 on the loader's path; cuda-bindings is the real
one. Nothing here has to do with running a kernel.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from repoops.nvidia.driver import Card, cards

STAND_IN = r"""
#include <string.h>
int cuInit(unsigned flags) { return INIT; }
int cuDriverGetVersion(int* version) { *version = VERSION; return 0; }
int cuDeviceGetCount(int* count) { *count = COUNT; return 0; }
int cuDeviceGet(int* device, int ordinal) { *device = ordinal; return 0; }
int cuDeviceGetName(char* name, int room, int device) { strncpy(name, device ? "NVIDIA H100" : "NVIDIA L4", room); return 0; }
int cuDeviceGetAttribute(int* value, int attribute, int device)
{
    *value = attribute == 75 ? (device ? 9 : 8) : attribute == 76 ? (device ? 0 : 9) : -1;
    return 0;
}
int cuGetProcAddress_v2(const char* name, void** found, int version, unsigned long long flags, void* status)
{
    *found = !strcmp(name, "cuInit") ? (void*)cuInit
           : !strcmp(name, "cuDriverGetVersion") ? (void*)cuDriverGetVersion
           : !strcmp(name, "cuDeviceGetCount") ? (void*)cuDeviceGetCount
           : !strcmp(name, "cuDeviceGet") ? (void*)cuDeviceGet
           : !strcmp(name, "cuDeviceGetName") ? (void*)cuDeviceGetName
           : !strcmp(name, "cuDeviceGetAttribute") ? (void*)cuDeviceGetAttribute : 0;
    return 0;
}
int cuGetProcAddress(const char* name, void** found, int version, unsigned long long flags)
{
    return cuGetProcAddress_v2(name, found, version, flags, 0);
}
"""
ASK = "from repoops.nvidia.driver import cards; print(repr(cards()))"


@pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler to build the stand-in with")
@pytest.mark.parametrize(
    ("init", "version", "count", "said"),
    [
        (100, 13000, 0, "'the NVIDIA driver is there, but it sees no GPU (is CUDA_VISIBLE_DEVICES empty?)'"),
        (999, 13000, 1, "'the NVIDIA driver cannot be used: CUDA_ERROR_UNKNOWN; see dmesg, and nvidia-smi'"),
        (0, 12040, 1, "'the NVIDIA driver is for CUDA 12.4; kernels are compiled with CUDA 13: update it to 580 or later'"),
        (0, 13000, 0, "'the NVIDIA driver is there, but it lists no GPU'"),
        (0, 13010, 2, "(Card(name='NVIDIA L4', arch='sm_89'), Card(name='NVIDIA H100', arch='sm_90'))"),
    ],
)  # fmt: skip
def test_the_reason_is_exact(tmp_path: Path, init: int, version: int, count: int, said: str) -> None:
    (tmp_path / "cuda.c").write_text(STAND_IN)
    subprocess.run(
        ["gcc", "-shared", "-fPIC", f"-DINIT={init}", f"-DVERSION={version}", f"-DCOUNT={count}", "-o", "libcuda.so.1", "cuda.c"],
        cwd=tmp_path, check=True,
    )  # fmt: skip
    answer = subprocess.run(
        [sys.executable, "-c", ASK], env={**os.environ, "LD_LIBRARY_PATH": str(tmp_path)}, capture_output=True, text=True
    )  # fmt: skip
    assert (answer.stdout.strip(), answer.returncode) == (said, 0), answer.stderr


def test_this_machine_has_an_answer() -> None:
    found = cards()
    assert isinstance(found, str) or all(isinstance(card, Card) for card in found)
    if isinstance(found, str):
        assert found.startswith(("no NVIDIA driver", "the NVIDIA driver"))
