"""Every kernel is found with its bounds and template parameters, and nothing else is taken for one."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from repoops.codemap.cpp import clean
from repoops.codemap.cuda import read_cuda, scanned
from repoops.codemap.launches import launches_in, strings_in
from repoops.codemap.scan import scan
from repoops.vcs.read import open_repository
from tests.support import cuda_repo
from tests.support.repo import Repo

# What is written → (name, launch bounds, template parameters) of each kernel it defines.
WRITTEN: dict[str, list[tuple[str, str, str]]] = {
    # plain forms and the order of what stands around the name
    "__global__ void k(float* x) { x[0] = 1; }": [("k", "", "")],
    "__global__\nvoid\nk(\n  int a,\n  int b)\n{\n}": [("k", "", "")],
    "void __global__ k() {}": [("k", "", "")],
    "static inline __global__ void k() {}": [("k", "", "")],
    "__global__ static void k() {}": [("k", "", "")],
    'extern "C" __global__ void k() {}': [("k", "", "")],
    '__global__ extern "C" void k() {}': [("k", "", "")],
    'extern "C" {\n__global__ void a() {}\n__global__ void b() {}\n}': [("a", "", ""), ("b", "", "")],
    "__global__ auto k(int n) -> void { }": [("k", "", "")],
    "[[maybe_unused]] __global__ void k() noexcept {}": [("k", "", "")],
    "__global__ [[gnu::used]] void k() {}": [("k", "", "")],
    "__global__ __attribute__((noinline)) void k() {}": [("k", "", "")],
    "__global__ void __attribute__((used)) k() {}": [("k", "", "")],
    "__global__ void k(void (*f)(int), int (&a)[4]) {}": [("k", "", "")],
    "namespace a { namespace b { __global__ void k() {} } }": [("k", "", "")],
    "__global__ void ns::k(int x) { }": [("k", "", "")],
    "struct S { friend __global__ void k(S s); };\n__global__ void k(S s) { }": [("k", "", "")],
    # launch bounds
    "__global__ void __launch_bounds__(256, 2) k() {}": [("k", "256, 2", "")],
    "__global__ __launch_bounds__(128) void k() {}": [("k", "128", "")],
    "__launch_bounds__(64, 4) __global__ void k() {}": [("k", "64, 4", "")],
    "__global__ void __launch_bounds__(MAX(1, 2) * 32,\n    (N + 1) / 2) k() {}": [("k", "MAX(1, 2) * 32, (N + 1) / 2", "")],
    "__global__ void __cluster_dims__(2, 1, 1) __launch_bounds__(384, 1) k() {}": [("k", "384, 1", "")],
    "__global__ void __launch_bounds__(256) k(int);\n__global__ void k(int x) {}": [("k", "256", "")],
    "#define BOUNDS(n) __launch_bounds__(n, 1)\n__global__ void BOUNDS(512) k() {}": [("k", "512, 1", "")],
    "__global__ void UNKNOWN_ATTRIBUTE(7) k(int x) {}": [("k", "", "")],
    "__global__ void __maxnreg__(64) k() {}": [("k", "", "")],
    # templates
    "template <typename T> __global__ void k(T* x) {}": [("k", "", "typename T")],
    "template <typename T, int N = 4, bool B = (N > 2)>\n__global__ void k(T x) {}": [("k", "", "typename T, int N = 4, bool B = (N > 2)")],
    "template <class T, class U = std::vector<std::pair<int, T>>>\n__global__ void __launch_bounds__(sizeof(T) * 8) k() {}": [("k", "sizeof(T) * 8", "class T, class U = std::vector<std::pair<int, T>>")],
    "template <template <class> class C, int N = 1 << 4> __global__ void k() {}": [("k", "", "template <class> class C, int N = 1 << 4")],
    "template <typename... Ts> __global__ void k(Ts... ts) {}": [("k", "", "typename... Ts")],
    "template <typename T> requires std::is_same_v<T, float> __global__ void k(T x) {}": [("k", "", "typename T")],
    "template <typename T>\n#if __CUDA_ARCH__ >= 800\n__global__ void __launch_bounds__(256) k(T x) {\n#else\nvoid other(T x) {\n#endif\n}": [("k", "256", "typename T")],
    "template <> __global__ void k<float>(float* x) {}": [("k", "", "")],
    "template __global__ void k<float>(float*);": [],
    "template <typename T> struct S { int x; };\n__global__ void k() {}": [("k", "", "")],
    "template <typename T> __global__ std::enable_if_t<(sizeof(T) > 2), void> k(T x) {}": [("k", "", "typename T")],
    # what is no definition
    "__global__ void k(int);": [],
    "extern __global__ void k(float*, int);\n__global__ void k(int) = delete;": [],
    "__device__ void d() {}\nvoid host() {}": [],
    "// __global__ void k() {}": [],
    "// a comment goes on \\\n__global__ void k() {}": [],
    "/* __global__ void a() {}\n__global__ void b() {} */ __global__ void c() {}": [("c", "", "")],
    'const char* s = "__global__ void k() {}";': [],
    'const char* s = "\\"__global__ void k() {}";\n__global__ void r() {}': [("r", "", "")],
    'auto s = R"(__global__ void a() {} ")";\n__global__ void b() {}': [("b", "", "")],
    'auto s = R"cu(\n__global__ void a() {} )" \n)cu";\n__global__ void b() {}': [("b", "", "")],
    'auto s = u8R"(__global__ void a() {})";': [],
    "char q = '\"'; __global__ void k() {} char r = '\"';": [("k", "", "")],
    "int n = 1'000; __global__ void k() {} char q = 'x';": [("k", "", "")],
    "#error don't include this\n__global__ void k() {}": [("k", "", "")],
    "#if 0\n__global__ void a() {}\n#else\n__global__ void b() {}\n#endif": [("b", "", "")],
    "#if 0\n#ifdef X\n__global__ void a() {}\n#endif\n__global__ void b() {}\n#endif\n__global__ void c() {}": [("c", "", "")],
    "#if 1\n__global__ void a() {}\n#elif defined(X)\n__global__ void b() {}\n#else\n__global__ void c() {}\n#endif": [("a", "", "")],
    "#ifdef FAST\n__global__ void a() {}\n#else\n__global__ void b() {}\n#endif": [("a", "", ""), ("b", "", "")],
    "#define UNUSED(n) __global__ void n() {}": [],
    "// #define K(n) __global__ void n() {}\nK(a)": [],
    # macros
    "#define KERNEL __global__ void\nKERNEL k(int x) {}": [("k", "", "")],
    "#define G __global__\n#define KERNEL G void\nKERNEL k(int x) {}": [("k", "", "")],
    "#define MAKE(name, T) \\\n  __global__ void name##_kernel(T* x) { x[0] = 0; }\nMAKE(f32, float)\nMAKE(f16, half)": [("f32_kernel", "", ""), ("f16_kernel", "", "")],
    "#define MAKE(n) __global__ void __launch_bounds__(n) k_##n() {}\nMAKE(128) MAKE(256);": [("k_128", "128", ""), ("k_256", "256", "")],
    "#define HEAD(n) __global__ void n(int a)\nHEAD(k) {\n}": [("k", "", "")],
    "#define HEAD(n) __global__ void n(int a)\nHEAD(k);": [],
    "#define K(n, ...) template <__VA_ARGS__> __global__ void n() {}\nK(k, typename T, int N)": [("k", "", "typename T, int N")],
    "#define K(n) __global__ void n() {}\n#define ALL(X) X(a) X(b)\nALL(K)": [("a", "", ""), ("b", "", "")],
    "#define X(n) __global__ void n() {}\nX(a)\n#undef X\n#define X(n) int n##_size();\nX(b)": [("a", "", "")],
    "#define K(n) __global__ void n() {}\n#undef K\nK(a)": [],
    "#define NAME(n) prefix_##n\n__global__ void NAME(k)(int* x) {}": [("prefix_k", "", "")],
    "__global__ void FOREIGN_NAME(k)(int* x) {}": [("FOREIGN_NAME(k)", "", "")],
    "#ifdef __CUDACC__\n#define G __global__\n#else\n#define G\n#endif\nG void k() {}": [("k", "", "")],
    "#define A B\n#define B A __global__\nA void k() {}": [("k", "", "")],
    "__global__ void \\\n k \\\n (int x) {}": [("k", "", "")],
    "#define LOOP(n) for (int n = 0; n < 4; ++n)\n__global__ void k() { LOOP(i) {} }": [("k", "", "")],
}  # fmt: skip


@pytest.mark.parametrize("source", WRITTEN, ids=lambda source: source[:60])
def test_what_is_written_is_what_is_found(source: str) -> None:
    _, found = scanned("x.cu", source)
    assert [(k.name, k.bounds, k.template) for k in found] == WRITTEN[source]


def test_all_of_it_in_one_file_is_found_too() -> None:
    parts = [source for source in WRITTEN if "#" not in source and not source.startswith("//")]
    _, found = scanned("x.cu", "\n;\n".join(parts))
    assert {k.name for k in found} == {name for part in parts for name, _, _ in WRITTEN[part]}


LAUNCHED = {
    "void f() { k<<<1, 32>>>(p); }": {"k"},
    "void f() { ns::k<float, (4 > 2), A<int>> <<<dim3(1), 32, 0, s>>>(p); }": {"k"},
    "void f() { k /* here */ <<< g, b >>> (p); }": {"k"},
    "void f() { (flag ? k : other)<<<1, 1>>>(); }": {"k", "other"},
    "void f() { auto fn = &k<8>; fn<<<1, 1>>>(); }": {"k"},
    "void f() { void* args[] = {}; cudaLaunchKernel((const void*)k, g, b, args, 0, s); }": {"k"},
    "void f() { cudaLaunchKernelEx(&config, k<float>, p); }": {"k"},
    "void f() { cudaLaunchCooperativeKernel((void*)other, g, b, a); }": {"other"},
    "void f() { hipLaunchKernelGGL(HIP_KERNEL_NAME(k<int>), g, b, 0, s, p); }": {"k"},
    "void f() { cudaKernelNodeParams p; p.func = (void*)k; cudaGraphAddKernelNode(&n, g, 0, 0, &p); }": {"k"},
    "#define LAUNCH(K, ...) K<<<g, b>>>(__VA_ARGS__)\nvoid f() { LAUNCH(k, 1, 2); }": {"k"},
    'void f() { AT_DISPATCH_FLOATING_TYPES(x.type(), "f", ([&] { k<scalar_t><<<g, b>>>(x); })); }': {"k"},
    "// k<<<1, 1>>>();\nvoid f() { int x = 1 << 3; }": set(),
    "__global__ void k() {}\n__global__ void other() {}": set(),
    "void k(int);\nvoid f() { unknown<<<1, 1>>>(); }": set(),
    'const char* s = "k<<<1, 1>>>";': set(),
}  # fmt: skip


@pytest.mark.parametrize("source", LAUNCHED, ids=lambda source: source[:60])
def test_launches_are_found_however_they_are_written(source: str) -> None:
    code, _ = scanned("x.cu", source)
    assert launches_in(code, frozenset(("k", "other"))) == LAUNCHED[source]


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('module.get_function("k_f32")', {"k_f32"}),
        ("get('k_f32<float, 4>')", {"k_f32"}),
        ('f"k_{dtype}"', set()),
        ('f"norm_{dtype}"', {"norm_f32", "norm_f16"}),
        ('f"{op}_{dtype}"', set()),
        ('"see k_f32 for this"', set()),
        ('cuModuleGetFunction(&f, m, "ns::k_f32")', {"k_f32"}),
    ],
)
def test_a_kernel_is_named_by_a_whole_string(text: str, named: set[str]) -> None:
    assert strings_in(text, frozenset(("k_f32", "norm_f32", "norm_f16"))) == named


def test_every_kernel_of_the_repository_is_found_and_nothing_else(repo: Repo) -> None:
    found = read_cuda(scan(open_repository(cuda_repo.make(repo).root)))
    assert sorted((k.path, k.name, k.bounds, k.template) for k in found.kernels) == sorted(cuda_repo.KERNELS)
    assert found.without == cuda_repo.WITHOUT


PIECES = st.sampled_from(
    ["__global__", " void ", "f", "(int x)", "{", "}", ";", "template <", ">", "<<<", ">>>", '"', "'", "//", "/*", "*/",
     "\n", "\\\n", 'R"(', ')"', "#define M(x) ", "#define M ", "#if 0\n", "#else\n", "#endif\n", "__launch_bounds__(", ")",
     "M(a)", "M", "é", "[[", "]]", "::", "##", "#undef M\n", "M(M)", "...", ",", "cudaLaunchKernel("]
)  # fmt: skip


@given(st.lists(PIECES, max_size=40).map("".join))
@example("[[")
@example("__global__ [[")
@example("__global__ f<")
@example("#define M(x) x(x)\nM(M)(M)")
def test_no_source_makes_the_scanner_fail(source: str) -> None:
    code, _ = scanned("x.cu", source)
    launches_in(code, frozenset(("f", "M")))


@given(st.binary(max_size=200))
def test_no_bytes_make_the_scanner_fail(raw: bytes) -> None:
    scanned("x.cu", raw.decode("utf-8", "replace"))
    scanned("x.cu", "__global__ void " + raw.decode("latin-1"))


@given(st.lists(PIECES, max_size=30).map("".join))
def test_cleaning_keeps_the_lines_of_what_is_no_string(source: str) -> None:
    joined = source.replace("\\\n", " ")
    if 'R"(' not in source:
        assert clean(source).count("\n") == joined.count("\n")
