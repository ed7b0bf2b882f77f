"""What `repoops archive` says, as lines for people: a function of values, which prints nothing."""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Sequence
from dataclasses import replace

from repoops.archive.decision import Decision, Reason
from repoops.archive.index import NAME
from repoops.archive.measure import Measured
from repoops.files import shown
from repoops.oplog.plan import Plan, Write
from repoops.words import many


def effective(decisions: Iterable[Decision], plan: Plan) -> list[Decision]:
    """The decisions as the plan carries them out: what it has to leave stays, for the plan's reason."""
    left = {refusal.path: refusal.why for refusal in plan.refusals}
    return [
        replace(d, action="keep", reasons=(Reason("stays", left[d.path]), *d.reasons))
        if d.path in left
        else d
        for d in decisions
    ]


def plan_lines(decisions: Sequence[Decision], plan: Plan, destination: str) -> list[str]:
    """Every decision with its reasons, each file that would be written, then what it comes to."""
    names = {move["from"]: posixpath.basename(move["to"]) for move in plan.facts["moves"]}
    lines = []
    for decision in sorted(decisions, key=lambda d: (d.action == "keep", d.path)):
        name = names.get(decision.path)
        renamed = f" as {shown(name)}" if name and name != posixpath.basename(decision.path) else ""
        first = decision.reasons[:1] if decision.action == "keep" else decision.reasons
        why = "; ".join(_reason(reason, decision) for reason in first)
        lines.append(f"{decision.action:<8} {shown(decision.path)}{renamed}: {why}")
    if not plan.steps:
        return [*lines, "nothing to archive"]
    page = f"{destination}/{NAME}"
    written = sorted(step.path for step in plan.steps if isinstance(step, Write))
    lines += [f"{'index' if path == page else 'rewrite':<8} {shown(path)}" for path in written]
    facts = plan.facts
    rewritten = [
        many(facts[kind], name)
        for kind, name in (("links", "link"), ("mentions", "code span"), ("references", "reference"))
        if facts[kind]
    ]
    kept = sum(d.action == "keep" for d in decisions)
    lines.append(
        f"{many(len(names), 'file')} would move to {destination}, {kept} {'stays' if kept == 1 else 'stay'}; "
        f"{' and '.join(rewritten) or 'nothing'} would be rewritten"
    )
    return lines


def receipt_lines(plan: Plan, measured: Measured, destination: str, operation: str) -> list[str]:
    """What was counted on disk afterwards, and how to take it back."""
    m = measured
    lines = [f"stays    {shown(refusal.path)}: {shown(refusal.why)}" for refusal in plan.refusals]
    lines += [
        f"broken   {shown(lost.file)}:{lost.line}: {shown(lost.raw)} no longer leads to {shown(lost.target)}"
        for lost in m.broken
    ]
    lines.append(
        f"moved    {many(m.moved, 'file')} to {destination}; files in the root: {m.root_before} before, {m.root_after} after"
    )
    lines.append(
        f"links    {m.links} lead where they did, {m.rewritten} of them rewritten, {len(m.broken)} broken"
        if not m.broken
        else f"links    {m.links - len(m.broken)} of {m.links} lead where they did, {len(m.broken)} broken"
    )
    if m.dangling:
        lines[-1] += (
            f"; {m.dangling} led nowhere before and {'was' if m.dangling == 1 else 'were'} left alone"
        )
    if m.mentions:
        name = "names" if m.mentions == 1 else "name"
        lines.append(f"mentions {many(m.mentions, 'code span')} {name} a moved file by its new place")
    if plan.facts["references"]:
        lines.append(f"refs     {plan.facts['references']} rewritten in CI, scripts and code")
    lines.append(f"git      sees {m.renames} of {m.tracked} tracked moves as renames; staged, not committed")
    return [*lines, f"undo     repoops undo {operation}"]


def _reason(reason: Reason, decision: Decision) -> str:
    detail = shown(reason.detail)
    if reason.file is not None and reason.file != decision.path:
        return f"{detail} ({shown(reason.file)}{f':{reason.line}' if reason.line else ''})"
    return f"{detail} (line {reason.line})" if reason.line else detail
