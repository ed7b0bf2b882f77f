"""C++ and CUDA text made fit for a scanner: no comments, no string contents, no dead `#if 0`; no full parse, no includes."""

from __future__ import annotations

import re

# Every alternative begins with a plain character, so that the engine skips to the next one at speed. A quote
# behind a letter or digit parts the digits of a number, 1'000'000, unless the letter marks a wide character.
_NOISE = re.compile(
    r"""(?P<comment>//[^\n]*|/\*[^*]*(?:\*(?!/)[^*]*)*(?:\*/|\Z))
      |(?P<raw>"(?<=R")(?P<tag>[^\s()\\"]{0,16})\((?:.|\n)*?(?:\)(?P=tag)"|\Z))
      |(?P<quoted>"(?:\\.|[^"\\\n])*"|'(?:(?<![0-9A-Za-z_]')|(?<=\b[uUL]'))(?:\\.|[^'\\\n])*')
    """,
    re.VERBOSE,
)
_SPLICE = re.compile(r"\\[ \t]*\n")
_VISIBLE = re.compile(r"[^\n]")
_CONDITION = re.compile(
    r"^[ \t]*\#[ \t]*(?P<word>ifdef|ifndef|if|elifdef|elifndef|elif|else|endif)\b(?P<test>[^\n]*)",
    re.MULTILINE,
)
_NEVER = re.compile(r"\(*\s*(?:0|false)\s*\)*\s*(?:&&.*)?")
_ALWAYS = re.compile(r"\(*\s*(?:1|true)\s*\)*\s*(?:\|\|.*)?")
_BRACKETS = {"(": re.compile(r"[()]"), "{": re.compile(r"[{}]"), "[": re.compile(r"[\[\]]")}
_ANGLES = re.compile(r"->|=>|<<|<=|[<>(){};]")


def clean(source: str, *, strings: bool = False) -> str:
    r"""The source with comments and the contents of strings blanked, spliced lines joined and dead branches gone.

    Args:
        source: C++ or CUDA, line ends `\n`.
        strings: leave plain strings as they are; raw ones go in any case.
    """

    def blank(match: re.Match[str]) -> str:
        found = match[0]
        if found[0] == "/":
            return _VISIBLE.sub(" ", found) if "\n" in found else " "
        return found if strings and match["quoted"] is not None else '""'

    return without_dead_branches(_NOISE.sub(blank, _SPLICE.sub(" ", source)))


def without_dead_branches(text: str) -> str:
    """Blanks what `#if 0` and the like leave out; of every other condition all branches stay."""
    if not re.search(r"#[ \t]*if[ \t(]+(?:0|1|false|true)\b", text):
        return text
    pieces: list[str] = []
    open_ifs: list[tuple[bool, bool]] = []  # (this branch is compiled, a later branch may be)
    at = 0
    for match in _CONDITION.finditer(text):
        pieces.append(_branch(text[at : match.start()], open_ifs))
        at = match.start()
        word, test = match["word"], match["test"].strip()
        if word in ("ifdef", "ifndef"):
            open_ifs.append((True, True))
        elif word == "if":
            open_ifs.append((not _NEVER.fullmatch(test), not _ALWAYS.fullmatch(test)))
        elif word == "endif":
            del open_ifs[-1:]
        elif open_ifs:
            _, later = open_ifs[-1]
            live = later and not (word == "elif" and _NEVER.fullmatch(test))
            open_ifs[-1] = (live, later and not (word == "elif" and _ALWAYS.fullmatch(test)))
    pieces.append(_branch(text[at:], open_ifs))
    return "".join(pieces)


def _branch(part: str, open_ifs: list[tuple[bool, bool]]) -> str:
    return part if all(live for live, _ in open_ifs) else _VISIBLE.sub(" ", part)


def closing(text: str, at: int) -> int:
    """The offset behind the bracket that closes the one at `at`; the end of the text where none does."""
    depth, opening = 0, text[at]
    for match in _BRACKETS[opening].finditer(text, at):
        depth += 1 if match[0] == opening else -1
        if depth == 0:
            return match.end()
    return len(text)


def closing_angle(text: str, at: int) -> int:
    """Behind the `>` that closes the `<` at `at`; the end of the text where a statement or what it stands in ends before.

    `>` inside parentheses or braces, `->`, `=>`, `<<` and `<=` close and open nothing.
    """
    depth, inside = 0, 0
    for match in _ANGLES.finditer(text, at):
        found = match[0]
        if found in "(){}":
            inside += 1 if found in "({" else -1
            if inside < 0:
                break
        elif not inside and found == ";":
            break
        elif not inside and found == "<":
            depth += 1
        elif not inside and found == ">":
            depth -= 1
            if depth == 0:
                return match.end()
    return len(text)


def opening_angle(text: str, end: int) -> int:
    """The offset of the `<` that the `>` before `end` closes, or -1 where a statement begins before one is found."""
    depth, inside = 0, 0
    for position in range(end - 1, max(end - 4000, -1), -1):
        character = text[position]
        if character in ";{}" and not inside:
            return -1
        if character in "()":
            inside += 1 if character == ")" else -1
            if inside < 0:
                return -1
        elif not inside and character == ">" and text[position - 1 : position] != "-":
            depth += 1
        elif not inside and character == "<":
            depth -= 1
            if depth == 0:
                return position
    return -1


def arguments(inside: str) -> list[str]:
    """What stands between a call's parentheses, parted at its own commas as the preprocessor parts it."""
    parts, start, depth = [], 0, 0
    for match in re.finditer(r"[()\[\]{},]", inside):
        found = match[0]
        if found == ",":
            # Only round brackets protect a comma from the preprocessor.
            if depth == 0:
                parts.append(inside[start : match.start()].strip())
                start = match.end()
        elif found in "()":
            depth += 1 if found == "(" else -1
    return [*parts, inside[start:].strip()]
