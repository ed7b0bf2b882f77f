"""Which bodies are left out for which lines of errors, and that everything else stays where it was."""

from __future__ import annotations

import pytest

from repoops.nvidia.hostcode import LEFT_OUT, without

SOURCE = """\
#define BLOCK 128
struct Timer {
    Timer() : begun(now()) { start("}"); }
    float begun;
};
// { a brace in a comment
__device__ float twice(float x) { return 2 * x; }
__global__ void scale(float* x) {
    if (x[0] > 0) { x[threadIdx.x] = twice(x[threadIdx.x]); }
}
namespace host {
void run(float* x) {
    char brace = '{';
#ifdef SLOW
    gone(x, brace);
#else
    scale<<<1, BLOCK>>>(x);
#endif
    auto call = [&](int n) {
        gone(x, n);
    };
}
}
int after = 1;
"""
EMPTY = f' for (;;) asm volatile("// {LEFT_OUT}"); '


@pytest.mark.parametrize("line", [12, 13, 15, 17, 20, 22])
def test_any_line_of_a_host_function_leaves_its_body_out_and_its_directives_in(line: int) -> None:
    head, tail = SOURCE.split("void run(float* x) {", maxsplit=1)[0], "}\nint after = 1;\n"
    assert without(SOURCE, [line]) == (
        f"{head}void run(float* x) {{{EMPTY}\n\n#ifdef SLOW\n\n#else\n\n#endif\n\n\n\n}}\n{tail}"
    )


def test_a_constructor_is_a_function_and_a_brace_in_a_string_is_none() -> None:
    assert without(SOURCE, [3]) == SOURCE.replace('{ start("}"); }', f"{{{EMPTY}}}")


def test_several_are_left_out_at_once_and_once_more_changes_nothing() -> None:
    once = without(SOURCE, [3, 15, 20])
    assert once.count(LEFT_OUT) == 2
    assert once.count("\n") == SOURCE.count("\n")
    assert without(once, [3, 15, 20]) == once


@pytest.mark.parametrize(
    "line",
    [
        1,  # a directive
        4,  # a member
        7,  # a device function
        9,  # a kernel
        11,  # between functions
        24,  # a variable
    ],
)
def test_an_error_that_lies_elsewhere_leaves_nothing_out(line: int) -> None:
    assert without(SOURCE, [line]) == SOURCE
    assert without(SOURCE, [line, 20]) == without(SOURCE, [20]) != SOURCE


@pytest.mark.parametrize(
    "function",
    [
        "auto f() { gone(); }",
        "constexpr int f() { return gone(); }",
        "void f() { each([] __device__ (float x) { return gone(x); }); }",
        "__host__ __device__ int f() { return gone(); }",
    ],
)
def test_what_device_code_may_need_is_kept(function: str) -> None:
    assert without(function, [1]) == function
