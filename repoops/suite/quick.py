"""The part of a suite that `--quick` runs: enough to see that a kernel broke, never enough to say that it did not."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from repoops.report.failures import size
from repoops.report.speed import CHECK

SMALLEST = 3
RULE = f"--quick: of each version its headline case, else the first, and the smallest of its {SMALLEST} smallest sizes, compiled for one architecture; no mutants"
PREFERRED = "sm_89"
"""Compiled for, where it is among the architectures asked for; the one that the CPU executes."""


def split(items: Sequence[Any]) -> tuple[list[Any], list[Any]]:
    """Tests that are run, and those that are left out, both in order; other tests are run.

    A headline case is run where it is one of the cases as well: most are of a size that is for cards. Of a version
    that has none of these its first case is taken for the one that matters most.
    """
    kept = set()
    versions = _versions(items)
    for tests in versions.values():
        cases = [test for test in tests if test.check.startswith("numerics[")]
        sizes = sorted({size(case.check) for case in cases})[:SMALLEST]
        headline = [case for case in cases if case.spec.is_headline(case.case)]
        kept.update((headline or cases)[:1])
        kept.update(next(case for case in cases if size(case.check) == each) for each in sizes)
        archs = {
            test.arch: test
            for test in tests
            if test.check.startswith("compile[") and test.arch in test.version.archs
        }
        kept.update([archs[PREFERRED]] if PREFERRED in archs else list(archs.values())[:1])
    told = {item for tests in versions.values() for item in tests}
    chosen = [item for item in items if item in kept or item not in told]
    return chosen, [item for item in items if item in told and item not in kept]


def _versions(items: Sequence[Any]) -> dict[tuple[str, str], list[Any]]:
    found: dict[tuple[str, str], list[Any]] = {}
    for item in items:
        if hasattr(item, "check") and not item.check.startswith(CHECK):
            found.setdefault((str(item.path), item.version.name), []).append(item)
    return found
