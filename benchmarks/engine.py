"""The CPU engine against torch's own attention and Triton's interpreter, in one run: medians and ratios.

Attention forward, B=1, H=8, S=512, D=64, fp16, by the kernels of this repository. The engine's times
are those of a CPU that executes a GPU's kernel: they say how long a test takes, nothing about a card.

    python benchmarks/engine.py [--runs N]

Triton is measured where it is installed (`pip install triton`).
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("TRITON_INTERPRET", "1")

import torch
from torch.nn import functional

from kernels.attention import plan
from repoops import engine
from repoops.backends.compile import compile_kernel
from repoops.backends.interface import CHECKS
from repoops.engine import jit

SHAPE = (1, 8, 512, 64)


def median(run: Callable[[], object], runs: int) -> float:
    """Milliseconds of a call, after one that does not count."""
    run()
    times = []
    for _ in range(runs):
        begun = time.perf_counter()
        run()
        times.append(1e3 * (time.perf_counter() - begun))
    return statistics.median(times)


def row(name: str, ms: float, base: float | None) -> None:
    """One line of the table."""
    ratio = f"{ms / base:8.2f} x" if base else ""
    sys.stdout.write(f"{name:58} {ms:10.1f} ms {ratio}\n")


def triton_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> Callable[[], torch.Tensor]:
    """A tiled attention in Triton, run by its interpreter (tiles of 128 queries and 128 keys)."""
    import triton
    import triton.language as tl

    globals().update(tl=tl)  # the interpreter looks names up where the kernel is defined

    @triton.jit
    def forward(q, k, v, o, length: Any, tile: tl.constexpr, depth: tl.constexpr):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202 - Triton's pointers
        head = tl.program_id(1) * length * depth
        rows = tl.program_id(0) * tile + tl.arange(0, tile)
        across = tl.arange(0, depth)
        mine = tl.load(q + head + rows[:, None] * depth + across[None, :])
        m = tl.full((tile,), float("-inf"), tl.float32)
        total = tl.zeros((tile,), tl.float32)
        acc = tl.zeros((tile, depth), tl.float32)
        for first in range(0, length, tile):
            keys = first + tl.arange(0, tile)
            theirs = tl.load(k + head + keys[None, :] * depth + across[:, None])
            s = tl.dot(mine, theirs) * 0.125
            new = tl.maximum(m, tl.max(s, 1))
            p = tl.exp(s - new[:, None])
            rescale = tl.exp(m - new)
            total = total * rescale + tl.sum(p, 1)
            values = tl.load(v + head + keys[:, None] * depth + across[None, :])
            acc = acc * rescale[:, None] + tl.dot(p.to(tl.float16), values)
            m = new
        tl.store(o + head + rows[:, None] * depth + across[None, :], (acc / total[:, None]).to(tl.float16))

    out = torch.empty_like(q)

    def run() -> torch.Tensor:
        forward[(SHAPE[2] // 128, SHAPE[1])](q, k, v, out, SHAPE[2], 128, SHAPE[3])
        return out

    return run


def main() -> None:
    """Prints the table."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--runs", type=int, default=7)
    runs = parser.parse_args().runs
    torch.manual_seed(0)
    q, k, v = (torch.randn(SHAPE).half() for _ in range(3))
    truth = functional.scaled_dot_product_attention(q.double(), k.double(), v.double(), scale=0.125)
    wide = [t.float() for t in (q, k, v)]
    sdpa = median(lambda: functional.scaled_dot_product_attention(*wide, scale=0.125), runs)
    sys.stdout.write(
        f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}, medians of {runs}; ratios to the unchecked run on all cores\n"
    )
    found: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder:
        keep = Path(folder)
        for version in ("tensor_core", "vectorised", "tiled"):
            out = torch.empty_like(q)
            ((kernel, launch),) = plan(version, q, k, v, out, scale=0.125, causal=False)
            compiled = compile_kernel(kernel, "sm_89", keep)

            def run(
                checks: tuple[str, ...] = (), jobs: int | None = None, c: Any = compiled, at: Any = launch
            ) -> None:
                engine.run(c.ptx, c.entry, at, checks=checks, jobs=jobs, keep=keep)

            begun = time.perf_counter()
            run()
            cold = 1e3 * (time.perf_counter() - begun)
            error = float((out.double() - truth).abs().max())
            base = found[version] = median(run, runs)
            row(f"{version}, checks off (largest error {error:.1e})", base, base)
            row(f"{version}, checks off, one thread", median(lambda: run(jobs=1), runs), base)
            row(f"{version}, memcheck", median(lambda: run(("memcheck",)), runs), base)
            row(f"{version}, all checks", median(lambda: run(CHECKS), runs), base)
            jit.forget()
            begun = time.perf_counter()
            run()
            warm = 1e3 * (time.perf_counter() - begun)
            row(f"{version}, first run: translated and compiled", cold, None)
            row(f"{version}, first run with the object code in the cache folder", warm, None)
    row("torch scaled_dot_product_attention, float32, CPU", sdpa, found["tensor_core"])
    if importlib.util.find_spec("triton") is None:
        sys.stdout.write("Triton's interpreter: not measured, triton is not installed\n")
        return
    interpreted = triton_attention(q, k, v)
    slow = median(interpreted, min(runs, 5))
    row("Triton's interpreter, fp16, the same work", slow, found["tensor_core"])
    row("... against the scalar kernel with a register tile", slow, found["vectorised"])
    row("... against the scalar kernel with a row per warp", slow, found["tiled"])
    sys.stdout.write(f"Triton's largest error {float((interpreted().double() - truth).abs().max()):.1e}\n")


if __name__ == "__main__":
    main()
