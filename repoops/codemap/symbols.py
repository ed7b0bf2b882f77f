"""What a Python file says of itself, by `ast`: its purpose and its public names."""

from __future__ import annotations

import ast
import re
import warnings
from dataclasses import dataclass

from repoops.files import RelPath

_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|cf|vs|etc|approx|resp|Fig|Eq|No)\.\Z")

_DOCSTRING = re.compile(
    r"(?:\#[^\n]*\n|\s)*[rRuU]?(?P<quote>\"\"\"|'''|\"|')(?P<text>.*?)(?P=quote)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class Module:
    """A Python file: the first sentence of its docstring, its public names in order; `broken` says where it does not parse."""

    path: RelPath
    purpose: str
    names: tuple[str, ...]
    broken: str = ""


def module(path: RelPath, source: str) -> Module:
    """Parses one file; one that does not parse is told of, not raised for."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes of somebody's file are no concern of a map
            tree = ast.parse(source)
    except SyntaxError as error:
        return Module(path, "", (), f"does not parse: line {error.lineno or 1}")
    except (ValueError, RecursionError, MemoryError):
        return Module(path, "", (), "does not parse")
    return Module(path, first_sentence(ast.get_docstring(tree)), public_names(tree))


def public_names(tree: ast.Module) -> tuple[str, ...]:
    """What `__all__` lists; where it is not written out, classes, functions and then constants without a leading `_`."""
    functions: list[str] = []
    constants: list[str] = []
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            functions.append(node.name)
        for target in _targets(node):
            if target == "__all__":
                listed = _strings(getattr(node, "value", None))
                if listed:
                    return listed
            constants.append(target)
    shown = [name for name in (*functions, *constants) if not name.startswith("_")]
    return tuple(dict.fromkeys(name for name in shown if name in functions or not name.islower()))


def first_sentence(text: str | None) -> str:
    """The first sentence of the first paragraph, on one line, without its full stop."""
    line = " ".join((text or "").strip().split("\n\n")[0].split())
    end = 0
    while (end := line.find(". ", end)) >= 0:
        if not _ABBREVIATION.search(line[: end + 1]):
            return line[:end]
        end += 2
    return line.removesuffix(".")


def docstring(source: str) -> str:
    """The first sentence of a module's docstring as it is written, without parsing the module."""
    found = _DOCSTRING.match(source)
    return first_sentence(found["text"]) if found else ""


def _targets(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Assign):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def _strings(node: ast.expr | None) -> tuple[str, ...]:
    if not isinstance(node, (ast.List, ast.Tuple)):
        return ()
    found = [e.value for e in node.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)]
    return tuple(found) if len(found) == len(node.elts) else ()
