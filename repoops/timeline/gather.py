"""Events from their sources: plain functions of reports, commits, notes and lines that were read elsewhere."""

from __future__ import annotations

import math
import posixpath
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from repoops.report.speed import CHECK, case_id
from repoops.report.table import ran_where
from repoops.report.verification import CaseResult, Failed, VerificationReport
from repoops.timeline.model import Checked, Committed, Standing, Time
from repoops.vcs.history import Touch

_MUTANT = "mutant["


def kernels(touched: Iterable[Touch], suite: Sequence[str]) -> dict[str, set[str]]:
    """Kernel → its folders: those directly below the suite's that hold, or held, a `.cu` or a `spec.py`.

    Args:
        touched: the commits below the suite's folders.
        suite: those folders.
    """
    found: dict[str, set[str]] = {}
    for path in {path for touch in touched for _, path in touch.files}:
        folder, name = posixpath.split(path)
        if (name.endswith(".cu") or name == "spec.py") and posixpath.dirname(folder) in suite:
            found.setdefault(posixpath.basename(folder), set()).add(folder)
    return found


def committed(touched: Iterable[Touch], folders: Iterable[str]) -> list[Committed]:
    """The commits that changed something below a kernel's folders, with those files alone."""
    below = tuple(f"{folder}/" for folder in folders)
    found = []
    for touch in touched:
        files = tuple((status, path) for status, path in touch.files if path.startswith(below))
        if files:
            found.append(Committed(touch.when, touch.id, touch.subject, files))
    return found


def checked(report: VerificationReport) -> Mapping[str, Checked]:
    """Kernel → what a report says of it."""
    rows: dict[str, dict[str, list[CaseResult]]] = {}
    for row in report.results:
        if row.kernel:
            rows.setdefault(row.kernel, {}).setdefault(row.version, []).append(row)
    about = report.subject
    part, where = dict(report.environment).get("part", ""), ran_where(report)
    return {
        kernel: Checked(
            report.started, about.tree if about else "", (about.commit or "") if about else "", bool(about and about.dirty),
            where, part, tuple(_standing(version, found) for version, found in versions.items()),
        )
        for kernel, versions in rows.items()
    }  # fmt: skip


def folders_of(report: VerificationReport) -> Mapping[str, set[str]]:
    """Kernel → the folders of the tests that a report has of it."""
    found: dict[str, set[str]] = {}
    for row in report.results:
        folder = posixpath.dirname(row.test.partition("::")[0])
        if row.kernel and folder and posixpath.basename(folder) == row.kernel:
            found.setdefault(row.kernel, set()).add(folder)
    return found


def names(kernel: str, text: str) -> bool:
    """Whether a text names a kernel, as a word; `block_reduce` is also `block reduce` and `block-reduce`."""
    word = "[ _-]".join(map(re.escape, kernel.split("_")))
    return re.search(rf"(?<![\w]){word}(?![\w])", text, re.IGNORECASE) is not None


def _standing(version: str, rows: Sequence[CaseResult]) -> Standing:
    checks = [row for row in rows if not row.check.startswith((_MUTANT, CHECK))]
    trials = [row for row in rows if row.check.startswith(_MUTANT) and row.outcome != "not run"]
    ran = {row.ran_on for row in checks if row.ran_on and row.outcome != "not run"}
    executed = {where for where in ran if not where.startswith("compile: ")}
    deviations = [row.error.max / row.error.bound for row in checks if row.error and row.error.bound > 0]
    outcomes = Counter(row.outcome for row in checks)
    allotted: dict[str, tuple[int, int]] = {}
    for found in (row.resources for row in checks if row.resources):
        registers, spills = allotted.get(found.arch, (0, 0))
        allotted[found.arch] = (
            max(registers, found.registers),
            max(spills, found.spill_stores + found.spill_loads),
        )
    return Standing(
        version,
        outcomes["passed"],
        outcomes["failed"],
        outcomes["not run"],
        where=tuple(sorted(executed or ran)),
        worst=max((math.inf if math.isnan(d) else d for d in deviations), default=None),
        registers=tuple((arch, registers) for arch, (registers, _) in sorted(allotted.items())),
        spills=tuple((arch, spills) for arch, (_, spills) in sorted(allotted.items()) if spills),
        mutants=(sum(bool(row.mutant and row.mutant.killed_by) for row in trials), len(trials))
        if trials
        else None,
        why=next((_why(row, row.result) for row in checks if isinstance(row.result, Failed)), ""),
        times=tuple(_times(rows)),
    )


def _why(row: CaseResult, failed: Failed) -> str:
    said = f"{row.check}: {failed.why.splitlines()[0] if failed.why else 'it gave no reason'}"
    error = next((found for found in row.findings if found.severity == "error"), None)
    if error is None:
        return said
    place = f" at {error.file}:{error.line}" if error.file else ""
    return f"{said}; {error.check} {error.rule}{place}"


def _times(rows: Iterable[CaseResult]) -> Iterable[Time]:
    for row in rows:
        timing = row.timing
        if timing is not None:
            case = case_id(row.check) if row.check.startswith(CHECK) else row.check
            against = tuple((r.name, r.ratio, r.verdict) for r in timing.rivals if r.ratio is not None)
            yield Time(
                case,
                row.ran_on.removeprefix("cuda: "),
                timing.l2 or "",
                timing.p50_us,
                timing.ci95,
                timing.samples,
                against,
            )
