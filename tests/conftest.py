from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.support.repo import Repo

# CI must not go red by the luck of a draw; a developer's runs go on looking for what nobody thought of.
# Neither may it go red because the machine is busy: what is slow belongs in benchmarks/.
unhurried: Any = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow]}
settings.register_profile("here", **unhurried)
settings.register_profile("ci", derandomize=True, **unhurried)
settings.load_profile("ci" if os.environ.get("CI") else "here")


def pytest_xdist_auto_num_workers() -> int:
    """One more than the cores we may use, for `-n auto`: a good part of the tests waits for ssh, git or a timer."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return cores + 1


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """An empty real repository with a fixed identity and no configuration of the machine's."""
    return Repo.create(tmp_path / "repo")
