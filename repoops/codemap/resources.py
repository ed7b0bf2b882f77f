"""Registers and occupancy of kernels, from the newest stored report about this tree or an ancestor of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from repoops.report.store import recent
from repoops.report.verification import VerificationReport
from repoops.vcs.read import Repository, subject
from repoops.vcs.run import git
from repoops.words import many


@dataclass(frozen=True, slots=True)
class Compiled:
    """What ptxas allotted a kernel on one architecture; `occupancy` is a share of 1, None where no launch was known."""

    kernel: str
    version: str
    arch: str
    registers: int
    shared: int
    spills: int
    occupancy: float | None


@dataclass(frozen=True, slots=True)
class Measured:
    """`about` says in words of which tree the report is; `rows` are its compilations, in order."""

    about: str
    rows: tuple[Compiled, ...]


def measured(repo: Repository) -> Measured | None:
    """The newest report with resources whose tree is the present one or whose commit is HEAD or above it."""
    reports = [report for report in recent(repo.state) if any(r.resources for r in report.results)]
    if not reports:
        return None
    for report in reports:
        about = _about(repo, report)
        if about:
            return Measured(about, tuple(_rows(report)))
    return None


def measured_to_json(found: Measured | None) -> dict[str, Any] | None:
    """As plain data."""
    if found is None:
        return None
    rows = [
        {"kernel": r.kernel, "version": r.version, "arch": r.arch, "registers": r.registers,
         "shared_bytes": r.shared, "spill_bytes": r.spills, "occupancy": r.occupancy}
        for r in found.rows
    ]  # fmt: skip
    return {"about": found.about, "rows": rows}


def words(rows: Iterable[Compiled], names: Iterable[str]) -> list[str]:
    """One line per architecture for kernels of these names: registers, shared memory, spills, occupancy."""
    wanted = frozenset(names)
    found: dict[str, None] = {}
    for row in rows:
        if row.kernel in wanted:
            spills = f", {row.spills} bytes spilled" if row.spills else ""
            busy = "" if row.occupancy is None else f", occupancy {row.occupancy:.0%}"
            found[
                f"{row.kernel} on {row.arch}: {row.registers} registers, {row.shared} bytes shared{spills}{busy}"
            ] = None
    return list(found)


def _about(repo: Repository, report: VerificationReport) -> str:
    """Of which tree a report is, if that is this one or an ancestor's; else nothing."""
    about = report.subject
    if about is None:
        return ""
    if about.tree == subject(repo, about.exclude).tree:
        return "this very tree"
    if about.commit is None:
        return ""
    above = git(
        repo.root, "rev-list", "--count", "--left-right", f"{about.commit}...HEAD", ok=(0, 128)
    ).split()
    if len(above) != 2 or above[0] != b"0":
        return ""
    behind = int(above[1])
    when = "HEAD" if not behind else f"{many(behind, 'commit')} before HEAD"
    return f"commit {about.commit[:10]}, {when}" + (
        ", with changes not committed then" if about.dirty else ""
    )


def _rows(report: VerificationReport) -> Iterable[Compiled]:
    for result in report.results:
        found = result.resources
        if found is not None:
            yield Compiled(
                found.kernel or result.kernel, result.version, found.arch, found.registers,
                found.shared_static + found.shared_dynamic, found.spill_stores + found.spill_loads, found.occupancy,
            )  # fmt: skip
