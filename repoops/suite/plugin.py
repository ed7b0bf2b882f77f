"""The pytest plugin (entry point `pytest11`): kernel specifications become tests, and their results one report.

At load it imports nothing but pytest, so that test runs without kernels do not pay for it.

A `spec.py` that imports `repoops.suite` and defines `SPEC` is collected; so are plain tests that use
the fixture `run_kernel`. A test that needs hardware which is not there is *not run*: pytest shows it
as skipped with the reason, and the report never counts it as passed.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from repoops.kernel.model import Kernel, Outcome

_RESULT = "repoops"
ARCHS = "sm_80,sm_89,sm_90"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Adds the group `repoops`."""
    group = parser.getgroup("repoops", "CUDA kernels")
    group.addoption("--repoops-backend", default="auto", help="auto, cuda, cpu or compile")
    group.addoption("--repoops-archs", default=ARCHS, help="architectures to compile for, by commas")
    group.addoption(
        "--repoops-report", default=None, metavar="FILE", help="write the results of kernels as JSON"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Registers the recorder in the process that writes the report, and the marker."""
    config.addinivalue_line("markers", "repoops_kernel: a test that runs a CUDA kernel")
    if config.getoption("--repoops-report") and not hasattr(config, "workerinput"):
        config.pluginmanager.register(
            _Recorder(config.rootpath / config.getoption("--repoops-report")), "repoops-report"
        )


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> pytest.Collector | None:
    """Takes every `spec.py` that speaks of `repoops.suite`."""
    if file_path.name != "spec.py" or b"repoops.suite" not in file_path.read_bytes():
        return None
    from repoops.suite.collect import SpecFile

    found: pytest.Collector = SpecFile.from_parent(parent, path=file_path)
    return found


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, Any, Any]:
    """Hands an item's result to the report, across xdist's processes too."""
    report: Any = yield
    facts = item.stash.get(KEY, None)
    if facts is not None:
        report.repoops = facts
    return report


KEY = pytest.StashKey[dict[str, Any]]()
"""Under which an item keeps what the report says of it beyond pytest's outcome."""


@pytest.fixture
def run_kernel(request: pytest.FixtureRequest) -> Callable[..., Outcome]:
    """Runs a kernel on the chosen back end: `run_kernel(kernel, grid=…, block=…, args=…, shared_bytes=0)`.

    Where nothing can run it, it is compiled for each architecture asked for, and the test ends as
    not run; a kernel that does not compile fails the test.
    """
    from repoops.suite import collect

    node = request.node
    backend = collect.backend_of(request.config)
    facts: dict[str, Any] = {"kernel": node.path.stem, "version": node.name, "check": "test", "ran_on": ""}
    node.stash[KEY] = facts

    def run(
        kernel: Kernel,
        *,
        grid: tuple[int, ...],
        block: tuple[int, ...],
        args: tuple[Any, ...],
        shared_bytes: int = 0,
    ) -> Outcome:
        facts["kernel"], facts["version"] = kernel.source.stem, kernel.name
        return collect.run_or_compile(
            request.config, backend, kernel, (grid, block, args, shared_bytes), facts
        )

    return run


class _Recorder:
    """Collects what the items said and writes the report when the session ends."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.results: list[dict[str, Any]] = []
        self.errors: list[tuple[str, str]] = []

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        facts = getattr(report, _RESULT, None)
        if facts is None or (report.when != "call" and report.passed):
            return
        outcome = {"passed": "passed", "failed": "failed", "skipped": "not run"}[report.outcome]
        self.results.append(
            {
                **facts,
                "test": report.nodeid,
                "outcome": outcome,
                "why": _why(report),
                "duration_s": report.duration,
            }
        )

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.errors.append((report.nodeid, _why(report)))

    def pytest_sessionfinish(self) -> None:
        self.path.write_text(json.dumps({"results": self.results, "errors": self.errors}), encoding="utf-8")


def _why(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The reason as one text: a skip's own words, else the last lines of the failure."""
    told: Any = report.longrepr
    if told is None:
        return ""
    if isinstance(told, tuple):
        return str(told[2]).removeprefix("Skipped: ")
    crash = getattr(told, "reprcrash", None)
    return str(crash.message if crash else told).strip()
