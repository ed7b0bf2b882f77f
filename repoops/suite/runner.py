"""Starts pytest on a repository's kernel tests and turns what it says into one report."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from repoops import clock
from repoops.errors import RepoOpsError
from repoops.progress import Progress, silent
from repoops.report.evidence import Subject
from repoops.report.verification import (
    CaseResult,
    Error,
    Failed,
    NotRun,
    Passed,
    Resources,
    Result,
    VerificationReport,
)

_NEEDS = ("pytest", "torch", "cuda.bindings")
_INSTALL = "pip install 'repoops[kernels]'"


def verify(
    root: Path,
    *,
    backend: str,
    archs: Sequence[str],
    paths: Sequence[str],
    select: str | None = None,
    subject: Subject | None = None,
    progress: Progress = silent,
) -> VerificationReport:
    """Runs the kernel tests below `paths` and reports; what cannot be run is in the report as not run.

    Args:
        root: the repository's root, in which pytest is started.
        backend: `auto`, `cuda`, `cpu` or `compile`.
        archs: architectures to compile for.
        paths: files and folders, relative to `root`.
        select: pytest's `-k` expression.
        subject: the tree this is about; without one the report is no evidence.
        progress: told at the beginning and the end.

    Raises:
        RepoOpsError: the back end that was asked for by name cannot work here.
    """
    started, begun = clock.now().isoformat(), clock.monotonic()
    missing = [name for name in _NEEDS if not _there(name)]
    wanted = [path for path in paths if (root / path).exists()]
    why = None
    if missing:
        why = f"{', '.join(missing)} not installed; {_INSTALL}"
    elif not wanted:
        why = f"no {' or '.join(paths)} in this repository"
    if why:
        return VerificationReport(subject, "none", (), (), (("the kernel suite", why),), started, 0.0, (), 4)
    from repoops import backends
    from repoops.suite.collect import machine_facts

    chosen = backends.choose(backend)
    facts = machine_facts() | {"backend": f"{chosen}: {backends.BACKENDS[chosen].available().why}"}
    progress(0, 1, "kernel tests")
    with tempfile.TemporaryDirectory(prefix="repoops-verify-") as folder:
        said = Path(folder, "results.json")
        options = [
            f"--repoops-backend={chosen}",
            f"--repoops-archs={','.join(archs)}",
            f"--repoops-report={said}",
        ]
        command = [
            sys.executable,
            "-m",
            "pytest",
            "-q",
            *options,
            *(["-k", select] if select else []),
            "--",
            *wanted,
        ]
        done = subprocess.run(
            command, cwd=root, capture_output=True, text=True, errors="replace", check=False
        )
        data: dict[str, Any] = (
            json.loads(said.read_text(encoding="utf-8")) if said.exists() else {"results": [], "errors": []}
        )
    progress(1, 1, "kernel tests")
    not_run = [(what, reason) for what, reason in data["errors"]]
    if not said_anything(data) or done.returncode > 1:
        not_run.append(("the kernel suite", _complaint(done.returncode, done.stdout + done.stderr, wanted)))
    shown = ("python", "-m", "pytest", "-q", *options[:2], *(["-k", select] if select else []), "--", *wanted)
    return VerificationReport(
        subject, chosen, tuple(facts.items()), tuple(_case(r) for r in data["results"]), tuple(not_run),
        started, round(clock.monotonic() - begun, 3), shown, done.returncode,
    )  # fmt: skip


def said_anything(data: dict[str, Any]) -> bool:
    """Whether there is a result or a named error."""
    return bool(data["results"] or data["errors"])


def _there(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def _complaint(status: int, words: str, paths: Sequence[str]) -> str:
    if status == 5:
        return f"no kernel test in {', '.join(paths)}"
    if status in (0, 1):
        return f"tests ran in {', '.join(paths)}, but none of a kernel (a spec.py, or a test that uses run_kernel)"
    lines = [line.strip() for line in words.splitlines() if line.strip()]
    errors = [line for line in lines if "rror" in line]
    return f"pytest ended with status {status}: {(errors or lines or ['it said nothing'])[-1]}"


def _case(data: dict[str, Any]) -> CaseResult:
    results: dict[str, Result] = {
        "passed": Passed(),
        "failed": Failed(data["why"] or "no reason given"),
        "not run": NotRun(data["why"] or "no reason given"),
    }
    error, resources = data.get("error"), data.get("resources")
    try:
        return CaseResult(
            test=data["test"],
            kernel=data["kernel"],
            version=data["version"],
            check=data["check"],
            ran_on=data["ran_on"],
            result=results[data["outcome"]],
            duration_s=round(data["duration_s"], 4),
            error=Error(**{**error, "worst_index": tuple(error["worst_index"])}) if error else None,
            resources=Resources(**resources) if resources else None,
        )
    except (KeyError, TypeError) as fault:
        raise RepoOpsError(
            f"the plugin's result is not understood: {fault!r}", where=str(data.get("test"))
        ) from None
