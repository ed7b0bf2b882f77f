"""Who imports whom among Python files, by their import lines alone: cheap, for ranking; nothing is parsed."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from repoops.codemap.scan import Tree, is_test
from repoops.files import RelPath

_IMPORT = re.compile(
    rb"(?:^|\n)[ \t]*(?:from[ \t]+(?P<base>[.\w]+)[ \t]+import[ \t]*(?P<names>\([^)]*\)|[^\n#;]*)"
    rb"|import[ \t]+(?P<plain>[\w., \t]+))"
)
_DEFINITION = re.compile(rb"(?:^|\n)(?:def|class|async def)[ \t]+([A-Za-z]\w*)")
_NAME = re.compile(rb"(\w+)(?:[ \t]+as[ \t]+\w+)?")
_ROOTS = ("src/", "python/", "lib/")
_MOST_NAMES = 8


@dataclass(frozen=True, slots=True)
class Graph:
    """`importers` has the files that import each; `weight` is by how much a file helps to understand the rest."""

    importers: Mapping[RelPath, frozenset[RelPath]]
    weight: Mapping[RelPath, int]


def graph(tree: Tree) -> Graph:
    """Reads the imports of every Python file.

    A file weighs the number of files, tests aside, that import it times the number of its public
    names (eight at most): what many use and what offers much comes first, and constants, clocks and
    error types, which all use, do not crowd it out.
    """
    paths = tree.ending(".py")
    known = {_dotted(path): path for path in reversed(paths)}
    importers: dict[RelPath, set[RelPath]] = {}
    for path in paths:
        for target in _targets(path, tree.raw(path), known):
            if target != path:
                importers.setdefault(target, set()).add(path)
    weight = {}
    for path in paths:
        if not is_test(path):
            used = sum(not is_test(importer) for importer in importers.get(path, ()))
            weight[path] = used * min(len(_DEFINITION.findall(tree.raw(path))), _MOST_NAMES)
    return Graph({path: frozenset(found) for path, found in importers.items()}, weight)


def _targets(path: RelPath, raw: bytes, known: Mapping[str, RelPath]) -> set[RelPath]:
    """The files that a file imports; of `from package import module` the module, not the package too."""
    found: set[RelPath | None] = set()
    for match in _IMPORT.finditer(raw):
        if match["plain"] is not None:
            for part in match["plain"].split(b","):
                found.add(_longest((part.split() or [b""])[0].decode(), known))
            continue
        base = _absolute(path, match["base"].decode())
        for name in _NAME.findall(match["names"]):
            dotted = ".".join(filter(None, [base, name.decode()]))
            found.add(known.get(dotted) or _longest(base, known))
    return {target for target in found if target is not None}


def _absolute(path: RelPath, base: str) -> str:
    level = len(base) - len(base.lstrip("."))
    if not level:
        return base
    package = _module_parts(path)[:-1]
    package = package[: max(len(package) - level + 1, 0)]
    return ".".join([*package, *filter(None, [base[level:]])])


def _module_parts(path: RelPath) -> list[str]:
    for root in _ROOTS:
        if path.startswith(root):
            path = path[len(root) :]
            break
    return path.removesuffix(".py").split("/")


def _dotted(path: RelPath) -> str:
    parts = _module_parts(path)
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 1 else parts)


def _longest(wanted: str, known: Mapping[str, RelPath]) -> RelPath | None:
    """The file of the longest dotted name that a file has."""
    while wanted:
        if wanted in known:
            return known[wanted]
        wanted = wanted.rpartition(".")[0]
    return None
