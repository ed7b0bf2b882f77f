"""Why there is no card to use, and what a launch asks of the driver.

The driver is a stand-in: a shared library named libcuda.so.1 on the loader's path, which answers with
the real one's status codes and writes down what it is asked. cuda-core and cuda-bindings are the real
ones. No kernel runs here, and nothing of this says that one would be right on a card.
"""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from repoops.backends.compile import compile_kernel
from repoops.kernel.model import Kernel
from repoops.nvidia.driver import Card, cards

# Signatures and struct layout: CUDA Driver API 13, cuda.h.
STAND_IN = r"""
#include <stdio.h>
#include <string.h>
typedef struct { unsigned grid[3], block[3], shared; void* stream; void* attributes; unsigned count; } Config;
static void* handle(long n) { return (void*)n; }
static int cuInit(unsigned flags) { return INIT; }
static int cuDriverGetVersion(int* version) { *version = VERSION; return 0; }
static int cuDeviceGetCount(int* count) { *count = COUNT; return 0; }
static int cuDeviceGet(int* device, int ordinal) { *device = ordinal; return 0; }
static int cuDeviceGetName(char* name, int room, int device)
{
    strncpy(name, device ? "NVIDIA H100" : "NVIDIA L4", room);
    return 0;
}
static int cuDeviceGetAttribute(int* value, int attribute, int device)
{
    *value = attribute == 75 ? (device ? 9 : 8) : attribute == 76 ? (device ? 0 : 9) : -1;
    return 0;
}
static int cuDevicePrimaryCtxRetain(void** context, int device) { *context = handle(0x100 + device); return 0; }
static int cuDevicePrimaryCtxRelease(int device) { return 0; }
static int cuCtxSetCurrent(void* context) { printf("context %#lx\n", (long)context); return 0; }
static int cuLibraryLoadData(void** library, const char* code, void* a, void* b, unsigned c, void* d, void* e, unsigned f)
{
    printf("load %.3s\n", code + 1);
    *library = handle(0x200);
    return 0;
}
static int cuLibraryUnload(void* library) { return 0; }
static int cuLibraryGetKernel(void** kernel, void* library, const char* name)
{
    printf("kernel %s of %#lx\n", name, (long)library);
    *kernel = handle(0x300);
    return 0;
}
static int cuKernelSetAttribute(int attribute, int value, void* kernel, int device)
{
    printf("attribute %d = %d for %#lx on %d\n", attribute, value, (long)kernel, device);
    return ATTRIBUTE;
}
static int cuLaunchKernelEx(const Config* c, void* kernel, void** args, void** extra)
{
    printf("launch %#lx grid %u %u %u block %u %u %u shared %u stream %#lx attributes %u\n", (long)kernel, c->grid[0],
           c->grid[1], c->grid[2], c->block[0], c->block[1], c->block[2], c->shared, (long)c->stream, c->count);
    printf("arguments %#lx %d %g %lld\n", *(long*)args[0], *(int*)args[1], *(float*)args[2], *(long long*)args[3]);
    return LAUNCH;
}
static int cuGetErrorName(int status, const char** name) { *name = "CUDA_ERROR_OF_THE_STAND_IN"; return 0; }
static int cuGetErrorString(int status, const char** words) { *words = "as it was built to"; return 0; }
static int unknown(void) { printf("something else was asked\n"); return 999; }
#define ANSWER(f) if (!strcmp(name, #f)) *found = (void*)f
int cuGetProcAddress_v2(const char* name, void** found, int version, unsigned long long flags, void* status)
{
    *found = (void*)unknown;
    ANSWER(cuInit); ANSWER(cuDriverGetVersion); ANSWER(cuDeviceGetCount); ANSWER(cuDeviceGet); ANSWER(cuDeviceGetName);
    ANSWER(cuDeviceGetAttribute); ANSWER(cuDevicePrimaryCtxRetain); ANSWER(cuDevicePrimaryCtxRelease);
    ANSWER(cuCtxSetCurrent); ANSWER(cuLibraryLoadData); ANSWER(cuLibraryUnload); ANSWER(cuLibraryGetKernel);
    ANSWER(cuKernelSetAttribute); ANSWER(cuLaunchKernelEx); ANSWER(cuGetErrorName); ANSWER(cuGetErrorString);
    setvbuf(stdout, 0, _IONBF, 0);
    return 0;
}
int cuGetProcAddress(const char* name, void** found, int version, unsigned long long flags)
{
    return cuGetProcAddress_v2(name, found, version, flags, 0);
}
"""
needs_gcc = pytest.mark.skipif(shutil.which("gcc") is None, reason="no C compiler to build the stand-in with")


def with_driver(folder: Path, script: str, **answers: int) -> subprocess.CompletedProcess[str]:
    """Runs Python where the stand-in is the driver; `answers` are the statuses it gives, 0 unless given."""
    known = {"INIT": 0, "VERSION": 13010, "COUNT": 1, "ATTRIBUTE": 0, "LAUNCH": 0} | answers
    (folder / "cuda.c").write_text(STAND_IN)
    defines = [f"-D{name}={value}" for name, value in known.items()]
    subprocess.run(
        ["gcc", "-w", "-shared", "-fPIC", *defines, "-o", "libcuda.so.1", "cuda.c"], cwd=folder, check=True
    )
    return subprocess.run(
        [sys.executable, "-u", "-c", script], cwd=folder, env={**os.environ, "LD_LIBRARY_PATH": str(folder)}, capture_output=True, text=True
    )  # fmt: skip


ASK = "from repoops.nvidia.driver import cards; print(repr(cards()))"


@needs_gcc
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
    answer = with_driver(tmp_path, ASK, INIT=init, VERSION=version, COUNT=count)
    assert (answer.stdout.strip(), answer.returncode) == (said, 0), answer.stderr


def test_this_machine_has_an_answer() -> None:
    found = cards()
    assert isinstance(found, str) or all(isinstance(card, Card) for card in found)
    if isinstance(found, str):
        assert found.startswith(("no NVIDIA driver", "the NVIDIA driver"))


SOURCE = """
extern "C" __global__ void f(float* x, int n, float s, long long m) { extern __shared__ float d[]; d[n] = s; x[m] = d[0]; }
"""
START = """
import pickle
import numpy as np
from repoops.kernel.model import Launch
from repoops.nvidia import driver
compiled = pickle.load(open("compiled", "rb"))
launch = Launch((3, 2, 1), (64, 2, 1), (), {shared})
arguments = (0x7000, np.int32(-7), np.float32(1.5), np.int64(2**40))
try:
    driver.start(compiled, launch, arguments, device=0, stream={stream})
except Exception as error:
    print(type(error).__name__, str(error).splitlines()[0])
"""


def started(folder: Path, *, shared: int = 0, stream: int = 0, **answers: int) -> list[str]:
    path = folder / "f.cu"
    path.write_text(SOURCE)
    (folder / "compiled").write_bytes(pickle.dumps(compile_kernel(Kernel(path, "f"), "sm_89")))
    said = with_driver(folder, START.format(shared=shared, stream=stream), **answers)
    assert said.returncode == 0, said.stderr
    return said.stdout.splitlines()


@needs_gcc
def test_a_launch_reaches_the_driver_as_it_was_meant(tmp_path: Path) -> None:
    assert started(tmp_path, shared=4096, stream=0x5555) == [
        "context 0x100",
        "load ELF",
        "kernel f of 0x200",
        "launch 0x300 grid 3 2 1 block 64 2 1 shared 4096 stream 0x5555 attributes 0",
        "arguments 0x7000 -7 1.5 1099511627776",
    ]


@needs_gcc
def test_torchs_default_stream_is_the_legacy_one(tmp_path: Path) -> None:
    launch = started(tmp_path)[-2]
    assert (
        launch == "launch 0x300 grid 3 2 1 block 64 2 1 shared 0 stream 0x1 attributes 0"
    )  # CU_STREAM_LEGACY


@needs_gcc
def test_more_than_48_kb_of_shared_memory_is_asked_for(tmp_path: Path) -> None:
    said = started(tmp_path, shared=60_000)
    # 8: CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
    assert "attribute 8 = 60000 for 0x300 on 0" in said
    assert not any(line.startswith("attribute") for line in started(tmp_path, shared=48 * 1024))


@needs_gcc
def test_what_the_driver_refuses_is_an_error(tmp_path: Path) -> None:
    assert started(tmp_path, shared=60_000, ATTRIBUTE=1)[-1] == (
        "RepoOpsError CUDA_ERROR_INVALID_VALUE: 60000 bytes of dynamic shared memory a block"
    )
    (*_, error) = started(tmp_path, LAUNCH=701)
    assert error.startswith(
        "CUDAError CUDA_ERROR_OF_THE_STAND_IN: This indicates that a launch did not occur"
    )
