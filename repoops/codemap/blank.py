"""Sources with comments and strings blanked: every offset and every line stays where it was."""

from __future__ import annotations

import re
from collections.abc import Callable

_VISIBLE = re.compile(r"[^\n]")

C_NOISE = re.compile(
    r"""//(?:\\\n|[^\n])*|/\*[^*]*(?:\*(?!/)[^*]*)*(?:\*/|\Z)
      |"(?<=R")(?P<tag>[^\s()\\"]{0,16})\((?:.|\n)*?(?:\)(?P=tag)"|\Z)
      |"(?:\\(?:.|\n)|[^"\\\n])*"?|'(?<![0-9A-Fa-f]')(?:\\.|[^'\\\n])*'?
      |'(?<=\b[uUL]')(?:\\.|[^'\\\n])*'?""",
    re.VERBOSE,
)
DIRECTIVE = re.compile(r"^[ \t]*#(?:\\\n|[^\n])*", re.MULTILINE)
RUST_NOISE = re.compile(
    r"""//[^\n]*|/\*[^*]*(?:\*(?!/)[^*]*)*(?:\*/|\Z)
      |\bb?r(?P<hash>\#*)"(?:.|\n)*?(?:"(?P=hash)|\Z)
      |"(?:\\(?:.|\n)|[^"\\])*(?:"|\Z)|'(?:\\[^\n]{1,8}?|[^\\'\n])'""",
    re.VERBOSE,
)
GO_NOISE = re.compile(
    r"""//[^\n]*|/\*[^*]*(?:\*(?!/)[^*]*)*(?:\*/|\Z)|`[^`]*(?:`|\Z)|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?""",
    re.VERBOSE,
)
# A slash begins a regular expression where no value stands before it; a template's `${…}` is blanked with it.
JS_NOISE = re.compile(
    r"""//[^\n]*|/\*[^*]*(?:\*(?!/)[^*]*)*(?:\*/|\Z)|`(?:\\(?:.|\n)|[^`\\])*(?:`|\Z)
      |"(?:\\(?:.|\n)|[^"\\\n])*"?|'(?:\\(?:.|\n)|[^'\\\n])*'?
      |(?:(?<=[(,=:\[!&|?{};+\n])|(?<=return))[ \t]*/(?![*/])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n\[])+/""",
    re.VERBOSE,
)
SHELL_NOISE = re.compile(
    r"""(?:(?<=[\s;(])|\A)\#[^\n]*
      |<<-?[ \t]*(?P<quote>["']?)(?P<end>[A-Za-z_]\w*)(?P=quote)(?P<rest>[^\n]*)\n(?:.|\n)*?(?:^[ \t]*(?P=end)[ \t]*$|\Z)
      |\\.|'[^']*(?:'|\Z)
      |"(?:\\(?:.|\n)|\$\((?:[^()"']|"[^"]*"|'[^']*'|\([^()]*\))*\)|[^"\\])*(?:"|\Z)""",
    re.VERBOSE | re.MULTILINE,
)


def blanked(text: str, noise: re.Pattern[str]) -> str:
    """The text with every match turned into spaces, its line ends kept."""
    return noise.sub(_spaces, text)


def _spaces(match: re.Match[str]) -> str:
    found = match[0]
    return _VISIBLE.sub(" ", found) if "\n" in found else " " * len(found)


def line_of(text: str) -> Callable[[int], int]:
    """A function from an offset to its line, counted from 1."""
    from bisect import bisect_right

    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    return lambda offset: bisect_right(starts, offset)
