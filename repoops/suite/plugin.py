"""The pytest plugin (entry point `pytest11`): kernel specifications become tests, and their results one report.

At load it imports nothing but pytest, so that test runs without kernels do not pay for it.

A `spec.py` that imports `repoops.suite` and defines `SPEC` is collected; so are plain tests that use
the fixture `run_kernel`. A test that needs hardware which is not there is *not run*: pytest shows it
as skipped with the reason, and the report never counts it as passed. Exit statuses are pytest's own;
a run in which everything was skipped exits 0 as with pytest, and 2 with `repoops verify`.
"""

from __future__ import annotations

import argparse
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence

    from repoops.suite.fixture import RunKernel

KEY = pytest.StashKey[dict[str, Any]]()
"""Under which an item keeps what the report says of it beyond pytest's outcome."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the group `repoops`."""
    group = parser.getgroup("repoops", "CUDA kernels")
    group.addoption("--repoops-backend", default="auto", metavar="NAME", help="auto, cuda, cpu or compile")
    group.addoption(
        "--repoops-arch",
        default="sm_80,sm_89,sm_90,sm_90a",
        metavar="LIST",
        help="architectures to compile for, by commas",
    )
    group.addoption(
        "--repoops-check", default="all", metavar="LIST",
        help="what watches on the CPU, by commas: memcheck, racecheck, initcheck, synccheck, coverage; all or none",
    )  # fmt: skip
    group.addoption(
        "--repoops-order", default="forward,reverse", metavar="LIST",
        help="orders of the warps on the CPU, one run each: forward, reverse, seed:N, by commas; or all",
    )  # fmt: skip
    group.addoption(
        "--repoops-jobs", default=None, type=int, metavar="N", help="cores to use in all on the CPU; default: all of them"
    )  # fmt: skip
    group.addoption(
        "--repoops-report",
        default=None,
        metavar="FILE",
        help="write the kernels' results as JSON (about no tree: no evidence)",
    )
    group.addoption(
        "--repoops-bench", action="store_true", help="list the headline cases too, with what is known of their speed without timing them"
    )  # fmt: skip
    group.addoption(
        "--repoops-quick", action="store_true", help="run a part of each specification, the smallest cases"
    )
    group.addoption("--repoops-failed", action="store_true", help=argparse.SUPPRESS)
    group.addoption(
        "--repoops-shard", default=None, metavar="I/N", help="run the I-th of N parts of the suite; which tests are whose depends on their ids alone"
    )  # fmt: skip
    group.addoption("--repoops-stream", default=None, type=int, metavar="FD", help=argparse.SUPPRESS)


def pytest_configure(config: pytest.Config) -> None:
    """Refuses options that cannot be met, and registers the recorder in the process that writes the report."""
    stream, report = config.getoption("--repoops-stream"), config.getoption("--repoops-report")
    worker = hasattr(config, "workerinput")
    if (stream is not None and not worker) or any(
        config.getoption(f"--repoops-{name}") != usual
        for name, usual in (
            ("backend", "auto"),
            ("check", "all"),
            ("order", "forward,reverse"),
            ("jobs", None),
            ("shard", None),
        )
    ):
        from repoops.errors import RepoOpsError
        from repoops.suite import settings

        try:
            settings.backend(config)
            settings.orders(config)
            settings.options(config)
            settings.shard(config)
        except RepoOpsError as error:
            if stream is not None and not worker:
                _write(stream, {"refused": error.what, "remedy": error.remedy})
            raise pytest.UsageError(str(error)) from None
    if (report or stream is not None) and not worker:
        path = None if report is None else config.invocation_params.dir / report
        config.pluginmanager.register(Recorder(config, path, stream), "repoops-report")


@pytest.hookimpl(optionalhook=True, tryfirst=True)
def pytest_xdist_auto_num_workers(config: pytest.Config) -> int | None:
    """How many processes `repoops verify` gets; another's `-n auto` is left to xdist."""
    if config.getoption("--repoops-stream") is None:
        return None
    from repoops.suite import spread

    return spread.workers(config)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Which of them gets what, in `repoops verify`."""
    if config.getoption("--repoops-stream") is None:
        return None
    from repoops.suite import spread

    return spread.ByGroup(config, log)


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> Generator[None, None, None]:
    """Leaves out what a quick run has no time for; of what all others left, what other shards run."""
    if config.getoption("--repoops-quick"):
        from repoops.suite import quick

        items[:], left = quick.split(items)
        config.hook.pytest_deselected(items=left)
    if config.getoption("--repoops-failed"):
        # pytest 9.2's own --lf does not find ids of items like ours, `version[case]`, in what it has kept itself.
        cache = getattr(config, "cache", None)
        known = cache.get("cache/lastfailed", {}) if cache is not None else {}
        left = [item for item in items if item.nodeid not in known]
        items[:] = [item for item in items if item.nodeid in known]
        config.hook.pytest_deselected(items=left)
    yield
    if config.getoption("--repoops-shard") is not None:
        from repoops.suite import settings

        shard = settings.shard(config, [item.nodeid for item in items])
        if shard is not None:
            own = set(shard.own())
            left = [item for item in items if item.nodeid not in own]
            items[:] = [item for item in items if item.nodeid in own]
            config.hook.pytest_deselected(items=left)
            if hasattr(config, "workeroutput"):
                config.workeroutput["repoops-suite"] = list(shard.tests)


def pytest_collection_finish(session: pytest.Session) -> None:
    """In one of several processes: how many cores it has for itself."""
    of_kernels = (
        item
        for item in session.items
        if item.path.name == "spec.py" or "run_kernel" in getattr(item, "fixturenames", ())
    )
    if hasattr(session.config, "workerinput") and any(of_kernels):
        from repoops.suite import spread

        spread.share(session.config, session.items)


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Takes every `spec.py` that speaks of `repoops.suite`."""
    if file_path.name != "spec.py" or b"repoops.suite" not in file_path.read_bytes():
        return None
    from repoops.suite.collect import SpecFile

    found: pytest.Collector = SpecFile.from_parent(parent, path=file_path)
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Hands an item's facts to the report, across xdist's processes too."""
    report: Any = yield
    facts = item.stash.get(KEY, None)
    if facts is not None:
        report.repoops = facts
    return report


@pytest.fixture
def run_kernel(request: pytest.FixtureRequest) -> RunKernel:
    """Runs a kernel on the chosen back end: `run_kernel(kernel, grid=…, block=…, args=…, shared_bytes=0) -> Outcome`.

    `run_kernel.device` is where the tensors must lie. Where nothing can run a kernel, it is compiled
    for each architecture asked for, its launch is checked, and the test ends there as not run; what
    does not compile, or is refused, fails the test.
    """
    from repoops.suite.fixture import RunKernel

    return RunKernel(request.config, request.node)


class Recorder:
    """Takes down what the tests said: line by line for `repoops verify`, as a report for whoever asked for a file."""

    def __init__(self, config: pytest.Config, path: Path | None, stream: int | None) -> None:
        from repoops import clock

        self.config, self.path, self.stream = config, path, stream
        self.results: list[dict[str, Any]] = []
        self.errors: list[tuple[str, str]] = []
        self.order: list[str] = []
        self.suite: list[str] = []
        self.started = clock.now()
        self._say({"begun": True})

    def _say(self, line: dict[str, Any]) -> None:
        if self.stream is not None:
            _write(self.stream, line)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """How many tests there will be; with xdist each worker knows, and the next hooks are told."""
        from repoops.suite import settings

        shard = self.config.stash.get(settings.SHARD, None)
        if shard is not None and shard.tests:
            self._divided(shard.tests)
        if session.items:
            self._collected([item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """The same from xdist's workers, which all collect the same."""
        self._collected(ids)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """What an xdist worker leaves when it ends: of which suite its tests were a part."""
        self._divided(getattr(node, "workeroutput", {}).get("repoops-suite", ()))

    def _divided(self, suite: Sequence[str]) -> None:
        if suite and not self.suite:
            self.suite = list(suite)
            self._say({"suite": self.suite})

    def _collected(self, ids: list[str]) -> None:
        if not self.order:
            self.order = list(ids)
            self._say({"collected": self.order})

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """One phase of one test: the call, or a set-up or tear-down that did not pass."""
        if report.when not in ("setup", "call"):  # torn down, or gone with its process
            self._say({"finished": report.nodeid})
        facts = getattr(report, "repoops", None)
        if report.when != "call" and report.passed:
            return
        if facts is None and not report.failed:
            return  # an ordinary test among the kernels' that passed or was skipped is none of the report's
        outcome = {"passed": "passed", "failed": "failed", "skipped": "not run"}[report.outcome]
        line = {
            **(facts or _unknown(report)),
            "test": report.nodeid,
            "outcome": outcome,
            "why": _why(report),
            "duration_s": report.duration,
        }
        self.results.append(line)
        self._say({"result": line})

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A file that could not be collected."""
        if report.failed:
            self.errors.append((report.nodeid, _why(report)))
            self._say({"error": self.errors[-1]})

    def pytest_sessionfinish(self, exitstatus: int) -> None:
        """Writes the file, if one was asked for."""
        from repoops.suite import results, settings

        facts = results.environment() if self.results or self.errors else {}
        if self.config.getoption("--repoops-quick"):
            from repoops.suite.quick import RULE

            facts["part"] = RULE
        chosen = settings.backend_or_none(self.config) if facts else "none"
        self._say({"environment": facts, "backend": chosen, "exit": int(exitstatus)})
        if self.path is not None:
            from repoops.files import atomic_write

            report = results.report(
                subject=None, backend=chosen, facts=facts, results=results.in_order(self.results, self.order), not_run=self.errors,
                command=("pytest", *map(str, self.config.invocation_params.args)), status=int(exitstatus),
                started=self.started, duration_s=results.since(self.started), shard=settings.shard(self.config, self.suite),
            )  # fmt: skip
            atomic_write(self.path, json.dumps(report.to_json(), indent=1, allow_nan=False).encode() + b"\n")


def _write(stream: int, line: dict[str, Any]) -> None:
    """One line to the process that started this one."""
    with os.fdopen(os.dup(stream), "wb") as pipe:
        pipe.write(json.dumps(line).encode() + b"\n")


def _unknown(report: pytest.TestReport) -> dict[str, Any]:
    """Of a test that failed before it could say what it is about: a crashed worker, a broken fixture, an ordinary test."""
    place, _, name = report.nodeid.partition("::")
    path = Path(place)
    kernel = path.parent.name if path.name == "spec.py" else path.stem
    version = name.split("::")[0].split("[")[0] if path.name == "spec.py" else name
    return {"kernel": kernel, "version": version, "check": "test", "ran_on": ""}


def _why(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The reason as one text: a skip's own words, else the message of the failure, else all of it."""
    told: Any = report.longrepr
    if told is None:
        return ""
    if isinstance(told, tuple):
        return str(told[2]).removeprefix("Skipped: ")
    crash = getattr(told, "reprcrash", None)
    if crash is None:
        return str(told).strip()
    said: str = crash.message.strip().removeprefix("Failed: ")
    if Path(crash.path).parent == Path(__file__).parent:
        return said  # where in this package a test was failed says nothing of the test
    return f"{said}\n{Path(crash.path).name}:{crash.lineno}"
