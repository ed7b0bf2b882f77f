"""Which compiler takes which source, by what name the kernel is found, and that the reason is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from repoops.errors import RepoOpsError
from repoops.kernel.model import Kernel
from repoops.nvidia import nvcc, nvrtc, translate
from repoops.nvidia.standins import HEADERS

KERNELS = """\
template <typename T, int N> __global__ void fill(T* x) { x[threadIdx.x] = T(N); }
namespace deep { __global__ void plain(float* x, unsigned n) { x[n] = 1; } }
extern "C" __global__ void bare(float* x) { x[0] = 2; }
"""
HOST = "#include <cstdio>\n#include <vector>\n"
MAIN = "int main() { std::vector<float> v(3); fill<float, 3><<<1, 32>>>(v.data()); return 0; }\n"


def written(folder: Path, text: str, name: str = "kernel.cu") -> Path:
    path = folder / name
    path.write_text(text)
    return path


@pytest.mark.parametrize("header", ["stdint.h", "cmath", "type_traits", "cfloat"])
def test_a_standard_header_has_a_stand_in(tmp_path: Path, header: str) -> None:
    use = {
        "stdint.h": "int32_t(std::uint8_t(x[0]))",
        "cmath": "std::exp(x[0]) + INFINITY",
        "type_traits": "std::is_same<float, float>::value",
        "cfloat": "FLT_MAX",
    }[header]
    source = written(
        tmp_path, f'#include <{header}>\nextern "C" __global__ void f(float* x) {{ x[1] = {use}; }}\n'
    )
    assert translate.to_ptx(Kernel(source, "f"), "sm_89").compiler == f"NVRTC {nvrtc.version()}"


def test_the_users_own_header_of_a_standard_name_comes_first(tmp_path: Path) -> None:
    assert "limits.h" in HEADERS
    written(tmp_path, "constexpr int OWN = 7;\n", "limits.h")
    source = written(
        tmp_path, '#include "limits.h"\nextern "C" __global__ void f(float* x) { x[0] = OWN; }\n'
    )
    assert translate.to_ptx(Kernel(source, "f"), "sm_89").compiler.startswith("NVRTC")


@pytest.mark.parametrize(
    ("name", "entry"),
    [
        ("fill<float, 3>", "_Z4fillIfLi3EEvPT_"),
        ("fill<unsigned,128>", "_Z4fillIjLi128EEvPT_"),  # the compiler writes it unsigned int
        ("deep::plain", "_ZN4deep5plainEPfj"),
        ("bare", "bare"),
    ],
)
def test_host_code_goes_to_nvcc_and_the_kernel_is_found_by_its_name(
    tmp_path: Path, name: str, entry: str
) -> None:
    source = written(tmp_path, HOST + KERNELS + (MAIN if "unsigned" not in name else ""))
    found = translate.to_ptx(Kernel(source, name), "sm_89")
    assert found.entry == entry
    assert found.compiler.startswith(f"nvcc {nvcc.version()}: NVRTC takes no host code (")
    assert 'kernel.cu:2: cannot open source file "vector")' in found.compiler
    assert f"{source}" in found.ptx  # its lines are the source's, not those of what nvcc was handed
    assert ".loc\t1 3 " in found.ptx or ".loc\t1 4 " in found.ptx or ".loc\t1 5 " in found.ptx


def test_a_header_that_says_it_is_not_for_nvrtc_goes_to_nvcc(tmp_path: Path) -> None:
    source = written(tmp_path, "#include <cub/cub.cuh>\n" + KERNELS)
    assert translate.to_ptx(Kernel(source, "bare"), "sm_89").compiler.startswith("nvcc")


def test_without_a_host_compiler_the_reason_and_the_remedy_are_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = written(tmp_path, KERNELS + "int twice(int n) { return 2 * n; }\n")
    monkeypatch.setenv("PATH", os.fspath(tmp_path))
    nvcc.version.cache_clear()
    try:
        with pytest.raises(nvrtc.CompileError) as caught:
            translate.to_ptx(Kernel(source, "bare"), "sm_89")
    finally:
        nvcc.version.cache_clear()
    assert caught.value.what.startswith("NVRTC takes no host code: ")
    assert str(caught.value.where).endswith("kernel.cu:4")
    assert str(caught.value.remedy).startswith("install g++")


def test_an_error_that_nvcc_finds_names_file_line_and_caret(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = written(tmp_path, HOST + "__global__ void f(float* x)\n{\n    x[0] = missing;\n}\n")
    with pytest.raises(nvrtc.CompileError) as caught:
        translate.to_ptx(Kernel(source, "f"), "sm_89")
    assert (
        str(caught.value)
        == 'kernel.cu:5: identifier "missing" is undefined\n      x[0] = missing;\n             ^'
    )


def test_a_header_that_no_compiler_finds_is_told_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(nvrtc.CompileError) as caught:
        translate.to_ptx(Kernel(written(tmp_path, '#include "none.cuh"\n' + KERNELS), "bare"), "sm_89")
    assert str(caught.value).startswith('kernel.cu:1: cannot open source file "none.cuh"')


def test_a_header_that_nvcc_alone_misses_is_told_and_not_that_nvrtc_takes_no_host_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = written(
        tmp_path,
        "int twice(int n) { return 2 * n; }\n#ifndef __CUDACC_RTC__\n#include <none.h>\n#endif\n" + KERNELS,
    )
    with pytest.raises(nvrtc.CompileError) as caught:
        translate.to_ptx(Kernel(source, "bare"), "sm_89")
    assert str(caught.value).startswith("kernel.cu:3: none.h: No such file or directory")


def test_a_header_of_nvidias_that_is_not_here_names_its_package(tmp_path: Path) -> None:
    source = written(tmp_path, "#include <vector>\n#include <cusolver_none.h>\n" + KERNELS)
    with pytest.raises(nvrtc.CompileError) as caught:
        translate.to_ptx(Kernel(source, "bare"), "sm_89")
    assert caught.value.what.startswith("cusolver_none.h: No such file or directory")
    assert caught.value.remedy == "pip install nvidia-cusolver"


OLD = "void go(float* x) {\n    bare<<<1, 1>>>(x);\n    cudaThreadSynchronize();\n}\n"


def test_a_host_function_that_does_not_compile_is_left_out_and_the_reason_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with_it = translate.to_ptx(Kernel(written(tmp_path, KERNELS + OLD), "bare"), "sm_89")
    assert with_it.compiler.endswith(
        "; host functions that do not compile are left out"
        ' (kernel.cu:6: identifier "cudaThreadSynchronize" is undefined)'
    )
    without = translate.to_ptx(Kernel(written(tmp_path, KERNELS + "void go();\n"), "bare"), "sm_89")
    assert "left out" not in without.compiler
    assert with_it.ptx[with_it.ptx.index(".visible") :] == without.ptx[without.ptx.index(".visible") :]


def test_a_host_function_that_a_kernel_calls_under_another_name_for_device_code_is_not_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    source = written(
        tmp_path,
        "#define EVERYWHERE __host__ __device__\nEVERYWHERE float half(float x) { return gone(x); }\nvoid go() {}\n"
        'extern "C" __global__ void bare(float* x) { x[0] = half(x[1]); }\n',
    )
    with pytest.raises(nvrtc.CompileError) as caught:
        translate.to_ptx(Kernel(source, "bare"), "sm_89")
    assert str(caught.value).startswith('kernel.cu:2: identifier "gone" is undefined')


def test_a_kernel_that_does_not_compile_is_told_whatever_its_host_code_lacks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    kernel = "__global__ void bare(float* x);\n" + OLD + "__global__ void bare(float* x) { x[0] = gone; }\n"
    source = written(tmp_path, kernel)
    with pytest.raises(nvrtc.CompileError, match=r'^kernel\.cu:6: identifier "gone" is undefined\n'):
        translate.to_ptx(Kernel(source, "bare"), "sm_89")


def test_a_byte_order_mark_is_no_part_of_the_source(tmp_path: Path) -> None:
    source = tmp_path / "kernel.cu"
    source.write_bytes(b"\xef\xbb\xbf" + KERNELS.encode())
    assert translate.to_ptx(Kernel(source, "bare"), "sm_89").entry == "bare"
    source.write_bytes(b"\xef\xbb\xbf" + (HOST + KERNELS).encode())
    assert translate.to_ptx(Kernel(source, "bare"), "sm_89").entry == "bare"


def test_a_pytorch_extension_finds_its_headers_and_extended_lambdas_are_taken(tmp_path: Path) -> None:
    source = written(
        tmp_path,
        "#include <c10/cuda/CUDAMacros.h>\n#include <pybind11/detail/common.h>\n" + KERNELS
        + "template <typename F> __global__ void each(float* x, F f) { x[0] = f(x[0]); }\n"
        + "constexpr int three() { return 3; }\n"
        + "void go() { each<<<1, 1>>>(nullptr, [] __device__ (float y) { return three() * y; }); }\n",
    )  # fmt: skip
    assert translate.to_ptx(Kernel(source, "bare"), "sm_89").ptx.count(".entry") == 3


def test_a_kernel_that_nvcc_does_not_find_is_told_from_those_that_are(tmp_path: Path) -> None:
    with pytest.raises(nvrtc.CompileError) as caught:
        translate.to_ptx(Kernel(written(tmp_path, HOST + KERNELS), "fall"), "sm_89")
    assert caught.value.what == "there is no kernel 'fall' in this file"
    assert caught.value.remedy == "its __global__ functions: fill, plain, bare"


def test_nvccs_answer_is_kept_with_what_it_includes(tmp_path: Path) -> None:
    keep = tmp_path / "cache"
    written(tmp_path, "#define WIDTH 1\n", "part.cuh")
    kernel = Kernel(
        written(tmp_path, '#include <vector>\n#include "part.cuh"\n' + KERNELS + "float y[WIDTH];\n"), "bare"
    )
    first = nvcc.compile_ptx(kernel, "sm_89", keep=keep)
    assert nvcc.compile_ptx(kernel, "sm_89", keep=keep) == first
    assert len(list(keep.iterdir())) == 1
    written(tmp_path, "#define WIDTH 2\n", "part.cuh")
    nvcc.compile_ptx(kernel, "sm_89", keep=keep)
    assert len(list(keep.iterdir())) == 2


def test_ptx_is_taken_as_it_is(tmp_path: Path) -> None:
    made = translate.to_ptx(Kernel(written(tmp_path, KERNELS), "bare"), "sm_80")
    source = written(tmp_path, made.ptx, "kernel.ptx")
    assert translate.to_ptx(Kernel(source, "bare"), "sm_89") == translate.Translated(
        made.ptx, "bare", "given as PTX"
    )
    with pytest.raises(RepoOpsError) as caught:
        translate.to_ptx(Kernel(source, "fill"), "sm_89")
    assert caught.value.what == "there is no kernel 'fill' in this file"
    assert (
        str(caught.value.remedy)
        == "its entries: bare, _ZN4deep5plainEPfj (deep::plain(float*, unsigned int))"
    )


def test_a_source_can_be_a_string(tmp_path: Path) -> None:
    written(tmp_path, "#define WIDTH 5\n", "part.cuh")
    kernel = Kernel(
        tmp_path / "said.cu", "bare", text='#include "part.cuh"\nstatic_assert(WIDTH == 5);\n' + KERNELS
    )
    ptx, entry = nvrtc.compile_ptx(kernel, "sm_89", keep=tmp_path / "cache")
    assert entry == "bare"
    assert "said.cu" in ptx
