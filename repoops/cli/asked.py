"""What `repoops verify` was asked for, and what becomes of the report that it gets, from here or from a host."""

from __future__ import annotations

from dataclasses import dataclass, replace

from repoops.report import store
from repoops.report.compare import changes
from repoops.report.shards import Shard
from repoops.report.verification import VerificationReport
from repoops.vcs.read import Repository, committed_tree, messages

_ANCESTORS = 30
"""How far back a report to compare with is looked for, commits."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The options of `repoops verify` that decide what runs; empty `archs` and `paths` are the configuration's."""

    backend: str = "auto"
    select: str | None = None
    archs: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    checks: str = "all"
    order: str = "forward,reverse"
    jobs: int | None = None
    bench: bool = False
    quick: bool = False
    failed: bool = False
    shard: Shard | None = None

    @property
    def every_version(self) -> bool:
        """Whether a version that is not in the report is gone."""
        return not (self.select or self.paths or self.quick or self.failed or self.shard)

    @property
    def whole(self) -> bool:
        """Whether the report is about all of the suite, with all checks."""
        orders = self.order in ("forward,reverse", "all")
        return self.every_version and not self.archs and self.checks == "all" and orders

    def words(self) -> tuple[str, ...]:
        """As a command line has it, but for `--backend`."""
        given = (
            ("-k", self.select),
            ("--arch", ",".join(self.archs) or None),
            ("--check", self.checks if self.checks != "all" else None),
            ("--order", self.order if self.order != "forward,reverse" else None),
            ("--jobs", None if self.jobs is None else str(self.jobs)),
            ("--shard", f"{self.shard.number}/{self.shard.of}" if self.shard else None),
        )
        flags = (("--bench", self.bench), ("--quick", self.quick), ("--failed", self.failed))
        return (
            *(word for name, value in given if value is not None for word in (name, value)),
            *(name for name, on in flags if on),
            *(("--", *self.paths) if self.paths else ()),
        )


def earlier(repo: Repository, exclude: tuple[str, ...], tree: str) -> VerificationReport | None:
    """The report that is kept about HEAD's tree, or else about the newest of its ancestors'; never that of `tree` itself."""
    kept = store.kept(repo.state) - {tree}
    for commit, _ in messages(repo, _ANCESTORS) if kept else ():
        about = committed_tree(repo, commit, exclude)
        if about in kept:
            return store.load(repo.state, about)
    return None


def compared(
    report: VerificationReport, before: VerificationReport | None, *, every_version: bool
) -> VerificationReport:
    """The report with what kernels are held to otherwise than before."""
    if before is None or before.subject is None:
        return report
    told = changes(before, report, whole=every_version)
    return replace(report, compared_with=before.subject.tree, changes=told)


def keep(repo: Repository, report: VerificationReport, backend: str) -> None:
    """Stores a report about all of the suite.

    What was only compiled on purpose must not stand where a session looks for what could have been run.
    """
    if report.results and (backend == "auto" or report.backend != "compile"):
        store.save(repo.state, report)
