"""What a test run was asked for, settled once: the back end and the architectures."""

from __future__ import annotations

import re

import pytest

from repoops import backends
from repoops.backends.interface import Options
from repoops.errors import RepoOpsError
from repoops.nvidia import limits

_CHOSEN = pytest.StashKey[str]()
_LACKING = pytest.StashKey[str]()


def backend(config: pytest.Config) -> str:
    """The back end of this test run.

    Raises:
        RepoOpsError: it cannot work here.
    """
    if _CHOSEN not in config.stash:
        config.stash[_CHOSEN] = backends.choose(config.getoption("--repoops-backend"))
    return config.stash[_CHOSEN]


def backend_or_none(config: pytest.Config) -> str:
    """The back end, or `none` where none can work here."""
    try:
        return backend(config)
    except RepoOpsError:
        return "none"


def archs(config: pytest.Config) -> tuple[str, ...]:
    """The architectures asked for.

    Raises:
        RepoOpsError: there is none, or one is not known.
    """
    named = tuple(a.strip() for a in config.getoption("--repoops-arch").split(",") if a.strip())
    for arch in named:
        if not re.fullmatch(r"sm_\d+[af]?", arch):
            raise RepoOpsError(f"{arch!r} is no architecture", remedy="write them as sm_80,sm_89")
        limits.limits(arch)
    if not named:
        raise RepoOpsError("no architecture is named", remedy="write them as sm_80,sm_89")
    return named


def options(config: pytest.Config) -> Options:
    """What a back end is told."""
    return Options(archs=archs(config))


def why_not_run(config: pytest.Config) -> str:
    """Why the numerics of a kernel are not run on the `compile` back end."""
    if _LACKING not in config.stash:
        found = {name: state for name, state in backends.survey().items() if name != "compile"}
        able = [name for name, state in found.items() if state.ok]
        config.stash[_LACKING] = (
            f"the back end compile runs nothing, though {able[0]} could"
            if able
            else "; ".join(f"{name}: {state.why}" for name, state in found.items())
        )
    return config.stash[_LACKING]
