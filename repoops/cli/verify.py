from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from repoops.cli import console, context
from repoops.cli.asked import Asked, compared, earlier, keep
from repoops.config import Config
from repoops.errors import RepoOpsError
from repoops.files import atomic_write
from repoops.progress import Progress
from repoops.report import benchmark, junit, store, table
from repoops.report.merge import BROKEN_OFF
from repoops.report.shards import parse
from repoops.report.verification import VerificationReport
from repoops.vcs.read import Repository, subject


def command(
    paths: Annotated[
        list[str] | None,
        typer.Argument(
            help="Files, folders, or tests as a failure names them; default: verify.paths of the configuration."
        ),
    ] = None,
    backend: Annotated[str, typer.Option(help="auto, cuda, cpu or compile.")] = "auto",
    select: Annotated[str | None, typer.Option("-k", help="Only tests that match, as pytest's -k.")] = None,
    quick: Annotated[
        bool,
        typer.Option(
            "--quick",
            help="Only the smallest cases of each version and the first; the report is marked as a part.",
        ),
    ] = False,
    failed: Annotated[bool, typer.Option("--failed", help="Only what failed when it was run last.")] = False,
    shard: Annotated[
        str | None,
        typer.Option(
            "--shard",
            metavar="I/N",
            help="Only the I-th of N parts of the suite, the same everywhere; the report is marked as a part.",
        ),
    ] = None,
    arch: Annotated[
        str | None, typer.Option(help="Architectures to compile for, by commas: sm_80,sm_89.")
    ] = None,
    check: Annotated[
        str,
        typer.Option(
            help="What watches on the CPU, by commas: memcheck, racecheck, initcheck, synccheck, coverage; all or none."
        ),
    ] = "all",
    order: Annotated[
        str,
        typer.Option(
            help="Orders of the warps on the CPU, one run each: forward, reverse, seed:N, by commas; or all."
        ),
    ] = "forward,reverse",
    jobs: Annotated[
        int | None, typer.Option(help="Cores to use on the CPU, a process for each; default: all of them.")
    ] = None,
    bench: Annotated[
        bool,
        typer.Option(
            "--bench",
            help="Time the headline cases on a GPU; without one: floors, occupancy and counts, no times.",
        ),
    ] = False,
    html_to: Annotated[
        Path | None, typer.Option("--html", help="With --bench: write its page, which needs no network.")
    ] = None,
    on: Annotated[
        str | None,
        typer.Option(
            "--on",
            metavar="HOST[,HOST...]",
            help="Run it there: whatever ssh understands, or a name from hosts: in the configuration; several divide the suite.",
        ),
    ] = None,
    no_local: Annotated[
        bool, typer.Option("--no-local", help="With --on: do not run the CPU tier here first.")
    ] = False,
    split: Annotated[
        str, typer.Option(help="With several hosts: what they divide, shard or arch.")
    ] = "shard",
    limit: Annotated[
        int | None, typer.Option(min=1, metavar="MINUTES", help="With --on: end the job after so long.")
    ] = None,
    idle: Annotated[
        int | None,
        typer.Option(
            min=1,
            metavar="MINUTES",
            help="With --on: the host ends the job when nobody has asked for so long.",
        ),
    ] = None,
    shutdown: Annotated[
        bool, typer.Option("--shutdown", help="With --idle: and then shuts itself down.")
    ] = False,
    progress_lines: Annotated[
        bool,
        typer.Option("--progress-lines", help="Say on stderr which test runs, for a log; a line a second."),
    ] = False,
    report_to: Annotated[Path | None, typer.Option("--report", help="Write the report as JSON.")] = None,
    junit_to: Annotated[Path | None, typer.Option("--junit", help="Write JUnit XML.")] = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Show every case and every finding.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
) -> None:
    """Run the kernel suite on what there is, and report; what did not run is not run, never passed.

    Exit codes: 0 something ran, and all that ran passed; 1 a check failed, or a test could not be
    collected; 2 nothing could be run, and the report says why.
    """
    if html_to and not bench:
        raise RepoOpsError(
            "--html writes the benchmark's page", remedy=f"repoops verify --bench --html {html_to}"
        )
    asked = Asked(
        backend=backend, select=select, archs=_split(arch), paths=tuple(paths or ()), checks=check, order=order, jobs=jobs, bench=bench,
        quick=quick, failed=failed, shard=parse(shard) if shard else None,
    )  # fmt: skip
    repo, config = context.open_repo()
    asked = replace(asked, paths=tuple(_from_root(repo.root, path) for path in asked.paths))
    if on is not None:
        from repoops.cli.on import trip_to, verify_on

        trip = trip_to(on, local=not no_local, split=split, limit=limit, idle=idle, shutdown=shutdown)
        report = verify_on(repo, config, asked, trip)
    elif no_local or split != "shard" or limit or idle or shutdown:
        raise RepoOpsError(
            "--no-local, --split, --limit, --idle and --shutdown need --on", remedy="name a host: --on HOST"
        )
    else:
        with console.progress(lines=progress_lines) as progress:
            report = run(repo, config, progress, asked)
    if html_to:
        from repoops.bench.page import page

        _write(html_to, page(report, store.recent(repo.state)[::-1]).encode())
    if report_to:
        _write(report_to, json.dumps(report.to_json(), indent=1, allow_nan=False).encode() + b"\n")
    if junit_to:
        _write(junit_to, junit.xml(report))
    raise typer.Exit(show(report, as_json=as_json, verbose=verbose))


def show(report: VerificationReport, *, as_json: bool, verbose: bool = False) -> int:
    """Prints a report and returns the exit code that it stands for."""
    if as_json:
        console.out_json(report.to_json())
    else:
        for line in [*table.lines(report, verbose=verbose), *benchmark.lines(report)]:
            console.out(line)
    if report.ok or (report.shard and report.shard.tests and not report.shard.own()):
        return 0
    if report.pytest_exit == BROKEN_OFF and not report.count("failed"):
        return 2
    return 1 if report.count("passed") + report.count("failed") else 2


def run(
    repo: Repository, config: Config, progress: Progress, asked: Asked = Asked()  # noqa: B008 - frozen, so it is one value
) -> VerificationReport:  # fmt: skip
    """Verifies the tree as it is now, and keeps the report if it is about all of the suite and the tree held still."""
    from repoops.suite.runner import verify

    exclude = context.outputs(config)
    before = subject(repo, exclude)
    previous = earlier(repo, exclude, before.tree)
    report = verify(
        repo.root, backend=asked.backend, archs=asked.archs or config.verify.archs, paths=asked.paths or config.verify.paths,
        select=asked.select, checks=asked.checks, order=asked.order, jobs=asked.jobs, bench=asked.bench, quick=asked.quick,
        failed=asked.failed, shard=asked.shard, subject=before, progress=progress,
    )  # fmt: skip
    if asked.bench:
        from repoops.bench import measure

        report = measure.with_floors(report)
        report = measure.measured(report, repo.root, "repoops.suite.contests:contest", progress=progress)
    if subject(repo, exclude).tree != before.tree:
        console.note("the tree changed while the suite ran: this report is about no tree, and no evidence")
        return replace(report, subject=None)
    report = compared(report, previous, every_version=asked.every_version)
    if asked.whole:
        keep(repo, report, asked.backend)
    return report


def _from_root(root: Path, path: str) -> str:
    """A path or a test's id as the root has it, given so or as the current folder has it."""
    file, colons, test = path.partition("::")
    here, top = (Path.cwd() / file).resolve(), root.resolve()
    if not here.exists() or not here.is_relative_to(top):
        return path
    return here.relative_to(top).as_posix() + colons + test


def _write(path: Path, content: bytes) -> None:
    try:
        atomic_write(path, content)
    except OSError as error:
        raise RepoOpsError(f"cannot be written: {error.strerror}", where=str(path)) from None


def _split(arch: str | None) -> tuple[str, ...]:
    if arch is None:
        return ()
    chosen = tuple(a.strip() for a in arch.split(",") if a.strip())
    if not chosen:
        raise RepoOpsError("--arch names no architecture", remedy="for example: --arch sm_80,sm_89")
    return chosen
