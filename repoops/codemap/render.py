"""The map as markdown: the same facts give the same bytes."""

from __future__ import annotations

from collections.abc import Sequence

from repoops.codemap.budget import Section, filled
from repoops.codemap.churn import Churn
from repoops.codemap.facts import Facts
from repoops.codemap.keep import NOTES, Kept, placed
from repoops.codemap.scan import is_test
from repoops.codemap.sections import sections
from repoops.codemap.suffixes import SOURCES
from repoops.tokens import tokens

TOKENS = 2000
"""The default budget. A study (arXiv 2602.11988) found that longer context files cost agents more than they help."""

_LEAST_ROOM = 80
"""Tokens that must be left before it is looked for what many files call."""


def render(
    facts: Facts, parts: Sequence[Kept], budget: int = TOKENS, newline: str = "\n", churn: Churn | None = None
) -> str:
    """Draws the map; what people wrote is put back where it stood and counts for nothing in the budget.

    Args:
        facts: what there is to tell.
        parts: what people wrote.
        budget: tokens, by the estimate of `tokens`; 0 for no limit.
        newline: the line end of every line that is not theirs.
        churn: which files commits change most.
    """
    if all(part.name != NOTES for part in parts):
        parts = [*parts, Kept(NOTES, "", "Notes")]
    head = _head(facts, budget)
    wanted = [s for s in sections(facts, churn, limited=bool(budget)) if next(s.lines(), None)]
    fixed = [head, "## Notes\n\n", *(f"## {s.title}\n\n{s.lead}\n\n\n" for s in wanted)]
    fixed += [f"<!-- repoops:keep {part.name} -->\n<!-- repoops:end {part.name} -->\n\n" for part in parts]
    room = budget - sum(map(tokens, fixed)) if budget else None
    lines = {**filled(wanted, room, budget)}
    if room is not None:
        room -= sum(tokens(f"{line}\n") for rows in lines.values() for line in rows)
    if room is None or room >= _LEAST_ROOM:
        called = _most_called(facts)
        wanted.append(called)
        lines |= filled([called], room and room - tokens(f"## {called.title}\n\n\n\n"), budget)
    bodies = [("", head)]
    for section in sorted(wanted, key=lambda section: section.place):
        lead = f"{section.lead}\n\n" if section.lead else ""
        rows = "".join(f"{line}\n" for line in lines[section.title])
        if rows:
            bodies.append((section.title, f"## {section.title}\n\n{lead}{rows}"))
    bodies.append(("Notes", "## Notes\n"))
    return placed([(title, body.replace("\n", newline)) for title, body in bodies], parts, newline)


def _most_called(facts: Facts) -> Section:
    """What many files call. It has what room the others leave: finding it reads every file whole."""
    from repoops.codemap.callers import most_called

    return most_called(facts.calls([path for path in facts.tree.ending(*SOURCES) if not is_test(path)]))


def _head(facts: Facts, budget: int) -> str:
    within = f" within {budget} tokens" if budget else ""
    purpose = " ".join(f"{sentence}." for sentence in facts.purpose)
    return (
        f"# Code map of {facts.name}\n\n"
        f"Drawn from the tree by `repoops codemap`{within}; `repoops codemap FOLDER` tells more of a folder. Text between "
        "lines `<!-- repoops:keep NAME -->` and `<!-- repoops:end NAME -->` is hand-written and stays; all else is redrawn.\n\n"
        f"{purpose or 'The tree does not say what it is for.'}\n"
    )
