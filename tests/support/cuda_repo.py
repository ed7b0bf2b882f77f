"""A CUDA repository with every way of writing, launching and testing a kernel that the map must see, and those it must not."""

from __future__ import annotations

from tests.support.repo import Repo

FILES: dict[str, str] = {
    "README.md": (
        "# fast\n\n[![badge](x.svg)](y)\n<p align=center>Logo</p>\n\n"
        "Kernels for a [talk](talk.md), e.g. **softmax**. Second sentence.\n\n## More\n\nThe rest.\n"
    ),
    "pyproject.toml": (
        '[project]\nname = "fast"\n[project.scripts]\nfast = "fast.cli:main"\ngone = "fast.gone:main"\n'
        '[project.entry-points.pytest11]\nfast = "fast.plugin"\n'
    ),
    "Makefile": (
        "CC := nvcc\nARCH ?= sm_90\n.PHONY: build clean bench phantom\n\n"
        "build: src/a.cu ## compile everything\n\tnvcc $<\nclean:\n\trm -f x\n"
        "build: EXTRA = 1\nbench test-all: build ## measure: all of it\n\t./run\n"
        "obj/a.o: src/a.cu\n\tnvcc -c $<\n%.ptx: %.cu\n\tnvcc -ptx $<\n"
        "define HELP\nnot-a-target: x\nendef\n-include more.mk\n"
    ),
    "more.mk": "profile: ## under Nsight\n\tncu ./run\n",
    "justfile": (
        'set shell := ["bash"]\nalias b := build\nversion := "1"\n\n# Build it.\nbuild target="all": dep\n    make {{target}}\n\n'
        "dep:\n    true\n\n[private]\nhidden:\n    true\n\n_quiet:\n    true\n"
    ),
    ".github/workflows/ci.yml": (
        "name: ci\non:\n  push:\n  pull_request:\njobs:\n  build:\n    steps: []\n  test:\n    steps: []\n"
    ),
    "CMakeLists.txt": (
        "project(fast CUDA)\n# add_executable(commented x.cu)\nadd_executable(bench_fast bench/main.cu)\n"
        "add_library(fast_kernels STATIC src/a.cu)\nadd_library(alias ALIAS fast_kernels)\n"
    ),
    "setup.py": "from x import CUDAExtension\nsetup(ext_modules=[CUDAExtension('fast._C', ['src/a.cu'])])\n",
    "scripts/convert.py": '"""Converts weights to half precision."""\n\nif __name__ == "__main__":\n    pass\n',
    "fast/__init__.py": '"""Bindings for the kernels, i.e. launchers. More."""\n',
    "fast/__main__.py": "from fast.cli import main\n\nmain()\n",
    "fast/cli.py": '"""The command line."""\nfrom fast.launch import run\n\ndef main():\n    run()\n\ndef _private(): ...\n',
    "fast/plugin.py": "def pytest_configure(config): ...\n",
    "fast/launch.py": (
        '"""Launches by name; not "quiet", which this says only here."""\nSOURCE = "named.cu"\nSIZES = (1, 2)\nlower = 3\n\n'
        "class Runner:\n    def go(self): ...\n\n"
        'def run():\n    return module.get_kernel("by_name")\n\ndef pick(dtype):\n    return module.get_kernel(f"made_{dtype}_kernel")\n'
    ),
    "fast/broken.py": "def f(:\n",
    "fast/listed.py": '__all__ = ["b", "a"]\n\ndef a(): ...\ndef b(): ...\ndef c(): ...\n',
    "src/a.cu": (
        '#include "b.cuh"\n'
        '// __global__ void commented(int x) { }\n/* __global__ void blocked() {} */\nconst char* s = "__global__ void quoted() {}";\n'
        'const char* r = R"(__global__ void raw() {})";\nint million = 1\'000\'000;\n'
        "__global__ void plain(float* x) { x[0] = 1; }\n"
        "__global__ void declared(int);\n"
        "__global__\nvoid\nspread_out(\n    int a,\n    int b)\n{\n}\n"
        'extern "C" __global__ void __launch_bounds__(256, 2) bounded(const int* __restrict__ p) {}\n'
        "void host() { plain<<<1, 32>>>(nullptr); bounded<<<dim3(1), dim3(2), 0, s>>>(p); }\n"
        "#if 0\n__global__ void dead() {}\n#endif\n"
    ),
    "src/b.cuh": (
        "namespace n {\ntemplate <typename T, int N = 4>\n__global__ void __launch_bounds__(N * 32) templated(T* x) { }\n"
        "template <> __global__ void special<float>(float* x) {}\n}\n"
        "static __global__ void quiet() {}\n"
        "__launch_bounds__(128) __global__ void bounds_first() {}\n"
        "__global__ __attribute__((noinline)) void attributed() {}\n"
        "[[maybe_unused]] __global__ void __cluster_dims__(2, 1, 1) clustered() {}\n"
    ),
    "src/macros.h": "#define FAST_KERNEL __global__ static\n#define FAST_MAKE(n, T) FAST_KERNEL void n(T* x) { x[0] = 0; }\n",
    "src/macros.cu": (
        '#include "macros.h"\n#define KERNEL __global__ void\nKERNEL aliased(int x) {}\n'
        "#define MAKE(name, T) \\\n  __global__ void name##_kernel(T* x) { x[0] = 0; }\n"
        "MAKE(made_f32, float)\nMAKE(made_f16, half)\n"
        "#define HEAD(n) __global__ void n(int a)\nHEAD(headed) {\n}\n"
        "FAST_MAKE(from_header, int)\n"
        "#define LAUNCH(k, ...) k<<<1, 1>>>(__VA_ARGS__)\n"
        "void go() { cudaLaunchKernel((const void*)aliased, g, b, args, 0, s); n::templated<float, 8><<<1, 1>>>(x); LAUNCH(headed, 1); }\n"
    ),
    "src/named.cu": 'extern "C" __global__ void by_name(int) {}\n',
    "src/device.cuh": "#pragma once\n__device__ inline float square(float x) { return x * x; }\n",
    "src/v1/step.cu": "__global__ void step() {}\nvoid a() { step<<<1, 1>>>(); }\n",
    "src/v2/step2.cu": "__global__ void step() {}\n",
    "bench/main.cu": "__global__ void warm_up() {}\nint main() { auto f = &warm_up; f<<<1, 1>>>(); }\n",
    "tests/test_kernels.py": "from fast.launch import run\n\ndef test_plain():\n    assert run('plain')\n",
    "tests/test_step.cu": '#include "../src/v2/step2.cu"\nint main() { step<<<1, 1>>>(); }\n',
    "third_party/lib/x.cu": "__global__ void theirs() {}\n",
    "gen.py": "# @generated by tool\nX = 1\n",
    "uv.lock": "version = 1\n",
    ".gitattributes": "src/v1/** linguist-generated=true\n*.md text\n",
    ".cursorignore": "*.mk\nnothing-there/\n",
    ".cursor/rules/edits.mdc": (
        "---\ndescription: Do not edit the ladder's old rungs\nglobs: src/v2/**\nalwaysApply: false\n---\n\n"
        "- Never modify `src/device.cuh` or `no/such/file`.\n- Look at `README.md`.\n"
    ),
    ".gitmodules": '[submodule "cutlass"]\n\tpath = ext/cutlass\n\turl = x\n',
}  # fmt: skip
KERNELS = {
    ("src/a.cu", "plain", "", ""),
    ("src/a.cu", "spread_out", "", ""),
    ("src/a.cu", "bounded", "256, 2", ""),
    ("src/b.cuh", "templated", "N * 32", "typename T, int N = 4"),
    ("src/b.cuh", "special", "", ""),
    ("src/b.cuh", "quiet", "", ""),
    ("src/b.cuh", "bounds_first", "128", ""),
    ("src/b.cuh", "attributed", "", ""),
    ("src/b.cuh", "clustered", "", ""),
    ("src/macros.cu", "aliased", "", ""),
    ("src/macros.cu", "made_f32_kernel", "", ""),
    ("src/macros.cu", "made_f16_kernel", "", ""),
    ("src/macros.cu", "headed", "", ""),
    ("src/macros.cu", "from_header", "", ""),
    ("src/named.cu", "by_name", "", ""),
    ("src/v1/step.cu", "step", "", ""),
    ("src/v2/step2.cu", "step", "", ""),
    ("bench/main.cu", "warm_up", "", ""),
}
WITHOUT = ("src/device.cuh", "tests/test_step.cu")


def make(repo: Repo) -> Repo:
    repo.commit(files=dict(FILES))
    return repo
