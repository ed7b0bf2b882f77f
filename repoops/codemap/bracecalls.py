"""What each function of a C, C++, CUDA, Rust, Go or JavaScript file calls or launches, by the names that stand before brackets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from repoops.codemap.blank import C_NOISE, GO_NOISE, JS_NOISE, RUST_NOISE, blanked, line_of
from repoops.codemap.cpp import closing, closing_angle, without_dead_branches
from repoops.codemap.definitions import definitions
from repoops.codemap.suffixes import GO, JS, RUST

_CALL = re.compile(r"(?<![\w$#])(?P<name>[A-Za-z_]\w*)\s*(?P<after>[(<])")
_ASSIGNED = re.compile(r"\b([A-Za-z_]\w*)\s*(?::?=(?!=)|\[)")
_FARTHEST = 200
"""Characters before a name in which what qualifies it stands."""
_KEYWORDS = frozenset(
    ("if", "for", "while", "switch", "catch", "return", "sizeof", "alignof", "decltype", "defined", "new", "delete", "match",
     "func", "fn", "function", "go", "defer", "range", "select", "await", "typeof", "asm", "__asm__", "static_assert")
)  # fmt: skip
_BEFORE_CALLS = frozenset(
    ("return", "else", "do", "throw", "co_return", "co_await", "co_yield", "await", "yield", "in", "go", "defer", "case",
     "match", "if", "while", "and", "or", "not", "mut", "move", "unsafe", "typeof", "void", "new", "range")
)  # fmt: skip
_FUNCTIONS = frozenset(("function", "fn", "func", "method"))


def brace_calls(path: str, text: str) -> list[Any]:
    """`[defs, calls, macros]` as plain data.

    Returns:
        defs: `[name, line, reach]` of functions with a body: reach is 2 for what other files may call, 1 for what only
            its own file may, 0 for what is called through an object.
        calls: `[caller, line, qualifier, name]`: the qualifier is the word before `::`, or before Go's `.`. What stands
            behind a type (a declaration), is called through an object, or has the name of a parameter or of something
            that the function assigns is no call here. Of one caller and name the first line.
        macros: names that C macros with arguments take; a call of one may be anything.
    """
    code, line = _code(path, text), line_of(text)
    starts = [0, *(match.end() for match in re.finditer("\n", text))]
    defs: list[list[Any]] = []
    macros: list[str] = []
    rows: dict[tuple[str, str, str], int] = {}
    behind = 0
    for each in definitions(path, text):
        if each.kind == "macro" and not path.endswith(RUST):
            macros.append(each.name)
        at = starts[each.line - 1]
        if each.kind not in _FUNCTIONS or at < behind:
            continue
        opened = _parameters(code, each.name, at)
        body = None if opened is None else _body(code, opened)
        if opened is None or body is None:
            continue
        behind = body[1]
        free = each.kind != "method" and not (path.endswith(RUST) and text[at : at + 1].isspace())
        defs.append([each.name, each.line, (2 if each.public else 1) if free else 0])
        own = set(re.findall(r"\w+", code[opened + 1 : body[0]])) | set(_ASSIGNED.findall(code, *body))
        for at_call, qualifier, name in _calls(code, *body, dotted=path.endswith(GO)):
            if qualifier or name not in own:
                rows.setdefault((each.name, qualifier, name), line(at_call))
    return [defs, [[caller, at, qualifier, name] for (caller, qualifier, name), at in rows.items()], macros]


def _code(path: str, text: str) -> str:
    """The text without comments and strings, and of C without branches that are never compiled; every offset stays."""
    for suffixes, noise in ((RUST, RUST_NOISE), (GO, GO_NOISE), (JS, JS_NOISE)):
        if path.endswith(suffixes):
            return blanked(text, noise)
    return without_dead_branches(blanked(text, C_NOISE))


def _parameters(code: str, name: str, start: int) -> int | None:
    """Where the bracket of a function's parameters opens, whose definition begins at `start`; None where none is near."""
    for match in re.compile(rf"\b{re.escape(name)}\s*[(<]").finditer(code, start, start + _FARTHEST):
        at = match.end() - 1
        if code[at] == "(":
            return at
        behind = re.compile(r"\s*\(").match(code, closing_angle(code, at))
        if behind:
            return behind.end() - 1
    return None


def _body(code: str, parameters: int) -> tuple[int, int] | None:
    """Where the body begins and ends whose parameters' bracket opens at an offset; None for a declaration."""
    at = closing(code, parameters)
    opened = re.compile(r"[{;]").search(code, at)
    if opened is None or opened[0] == ";":
        return None
    return opened.end(), closing(code, opened.start())


def _calls(code: str, start: int, end: int, *, dotted: bool) -> Iterator[tuple[int, str, str]]:
    """`(offset, qualifier, name)` of calls and launches."""
    for match in _CALL.finditer(code, start, end):
        name = match["name"]
        if name in _KEYWORDS or not _is_call(code, match.end("after") - 1):
            continue
        before = code[max(match.start() - _FARTHEST, 0) : match.start()].rstrip()
        sign = before[-2:] if before.endswith(("::", "->")) else before[-1:] if before.endswith(".") else ""
        word = _last_word(before[: len(before) - len(sign)].rstrip())
        if not sign:
            if not word or word in _BEFORE_CALLS:
                yield match.start(), "", name
        elif word and (sign == "::" or (dotted and sign == ".")):
            yield match.start(), word, name


def _last_word(text: str) -> str:
    at = len(text)
    while at and (text[at - 1].isalnum() or text[at - 1] in "_$"):
        at -= 1
    return text[at:]


def _is_call(code: str, at: int) -> bool:
    """Whether a call's or a launch's brackets open here, behind template arguments where there are any."""
    if code[at] == "(" or code.startswith("<<<", at):
        return True
    end = closing_angle(code, at)
    rest = code[end : end + 20].lstrip()
    return end < len(code) and rest.startswith(("(", "<<<"))
