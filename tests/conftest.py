from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.repo import Repo


@pytest.fixture
def repo(tmp_path: Path) -> Repo:
    """An empty real repository with a fixed identity and no configuration of the machine's."""
    return Repo.create(tmp_path / "repo")
