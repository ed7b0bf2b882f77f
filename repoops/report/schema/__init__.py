"""The JSON schemas of what RepoOps stores, draft 2020-12; shipped, so that other tools can check without us."""

from __future__ import annotations

import json
from importlib import resources
from typing import Any

NAMES = ("verification-1", "evidence-1")


def read(name: str) -> dict[str, Any]:
    """A schema by its name: `repoops/verification/1` is `verification-1`."""
    found: dict[str, Any] = json.loads(resources.files(__package__).joinpath(f"{name}.json").read_bytes())
    return found
