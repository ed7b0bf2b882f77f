"""What failed, in full: of each kernel version the smallest case first, and the smallest that has a worst element or a hazard."""

from __future__ import annotations

import math
import re
import shlex
from collections.abc import Sequence

from repoops.report.verification import SEVERITIES, CaseResult, Failed, Finding, VerificationReport
from repoops.words import many


def failures(report: VerificationReport, *, hazards: bool = True) -> list[str]:
    """Of each kernel version what does not compile, its smallest case that fails, the mutants that survive; how to see each again.

    Args:
        report: to show.
        hazards: the first finding of each; not where all findings are shown.
    """
    groups: dict[tuple[str, str, str], list[CaseResult]] = {}
    for case in report.results:
        if isinstance(case.result, Failed):
            kind = case.check.partition("[")[0]
            # Architectures and cases fail alike, mutants and tests each for its own reason.
            alone = "" if kind in ("compile", "numerics") else case.test
            groups.setdefault((case.kernel, case.version, alone or kind), []).append(case)
    said = []
    for failed in groups.values():
        first, *others = sorted(failed, key=lambda case: size(case.check))
        said += _failure(first, others, _all(report, first))
        said += _in_others(first, others)
        watched = next((case for case in (first, *others) if case.findings), None)
        said += _first_hazard(watched) if hazards and watched else []
        said.append(f"        again: repoops verify {shlex.quote(first.test)}")
    return said


def size(check: str) -> float:
    """How large a case is, from the sizes in its name: `numerics[B1-S63-D64-fp16]` has 4032; anything else 0."""
    _, bracket, case = check.partition("[")
    sizes = [re.fullmatch(r"[A-Za-z_]+?(\d+)", part) for part in case.rstrip("]").split("-")]
    return (
        math.prod(int(found[1]) for found in sizes if found and not _NO_SIZE.match(found[0]))
        if bracket
        else 0
    )


_NO_SIZE = re.compile(r"b?fp?\d+$|u?int\d+$|float\d+$|seed\d+$|sm_\d+$")


def _all(report: VerificationReport, like: CaseResult) -> int:
    kind = like.check.partition("[")[0]
    return sum(
        (case.kernel, case.version, case.check.partition("[")[0]) == (like.kernel, like.version, kind)
        for case in report.results
    )


def _failure(first: CaseResult, others: Sequence[CaseResult], every: int) -> list[str]:
    where = first.ran_on or "nowhere"
    which = "the smallest" if first.check.startswith("numerics[") else "the first"
    among = f", {which} of {len(others) + 1} that fail (of {every})" if others else ""
    lines = [f"FAILED  {first.kernel} {first.version} {first.check}{among}, on {where}"]
    return lines + [f"        {line}" for line in _why(first)]


def _in_others(first: CaseResult, others: Sequence[CaseResult]) -> list[str]:
    """What goes wrong in others alone, each kind where it is smallest: a case too small to race may miss a barrier all the same."""
    told = {_kind(line) for line in _why(first)}
    said = []
    for case in others:
        new: dict[str, str] = {}
        for line in _why(case):
            new.setdefault(_kind(line), line)
        lines = [f"          {line}" for kind, line in new.items() if kind not in told]
        said += [f"        and {case.check}", *lines] if lines else []
        told |= new.keys()
    return said


def _why(case: CaseResult) -> list[str]:
    return case.result.why.splitlines() if isinstance(case.result, Failed) else []


def _kind(line: str) -> str:
    """`deviates by 2.18 at (1,)` and `deviates by 0.5` are of a kind; so is all that a check finds."""
    first, *rest = re.sub(r"0x[\da-f]+|[\d.]+", "#", line).split()[:2] or [""]
    return first if first.endswith(":") else " ".join((first, *rest))


_CAUSES = ("memcheck", "racecheck", "synccheck", "initcheck", "coverage")
"""What is found by one follows from what is found by those before it more often than the other way round: a write that goes
astray, or comes too late, leaves what is read or put out unwritten."""


def _rank(found: Finding) -> int:
    return _CAUSES.index(found.check) if found.check in _CAUSES else -1


def _first_hazard(case: CaseResult) -> list[str]:
    found = sorted(case.findings, key=lambda found: (SEVERITIES.index(found.severity), _rank(found)))
    more = len(found) - 1
    return finding(found[0]) + ([f"        and {many(more, 'more finding')}: -v"] if more else [])


def finding(found: Finding, *, cases: int = 1) -> list[str]:
    """One finding as lines: what and how often, where, and the source line with a caret below it.

    Args:
        found: the finding; place, address and thread are of the first that was seen.
        cases: in how many cases of the suite it was seen.
    """
    at = f"{found.file}:{found.line}" if found.file else found.kernel or "somewhere"
    times = f"x {found.count}" + (f" in {cases} cases" if cases > 1 else "")
    lines = [f"{found.severity.upper():<8}{at}: {found.check} {found.rule}: {found.message} ({times})"]
    place = [f"in {found.kernel}"] if found.kernel else []
    place += [f"block {found.block}"] if found.block else []
    place += [f"thread {found.thread}"] if found.thread else []
    place += [f"address {found.address:#x}"] if found.address is not None else []
    place += [found.buffer] if found.buffer and found.buffer not in found.message else []
    lines += [f"        {', '.join(place)}"] if place else []
    if found.source is not None and found.line:
        shown = found.source.expandtabs(4)
        at_column = _column(found)
        lines += [f"        {found.line:>5} | {shown}", f"        {'':>5} | {' ' * at_column}^"]
    return lines


def _column(found: Finding) -> int:
    """Where the caret stands, from 0: the column if it is known, else the first character of the line."""
    source = found.source or ""
    before = source[: found.column - 1] if found.column else source[: len(source) - len(source.lstrip())]
    return len(before.expandtabs(4))
