"""What a test run was asked for, settled once: the back end and the architectures."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

import pytest

from repoops import backends
from repoops.backends.interface import CHECKS, Options
from repoops.errors import RepoOpsError
from repoops.nvidia import limits
from repoops.report.shards import Shard, parse

_CHOSEN = pytest.StashKey[str]()
_LACKING = pytest.StashKey[str]()
THREADS = pytest.StashKey[int]()
"""How many a launch may have where several processes run tests."""


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
    """What a back end is told; in the first of the orders.

    Raises:
        RepoOpsError: an option names what there is not.
    """
    jobs = config.getoption("--repoops-jobs")
    if jobs is not None and jobs < 1:
        raise RepoOpsError(f"{jobs} threads run nothing", remedy="--jobs takes a number from 1 on")
    return Options(
        archs=archs(config),
        checks=checks(config.getoption("--repoops-check")),
        order=orders(config)[0],
        jobs=config.stash.get(THREADS, jobs),
    )


SHARD = pytest.StashKey[Shard]()
"""The part of the suite that runs, once its tests are known."""


def shard(config: pytest.Config, tests: Sequence[str] = ()) -> Shard | None:
    """The part of the suite that was asked for, if one was, and `tests` as those of the suite.

    Raises:
        RepoOpsError: it is written wrongly.
    """
    wanted = config.getoption("--repoops-shard")
    if wanted is None:
        return None
    found = replace(parse(wanted), tests=tuple(tests))
    config.stash[SHARD] = found
    return found


def processes(config: pytest.Config) -> int:
    """How many run this suite's tests: 1 without pytest-xdist."""
    return int(getattr(config, "workerinput", {}).get("workercount", 1))


def checks(wanted: str) -> tuple[str, ...]:
    """The checks that a list by commas names, in the usual order; `all` and `none` are words for what they say.

    Raises:
        RepoOpsError: one is not known.
    """
    named = {word.strip() for word in wanted.split(",") if word.strip()}
    if named == {"none"}:
        return ()
    if named == {"all"}:
        return CHECKS
    unknown = sorted(named - set(CHECKS))
    if unknown or not named:
        raise RepoOpsError(
            f"there is no check {unknown[0]!r}" if unknown else "no check is named",
            remedy=f"choose: {', '.join(CHECKS)}, all or none",
        )
    return tuple(check for check in CHECKS if check in named)


ALL_ORDERS = ("forward", "reverse", "seed:1")


def orders(config: pytest.Config) -> tuple[str, ...]:
    """In which orders the warps of a block take turns, one run of each case for each; two at least.

    Raises:
        RepoOpsError: one is not known.
    """
    named = split_orders(config.getoption("--repoops-order"))
    return named if len(named) > 1 else named * 2


def split_orders(wanted: str) -> tuple[str, ...]:
    """The orders that a list by commas names; `all` is a word for three.

    Raises:
        RepoOpsError: one is not known.
    """
    named = ALL_ORDERS if wanted == "all" else tuple(w.strip() for w in wanted.split(",") if w.strip())
    for order in named:
        check_order(order)
    if not named:
        raise RepoOpsError("no order is named", remedy="choose: forward, reverse, seed:N or all")
    return named


def check_order(order: str) -> None:
    """Raises RepoOpsError for an order that there is not."""
    if not re.fullmatch(r"forward|reverse|seed:\d{1,9}", order):
        raise RepoOpsError(
            f"there is no order {order!r} of warps", remedy="choose: forward, reverse, seed:N or all"
        )


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
