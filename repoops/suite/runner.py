"""Starts pytest on a repository's kernel tests and turns what it says into one report."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Any

from repoops import clock
from repoops.progress import Progress, silent
from repoops.report.evidence import Subject
from repoops.report.shards import Shard
from repoops.report.verification import VerificationReport
from repoops.suite.results import in_order
from repoops.suite.results import report as build
from repoops.suite.selection import refuse_unreadable

_NEEDS = {
    "pytest": "pytest",
    "xdist": "pytest-xdist",
    "torch": "torch",
    "cuda.bindings": "cuda-bindings",
    "numpy": "numpy",
    "unidiff": "unidiff",
}
_INSTALL = "pip install 'repoops[kernels]'"
SUITE = "the kernel suite"
_NO_TESTS = 5
"""pytest's exit status where nothing was collected, or all of it was left out."""


@dataclass(slots=True)
class _Told:
    """What the plugin said so far."""

    results: list[dict[str, Any]] = field(default_factory=list)
    not_run: list[tuple[str, str]] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)
    backend: str = "none"
    collected: list[str] = field(default_factory=list)
    suite: list[str] = field(default_factory=list)
    finished: int = 0
    begun: bool = False
    complete: bool = False
    refused: bool = False


def verify(
    root: Path,
    *,
    backend: str,
    archs: Sequence[str],
    paths: Sequence[str],
    select: str | None = None,
    checks: str = "all",
    order: str = "forward,reverse",
    jobs: int | None = None,
    bench: bool = False,
    quick: bool = False,
    failed: bool = False,
    shard: Shard | None = None,
    foreign: bool = False,
    subject: Subject | None = None,
    progress: Progress = silent,
) -> VerificationReport:
    """Runs the kernel tests below `paths` and reports; what cannot be run is in the report as not run.

    pytest runs in a process of its own, so that a kernel that takes it down is a line in the report;
    it is this interpreter's, with `root` as its folder and on its path, and the repository's own
    pytest configuration holds.

    Args:
        root: the repository's root.
        backend: `auto`, `cuda`, `cpu` or `compile`.
        archs: architectures to compile for.
        paths: files and folders, relative to `root`.
        select: pytest's `-k` expression.
        checks: what watches on the CPU, by commas; `all` or `none`.
        order: of the warps on the CPU, one run of each case for each, by commas; `all`.
        jobs: cores to use on the CPU, a process for each; None takes all.
        bench: list the headline cases too, compiled but not timed.
        quick: only a part of each specification; the report says so.
        failed: only what failed when it was run last, as pytest's cache has it.
        shard: only this part of the tests that all other options leave.
        foreign: whether `root` may hold another version of this tool, which must not be the one that runs.
        subject: the tree this is about; without one the report is no evidence.
        progress: told of every test.

    Raises:
        RepoOpsError: `select` is no expression.
    """
    started, begun = clock.now(), clock.monotonic()
    wanted = [path for path in paths if (root / path.split("::")[0]).exists()]
    command = ["-m", "pytest", "-q", "-n", "0" if foreign else "auto", "--no-loadscope-reorder", "--continue-on-collection-errors", f"--repoops-backend={backend}",
               f"--repoops-arch={','.join(archs)}", f"--repoops-check={checks}", f"--repoops-order={order}",
               *([f"--repoops-jobs={jobs}"] if jobs is not None else []), *(["-k", select] if select else []),
               *(["--repoops-bench"] if bench else []), *(["--repoops-quick"] if quick else []), *(["--repoops-failed"] if failed else []),
               *([f"--repoops-shard={shard.number}/{shard.of}"] if shard else []), "--", *wanted]  # fmt: skip
    told, status = _Told(), 4
    told.not_run += [(SUITE, why) for why in _hindered(paths, wanted)]
    where = ", ".join(wanted) + (f" that matches {select!r}" if select else "")
    if not told.not_run and select:
        refuse_unreadable(select)
    if not told.not_run:
        status, words = _run(root, command, told, progress, foreign=foreign)
        if status == _NO_TESTS and told.suite:
            status = 0  # there are more shards than tests, and this one has none
        _complain(told, status, words, where, failed=failed)
    return build(
        subject=subject, backend=told.backend, facts=told.environment, results=in_order(told.results, told.collected), not_run=told.not_run,
        started=started, duration_s=round(clock.monotonic() - begun, 3), command=("python", *command), status=status,
        shard=replace(shard, tests=tuple(told.suite)) if shard else None,
    )  # fmt: skip


def _hindered(paths: Sequence[str], wanted: Sequence[str]) -> list[str]:
    """Why nothing can be run: a package or a path is missing."""
    missing = [package for module, package in _NEEDS.items() if not _there(module)]
    if missing:
        return [f"{', '.join(missing)} not installed; {_INSTALL}"]
    gone = [path for path in paths if path not in wanted]
    if gone or not paths:
        where = "verify.paths says where kernel tests lie"
        return [f"no {' or '.join(gone) or 'path'} in this repository ({where})"]
    return []


def _there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


_FOREIGN = "import sys; sys.path.insert(0, sys.argv.pop(1)); import repoops; del sys.path[0]; import pytest; sys.exit(pytest.console_main())"
"""Has this very package imported before the folder that it runs in can offer another."""


def _start(*, foreign: bool) -> list[str]:
    if not foreign:
        return ["-m", "pytest"]
    ours = str(Path(__file__).parents[2])
    return ["-c", _FOREIGN, ours, "-W", "ignore::pytest.PytestAssertRewriteWarning"]


def _run(
    root: Path, command: Sequence[str], told: _Told, progress: Progress, *, foreign: bool
) -> tuple[int, str]:
    """The exit status of pytest, what it printed; what the plugin says comes through a pipe, line by line."""
    read, write = os.pipe()
    at = command.index("--")
    # With automatic loading switched off (a variable of pytest's), the plugin has to be named.
    named = (
        ["-p", "xdist", "-p", "repoops.suite.plugin"]
        if os.environ.get("PYTEST_DISABLE_PLUGIN_AUTOLOAD")
        else []
    )
    whole = [
        sys.executable,
        *_start(foreign=foreign),
        *command[2:at],
        *named,
        f"--repoops-stream={write}",
        *command[at:],
    ]
    progress(0, 1, "collecting kernel tests")
    with tempfile.TemporaryFile() as words, os.fdopen(read, "rb") as lines:
        try:
            process = subprocess.Popen(
                whole,
                cwd=root,
                stdin=subprocess.DEVNULL,
                stdout=words,
                stderr=subprocess.STDOUT,
                pass_fds=(write,),
            )
        finally:
            os.close(write)
        try:
            _listen(lines, told, progress)
            status = process.wait()
        except BaseException:
            process.terminate()
            process.wait()
            raise
        words.seek(0)
        return status, words.read().decode("utf-8", "replace")


def _listen(lines: IO[bytes], told: _Told, progress: Progress) -> None:
    for raw in lines:
        try:
            line = json.loads(raw)
        except ValueError:
            break  # the process was killed while it wrote; the rest is missing, and counted as such
        if "result" in line:
            told.results.append(line["result"])
        elif "error" in line:
            error = (line["error"][0], line["error"][1])
            told.not_run += [] if error in told.not_run else [error]  # every process collects all
        elif "collected" in line:
            told.collected = line["collected"]
        elif "suite" in line:
            told.suite = line["suite"]
        elif "finished" in line:
            told.finished += 1
            progress(
                told.finished, max(len(told.collected), told.finished), line["finished"].rsplit("/", 1)[-1]
            )
        elif "refused" in line:
            told.refused = True
            told.not_run.append(
                (SUITE, f"{line['refused']}; {line['remedy']}" if line["remedy"] else line["refused"])
            )
        elif "begun" in line:
            told.begun = True
        elif "exit" in line:
            told.complete = True
            told.environment, told.backend = line["environment"], line["backend"]


def _complain(told: _Told, status: int, words: str, where: str, *, failed: bool) -> None:
    """Adds what the results do not say: a run that broke off, or in which nothing was to be found."""
    if told.refused:
        return
    if not told.complete:
        died = f"signal {-status}" if status < 0 else f"status {status}"
        if not told.begun:
            told.not_run.append((SUITE, f"pytest ended with {died} before it began: {_last(words)}"))
        else:
            told.not_run.append(
                (SUITE, f"pytest ended with {died} and left {_lost(told)} unreported: {_last(words)}")
            )
    elif told.finished < len(told.collected):
        told.not_run.append(
            (SUITE, f"pytest stopped early and left {_lost(told)} unreported: {_last(words)}")
        )
    elif not told.results and not told.not_run and (told.collected or not told.suite):
        why = (
            f"nothing failed in the last run in {where}" if status == _NO_TESTS and failed
            else f"no test in {where}" if status == _NO_TESTS
            else f"tests ran in {where}, but none of a kernel (a spec.py, or one that uses run_kernel)"
            if status in (0, 1) else f"pytest ended with status {status}: {_last(words)}"
        )  # fmt: skip
        told.not_run.append((SUITE, why))


def _lost(told: _Told) -> str:
    lost = len(told.collected) - told.finished
    return f"{lost} of {len(told.collected)} tests" if told.collected else "all tests"


def _last(words: str) -> str:
    """The line that says most: the last with an error in it, else the last."""
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    errors = [line for line in lines if "rror" in line]
    return (errors or lines or ["it said nothing"])[-1]
