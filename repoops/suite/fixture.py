"""The fixture `run_kernel`, for tests of one's own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, replace
from typing import Any

import pytest

from repoops import backends
from repoops.errors import RepoOpsError
from repoops.kernel.model import Kernel, Launch, Outcome
from repoops.suite import settings
from repoops.suite.items import counted
from repoops.suite.judge import said
from repoops.suite.plugin import KEY


class RunKernel:
    """Runs kernels for one test, and keeps what the report says of them."""

    def __init__(self, config: pytest.Config, node: pytest.Item) -> None:
        self._config = config
        self._facts: dict[str, Any] = {
            "kernel": node.path.stem,
            "version": node.name,
            "check": "test",
            "ran_on": "",
        }
        node.stash[KEY] = self._facts
        try:
            self._backend, self._options = settings.backend(config), settings.options(config)
        except RepoOpsError as error:
            pytest.skip(_line(error))

    @property
    def device(self) -> str:
        """Where the tensors must lie, as torch names it."""
        return "cuda" if self._backend == "cuda" else "cpu"

    def __call__(
        self,
        kernel: Kernel,
        *,
        grid: Sequence[int],
        block: Sequence[int],
        args: Sequence[Any],
        shared_bytes: int = 0,
        outputs: Sequence[int] = (),
    ) -> Outcome:
        """Runs one launch; what the checks find fails the test, unless it is a warning.

        Args:
            kernel: source and name.
            grid: one to three extents.
            block: one to three extents.
            args: torch tensors, numpy or ctypes scalars.
            shared_bytes: dynamic shared memory of a block.
            outputs: which arguments hold nothing yet: reads before writes, and what is never written, show.

        Returns:
            What it came to; on the `compile` back end the test ends here, as not run.

        Raises:
            RepoOpsError: the kernel does not compile, its launch is refused, or it failed.
        """
        self._facts |= {"kernel": kernel.source.stem, "version": kernel.name}
        launch = Launch(_three(grid), _three(block), tuple(args), shared_bytes, tuple(outputs))
        try:
            outcome = backends.BACKENDS[self._backend].run(kernel, launch, self._options)
        except RepoOpsError as error:
            if error.code == 2:
                pytest.skip(_line(error))
            raise
        if not outcome.executed:
            self._facts["compiled"] = [asdict(replace(r, kernel=kernel.name)) for r in outcome.resources]
            pytest.skip(settings.why_not_run(self._config))
        self._facts["ran_on"] = outcome.ran_on
        self._facts.setdefault("findings", []).extend(asdict(found) for found in outcome.findings)
        self._facts |= counted(outcome)
        errors = [said(found) for found in outcome.findings if found.severity == "error"]
        if errors:
            pytest.fail("; ".join(errors), pytrace=False)
        return outcome


def _three(extent: Sequence[int]) -> tuple[int, int, int]:
    if not 1 <= len(extent) <= 3:
        raise RepoOpsError(f"an extent has one to three numbers, not {len(extent)}: {tuple(extent)}", code=1)
    x, y, z = (*extent, 1, 1)[:3]
    return x, y, z


def _line(error: RepoOpsError) -> str:
    return str(error).replace("\n", ";")
