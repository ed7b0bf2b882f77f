"""A kernel specification whose back end is a function of ours, so that it can be right or wrong on purpose.

The real back ends run `.cu` files; what is tested with these is the judge, not a kernel.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from repoops.kernel.model import Kernel, Launch, Outcome
from repoops.report.verification import Finding
from repoops.suite.inputs import draw
from repoops.suite.judge import Judgement, judge
from repoops.suite.spec import Case, KernelSpec, Version, grid

KERNEL = Kernel(Path("attention.cu"), "attention")
SCALE = 0.125
Write = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor], None]
"""(q, k, v, out): writes the result of attention into `out`."""


def reference(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    return torch.softmax(q @ k.transpose(-1, -2) * SCALE, dim=-1) @ v


def make(case: Case) -> tuple[Any, ...]:
    return tuple(draw(case.inputs, (case["H"], case["S"], 64), case.dtype, case.seed + i) for i in range(3))


def specification(**version: Any) -> KernelSpec:
    return KernelSpec(
        name="attention",
        make=make,
        empty=lambda _, q, *__: torch.empty_like(q),
        oracle=lambda _, q, k, v: reference(q.double(), k.double(), v.double()),
        peer=lambda _, q, k, v: reference(q, k, v),
        cases=tuple(
            grid(H=(2,), S=(1, 65), dtype=("float16", "bfloat16", "float32"), inputs=("normal", "onehot"))
        ),
        versions=(
            Version(
                "naive",
                lambda _, inputs, out: (KERNEL, Launch((1, 1, 1), (32, 1, 1), (*inputs, out))),
                **version,
            ),
        ),
        source="for the judge's tests",
    )


def judged(
    write: Write, *, findings: tuple[Finding, ...] = (), s: int = 65, dtype: str = "float16", **version: Any
) -> Judgement:
    """What the judge says of a back end that does `write`."""
    spec = specification(**version)
    (case,) = (c for c in spec.cases if c["S"] == s and c.dtype == dtype and c.inputs == "normal")

    def run(kernel: Kernel, launch: Launch) -> Outcome:
        assert kernel == KERNEL
        write(*launch.args)
        return Outcome(ran_on="cpu: a function of the test's", findings=findings)

    return judge(spec, spec.versions[0], case, (run, run), "cpu")
