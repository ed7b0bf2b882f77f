"""The seam for running kernels on the CPU; until the engine is built it is unavailable and says so."""

from __future__ import annotations

from repoops.backends.interface import Availability, Options
from repoops.errors import RepoOpsError
from repoops.kernel.model import Kernel, Launch, Outcome


def available() -> Availability:
    """Never, so far."""
    return Availability(ok=False, why="not built yet: this version of RepoOps has no engine for the CPU")


def run(kernel: Kernel, launch: Launch, options: Options) -> Outcome:  # noqa: ARG001 - the back ends' signature
    """Raises: there is nothing to run it with."""
    raise RepoOpsError(f"{kernel.name} cannot run on the CPU: {available().why}")
