"""Sources with comments and strings blanked: every offset and every line stays where it was."""

from __future__ import annotations

import re
from collections.abc import Callable

# Patterns of languages are words here, compiled when a file needs them: compiling all takes longer than reading a small tree.

C_NOISE = r"""(?x)//(?:\\\n|[^\n])*|/\*[^*]*(?:\*(?!/)[^*]*)*(?:\*/|\Z)
      |"(?<=R")(?P<tag>[^\s()\\"]{0,16})\((?:.|\n)*?(?:\)(?P=tag)"|\Z)
      |"(?:\\(?:.|\n)|[^"\\\n])*"?|'(?<![0-9A-Fa-f]')(?:\\.|[^'\\\n])*'?
      |'(?<=\b[uUL]')(?:\\.|[^'\\\n])*'?"""
DIRECTIVE = r"(?m)^[ \t]*#(?:\\\n|[^\n])*"
RUST_NOISE = r"""(?x)//[^\n]*|/\*[^*]*(?:\*(?!/)[^*]*)*(?:\*/|\Z)
      |\bb?r(?P<hash>\#*)"(?:.|\n)*?(?:"(?P=hash)|\Z)
      |"(?:\\(?:.|\n)|[^"\\])*(?:"|\Z)|'(?:\\[^\n]{1,8}?|[^\\'\n])'"""
GO_NOISE = r"""(?x)//[^\n]*|/\*[^*]*(?:\*(?!/)[^*]*)*(?:\*/|\Z)|`[^`]*(?:`|\Z)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?"""
# A slash begins a regular expression where no value stands before it; a template's `${…}` is blanked with it.
JS_NOISE = r"""(?x)//[^\n]*|/\*[^*]*(?:\*(?!/)[^*]*)*(?:\*/|\Z)|`(?:\\(?:.|\n)|[^`\\])*(?:`|\Z)
      |"(?:\\(?:.|\n)|[^"\\\n])*"?|'(?:\\(?:.|\n)|[^'\\\n])*'?
      |(?:(?<=[(,=:\[!&|?{};+\n])|(?<=return))[ \t]*/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/"""
SHELL_NOISE = r"""(?mx)(?:(?<=[\s;(])|\A)\#[^\n]*
      |<<-?[ \t]*(?P<quote>["']?)(?P<end>[A-Za-z_]\w*)(?P=quote)(?P<rest>[^\n]*)\n(?:.|\n)*?(?:^[ \t]*(?P=end)[ \t]*$|\Z)
      |\\.|'[^']*(?:'|\Z)
      |"(?:\\(?:.|\n)|\$\((?:[^()"']|"[^"]*"|'[^']*'|\([^()]*\))*\)|[^"\\])*(?:"|\Z)"""


def blanked(text: str, noise: str) -> str:
    """The text with every match of a pattern turned into spaces, its line ends kept."""
    return re.sub(noise, _spaces, text)


def _spaces(match: re.Match[str]) -> str:
    found = match[0]
    return re.sub(r"[^\n]", " ", found) if "\n" in found else " " * len(found)


def line_of(text: str) -> Callable[[int], int]:
    """A function from an offset to its line, counted from 1."""
    from bisect import bisect_right

    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    return lambda offset: bisect_right(starts, offset)
