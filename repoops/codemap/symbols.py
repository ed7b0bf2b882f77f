"""What a source file says of itself: its purpose and its public names; of Python by `ast`, of others by scanners."""

from __future__ import annotations

import ast
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from repoops.files import RelPath

if TYPE_CHECKING:
    from repoops.codemap.definitions import Definition

_ABBREVIATION = re.compile(r"\b(?:e\.g|i\.e|cf|vs|etc|approx|resp|Fig|Eq|No|al|alg|sec|Sec|pp?|cl|ca)\.\Z")

_DOCSTRING = re.compile(
    r"(?:\#[^\n]*\n|\s)*[rRuU]?(?P<quote>\"\"\"|'''|\"|')(?P<text>.*?)(?P=quote)", re.DOTALL
)


_COMMENT = re.compile(
    r"\s*(?:\#!(?=[^\n]*/)[^\n]*\n|(?P<block>/\*(?:.|\n)*?\*/)|(?P<lines>(?:[ \t]*(?://|\#(?![ \t]*(?:pragma|include|if|define|ifndef|endif)\b))[^\n]*\n)+)"
    r"|\#[ \t]*(?:pragma|ifndef|define)\b[^\n]*\n|package[ \t]+\w+\n|[\"']use strict[\"'];?)"
)
_DRESSING = re.compile(
    r"^[ \t]*(?:/\*+!?|\*+/|//+[!/]?|\#+|\*+)[ \t]?|\*+/[ \t]*$|[\\@](?:file|brief|class|overview|module)\b",
    re.MULTILINE,
)
_LEGAL = re.compile(
    r"(?i)copyright|licen[sc]e|spdx|redistribut|all rights reserved|clang-format|eslint|-\*-|go:build|^[\s/*=#-]*$"
)
_UNDERLINES = set('=-~^*"#+')
_OF_TYPES = ("TypeVar", "ParamSpec", "TypeVarTuple")
"""Names that are bound to one of these serve their file's annotations only."""
_KIND_ORDER = ("class", "struct", "trait", "interface", "enum", "union", "type", "using", "typedef", "function", "fn", "func", "method")  # fmt: skip


@dataclass(frozen=True, slots=True)
class Module:
    """A source file: what it is for in its own words, its public names; `broken` says where Python does not parse."""

    path: RelPath
    purpose: str
    names: tuple[str, ...]
    broken: str = ""


def module(path: RelPath, source: str) -> Module:
    """Reads one file; Python that does not parse is told of, not raised for."""
    if not path.endswith(".py"):
        from repoops.codemap.definitions import definitions

        return Module(path, leading_comment(source), _offered(definitions(path, source)))
    return python_module(path, parsed(source))


def python_module(path: RelPath, tree: ast.Module | str) -> Module:
    """The same of a Python file that was parsed, or the reason why it could not be."""
    if isinstance(tree, str):
        return Module(path, "", (), tree)
    return Module(path, first_sentence(ast.get_docstring(tree)), public_names(tree))


def parsed(source: str) -> ast.Module | str:
    """The tree of a Python file, or why there is none."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes of somebody's file are no concern of a map
            return ast.parse(source)
    except SyntaxError as error:
        return f"does not parse: line {error.lineno or 1}"
    except (ValueError, RecursionError, MemoryError):
        return "does not parse"


def python_definitions(source: str) -> list[Definition]:
    """Functions, classes and methods of a Python file with their lines; none where it does not parse."""
    from repoops.codemap.definitions import Definition

    tree = parsed(source)
    found: list[Definition] = []
    waiting: list[ast.AST] = [] if isinstance(tree, str) else [tree]
    while waiting:
        for node in ast.iter_child_nodes(waiting.pop()):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                kind = "class" if isinstance(node, ast.ClassDef) else "function"
                found.append(Definition(node.name, kind, node.lineno, not node.name.startswith("_")))
            if not isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.expr)):
                waiting.append(node)
    return sorted(found, key=lambda each: (each.line, each.name))


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


def leading_comment(source: str) -> str:
    """The first sentence of the first comment that stands before any code and is no licence."""
    at = 0
    while match := _COMMENT.match(source, at):
        at = match.end()
        found = match["block"] or match["lines"] or ""
        if found and not _LEGAL.search(found):
            said = first_sentence(
                "\n".join(line.strip() for line in _DRESSING.sub("", found).strip().split("\n"))
            )
            if len(said.split()) > 1:
                return said
    return ""


def _offered(found: Sequence[Definition]) -> tuple[str, ...]:
    """Public names, types before functions before the rest, in the order of the text."""
    order = {kind: n for n, kind in enumerate(_KIND_ORDER)}
    shown = [d for d in found if d.public and d.name[:1] not in "~_" and not d.name.startswith("operator")]
    return tuple(dict.fromkeys(d.name for d in sorted(shown, key=lambda d: (order.get(d.kind, 99), d.line))))


def first_sentence(text: str | None) -> str:
    """The first sentence of the first paragraph, on one line, without its full stop."""
    line = _first_paragraph((text or "").strip())
    end = 0
    while (end := line.find(". ", end)) >= 0:
        if not _ABBREVIATION.search(line[: end + 1]):
            return line[:end]
        end += 2
    return line.removesuffix(".")


def _first_paragraph(text: str) -> str:
    """The first paragraph that is not a heading with a line of marks below it, or else that heading; on one line."""
    heading = ""
    for paragraph in re.split(r"\n[ \t]*\n", text):
        lines = paragraph.split("\n")
        if len(lines) > 1 and len(lines[1].strip()) > 2 and set(lines[1].strip()) <= _UNDERLINES:
            heading, lines = heading or lines[0], lines[2:]
        if lines:
            return " ".join(" ".join(lines).split())
    return heading.strip()


def docstring(source: str) -> str:
    """The first sentence of a module's docstring as it is written, without parsing the module."""
    found = _DOCSTRING.match(source)
    return first_sentence(found["text"]) if found else ""


def _targets(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.Assign) and not _is_of_types(node.value):
        return [target.id for target in node.targets if isinstance(target, ast.Name)]
    if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
        return [node.target.id]
    return []


def _is_of_types(value: ast.expr) -> bool:
    made = value.func if isinstance(value, ast.Call) else None
    return getattr(made, "attr", getattr(made, "id", "")) in _OF_TYPES


def _strings(node: ast.expr | None) -> tuple[str, ...]:
    if not isinstance(node, (ast.List, ast.Tuple)):
        return ()
    found = [e.value for e in node.elts if isinstance(e, ast.Constant) and isinstance(e.value, str)]
    return tuple(found) if len(found) == len(node.elts) else ()
