"""A repository with kernel tests of every kind, as its owner would have it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tests.support.repo import Repo

SCALE_CU = """\
extern "C" __global__ void __launch_bounds__(256) scale(const float* x, float* y, int n)
{
    int i = blockIdx.x * blockDim.x + threadIdx.x;
    if (i < n) y[i] = 2.0f * x[i];
}
"""
SPEC = """\
import numpy as np
import torch
from pathlib import Path
from repoops.kernel.model import Kernel, Launch
from repoops.suite import gates
from repoops.suite.inputs import draw
from repoops.suite.spec import KernelSpec, Version, grid

KERNEL = Kernel(Path(__file__).parent / "{name}.cu", "{name}")

def plan(case, inputs, out):
    return KERNEL, Launch((-(-case["n"] // 256), 1, 1), (256, 1, 1), (*inputs, out, np.{width}(case["n"])))

SPEC = KernelSpec(
    name="{name}",
    make=lambda case: (draw(case.inputs, (case["n"],), case.dtype, case.seed),),
    empty=lambda case, x: torch.empty_like(x),
    oracle=lambda case, x: 2 * x.double(),
    peer=lambda case, x: 2 * x,
    cases=tuple(grid(n=(1, 257), dtype=("float32",))),
    versions=(Version("plain", plan, archs=("sm_80", "sm_90"), gates=(gates.no_spills, gates.no_stack)),),
    source="none",
)
"""
SPILLS_CU = """\
extern "C" __global__ void __launch_bounds__(1024, 2) spills(const float* x, float* y, int n)
{
    float a[96];
#pragma unroll
    for (int k = 0; k < 96; ++k) a[k] = x[k * threadIdx.x];
    __syncthreads();
#pragma unroll
    for (int k = 0; k < 96; ++k) y[k * threadIdx.x + n] = a[95 - k] * a[k];
}
"""
BROKEN_CU = """\
extern "C" __global__ void broken(const float* x, float* y, int n)
{
    y[0] = missing;
}
"""
PLAIN_TESTS = """\
from pathlib import Path
import numpy as np
import torch
from repoops.kernel.model import Kernel

SCALE = Kernel(Path(__file__).parent.parent / "kernels/scale/scale.cu", "scale")

def scaled(run_kernel, *, n=np.int32(8), block=(32,)):
    x = torch.arange(8.0, device=run_kernel.device)
    y = torch.zeros(8, device=run_kernel.device)
    return run_kernel(SCALE, grid=(1,), block=block, args=(x, y, n)), x, y

def test_scale(run_kernel):
    outcome, x, y = scaled(run_kernel)
    assert outcome.executed
    assert torch.equal(y, 2 * x)

def test_wrong_width(run_kernel):
    scaled(run_kernel, n=np.int64(8))

def test_refused(run_kernel):
    scaled(run_kernel, block=(512,))

def test_of_no_kernel():
    assert True

def test_of_no_kernel_that_fails():
    assert 1 + 1 == 3
"""
# Without torch, which takes two seconds to load: pointers are given as such, since nothing will follow them.
LIGHT_TEST = """\
import ctypes
from pathlib import Path
from repoops.kernel.model import Kernel

def test_scale(run_kernel):
    null = ctypes.c_void_p(0)
    run_kernel(Kernel(Path(__file__).parent / "scale.cu", "scale"), grid=(1,), block=(32,), args=(null, null, ctypes.c_int(0)))
"""
STAND_IN = """\
# A back end of this repository's own in place of the one that is not built: it computes with torch what
# the kernel would, so that judging and reporting can be tried. What it says of itself names it.
import torch
from repoops import backends
from repoops.backends.interface import Availability
from repoops.kernel.model import Outcome
from repoops.report.verification import Finding

class StandIn:
    def available(self):
        return Availability(ok=True, why="a stand-in")

    def run(self, kernel, launch, options):
        x, y, n = launch.args
        {body}
        return Outcome(ran_on="cpu: a stand-in", findings=({findings}))

backends.BACKENDS["cpu"] = StandIn()
"""


def project(root: Path) -> Repo:
    """Clean: one kernel with a specification, one plain test file, committed."""
    repo = Repo.create(root)
    add_kernel(repo, "scale", SCALE_CU)
    repo.write(".gitignore", "__pycache__/\n.pytest_cache/\n")
    repo.commit("kernels")
    return repo


def light(root: Path) -> Repo:
    """A plain test of one kernel, committed."""
    repo = Repo.create(root)
    repo.write("kernels/scale.cu", SCALE_CU)
    repo.write("kernels/test_scale.py", LIGHT_TEST)
    repo.write(".gitignore", "__pycache__/\n.pytest_cache/\n")
    repo.commit("kernels")
    return repo


def add_kernel(repo: Repo, name: str, source: str, width: str = "int32") -> None:
    repo.write(f"kernels/{name}/{name}.cu", source)
    repo.write(f"kernels/{name}/spec.py", SPEC.format(name=name, width=width))
    repo.write(f"kernels/{name}/__init__.py")
    repo.write("kernels/__init__.py")


def pytest_in(repo: Repo, *args: str) -> subprocess.CompletedProcess[str]:
    """Plain pytest, as people run it."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", *args],
        cwd=repo.root, env={**os.environ, "NO_COLOR": "1"}, capture_output=True, text=True,
    )  # fmt: skip
