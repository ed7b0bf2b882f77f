from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from repoops.cli import console, context
from repoops.config import Config
from repoops.errors import RepoOpsError
from repoops.files import atomic_write
from repoops.progress import Progress
from repoops.report import benchmark, junit, store, table
from repoops.report.compare import changes
from repoops.report.shards import Shard, parse
from repoops.report.verification import VerificationReport
from repoops.vcs.read import Repository, committed_tree, messages, subject


def command(
    paths: Annotated[
        list[str] | None,
        typer.Argument(help="Files and folders; default: verify.paths of the configuration."),
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
    repo, config = context.open_repo()
    with console.progress(lines=progress_lines) as progress:
        report = run(
            repo,
            config,
            progress,
            backend=backend,
            select=select,
            archs=_split(arch),
            paths=tuple(paths or ()),
            checks=check,
            order=order,
            jobs=jobs,
            bench=bench,
            quick=quick,
            failed=failed,
            shard=parse(shard) if shard else None,
        )
    if html_to:
        from repoops.bench.page import page

        _write(html_to, page(report, store.recent(repo.state)[::-1]).encode())
    if report_to:
        _write(report_to, json.dumps(report.to_json(), indent=1, allow_nan=False).encode() + b"\n")
    if junit_to:
        _write(junit_to, junit.xml(report))
    if as_json:
        console.out_json(report.to_json())
    else:
        for line in [*table.lines(report, verbose=verbose), *benchmark.lines(report)]:
            console.out(line)
    ran = report.count("passed") + report.count("failed")
    empty = report.shard is not None and report.shard.tests and not report.shard.own()
    raise typer.Exit(0 if report.ok or empty else 1 if ran else 2)


def run(
    repo: Repository,
    config: Config,
    progress: Progress,
    *,
    backend: str = "auto",
    select: str | None = None,
    archs: tuple[str, ...] = (),
    paths: tuple[str, ...] = (),
    checks: str = "all",
    order: str = "forward,reverse",
    jobs: int | None = None,
    bench: bool = False,
    quick: bool = False,
    failed: bool = False,
    shard: Shard | None = None,
) -> VerificationReport:
    """Verifies the tree as it is now, and keeps the report if it is about all of the suite and the tree held still."""
    from repoops.suite.runner import verify

    exclude = context.outputs(config)
    before = subject(repo, exclude)
    earlier = _earlier(repo, exclude, before.tree)
    report = verify(
        repo.root, backend=backend, archs=archs or config.verify.archs, paths=paths or config.verify.paths,
        select=select, checks=checks, order=order, jobs=jobs, bench=bench, quick=quick, failed=failed, shard=shard, subject=before, progress=progress,
    )  # fmt: skip
    if bench:
        from repoops.bench import measure

        report = measure.with_floors(report)
        report = measure.measured(report, repo.root, "repoops.suite.contests:contest", progress=progress)
    if subject(repo, exclude).tree != before.tree:
        console.note("the tree changed while the suite ran: this report is about no tree, and no evidence")
        return replace(report, subject=None)
    whole = (
        not (select or archs or paths or quick or failed or shard)
        and checks == "all"
        and order in ("forward,reverse", "all")
    )
    if earlier is not None and earlier.subject is not None:
        told = changes(earlier, report, whole=not (select or paths or quick or failed or shard))
        report = replace(report, compared_with=earlier.subject.tree, changes=told)
    # What was only compiled on purpose must not stand where a session looks for what could have been run.
    if whole and report.results and (backend == "auto" or report.backend != "compile"):
        store.save(repo.state, report)
    return report


_ANCESTORS = 30
"""How far back a report to compare with is looked for, commits."""


def _earlier(repo: Repository, exclude: tuple[str, ...], tree: str) -> VerificationReport | None:
    """The report that is kept about HEAD's tree, or else about the newest of its ancestors'; never that of `tree` itself."""
    kept = store.kept(repo.state) - {tree}
    for commit, _ in messages(repo, _ANCESTORS) if kept else ():
        about = committed_tree(repo, commit, exclude)
        if about in kept:
            return store.load(repo.state, about)
    return None


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
