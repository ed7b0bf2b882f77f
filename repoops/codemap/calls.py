"""Which function calls which, across the files of a tree: only what names say beyond doubt.

What is called through an object, handed on as a value, or named as several functions are, is not told.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from repoops.codemap.resolve import absolute, dotted_name
from repoops.codemap.scan import Tree
from repoops.codemap.suffixes import GO, HEADERS, JS, PYTHON, RUST, SHELL, SOURCES, C
from repoops.files import RelPath

_RESERVED = "__"
"""How names of C and CUDA begin that compilers may have, too."""
_DEEPEST = 8
"""How many files on a name is followed that one after the other imports."""


class Function(NamedTuple):
    """A function, class or method by its file and its name there; an empty name is the file's own level."""

    path: RelPath
    name: str


@dataclass(frozen=True, slots=True)
class Call:
    """`line` is the first at which the one calls the other."""

    caller: Function
    target: Function
    line: int


@dataclass(frozen=True, slots=True)
class Calls:
    """Every call that is known, by caller and target, and the line of every definition."""

    rows: tuple[Call, ...]
    lines: Mapping[Function, int]


@dataclass(frozen=True, slots=True)
class _Python:
    """What Python files say of themselves; `modules` has None for a dotted name that several files have."""

    files: Mapping[RelPath, Sequence[Any]]
    defs: Mapping[RelPath, frozenset[str]]
    modules: Mapping[str, RelPath | None]


@dataclass(frozen=True, slots=True)
class _Braces:
    """What files of the other languages can see; `programs` have a `main`, and no other file is linked with them."""

    imports: Mapping[RelPath, Sequence[RelPath]]
    programs: frozenset[RelPath]
    tree: Tree
    _reached: dict[RelPath, frozenset[RelPath]] = field(default_factory=dict)

    def included(self, path: RelPath) -> frozenset[RelPath]:
        """The files that a file includes, and those that they include."""
        if path not in self._reached:
            seen, waiting = {path}, [path]
            while waiting:
                fresh = [p for p in self.imports.get(waiting.pop(), ()) if p not in seen]
                seen.update(fresh)
                waiting += fresh
            self._reached[path] = frozenset(seen - {path})
        return self._reached[path]


def calls(
    tree: Tree, imports: Mapping[RelPath, Sequence[RelPath]], paths: Iterable[RelPath] | None = None
) -> Calls:
    """Reads the functions of source files; shell has none that could be told by its words.

    Args:
        tree: all files.
        imports: the files that each file names.
        paths: those whose functions are read; by default every source file.
    """
    python: dict[RelPath, Sequence[Any]] = {}
    others: dict[RelPath, Sequence[Any]] = {}
    for path in sorted(tree.ending(*SOURCES) if paths is None else paths):
        if path.endswith(SHELL):
            continue
        kept = python if path.endswith(PYTHON) else others
        kept[path] = tree.ask(stage(path), path, lambda p: _read(p, tree.text(p)))
    rows = [*_of_python(python), *_of_braces(others, imports, tree)]
    lines: dict[Function, int] = {}
    for path, found in (*python.items(), *others.items()):
        for name, line, *_ in found[0]:
            lines.setdefault(Function(path, name), line)
    return Calls(tuple(sorted(rows, key=lambda call: (call.caller, call.target))), lines)


def stage(path: RelPath) -> str:
    """Under which name it is kept what a file calls."""
    return f"calls:{path.rsplit('.', 1)[-1]}"


def _read(path: RelPath, text: str) -> list[Any]:
    if path.endswith(PYTHON):
        from repoops.codemap.pycalls import python_calls
        from repoops.codemap.symbols import parsed

        return python_calls(parsed(text))
    from repoops.codemap.bracecalls import brace_calls

    return brace_calls(path, text)


def _of_python(files: Mapping[RelPath, Sequence[Any]]) -> Iterator[Call]:
    counted = Counter(map(dotted_name, files))
    modules = {name: path if counted[name] == 1 else None for path in files for name in (dotted_name(path),)}
    known = _Python(files, {p: frozenset(row[0] for row in f[0]) for p, f in files.items()}, modules)
    seen: set[tuple[Function, Function]] = set()
    for path, found in files.items():
        for caller, line, kind, module, *names in found[1]:
            if kind == "name":
                target = _named(known, path, module, names, 0)
            else:
                target = _method(known, path, ".".join(names[:-1]), names[-1], 0, own=kind == "self")
            pair = target and (Function(path, caller), target)
            if pair and pair not in seen:
                seen.add(pair)
                yield Call(*pair, line)


def _named(known: _Python, path: RelPath, module: str, names: Sequence[str], depth: int) -> Function | None:
    """What names in a module mean, the module as a file writes it; empty for the file itself."""
    if not module:
        return _member(known, path, names, depth)
    parts = [*filter(None, absolute(path, module).split(".")), *names]
    for length in range(len(parts), 0, -1):
        prefix = ".".join(parts[:length])
        if prefix in known.modules:
            at, rest = known.modules[prefix], parts[length:]
            return _member(known, at, rest, depth) if at and rest else None
    return None


def _member(known: _Python, path: RelPath, names: Sequence[str], depth: int) -> Function | None:
    """What names at the level of a file mean: a definition of its own, or what it imports."""
    meaning = known.files[path][2].get(names[0])
    if meaning is None or depth > _DEEPEST:
        return None
    module, *first = meaning
    if module:
        return _named(known, path, module, [*first, *names[1:]], depth + 1)
    name = ".".join([*first, *names[1:]])
    if name in known.defs[path]:
        return Function(path, name)
    return _method(known, path, ".".join(first), names[1], depth + 1, own=False) if len(names) == 2 else None


def _method(
    known: _Python, path: RelPath, klass: str, method: str, depth: int, *, own: bool
) -> Function | None:
    """The method of a class, or else of the first of its bases that has it; none where a base before is not known."""
    if own and f"{klass}.{method}" in known.defs[path]:
        return Function(path, f"{klass}.{method}")
    for module, *names in known.files[path][3].get(klass, ()) if depth <= _DEEPEST else ():
        base = _named(known, path, module, names, depth + 1) if names else None
        if base is None:
            return None
        found = _method(known, base.path, base.name, method, depth + 1, own=True)
        if found:
            return found
    return None


def _of_braces(
    files: Mapping[RelPath, Sequence[Any]], imports: Mapping[RelPath, Sequence[RelPath]], tree: Tree
) -> Iterator[Call]:
    index: dict[tuple[str, ...], dict[str, dict[RelPath, int]]] = {}
    macros = {name for path, found in files.items() if path.endswith(C) for name in found[2]}
    programs = {path for path, found in files.items() if any(row[0] == "main" for row in found[0])}
    for path, found in files.items():
        for name, _, reach in found[0]:
            if reach and not (path.endswith(C) and (name in macros or name.startswith(_RESERVED))):
                at = index.setdefault(_language(path), {}).setdefault(name, {})
                at[path] = max(reach, at.get(path, 0))
    known = _Braces(imports, frozenset(programs), tree)
    seen: set[tuple[Function, Function]] = set()
    for path, found in files.items():
        defined = index.get(_language(path), {})
        for caller, line, qualifier, name in found[1]:
            where = defined.get(name)
            meant = _meant(known, path, qualifier, where) if where and name != "main" else None
            pair = meant and (Function(path, caller), Function(meant, name))
            if pair and pair not in seen:
                seen.add(pair)
                yield Call(*pair, line)


def _language(path: RelPath) -> tuple[str, ...]:
    return next(suffixes for suffixes in (C, RUST, GO, JS) if path.endswith(suffixes))


def _meant(known: _Braces, path: RelPath, qualifier: str, where: Mapping[RelPath, int]) -> RelPath | None:
    """Which of the files that define a name is meant: the caller's own, else the only one that it can see."""
    if qualifier:
        where = {p: reach for p, reach in where.items() if p != path and _qualified(known.tree, p, qualifier)}
    elif path in where:
        return path
    public = {p for p, reach in where.items() if reach == 2}
    if path.endswith(C):
        seen = {p for p in where if p in known.included(path)}
        linked = {p for p in public if not p.endswith(HEADERS) and p not in known.programs}
        return _only(seen) if seen else _only(linked if len(where) == 1 else ())
    if path.endswith(GO) and not qualifier:
        folder = path.rpartition("/")[0]
        return _only(p for p in where if p.rpartition("/")[0] == folder)
    named = known.imports.get(path, ())
    return _only(p for p in public if p in named)


def _qualified(tree: Tree, path: RelPath, qualifier: str) -> bool:
    """Whether a file can be what a word before `::` or `.` means: its module or package, or a space or class that it names."""
    folder, _, name = path.rpartition("/")
    if path.endswith(C):
        return qualifier.encode() in tree.raw(path)
    stem = name.rpartition(".")[0]
    return qualifier == (folder.rpartition("/")[2] if path.endswith(GO) or stem == "mod" else stem)


def _only(paths: Iterable[RelPath]) -> RelPath | None:
    found = list(paths)
    return found[0] if len(found) == 1 else None
