"""Two reports side by side: what kernels are held to otherwise, and changes that changed nothing. Pure.

A tolerance, a gate or a list of cases is part of a claim: whoever edits it changes what *correct* means,
and is told so. So is who edits a source and leaves its machine code as it was.
"""

from __future__ import annotations

from itertools import cycle, dropwhile, zip_longest

from repoops.report.held import HELD_TO, MOVED, NO_CHANGE, Change, Held
from repoops.report.verification import CaseResult, VerificationReport
from repoops.words import many


def changes(
    before: VerificationReport, after: VerificationReport, *, whole: bool = True
) -> tuple[Change, ...]:
    """What is held to otherwise than before, and whose machine code stayed though its source did not.

    Only what is looser or different is told: a case, a mutant or a gate that is new is none of it.

    Args:
        before: the earlier report.
        after: the new one.
        whole: whether `after` is about every version there is, so that one that is missing is gone.
    """
    old = {(held.kernel, held.version): held for held in before.held}
    told = []
    for held in after.held:
        which = (held.kernel, held.version)
        if which in old:
            told += [Change(HELD_TO, *which, what) for what in _edited(old[which], held)]
            told += [Change(NO_CHANGE, *which, what) for what in _idle(old[which], held)]
    told += _widened(before, after)
    there = {(result.kernel, result.version) for result in after.results}
    there |= {(held.kernel, held.version) for held in after.held}
    if whole:
        told += [
            Change(HELD_TO, *which, "nothing any more: it is gone") for which in old if which not in there
        ]
    return tuple(told)


_WIDER = 4
"""How many times its former self a bound is to be told; torch's own error, which it is made of, differs between machines."""


def _widened(before: VerificationReport, after: VerificationReport) -> list[Change]:
    """Versions whose outputs may be further from the truth than before in the same cases, whatever was edited for it."""
    old = {
        (row.kernel, row.version, row.check, _tier(row)): row.error.bound
        for row in before.results
        if row.error
    }
    wider: dict[tuple[str, str], list[str]] = {}
    for row in after.results:
        was = old.get((row.kernel, row.version, row.check, _tier(row)))
        if was is not None and row.error and row.error.bound > _WIDER * was:
            case = row.check.removeprefix("numerics[").removesuffix("]")
            wider.setdefault((row.kernel, row.version), []).append(
                f"{case}: {row.error.bound:.2g}, was {was:.2g}"
            )
    return [
        Change(
            HELD_TO,
            *which,
            f"errors may be over {_WIDER} times larger in {many(len(cases), 'case')}, first {cases[0]}",
        )
        for which, cases in wider.items()
    ]


def _tier(row: CaseResult) -> str:
    """`cpu` or `cuda`: torch's own error is another on each."""
    return row.ran_on.partition(":")[0]


def _edited(before: Held, after: Held) -> list[str]:
    now = dict(after.limits)
    said = []
    for name, words in before.limits:
        if name not in now:
            said.append(f"{name} no longer ({words})" if words else f"{name} no longer")
        elif now[name] != words:
            said.append(f"{name} {now[name]}, was {_short(words, now[name])}")
    said += _recounted(before, after)
    for what, those, these in (
        ("case", before.cases, after.cases),
        ("mutant", before.mutants, after.mutants),
    ):
        gone = [name for name in those if name not in set(these)]
        if gone:
            shown = ", ".join(gone[:5]) + (f" and {len(gone) - 5} more" if len(gone) > 5 else "")
            said.append(f"{many(len(gone), what)} fewer: {shown}")
    return said


def _recounted(before: Held, after: Held) -> list[str]:
    """Cases for which the algorithm is said to move other bytes than before: the first of them with its figures."""
    now = dict(after.traffic)
    edited = [(case, found, now[case]) for case, found in before.traffic if now.get(case, found) != found]
    if not edited:
        return []
    case, those, these = edited[0]
    shown = ", ".join(
        f"{new} bytes of {what}, was {old}"
        for old, new, what in zip(those, these, cycle(MOVED), strict=False)
        if old != new
    )
    return [f"traffic is counted otherwise in {many(len(edited), 'case')}, first {case}: {shown}"]


def _short(words: str, beside: str) -> str:
    """`48` for `at most 48` beside `at most 64`: without the words that both begin with, if something is left."""
    pairs = zip_longest(words.split(), beside.split())
    rest = [word for word, _ in dropwhile(lambda pair: pair[0] == pair[1], pairs) if word]
    return " ".join(rest) or words


def _idle(before: Held, after: Held) -> list[str]:
    now = dict(after.machine_code)
    same = [arch for arch, code in before.machine_code if now.get(arch) == code]
    if before.source == after.source or not same:
        return []
    return [f"the source changed, its machine code for {', '.join(same)} did not"]
