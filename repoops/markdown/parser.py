"""The one markdown parser (CommonMark, tables, strikethrough), which notes where each destination stands.

markdown-it gives line maps only. Here its helper for link destinations is replaced by one that
records the span it read, and the rules that call it hang that span on the token they make, as
`token.meta["span"]`: offsets into the text the rule read (the `content` of the inline token).
Definitions make no token, so theirs are listed apart.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

from markdown_it import MarkdownIt, helpers
from markdown_it.rules_block import StateBlock, reference
from markdown_it.rules_core import StateCore
from markdown_it.rules_inline import StateInline, autolink, backtick, html_inline, image, link
from markdown_it.token import Token

from repoops.markdown.source import Source

NESTING = 100
"""Deeper nesting is left unparsed; markdown-it's own limit of 20 is reached by lists in quotes."""


@dataclass(frozen=True, slots=True)
class Definition:
    """A reference definition: `text` is what the rule read from line `first` (from 0) on, `start` and `end` lie in it."""

    first: int
    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Parsed:
    """Block tokens (inline ones with children), and the definitions in order."""

    tokens: list[Token]
    definitions: list[Definition]


class _Recorder:
    """One parse's notes: a frame per rule at work, so that a rule tried inside another cannot mix up spans."""

    def __init__(self) -> None:
        self.frames: list[tuple[str, int, int] | None] = []
        self.definitions: list[Definition] = []

    def destination(self, string: str, pos: int, maximum: int) -> Any:
        result = helpers.parseLinkDestination(string, pos, maximum)
        if result.ok and self.frames:
            self.frames[-1] = (string, pos, result.pos)
        return result

    def inline(self, rule: Callable[[StateInline, bool], bool], kind: str) -> Any:
        def recorded(state: StateInline, silent: bool) -> bool:
            before = len(state.tokens)
            at = state.pos
            self.frames.append(None)
            try:
                matched = rule(state, silent)
            finally:
                frame = self.frames.pop()
            if matched and not silent:
                made = next((t for t in state.tokens[before:] if t.type == kind), None)
                if made is not None:
                    made.meta["at"] = (at, state.pos)
                    if frame is not None and "label" not in made.meta:
                        made.meta["span"] = frame[1:]
            return matched

        return recorded

    def reference(self, state: StateBlock, first: int, last: int, silent: bool) -> bool:
        self.frames.append(None)
        try:
            matched = reference(state, first, last, silent)
        finally:
            frame = self.frames.pop()
        if matched and not silent and frame is not None:
            self.definitions.append(Definition(first, *frame))
        return matched


def parse(source: Source, wanted: Callable[[str], bool] = bool) -> Parsed:
    """Parses a file's markdown; text for which `wanted` says no keeps its inline token without children."""
    recorder = _Recorder()
    md = MarkdownIt("commonmark", {"maxNesting": NESTING, "store_labels": True})
    md.enable(["table", "strikethrough"])
    md.helpers = SimpleNamespace(  # type: ignore[assignment] # a module by markdown-it's type; only its names are used
        parseLinkDestination=recorder.destination,
        parseLinkLabel=helpers.parseLinkLabel,
        parseLinkTitle=helpers.parseLinkTitle,
    )

    def inline(state: StateCore) -> None:
        for token in state.tokens:
            if token.type == "inline" and wanted(token.content):
                token.children = []
                state.md.inline.parse(token.content, state.md, state.env, token.children)

    md.core.ruler.at("inline", inline)
    md.inline.ruler.at("link", recorder.inline(link, "link_open"))
    md.inline.ruler.at("image", recorder.inline(image, "image"))
    md.inline.ruler.at("autolink", recorder.inline(autolink, "link_open"))
    md.inline.ruler.at("html_inline", recorder.inline(html_inline, "html_inline"))
    md.inline.ruler.at("backticks", recorder.inline(backtick, "code_inline"))
    md.block.ruler.at("reference", recorder.reference)
    return Parsed(md.parse(source.markdown), recorder.definitions)
