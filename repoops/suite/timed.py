"""Headline cases as pytest items: what is known of their speed without timing them; `repoops verify --bench` does the rest."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import pytest

from repoops import backends
from repoops.backends.compile import check_launch, compile_kernel
from repoops.suite import settings
from repoops.suite.items import KernelItem, launched, looked_at
from repoops.suite.problem import planned
from repoops.suite.spec import Case


class TimedItem(KernelItem):
    """A headline case of one version on one architecture: compiled, its launch checked, its work told; pytest times nothing."""

    def __init__(self, *, case: Case, arch: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.case, self.arch, self.check = case, arch, f"bench[{arch}, {case.id}]"

    def verify(self) -> None:
        """Ends as not run; of several launches the one that fits least is shown."""
        keep = settings.options(self.config).keep
        found = []
        for kernel, launch in planned(self.spec, self.version, self.case):
            compiled = compile_kernel(kernel, self.arch, keep)
            check_launch(kernel, compiled, launch)
            fits = launched(looked_at(compiled.resources, compiled, keep), kernel, launch)
            found.append((fits, launch.grid))
        resources, grid = min(found, key=lambda one: one[0].occupancy or 0.0)
        self.say(resources=asdict(resources), grid=list(grid))
        if self.spec.work:
            self.say(work=asdict(self.spec.work(self.case)))
        card = backends.survey()["cuda"]
        pytest.skip("timed by: repoops verify --bench" if card.ok else f"no GPU to time it on: {card.why}")
