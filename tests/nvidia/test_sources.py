"""The kernels of a source file, as they are listed for people."""

from __future__ import annotations

from pathlib import Path

import pytest

from repoops.errors import RepoOpsError
from repoops.nvidia.sources import Found, in_text, kernels

SOURCE = """\
// __global__ void of_a_comment(int x) {}
/* __global__ void of_another() {} */
const char* said = "__global__ void of_a_string() {}";
__global__ void declared(float* x);
template <typename T, int N>
__global__ void __launch_bounds__(N * (2 + 1), 2)
other(T* x,
      int n) { x[0] = n; }
extern "C" __global__ void bare() { }
namespace deep { static __global__ void inside(const float (*x)[4]) { } }
__global__ void declared(float* x) { }
__device__ void helper(int x) { }
"""


def test_kernels_are_listed_in_order_with_their_parameters() -> None:
    assert in_text(SOURCE) == (
        Found("declared", "(float* x)"),
        Found("other", "(T* x, int n)"),
        Found("bare", "()"),
        Found("inside", "(const float (*x)[4])"),
    )


def test_entries_of_ptx_are_its_kernels(tmp_path: Path) -> None:
    path = tmp_path / "k.ptx"
    path.write_text(".visible .entry one(\n.param .u64 p)\n{\nret;\n}\n.entry two()\n{\nret;\n}\n")
    assert [found.name for found in kernels(path)] == ["one", "two"]


def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(RepoOpsError, match="cannot be read: No such file"):
        kernels(tmp_path / "none.cu")
