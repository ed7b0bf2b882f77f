"""What Python files define and import, by `ast`."""

from __future__ import annotations

import ast
import warnings
from collections import Counter
from dataclasses import dataclass

from repoops.codemap.scan import Tree, is_test
from repoops.files import RelPath


@dataclass(frozen=True, slots=True)
class Module:
    """A Python file: the first sentence of its docstring, its public names, the modules it imports; `broken` if it does not parse."""

    path: RelPath
    purpose: str
    names: tuple[str, ...]
    imports: frozenset[str]
    broken: str = ""


def modules(tree: Tree) -> list[Module]:
    """Every Python file that is no test, in path order."""
    return [_module(path, tree.text(path)) for path in tree.ending(".py") if not is_test(path)]


def used_by(found: list[Module]) -> Counter[RelPath]:
    """How many other modules import each, by the longest dotted name that fits a path of this tree."""
    by_name = {_dotted(module.path): module.path for module in found}
    counted: Counter[RelPath] = Counter()
    for module in found:
        reached = {by_name[name] for wanted in module.imports if (name := _longest(wanted, by_name))}
        counted.update(reached - {module.path})
    return counted


def first_sentence(text: str | None) -> str:
    """The first sentence of the first paragraph, on one line, without a full stop."""
    paragraph = (text or "").strip().split("\n\n")[0]
    line = " ".join(paragraph.split())
    return line.split(". ")[0].rstrip(".")


def _module(path: RelPath, source: str) -> Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes of somebody's file are no concern of a map
            tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError) as error:
        line = f" at line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        return Module(path, "", (), frozenset(), f"does not parse{line}")
    defined = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    names = [node.name for node in tree.body if isinstance(node, defined) and not node.name.startswith("_")]
    imports: set[str] = set()
    for found in ast.walk(tree):
        if isinstance(found, ast.Import):
            imports |= {alias.name for alias in found.names}
        elif isinstance(found, ast.ImportFrom):
            base = _absolute(path, found)
            imports |= {base, *(f"{base}.{alias.name}" for alias in found.names)}
    return Module(path, first_sentence(ast.get_docstring(tree)), tuple(names), frozenset(imports))


def _absolute(path: RelPath, node: ast.ImportFrom) -> str:
    if not node.level:
        return node.module or ""
    package = path.split("/")[:-1]
    package = package[: len(package) - node.level + 1]
    return ".".join([*package, *([node.module] if node.module else [])])


def _dotted(path: RelPath) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").removeprefix("src/").replace("/", ".")


def _longest(wanted: str, known: dict[str, RelPath]) -> str | None:
    parts = wanted.split(".")
    for length in range(len(parts), 0, -1):
        name = ".".join(parts[:length])
        if name in known:
            return name
    return None
