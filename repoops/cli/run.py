from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from repoops import clock
from repoops.cli import console, context
from repoops.cli.session_start import start_now
from repoops.errors import RepoOpsError
from repoops.files import atomic_write, digest
from repoops.report.evidence import Evidence
from repoops.session import record
from repoops.session.run import masked, run, tests_in
from repoops.vcs.read import subject

CONTEXT = {"allow_interspersed_args": False}


def command(
    words: Annotated[
        list[str], typer.Argument(metavar="CMD...", help="The command and its arguments, best behind --.")
    ],
    junit: Annotated[
        Path | None,
        typer.Option(help="A JUnit file that the command writes: its tests are recorded by name."),
    ] = None,
) -> None:
    """Run a command and keep exit status, duration, log and exact tree as evidence; its output and exit code pass through."""
    repo, config = context.open_repo()
    exclude = context.outputs(config)
    if record.read(repo).start is None:
        start_now(repo, exclude, "began with its first run")
        console.note("repoops: no session was open: one begins with this run")
    place = record.folder(repo) / "evidence"
    place.mkdir(parents=True, exist_ok=True)
    name = f"run-{sum(1 for _ in place.glob('run-*.json')) + 1}"
    log = place / f"{name}.txt"  # *.log is ignored in many repositories, and evidence must be committed
    before, started = subject(repo, exclude), clock.now().isoformat()
    if junit and junit.exists():
        junit.unlink()  # a file of an earlier run must not speak for this one
    ended = run(words, log, Path.cwd(), clock.monotonic)
    passed, failed = _tests(junit) if junit else ((), ())
    after = subject(repo, exclude)
    evidence = Evidence(
        id=name, subject=before, command=masked(words), exit=ended.exit, started=started, duration_s=ended.duration_s,
        log=digest(log), log_name=log.name, passed=passed, failed=failed,
        changed_tree=after.tree if after.tree != before.tree else None,
    )  # fmt: skip
    atomic_write(place / f"{name}.json", json.dumps(evidence.to_json(), indent=1).encode() + b"\n")
    record.append(repo, {"event": "run", "id": name, "at": started})
    console.note(f"repoops: recorded as {name}: exit {ended.exit} after {ended.duration_s:.1f} s")
    raise typer.Exit(ended.exit if ended.exit >= 0 else 128 - ended.exit)


def _tests(junit: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Names of tests; without a file that can be read none, and that is said: the run has happened all the same."""
    try:
        return tests_in(junit)
    except RepoOpsError as error:
        console.note(f"repoops: {error}; recorded without names of tests")
        return (), ()
