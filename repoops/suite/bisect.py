"""Finds the commit from which on a kernel is wrong: what a report says of it, and the search; knows nothing of git."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from repoops.report.failures import size
from repoops.report.verification import CaseResult, Failed, NotRun, VerificationReport


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which tests decide: all of a kernel, of one version of it, or those that pytest's `-k` finds."""

    kernel: str | None
    version: str | None
    expression: str | None

    @property
    def select(self) -> str:
        """Pytest's `-k`; mutants say something of the tests, not of the kernel."""
        asked = self.version or self.expression
        return f"({asked}) and not mutant" if asked else "not mutant"

    def decides(self, result: CaseResult) -> bool:
        """Whether a result is of what is wanted: `-k tiled` alone finds `tiled_x` too."""
        return (self.kernel is None or result.kernel == self.kernel) and (
            self.version is None or result.version == self.version
        )


def wanted(asked: str) -> Wanted:
    """`attention`, `attention::tiled`, or anything else as an expression of pytest's."""
    named = re.fullmatch(r"(\w+)(?:::(\w+))?", asked)
    return Wanted(named[1], named[2], None) if named else Wanted(None, None, asked)


@dataclass(frozen=True, slots=True)
class Step:
    """What one commit came to: `good`, `bad` or `skipped`, and why; `test` is what failed first, the smallest of its kind."""

    commit: str
    verdict: str
    why: str = ""
    test: str | None = None


def step(commit: str, report: VerificationReport, asked: Wanted) -> Step:
    """A commit's verdict. Bad if anything failed, good if a case ran and nothing did, else it cannot be said."""
    found = [result for result in report.results if asked.decides(result)]
    failed = [result for result in found if isinstance(result.result, Failed)]
    if failed:
        kind = failed[0].check.partition("[")[0]
        first = min((r for r in failed if r.check.partition("[")[0] == kind), key=lambda r: size(r.check))
        return Step(commit, "bad", getattr(first.result, "why", ""), first.test)
    if any(result.outcome == "passed" and not result.check.startswith("compile[") for result in found):
        return Step(commit, "good")
    reasons = [why for _, why in report.not_run]
    reasons += [result.result.why for result in found if isinstance(result.result, NotRun)]
    return Step(commit, "skipped", reasons[0].splitlines()[-1] if reasons else "no test of it")


@dataclass(frozen=True, slots=True)
class Found:
    """The end of a search: the first bad commit, or several of which one is it, as the others could not be tried."""

    commits: tuple[str, ...]
    steps: tuple[Step, ...]

    @property
    def first(self) -> Step | None:
        """What the first bad commit came to."""
        if len(self.commits) != 1:
            return None
        return next(step for step in reversed(self.steps) if step.commit == self.commits[0])


def search(
    good: Step,
    bad: Step,
    between: Callable[[str, Sequence[str], bool], list[str]],
    parents: Callable[[str], Sequence[str]],
    attempt: Callable[[str, int], Step],
) -> Found:
    """Halves what lies between a good and a bad commit until one is left.

    A branch that parted before the good commit may lack what made that one good: its commits are bad, and broke
    nothing. Where the one that is left has a bad parent, only commits made from the good one are looked at.

    Args:
        good: known to be.
        bad: known to be.
        between: (bad, goods, descended) -> the commits that may be the first bad one, with `bad` itself, the best to
            try first; with `descended` only those made from a good one.
        parents: commit -> what it was made from, several of a merge.
        attempt: (commit, how many are left) -> its verdict.
    """
    steps = {good.commit: good, bad.commit: bad}

    def tried(commit: str, left: int) -> Step:
        if commit not in steps:
            steps[commit] = attempt(commit, left)
        return steps[commit]

    found = _halved(good, bad, lambda at, goods: between(at, goods, False), tried)
    if len(found) == 1 and any(tried(each, 1).verdict == "bad" for each in parents(found[0])):
        found = _halved(good, bad, lambda at, goods: between(at, goods, True), tried)
    return Found(found, tuple(steps.values()))


def _halved(
    good: Step,
    bad: Step,
    between: Callable[[str, Sequence[str]], list[str]],
    tried: Callable[[str, int], Step],
) -> tuple[str, ...]:
    """The first bad commit, or with it those that could not be tried."""
    goods, skipped = [good.commit], set()
    while True:
        left = between(bad.commit, goods)
        untried = [commit for commit in left if commit != bad.commit and commit not in skipped]
        if not untried:
            return (bad.commit, *(commit for commit in left if commit != bad.commit))
        said = tried(untried[0], len(left))
        match said.verdict:
            case "good":
                goods.append(said.commit)
            case "bad":
                bad = said
            case _:
                skipped.add(said.commit)
