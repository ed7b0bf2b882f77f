"""Reports kept under the git directory, found again by the tree they are about."""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator
from pathlib import Path

from repoops.errors import RepoOpsError
from repoops.files import atomic_write
from repoops.report.evidence import Subject
from repoops.report.verification import VerificationReport


def save(state: Path, report: VerificationReport) -> Path:
    """Keeps a report that has a subject, in place of an earlier one of the same tree; returns where.

    An earlier one with GPU times stays beside a later one without: times are dear, and the history needs them.
    """
    if report.subject is None:
        raise RepoOpsError("a report without a subject is no evidence and is not kept")
    folder = state / "reports"
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{report.subject.tree}.json"
    if path.is_file() and _TIMED in path.read_bytes() and not any(row.timing for row in report.results):
        os.replace(path, folder / f"{report.subject.tree}-timed.json")
    atomic_write(path, json.dumps(report.to_json(), indent=1, allow_nan=False).encode() + b"\n")
    return path


def kept(state: Path) -> frozenset[str]:
    """The trees of which there are reports."""
    return frozenset(path.stem.removesuffix("-timed") for path in (state / "reports").glob("*.json"))


def load(state: Path, tree: str) -> VerificationReport | None:
    """The report about a tree, if one is kept."""
    path = state / "reports" / f"{tree}.json"
    try:
        return _read(path, path.read_bytes())
    except FileNotFoundError:
        return None


def _read(path: Path, data: bytes) -> VerificationReport:
    try:
        return VerificationReport.from_json(json.loads(data))
    except ValueError as error:
        raise RepoOpsError(
            f"a stored report cannot be read: {error}",
            where=str(path),
            remedy="remove it, then: repoops verify",
        ) from None


_NEWEST = 10
_TIMED = b'"p50_us"'


def every(state: Path, committed: Iterable[Path] = ()) -> Iterator[VerificationReport]:
    """Every report that is kept, one at a time, as each may be megabytes; then those of further files, in no order of time.

    One that lies in both places comes once.
    """
    seen: set[tuple[str, Subject | None]] = set()
    for path in (*sorted((state / "reports").glob("*.json")), *committed):
        report = _read(path, path.read_bytes())
        if _which(report) not in seen:
            seen.add(_which(report))
            yield report


def _which(report: VerificationReport) -> tuple[str, Subject | None]:
    """What tells runs apart: one may be kept under the git directory and beside several summaries."""
    return report.started, report.subject


def recent(state: Path, committed: Iterable[Path] = ()) -> list[VerificationReport]:
    """The newest reports that are kept, and every one that has a GPU time; the newest first.

    Args:
        state: RepoOps' folder under the git directory.
        committed: further files that hold a report, as evidence beside a summary does.
    """
    kept = sorted((state / "reports").glob("*.json"), key=lambda path: -path.stat().st_mtime_ns)
    found = []
    for number, path in enumerate([*kept, *committed]):
        data = path.read_bytes()
        if number >= _NEWEST and _TIMED not in data:
            continue
        found.append(_read(path, data))
    once = {_which(report): report for report in reversed(found)}
    return sorted(once.values(), key=lambda report: report.started, reverse=True)
