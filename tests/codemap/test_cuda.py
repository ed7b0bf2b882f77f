from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from repoops.codemap.cuda import blank, kernels, kernels_in
from repoops.codemap.scan import scan
from repoops.vcs.read import open_repository
from tests.support import cuda_repo
from tests.support.repo import Repo


def test_every_kernel_is_found_and_nothing_else(repo: Repo) -> None:
    cuda_repo.make(repo)
    found = kernels(scan(open_repository(repo.root)))
    assert sorted(k.name for k in found) == sorted(cuda_repo.KERNELS)


def test_bounds_templates_launches_and_tests(repo: Repo) -> None:
    cuda_repo.make(repo)
    found = {k.name: k for k in kernels(scan(open_repository(repo.root)))}
    assert found["bounded"].bounds == "256, 2"
    assert found["templated"].bounds == "N * 32"
    assert found["templated"].template == "typename T, int N = 4"
    assert (found["plain"].bounds, found["plain"].template) == ("", "")
    assert {name: k.launched for name, k in found.items() if k.launched} == {
        "plain": ("src/a.cu",),
        "bounded": ("src/a.cu",),
        "aliased": ("src/macros.cu",),
        "templated": ("src/macros.cu",),
        "by_name": ("fast/launch.py",),
    }
    assert {name: k.tested for name, k in found.items() if k.tested} == {"plain": ("tests/test_kernels.py",)}


def test_a_spec_beside_a_kernel_tests_it(repo: Repo) -> None:
    repo.commit(files={"k/x.cu": "__global__ void f() {}", "k/spec.py": "SPEC = 1\n"})
    (kernel,) = kernels(scan(open_repository(repo.root)))
    assert kernel.tested == ("k/spec.py",)


PIECES = st.sampled_from(
    ["__global__", " void ", "f", "(int x)", "{", "}", ";", "template <", ">", "<<<", ">>>", '"', "'", "//", "/*", "*/",
     "\n", "\\\n", 'R"(', ')"', "#define M(x) ", "__launch_bounds__(", ")", "M(a)", "é", "[[", "]]"]
)  # fmt: skip


@given(st.lists(PIECES, max_size=30).map("".join))
def test_no_source_makes_the_scanner_fail(source: str) -> None:
    kernels_in("x.cu", source)
    assert blank(source).count("\n") == source.replace("\\\n", "").count("\n")
