"""Macros that make or launch kernels, and their expansion; all other macros stay as they are written."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from repoops.codemap.cpp import arguments, closing

_DIRECTIVE = re.compile(r"^[ \t]*#[^\n]*", re.MULTILINE)
_DEFINE = re.compile(
    r"^[ \t]*#[ \t]*(?:define[ \t]+(?P<name>[A-Za-z_]\w*)(?P<params>\([^)\n]*\))?(?P<body>[^\n]*)"
    r"|undef[ \t]+(?P<gone>\w+)[^\n]*)",
    re.MULTILINE,
)
_TELLING = re.compile(r"\b__global__\b|<<<|\b__launch_bounds__\b|\b(?:cu|cuda|hip)Launch\w*")
_WORD = re.compile(r"[A-Za-z_]\w*")
_CALLED = re.compile(r"\b(\w+)\s*\(")
_DEEPEST = 8
_LARGEST = 1 << 22
"""Characters; what expands beyond is left as it is written."""


@dataclass(frozen=True, slots=True)
class Macro:
    """One `#define`: `params` is None for one without brackets; `start` is its offset, -1 if it is another file's."""

    name: str
    params: tuple[str, ...] | None
    body: str
    start: int = -1

    @property
    def carries(self) -> bool:
        """Whether it calls one of its own parameters, as lists of `X(…)` do."""
        return bool(self.params) and not set(self.params or ()).isdisjoint(_CALLED.findall(self.body))


@dataclass(frozen=True, slots=True)
class Table:
    """The macros a file sees, in order of definition; an undefined one has body and params of None."""

    rows: Mapping[str, tuple[Macro | None, ...]]
    starts: Mapping[str, tuple[int, ...]]
    telling: frozenset[str]
    carriers: frozenset[str]

    def at(self, name: str, where: int) -> Macro | None:
        """The definition that holds at an offset: the last before it, but one that makes a kernel if branches differ."""
        best: Macro | None = None
        for start, macro in zip(self.starts.get(name, ()), self.rows.get(name, ()), strict=True):
            if start > where:
                break
            if macro is None:
                best = None
            elif best is None or _tells(macro, self.telling) or not _tells(best, self.telling):
                best = macro
        return best


def definitions(text: str) -> list[tuple[int, str, Macro | None]]:
    """Every definition of cleaned text, and every `#undef` (as None), with its offset and name."""
    found: list[tuple[int, str, Macro | None]] = []
    for match in _DEFINE.finditer(text):
        if match["gone"]:
            found.append((match.start(), match["gone"], None))
            continue
        params = match["params"]
        names = None if params is None else tuple(p.strip() for p in params[1:-1].split(","))
        found.append(
            (match.start(), match["name"], Macro(match["name"], names, match["body"].strip(), match.start()))
        )
    return found


def table(own: Iterable[tuple[int, str, Macro | None]], others: Iterable[Macro]) -> Table:
    """A file's own definitions before those of other files."""
    rows: dict[str, list[tuple[int, Macro | None]]] = {}
    for macro in others:
        rows.setdefault(macro.name, []).append((-1, macro))
    for start, name, mine in own:
        here = rows.setdefault(name, [])
        if here and here[0][0] == -1:
            here.clear()
        here.append((start, mine))
    flat = [macro for found in rows.values() for _, macro in found if macro]
    telling = closure(flat)
    carriers = frozenset(macro.name for macro in flat if macro.params and macro.carries)
    return Table(
        {name: tuple(m for _, m in found) for name, found in rows.items()},
        {name: tuple(start for start, _ in found) for name, found in rows.items()},
        telling,
        carriers - telling if telling else frozenset(),
    )


def closure(macros: Iterable[Macro]) -> frozenset[str]:
    """The names of macros that lead to `__global__`, launch bounds or a launch, by themselves or through others."""
    words = {macro: frozenset(_WORD.findall(macro.body)) for macro in macros}
    telling = {macro.name for macro in words if _TELLING.search(macro.body)}
    while more := {m.name for m, used in words.items() if m.name not in telling and used & telling}:
        telling |= more
    return frozenset(telling)


def expand(text: str, macros: Table) -> str:
    """The text without its preprocessor lines, and with every macro replaced that makes, bounds or launches a kernel."""
    code = _DIRECTIVE.sub(lambda match: " " * len(match[0]), text)
    names = macros.telling | macros.carriers
    if not names:
        return code
    pattern = re.compile(r"\b(?:" + "|".join(map(re.escape, sorted(names))) + r")\b")
    return _expand(code, macros, pattern, frozenset(), None)


def _expand(
    text: str, macros: Table, pattern: re.Pattern[str], hidden: frozenset[str], where: int | None
) -> str:
    if len(hidden) > _DEEPEST:
        return text
    pieces: list[str] = []
    at = size = 0
    for match in pattern.finditer(text):
        name = match[0]
        if match.start() < at or name in hidden or size > _LARGEST:
            continue
        place = match.start() if where is None else where
        macro = macros.at(name, place)
        used = None if macro is None else _used(text, match.end(), macro)
        if macro is None or used is None:
            continue
        given, end = used
        if name in macros.carriers and not any(macros.telling & set(_WORD.findall(part)) for part in given):
            continue
        made = _expand(substituted(macro, given), macros, pattern, hidden | {name}, place)
        pieces += [text[at : match.start()], " ", made, " "]
        size += len(made)
        at = end
    return "".join([*pieces, text[at:]])


def _used(text: str, at: int, macro: Macro) -> tuple[list[str], int] | None:
    """The arguments of a use and where it ends; None where the name stands without the brackets it needs."""
    if macro.params is None:
        return [], at
    found = re.compile(r"\s*\(").match(text, at)
    if not found:
        return None
    end = closing(text, found.end() - 1)
    return arguments(text[found.end() : end - 1]), end


def substituted(macro: Macro, given: list[str]) -> str:
    """A macro's body with its arguments put in, `#` and `##` carried out."""
    if macro.params is None:
        return re.sub(r"\s*##\s*", "", macro.body)
    values: dict[str, str] = {}
    for number, param in enumerate(macro.params):
        if param.endswith("..."):
            values[param.removesuffix("...").strip() or "__VA_ARGS__"] = ", ".join(given[number:])
        elif param:
            values[param] = given[number] if number < len(given) else ""
    body = re.sub(r"(?<!#)#\s*\w+", '""', macro.body)
    return re.sub(r"\s*##\s*", "", _WORD.sub(lambda match: values.get(match[0], match[0]), body))


def _tells(macro: Macro, telling: frozenset[str]) -> bool:
    return bool(_TELLING.search(macro.body)) or not telling.isdisjoint(_WORD.findall(macro.body))
