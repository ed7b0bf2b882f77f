from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from tests.support.repo import Repo

# CI must not go red by the luck of a draw; a developer's runs go on looking for what nobody thought of.
settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """An empty real repository with a fixed identity and no configuration of the machine's."""
    return Repo.create(tmp_path / "repo")
