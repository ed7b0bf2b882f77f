"""The seam for running kernels on the CPU; until the engine is built it is unavailable and says so."""

from __future__ import annotations

from repoops.backends.availability import Availability
from repoops.errors import RepoOpsError
from repoops.kernel.model import Kernel, Launch, Outcome


def available() -> Availability:
    """Never, so far."""
    return Availability(ok=False, why="this version of RepoOps has no CPU engine")


def run(kernel: Kernel, launch: Launch) -> Outcome:
    """Raises: there is nothing to run it with."""
    raise RepoOpsError(f"cannot run {kernel.name} with {launch.threads} threads a block: {available().why}")
