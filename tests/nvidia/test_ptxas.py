"""ptxas from the wheels, for real: what it allots a kernel, what it refuses, and its words of other releases."""

from __future__ import annotations

from pathlib import Path

import pytest

from repoops.backends.compile import compile_kernel
from repoops.errors import RepoOpsError
from repoops.kernel.model import Kernel
from repoops.nvidia import ptxas

SOURCE = """
__device__ __noinline__ float indexed(float x, int i)
{
    float a[40];
    for (int k = 0; k < 40; ++k) a[k] = x * k;
    return a[i % 40];
}
extern "C" __global__ void plain(float* x, int n) { if (threadIdx.x < n) x[threadIdx.x] *= 2.0f; }
extern "C" __global__ void calls(float* x, int i) { x[0] = indexed(x[1], i); }
extern "C" __global__ void __launch_bounds__(1024, 2) spills(float* x)
{
    float a[96];
#pragma unroll
    for (int k = 0; k < 96; ++k) a[k] = x[k * threadIdx.x];
    __syncthreads();
#pragma unroll
    for (int k = 0; k < 96; ++k) x[k * threadIdx.x + 1] = a[95 - k] * a[k];
}
extern "C" __global__ void __launch_bounds__(32, 2) shares(float* x)
{
    __shared__ float s[1000];
    s[threadIdx.x] = x[0];
    __syncthreads();
    x[1] = s[3];
}
extern "C" __global__ void __launch_bounds__(64) bounded(float* x) { x[0] = 1; }
"""


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("ptxas") / "kernels.cu"
    path.write_text(SOURCE)
    return path


@pytest.mark.parametrize("arch", ["sm_80", "sm_89", "sm_90"])
def test_a_plain_kernel_has_no_spill_and_no_stack(source: Path, arch: str) -> None:
    found = compile_kernel(Kernel(source, "plain"), arch).resources
    assert (found.arch, found.spill_stores, found.spill_loads, found.stack, found.shared_static) == (
        arch,
        0,
        0,
        0,
        0,
    )
    assert 1 <= found.registers <= 32
    assert found.max_threads is None


def test_spills_stack_shared_memory_and_launch_bounds_are_read(source: Path) -> None:
    spills = compile_kernel(Kernel(source, "spills"), "sm_80").resources
    assert spills.registers == 32  # 65,536 / (2 blocks x 1,024 threads): what the launch bounds leave
    assert spills.spill_stores > 100
    assert spills.spill_loads > 100
    assert spills.stack > 100
    assert spills.max_threads == 1024
    assert compile_kernel(Kernel(source, "shares"), "sm_80").resources.shared_static == 4000
    assert compile_kernel(Kernel(source, "bounded"), "sm_80").resources.max_threads == 64


def test_a_stack_frame_without_a_spill_is_seen(source: Path) -> None:
    found = compile_kernel(Kernel(source, "calls"), "sm_80").resources
    assert (found.stack, found.spill_stores) == (160, 0)  # 40 floats, indexed at run time


def test_static_shared_memory_over_48_kb_is_refused_and_the_kernel_named(tmp_path: Path) -> None:
    path = tmp_path / "big.cu"
    path.write_text('extern "C" __global__ void big(float* x) { __shared__ float s[20000]; s[threadIdx.x] = x[0];'
                    " __syncthreads(); x[1] = s[3]; }\n")  # fmt: skip
    with pytest.raises(RepoOpsError) as caught:
        compile_kernel(Kernel(path, "big"), "sm_90")
    assert str(caught.value) == (
        "ptxas refuses it for sm_90: Entry function 'big' uses too much shared data (0x13880 bytes, 0xc000 max)"
    )


def test_what_is_no_ptx_is_refused() -> None:
    with pytest.raises(RepoOpsError, match="ptxas refuses it for sm_80: "):
        ptxas.assemble("this is no PTX", "sm_80")


def test_the_cubin_comes_from_the_cache(source: Path, tmp_path: Path) -> None:
    first = compile_kernel(Kernel(source, "plain"), "sm_80", tmp_path)
    assert first.cubin[:4] == b"\x7fELF"
    assert len(list(tmp_path.iterdir())) == 2  # the PTX and the cubin
    assert compile_kernel(Kernel(source, "plain"), "sm_80", tmp_path) == first


# PTX and words of our own making, in the forms that releases 11 to 13 print.
PTX = """
.func (.param .b32 retval) leaf(.param .b32 x);
.func (.param .b32 retval) leaf(.param .b32 x) { ret; }
.func unused() { ret; }
.func middle(.param .b32 x) { call.uni (retval0), leaf, (param0); ret; }
.visible .entry one(.param .u64 one_param_0)
.maxntid 16, 4, 1
{ call.uni middle, (param0); ret; }
.visible .entry two() { ret; }
"""
SAID = """
ptxas info    : 0 bytes gmem, 64 bytes cmem[3]
ptxas info    : Compiling entry function 'two' for 'sm_80'
ptxas info    : Function properties for two
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 8 registers, 352 bytes cmem[0]
ptxas info    : Compiling entry function 'one' for 'sm_80'
ptxas info    : Function properties for one
    16 bytes stack frame, 1 bytes spill stores, 2 bytes spill loads
ptxas info    : Used 40 registers, used 1 barriers, 48 bytes cumulative stack size, 512 bytes smem, 360 bytes cmem[0], 8 bytes cmem[2]
ptxas info    : Function properties for leaf
    32 bytes stack frame, 10 bytes spill stores, 20 bytes spill loads
ptxas info    : Function properties for unused
    32 bytes stack frame, 1000 bytes spill stores, 1000 bytes spill loads
"""


def test_spills_of_called_functions_count_and_those_of_others_do_not() -> None:
    one = ptxas.resources(SAID, PTX, "one", "sm_80")
    assert (one.registers, one.stack, one.spill_stores, one.spill_loads) == (40, 48, 11, 22)
    assert (one.shared_static, one.constant, one.max_threads) == (512, 368, 64)
    two = ptxas.resources(SAID, PTX, "two", "sm_80")
    assert (two.registers, two.stack, two.spill_stores, two.spill_loads) == (8, 0, 0, 0)
    assert (two.shared_static, two.constant, two.max_threads) == (0, 352, None)


def test_products_of_warp_groups_that_are_serialised_are_told_of_their_kernel() -> None:
    warned = (
        "ptxas info    : (C7514) Potential Performance Loss: wgmma.mma_async instructions are serialized due to "
        "non wgmma instructions reading accumulator registers of  a wgmma between start and end of the pipeline stage "
        "in the function 'one' in line 0\n"
    )
    found = ptxas.resources(warned + SAID, PTX, "one", "sm_90a")
    assert str(found.serialised).startswith("non wgmma instructions reading accumulator registers")
    assert ptxas.resources(warned + SAID, PTX, "two", "sm_90a").serialised is None


def test_words_that_are_not_understood_are_an_error_and_no_zero() -> None:
    for said in (
        "",
        SAID.replace("Used 40 registers", "Takes 40 registers"),
        SAID.replace("stack frame", "frame"),
    ):
        with pytest.raises(RepoOpsError, match="nothing that is understood of one"):
            ptxas.resources(said, PTX, "one", "sm_80")
