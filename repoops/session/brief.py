"""What must be known before work goes on, in few words: a function of what was recorded, cut to a number of tokens."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from repoops.report.failures import size
from repoops.report.table import mutants, ran_where
from repoops.report.verification import CaseResult, Failed, VerificationReport
from repoops.session.gpu import STOP, left_running
from repoops.session.recheck import Stored
from repoops.session.record import SessionRecord
from repoops.session.render import unmarked
from repoops.session.summary import FROM_EVIDENCE, latest, run_text
from repoops.tokens import tokens

TITLES = ("State", "Open problems", "Failed already", "Measured", "Next", "Lessons")


@dataclass(frozen=True, slots=True)
class Line:
    """One thing to know, and where it was taken from; `source` is a path, a command's words, or empty."""

    text: str
    source: str = ""

    def __str__(self) -> str:
        """As it stands in the brief."""
        return f"- {self.text}" + (f" [{self.source}]" if self.source else "")


Brief = dict[str, list[Line]]
"""By the titles of `TITLES`; of each the most important first."""


@dataclass(frozen=True, slots=True)
class Known:
    """What there is to go by.

    Attributes:
        state: of the repository, in words.
        past: sessions that ended, the newest first.
        record: the open session.
        report: the newest report of the kernels, if there is one.
        about: what the report is about, in words: this tree, or which earlier one.
        said: lines of logs that are no evidence, by title.
    """

    state: Sequence[str]
    past: Sequence[Stored]
    record: SessionRecord
    report: VerificationReport | None
    about: str
    said: Brief


def brief(known: Known) -> Brief:
    """Everything, unabridged; what is older comes later, what is only said after what was measured."""
    found: Brief = {title: [] for title in TITLES}
    found["State"] = [*map(Line, known.state), *_last(known.past)]
    found["Open problems"] = [*_machines(known), *_broken(known.report, known.about), *_failing(known)]
    found["Failed already"] = [*_notes(known, "failed"), *_failed_before(known.past)]
    found["Measured"] = list(_measured(known.report, known.about))
    found["Next"] = list(_next(known))
    found["Lessons"] = [*_notes(known, "lesson"), *_notes(known, "worked")]
    for title, lines in known.said.items():
        found[title] += lines
    return {
        title: list({line.text: line for line in reversed(lines)}.values())[::-1]
        for title, lines in found.items()
    }


def _last(past: Sequence[Stored]) -> Iterator[Line]:
    for stored in past[:1]:
        summary = stored.summary()
        yield Line(f"last session ended {summary.facts.end:%Y-%m-%d %H:%M}: {summary.outcome}", stored.folder)


def _machines(known: Known) -> Iterator[Line]:
    """Rented machines that were not TERMINATED when they were last asked, in the last session or since."""
    seen = [*(known.past[0].facts.gpu if known.past else ()), *known.record.gpu]
    for one in left_running(seen):
        state = one.state.status if one.state else "its state was not told"
        yield Line(
            f"GPU machine {one.machine}: {state} at {one.at:%Y-%m-%d %H:%M}, when it was last asked", STOP
        )


def _broken(report: VerificationReport | None, about: str) -> Iterator[Line]:
    """Of each kernel version and kind of check the smallest case that fails."""
    groups: dict[tuple[str, str, str], list[CaseResult]] = {}
    for case in report.results if report else ():
        if isinstance(case.result, Failed):
            groups.setdefault((case.kernel, case.version, case.check.partition("[")[0]), []).append(case)
    for (kernel, version, kind), cases in groups.items():
        first = min(cases, key=lambda case: size(case.check))
        why = first.result.why.partition("\n")[0] if isinstance(first.result, Failed) else ""
        more = f" (and {len(cases) - 1} more of {kind})" if len(cases) > 1 else ""
        yield Line(
            f"{kernel} {version} {first.check} failed: {why}{more}", f"{about}; repoops verify {first.test}"
        )


def _failing(known: Known) -> Iterator[Line]:
    """Commands whose last run failed, of the open session and of the last; one that has passed since is none."""
    passing: set[tuple[str, ...]] = set()
    for name, run, earlier in reversed(list(latest(known.record.runs))):
        passing.add(run.command)
        if not run.ok:
            yield Line(run_text(name, run, earlier), "the open session")
    for stored in known.past[:1]:
        for name, run, earlier in latest(stored.runs):
            if not run.ok and run.command not in passing:
                yield Line(run_text(name, run, earlier), f"{stored.folder}/{run.id}.json")


def _failed_before(past: Sequence[Stored]) -> Iterator[Line]:
    """Runs of earlier sessions that failed to the end of theirs."""
    for stored in past[1:]:
        for name, run, earlier in latest(stored.runs):
            if not run.ok:
                yield Line(
                    f"{stored.facts.end:%Y-%m-%d}: {run_text(name, run, earlier)}",
                    f"{stored.folder}/{run.id}.json",
                )


def _notes(known: Known, kind: str) -> Iterator[Line]:
    for note in reversed(known.record.notes):
        if note.kind == kind:
            yield Line(unmarked(note.text), "stated in the open session")
    for stored in known.past:
        for note in stored.facts.notes:
            if note.kind == kind:
                yield Line(unmarked(note.text), f"stated {stored.facts.end:%Y-%m-%d}")


def _measured(report: VerificationReport | None, about: str) -> Iterator[Line]:
    if report is None:
        yield Line("the kernels were never verified here", "repoops verify")
        return
    counts = ", ".join(f"{report.count(word)} {word}" for word in ("passed", "failed", "not run"))
    killed = f", {mutants(report)}" if report.mutants() else ""
    yield Line(f"kernels, {ran_where(report)}: {counts}{killed}", f"{about}, {report.started[:10]}")
    timed = [case for case in report.results if case.timing]
    for case in timed:
        if case.timing:
            beside = (
                f", {case.timing.baseline} {case.timing.baseline_p50_us:.2f} µs"
                if case.timing.baseline_p50_us
                else ""
            )
            yield Line(
                f"{case.kernel} {case.version} {case.check} on {case.ran_on}: {case.timing.p50_us:.2f} µs{beside}"
            )
    if not timed:
        yield Line("GPU times: not measured")
    for what, why in report.not_run:
        yield Line(f"not run: {what}: {unmarked(why)}")


def _next(known: Known) -> Iterator[Line]:
    """What was recommended, then the other ways to go on: of the open session, else of the last one."""
    wanted = [note for note in known.record.notes if note.kind in ("next", "option")]
    if wanted:
        for note in sorted(wanted, key=lambda note: not note.recommended):
            yield Line(
                unmarked(note.text) + (" (recommended)" if note.recommended else ""),
                "stated in the open session",
            )
        return
    for stored in known.past[:1]:
        summary = stored.summary()
        order = sorted(range(len(summary.options)), key=lambda number: number != summary.recommended)
        for number in order:
            option = summary.options[number]
            if option.source == FROM_EVIDENCE:
                continue  # an open problem, if it still is one
            chosen = " (recommended)" if number == summary.recommended else ""
            yield Line(unmarked(option.text) + chosen, f"{option.source}, {stored.facts.end:%Y-%m-%d}")


_SHARES = {"State": 12, "Open problems": 28, "Failed already": 20, "Measured": 15, "Next": 15, "Lessons": 10}
"""Percent of the room that a section may take before the others have had theirs."""


def rendered(title: str, found: Brief, most: int) -> str:
    """Markdown of at most so many tokens, as `repoops.tokens` counts; sections with nothing in them are left out.

    A section that is cut says how many lines it lost. Each gets its share first; what is left over goes to those
    that were cut, in order.
    """
    wanted = {title: [str(line) for line in lines] for title, lines in found.items() if lines}
    frame = tokens(f"# {title}\n") + sum(tokens(f"\n## {name}\n\n{_rest(999)}\n") for name in wanted)
    room = max(most - frame, 0)
    taken = {name: _fitting(lines, room * _SHARES[name] // 100) for name, lines in wanted.items()}
    spare = room - sum(_cost(wanted[name][:count]) for name, count in taken.items())
    for name, lines in wanted.items():
        count = _fitting(lines[taken[name] :], spare)
        spare -= _cost(lines[taken[name] : taken[name] + count])
        taken[name] += count
    parts = [f"# {title}\n"]
    for name, lines in wanted.items():
        left = len(lines) - taken[name]
        parts.append(
            f"## {name}\n\n" + "\n".join([*lines[: taken[name]], *([_rest(left)] if left else [])]) + "\n"
        )
    return "\n".join(parts)


def _rest(count: int) -> str:
    return f"- and {count} more, with a larger --tokens"


def _fitting(lines: Sequence[str], room: int) -> int:
    count = 0
    for line in lines:
        room -= _cost([line])
        if room < 0:
            break
        count += 1
    return count


def _cost(lines: Iterable[str]) -> int:
    return sum(tokens(line + "\n") for line in lines)
