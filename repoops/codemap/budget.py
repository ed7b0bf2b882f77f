"""What of each section goes into a map of limited size: shares first, then what is left to those that were cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from repoops.tokens import tokens


@dataclass(frozen=True, slots=True)
class Line:
    """An entry: where it is shown, its short wording, and fuller ones in order, asked for only where there is room."""

    place: tuple[object, ...]
    short: str
    fuller: Callable[[], Sequence[str]] = tuple


@dataclass(frozen=True, slots=True)
class Section:
    """What could stand under a heading.

    Attributes:
        title: the heading.
        lead: said before the entries; may be empty.
        total: how many entries there are.
        lines: gives them, the most important first, each made when it is asked for.
        rest: words how many had no room; nothing where that is not worth a line.
        share: percent of the budget that it may take before the others have had their turn.
        place: where among the sections it stands.
    """

    title: str
    lead: str
    total: int
    lines: Callable[[], Iterator[Line]]
    rest: Callable[[int], str]
    share: int
    place: int = 0


def filled(sections: Sequence[Section], room: int | None, budget: int) -> Mapping[str, list[str]]:
    """The lines of each section, by its title.

    Args:
        sections: in the order in which they have their turn.
        room: tokens that all their lines may take together; None for no limit.
        budget: what shares are percents of.
    """
    if room is None:
        return {
            s.title: [[line.short, *line.fuller()][-1] for line in sorted(s.lines(), key=_place)]
            for s in sections
        }
    lines: dict[str, list[str]] = {}
    cost: dict[str, int] = {}
    cut: list[Section] = []
    for section in sections:
        share = max(min(room, budget * section.share // 100), 0)
        lines[section.title], cost[section.title], whole = _fitted(section, share)
        room -= cost[section.title]
        if not whole:
            cut.append(section)
    for section in cut:
        again, price, _ = _fitted(section, room + cost[section.title])
        lines[section.title] = again
        room -= price - cost[section.title]
    return lines


def _fitted(section: Section, room: int) -> tuple[list[str], int, bool]:
    """The lines that fit into a room, in their places; what they cost; whether none was left out or shortened."""
    reserve = _cost(section.rest(section.total)) if section.rest(section.total) else 0
    left = room - reserve
    lines: list[Line] = []
    missing = 0
    for line in section.lines():
        price = _cost(line.short)
        if price > left:
            missing = max(section.total - len(lines), 1)
            break
        lines.append(line)
        left -= price
    if missing:  # who has no room for all has none for more words
        rest = section.rest(missing)
        shown = [line.short for line in sorted(lines, key=_place)]
        return [*shown, *([rest] if rest else [])], room - left, False
    left += reserve
    forms = [[line.short, *line.fuller()] for line in lines]
    chosen = [0] * len(lines)
    whole = True
    for level in range(1, max(map(len, forms), default=1)):
        for at, wordings in enumerate(forms):
            if level >= len(wordings):
                continue
            more = _cost(wordings[level]) - _cost(wordings[chosen[at]])
            fits = more <= left
            left -= more if fits else 0
            whole &= fits
            chosen[at] = level if fits else chosen[at]
    order = sorted(range(len(lines)), key=lambda at: _place(lines[at]))
    return [forms[at][chosen[at]] for at in order], room - left, whole


def _place(line: Line) -> tuple[object, ...]:
    return line.place


def _cost(line: str) -> int:
    return tokens(line + "\n")
