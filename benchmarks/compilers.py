"""Kernels that Triton and Numba compile, without a card, run by the CPU engine from their PTX with all checks.

    python benchmarks/compilers.py [--arch 89] [-k WORD]

One line for each kernel: that it runs, the largest deviation from torch (as a share of the largest
value), and what the checks found. That must be nothing but warnings: Triton has threads that hold the
same value write it to the same place, on purpose.
"""

from __future__ import annotations

import argparse
import importlib
import importlib.util
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import torch
from others.case import Case

from repoops import engine
from repoops.backends.interface import CHECKS


def judge(case: Case, arch: int) -> tuple[str, bool]:
    """Compiles and runs a kernel in both orders of warps; in words what came of it, and whether it is right."""
    torch.manual_seed(1)
    worst, found = 0.0, set[tuple[str, str]]()
    begun = time.perf_counter()
    for order in ("forward", "reverse"):
        made, pairs = case.make(arch)
        done = engine.run(made.ptx, made.entry, made.launch, checks=CHECKS, order=order)
        found |= {(f.severity, f.rule) for f in done.findings}
        for got, right in pairs:
            away = (got.double() - right.double()).abs().max()
            worst = max(worst, float(away / right.double().abs().max().clamp(min=1)))
    ok = worst <= case.tolerance and all(severity == "warning" for severity, _ in found)
    told = ", ".join(f"{rule} ({severity})" for severity, rule in sorted(found))
    words = f"largest error {worst:.1e}, found: {told or 'nothing'}"
    return f"{words} ({time.perf_counter() - begun:.1f} s)", ok


def main() -> None:
    """Prints a line for each kernel."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--arch", type=int, help="only for this one: 89")
    parser.add_argument("-k", default="", help="only kernels whose name holds this")
    asked = parser.parse_args()
    right = every = 0
    for compiler in ("triton", "numba"):
        if importlib.util.find_spec(compiler) is None:
            print(f"{compiler}: not measured, it is not installed")
            continue
        for case in importlib.import_module(f"others.{compiler}_kernels").CASES:
            for arch in case.archs:
                if asked.k not in case.name or asked.arch not in (None, arch):
                    continue
                try:
                    words, ok = judge(case, arch)
                except Exception as error:  # noqa: BLE001 - whatever it is, it is this kernel's line
                    words, ok = f"{type(error).__name__}: {error}".replace("\n", " ")[:400], False
                right, every = right + ok, every + 1
                print(f"{'ok   ' if ok else 'WRONG'} {compiler} sm_{arch} {case.name:48} {words}", flush=True)
    print(f"{right} of {every} run and are right")


if __name__ == "__main__":
    main()
