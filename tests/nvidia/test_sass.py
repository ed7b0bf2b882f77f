"""Machine code: what is counted in it, and a digest that changes with the code and with nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from repoops.backends.compile import compile_kernel
from repoops.cache import default_folder
from repoops.errors import RepoOpsError
from repoops.kernel.model import Compiled, Kernel
from repoops.nvidia import sass

SUM = """\
#include <mma.h>
using namespace nvcuda;
extern "C" __global__ void sum(const float4* x, float* y, const half* a, int n)
{
    __shared__ float part[8];
    __shared__ half tile[256];
    float local[64];
    const float4 four = x[threadIdx.x];
    for (int i = 0; i < 64; ++i) local[(i * n) & 63] = four.x * i;
    float s = local[n] + exp2f(four.y) * four.z + four.w;
    for (int offset = 16; offset > 0; offset /= 2) s += __shfl_xor_sync(~0u, s, offset);
    part[threadIdx.x / 32] = s;
    tile[threadIdx.x] = a[threadIdx.x];
    __syncthreads();
    wmma::fragment<wmma::matrix_a, 16, 16, 16, half, wmma::row_major> left;
    wmma::fragment<wmma::matrix_b, 16, 16, 16, half, wmma::col_major> right;
    wmma::fragment<wmma::accumulator, 16, 16, 16, float> out;
    wmma::fill_fragment(out, 0.0f);
    wmma::load_matrix_sync(left, tile, 16);
    wmma::load_matrix_sync(right, tile, 16);
    wmma::mma_sync(out, left, right, out);
    wmma::store_matrix_sync(y + 64, out, 16, wmma::mem_row_major);
    y[threadIdx.x] = part[0];
}
"""
PLAIN = """\
__constant__ float table[2] = {1.0f, 2.0f};
extern "C" __global__ void plain(const float* x, float* y, int n) { y[threadIdx.x] = 3.0f * x[threadIdx.x] + table[n]; }
"""


def compiled(text: str, name: str, arch: str = "sm_89") -> Compiled:
    return compile_kernel(Kernel(Path("k.cu"), name, text=text), arch, default_folder())


@pytest.mark.parametrize("arch", ["sm_80", "sm_89", "sm_90"])
def test_instructions_are_counted_by_name_and_suffix(arch: str) -> None:
    made = compiled(SUM, "sum", arch)
    found = dict(sass.count(made.cubin, made.entry))
    assert tuple(found) == (sass.TOTAL, *sass.COUNTED)
    assert found["HMMA"] == 2  # m16n16k16 is two of m16n8k16
    assert found["BAR"] == 1
    assert found["SHFL"] == 5
    assert found["LDG.128"] == 1
    assert found["MUFU"] >= 1
    assert found["STL"] > 0
    assert found["LDL"] > 0
    assert (found["LDGSTS"], found["HGMMA"]) == (0, 0)
    assert found[sass.TOTAL] > sum(count for name, count in found.items() if name != sass.TOTAL)


def test_what_was_counted_is_kept(tmp_path: Path) -> None:
    made = compiled(PLAIN, "plain")
    first = sass.count(made.cubin, made.entry, keep=tmp_path)
    (entry,) = tmp_path.iterdir()
    stamp = entry.stat().st_mtime_ns
    assert sass.count(made.cubin, made.entry, keep=tmp_path) == first
    assert [e.stat().st_mtime_ns >= stamp for e in tmp_path.iterdir()] == [True]


def digest(text: str, name: str = "plain", arch: str = "sm_89") -> str:
    made = compiled(text, name, arch)
    return sass.digest(made.cubin, made.entry)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("// one line more\n\n" + PLAIN.replace("threadIdx", "threadIdx /* x */"), "plain"),
        (PLAIN.replace("plain", "renamed"), "renamed"),
        (PLAIN + 'extern "C" __global__ void another(float* y) { y[threadIdx.x] = sqrtf(y[0]); }\n', "plain"),
        (PLAIN.replace("3.0f * x[threadIdx.x]", "x[threadIdx.x] * 3.0f"), "plain"),
    ],
)
def test_names_lines_and_neighbours_do_not_enter_the_digest(text: str, name: str) -> None:
    assert digest(text, name) == digest(PLAIN)


@pytest.mark.parametrize(
    "text",
    [
        PLAIN.replace("3.0f", "3.5f"),
        PLAIN.replace("2.0f}", "2.5f}"),  # in the module's constants, not in the code
        PLAIN.replace("+ table", "- table"),
        PLAIN.replace("y[threadIdx.x]", "y[threadIdx.x + 1]"),
    ],
)
def test_what_the_kernel_does_enters_it(text: str) -> None:
    assert digest(text) != digest(PLAIN)


def test_functions_that_are_not_inlined_are_of_the_code() -> None:
    text = '__device__ __noinline__ float part(float x) { return x / 3.0f; }\nextern "C" __global__ void plain(float* y) { y[threadIdx.x] = part(y[0]); }\n'
    assert digest(text) != digest(text.replace("x / 3.0f", "x / 5.0f"))


def test_what_is_not_there_is_named() -> None:
    made = compiled(PLAIN, "plain")
    with pytest.raises(RepoOpsError, match="no machine code of other"):
        sass.digest(made.cubin, "other")
    with pytest.raises(RepoOpsError, match="nvdisasm shows no other"):
        sass.count(made.cubin, "other")
    with pytest.raises(RepoOpsError, match="not a cubin"):
        sass.digest(b"PTX", "plain")
    with pytest.raises(RepoOpsError, match="nvdisasm is not understood"):
        sass.count(b"PTX", "plain")
