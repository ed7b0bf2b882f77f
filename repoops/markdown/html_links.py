"""Destinations in HTML: which attributes hold one, and where in the text it stands; fetches and judges nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html.parser import HTMLParser

_ATTRIBUTES = {
    "a": ("href",),
    "area": ("href",),
    "audio": ("src",),
    "embed": ("src",),
    "iframe": ("src",),
    "img": ("src", "srcset"),
    "input": ("src",),
    "link": ("href",),
    "object": ("data",),
    "script": ("src",),
    "source": ("src", "srcset"),
    "track": ("src",),
    "video": ("src", "poster"),
}
_ATTRIBUTE = re.compile(
    r"""(?P<name>[^\s"'<>/=]+)(?:\s*=\s*(?:"(?P<double>[^"]*)"|'(?P<single>[^']*)'|(?P<bare>[^\s"'=<>`]+)))?"""
)
_CANDIDATE = re.compile(r"[\s,]*(?P<url>[^\s,]\S*[^\s,]|[^\s,])(?P<rest>[^,]*)")


@dataclass(frozen=True, slots=True)
class Value:
    """One destination: its span in the text, entities not decoded, and whether it stands in a `srcset` list."""

    start: int
    end: int
    tag: str
    listed: bool


class _Tags(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.starts = [0, *(m.end() for m in re.finditer("\n", text))]
        self.found: list[tuple[str, int, str]] = []
        self.based = False
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        line, column = self.getpos()
        self.based = self.based or (tag == "base" and any(name == "href" for name, _ in attrs))
        if tag in _ATTRIBUTES:
            self.found.append((tag, self.starts[line - 1] + column, self.get_starttag_text() or ""))


def html_values(text: str) -> list[Value]:
    r"""Every destination in a piece of HTML whose lines end in `\n`, in order; comments and scripts hold none.

    A document with a `<base href>` gives none: its relative links do not start where it lies.
    """
    tags = _Tags(text)
    if tags.based:
        return []
    return [value for tag, at, words in tags.found for value in _values(tag, at, words)]


def _values(tag: str, at: int, words: str) -> Iterator[Value]:
    seen = set()
    for match in _ATTRIBUTE.finditer(words, len(tag) + 1):
        name = match["name"].lower()
        group = next((g for g in ("double", "single", "bare") if match[g] is not None), None)
        if name in seen or group is None or name not in _ATTRIBUTES[tag]:
            continue
        seen.add(name)  # of two equal attributes browsers take the first
        start, value = match.start(group), match[group]
        if name == "srcset":
            for candidate in _CANDIDATE.finditer(value):
                yield Value(
                    at + start + candidate.start("url"), at + start + candidate.end("url"), tag, listed=True
                )
        elif value.strip():
            lead = len(value) - len(value.lstrip())
            yield Value(at + start + lead, at + start + lead + len(value.strip()), tag, listed=False)
