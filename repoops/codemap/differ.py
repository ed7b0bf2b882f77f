"""How two maps differ, entry by entry; what people wrote in them and the order of lines count for nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from repoops.codemap.keep import without

_SPAN = re.compile(r"(?<!`)(`+)(?!`)(.+?)(?<!`)\1(?!`)")
_TOP = "the head"
_OF_TWO = ("CUDA kernels", "Most called")
"""Sections whose entries are about a file and the first thing in it that they name: a file may have many there."""


@dataclass(frozen=True, slots=True)
class Difference:
    """`line` is where the present map says it, None for what it does not say; `was` and `wanted` are lines of the two maps."""

    section: str
    line: int | None
    was: str
    wanted: str

    def __str__(self) -> str:
        """One line for people, that begins with what happened."""
        if not self.was:
            return f"{self.section}: missing: {self.wanted}"
        if not self.wanted:
            return f"{self.section}: no longer so: {self.was}"
        return f"{self.section}: changed: {self.was} → {self.wanted}"


def differences(present: str, wanted: str) -> list[Difference]:
    """What the present map says that is no longer so, what it says otherwise, and what it does not say; in its order."""
    here, there = dict(_entries(present)), dict(_entries(wanted))
    found = [
        Difference(key[0], line, text, there[key][1] if key in there else "")
        for key, (line, text) in here.items()
        if key not in there or there[key][1] != text
    ]
    return found + [Difference(key[0], None, "", text) for key, (_, text) in there.items() if key not in here]


def _entries(text: str) -> Iterator[tuple[tuple[str, str, int], tuple[int, str]]]:
    """`(section, what the entry is about, which of those that are about it)` with its line number and words."""
    section = _TOP
    seen: dict[tuple[str, str], int] = {}
    lines = _numbered(text)
    for number, raw in lines:
        line = raw.strip()
        if not line or line.startswith("<!-- repoops:"):
            continue
        if line.startswith("## "):
            section = line[3:]
            continue
        spans = [match[2].strip() for match in _SPAN.finditer(line)] if line.startswith("- ") else []
        about = " ".join(spans[: 2 if section in _OF_TWO else 1])
        seen[section, about] = count = seen.get((section, about), 0) + 1
        yield (section, about, count), (number, line.removeprefix("- "))


def _numbered(text: str) -> Iterator[tuple[int, str]]:
    """The lines that the map itself says, with their numbers in the file."""
    own = iter(without(text).splitlines())
    expected = next(own, None)
    inside = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("<!-- repoops:end"):
            inside = False
        if not inside and expected is not None:
            yield number, line
            expected = next(own, None)
        if line.startswith("<!-- repoops:keep"):
            inside = True
