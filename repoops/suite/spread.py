"""Spreads tests over processes, with pytest-xdist: what shares a case's inputs and its truth stays in one of them."""

from __future__ import annotations

import sys
from typing import Any

import pytest
from xdist.scheduler import LoadScopeScheduling

from repoops import machine
from repoops.report.shards import group
from repoops.suite import settings


class ByGroup(LoadScopeScheduling):  # type: ignore[misc] # xdist is typed loosely
    """Hands out whole groups, in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return group(nodeid)

    def remove_node(self, node: Any) -> str | None:
        """The test that took its process down is not tried again, as xdist would until it gives up; the rest goes to others."""
        units: dict[str, dict[str, bool]] = self.assigned_work[node]
        died = next((test for unit in units.values() for test, done in unit.items() if not done), None)
        for scope, unit in list(units.items()):
            unit.update({died: True} if died in unit else {})
            if all(unit.values()):
                del units[scope]
        super().remove_node(node)
        return died


def workers(config: pytest.Config) -> int:
    """How many processes a run gets: one a core, none beside this one for a card, which they would only share."""
    wanted = config.getoption("--repoops-jobs") or machine.cores()
    if wanted == 1 or settings.backend_or_none(config) == "cuda":
        return 0
    return int(min(wanted, max(1, machine.memory() // _ROOM)))


_ROOM = 1 << 30
"""Bytes of memory for a process: torch, a case's tensors and its truth in float64, the engine's worker."""


def share(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Divides the cores among the processes that have something to do, for launches and for torch."""
    busy = min(settings.processes(config), len({group(item.nodeid) for item in items}) or 1)
    threads = max(1, (config.getoption("--repoops-jobs") or machine.cores()) // busy)
    config.stash[settings.THREADS] = threads
    if "torch" in sys.modules:
        sys.modules["torch"].set_num_threads(threads)
