"""What of each section goes into a map of limited size: shares first, then what is left to those that were cut."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from repoops.tokens import tokens


@dataclass(frozen=True, slots=True)
class Line:
    """An entry: where it is shown, and its short and its full wording (often the same)."""

    place: tuple[object, ...]
    short: str
    full: str


@dataclass(frozen=True, slots=True)
class Section:
    """What could stand under a heading.

    Attributes:
        title: the heading.
        lead: said before the entries; may be empty.
        total: how many entries there are.
        lines: gives them, the most important first, each made when it is asked for.
        rest: words how many had no room.
        share: percent of the budget that it may take before the others have had their turn.
    """

    title: str
    lead: str
    total: int
    lines: Callable[[], Iterator[Line]]
    rest: Callable[[int], str]
    share: int


def filled(sections: Sequence[Section], room: int | None, budget: int) -> Mapping[str, list[str]]:
    """The lines of each section, by its title.

    Args:
        sections: in the order in which they have their turn.
        room: tokens that all their lines may take together; None for no limit.
        budget: what shares are percents of.
    """
    if room is None:
        return {s.title: [line.full for line in sorted(s.lines(), key=_place)] for s in sections}
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
    reserve = _cost(section.rest(section.total))
    left = room - reserve
    taken: list[Line] = []
    missing = 0
    for line in section.lines():
        price = _cost(line.short)
        if price > left:
            missing = max(section.total - len(taken), 1)
            break
        taken.append(line)
        left -= price
    left += 0 if missing else reserve
    whole = not missing
    chosen: list[tuple[Line, str]] = []
    for line in taken:
        more = _cost(line.full) - _cost(line.short)
        fits = more <= left
        left -= more if fits else 0
        whole &= fits
        chosen.append((line, line.full if fits else line.short))
    shown = [text for _, text in sorted(chosen, key=lambda row: _place(row[0]))]
    return [*shown, *([section.rest(missing)] if missing else [])], room - left, whole


def _place(line: Line) -> tuple[object, ...]:
    return line.place


def _cost(line: str) -> int:
    return tokens(line + "\n")
