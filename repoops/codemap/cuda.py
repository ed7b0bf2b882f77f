"""Kernels of CUDA sources by a scanner of our own; where they are launched and tested is told by `launches`.

A full C++ parse would need every header; what a map tells (`__global__` functions, their launch
bounds and template parameters) stands in the tokens. Macros that make kernels are followed, those
of other files' headers too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from repoops.codemap.cpp import clean, closing, closing_angle
from repoops.codemap.macros import Macro, Table, closure, definitions, expand, substituted, table
from repoops.codemap.scan import Tree
from repoops.files import RelPath

CUDA = (".cu", ".cuh")
HEADERS = (".cuh", ".h", ".hpp", ".hxx", ".hh", ".inl", ".inc", ".def")
C_LIKE = (*HEADERS, ".cu", ".cpp", ".cc", ".cxx", ".c", ".hip", ".ipp")

_GLOBAL = re.compile(r"\b__global__\b")
_TEMPLATE = re.compile(r"\btemplate\s*<")
_SIGNS = (b"__global__", b"__launch_bounds__", b"<<<", b"Launch")
_TOKEN = re.compile(r"\s*(\w+|::|\[\[|->|\S)")
_BRACKETED = frozenset(
    ("__launch_bounds__", "__cluster_dims__", "__block_size__", "__maxnreg__", "__attribute__", "__declspec",
     "__align__", "alignas", "decltype", "noexcept", "requires")
)  # fmt: skip
_AFTER_PARAMETERS = frozenset(("noexcept", "requires", "const", "try", "__launch_bounds__", "__attribute__"))


@dataclass(frozen=True, slots=True)
class Kernel:
    """A `__global__` function that is defined in a file; launch bounds and template parameters are as written."""

    name: str
    path: RelPath
    bounds: str = ""
    template: str = ""


@dataclass(frozen=True, slots=True)
class Cuda:
    """What the C-like sources of a tree hold.

    Attributes:
        kernels: in the order of their paths, then of the source.
        without: `.cu` and `.cuh` files that define no kernel.
        code: each file that may define or launch a kernel, cleaned, macros expanded.
    """

    kernels: tuple[Kernel, ...]
    without: tuple[RelPath, ...]
    code: dict[RelPath, str]


def read_cuda(tree: Tree) -> Cuda:
    """Scans the C-like files of a tree; those that show no sign of a kernel or a launch are not even cleaned."""
    paths = tree.ending(*C_LIKE)
    if not any(b"__global__" in tree.raw(path) for path in paths):
        return Cuda((), tuple(tree.ending(*CUDA)), {})
    shared = _shared(tree, [path for path in paths if path.endswith(HEADERS)])
    signs = (*_SIGNS, *sorted({macro.name.encode() for _, macro in shared}))
    found: list[Kernel] = []
    code: dict[RelPath, str] = {}
    for path in paths:
        raw = tree.raw(path)
        if any(sign in raw for sign in signs):
            others = [macro for at, macro in shared if at != path]
            code[path], defined = scanned(path, tree.text(path), others)
            found += defined
    holding = {kernel.path for kernel in found}
    return Cuda(tuple(found), tuple(path for path in tree.ending(*CUDA) if path not in holding), code)


def scanned(path: RelPath, source: str, others: Iterable[Macro] = ()) -> tuple[str, list[Kernel]]:
    """A source cleaned and expanded, and the kernels it defines; a declaration alone defines none."""
    text = clean(source)
    macros = table(definitions(text), others)
    code = expand(text, macros)
    rows: dict[Kernel, None] = {}
    declared: dict[str, str] = {}
    for match in _GLOBAL.finditer(code):
        read = _declarator(code, match.end(), macros)
        if read is None:
            continue
        head = code[_statement(code, match.start()) : match.start()]
        bounds = read.bounds or _bounds(head)
        if read.defined:
            rows[Kernel(read.name, path, bounds, _template(head))] = None
        elif bounds:
            declared[read.name] = bounds
    return code, [
        kernel if kernel.bounds or kernel.name not in declared
        else Kernel(kernel.name, path, declared[kernel.name], kernel.template)
        for kernel in rows
    ]  # fmt: skip


def _shared(tree: Tree, headers: Sequence[RelPath]) -> list[tuple[RelPath, Macro]]:
    """The macros of headers that lead to a kernel, its bounds or a launch, through each other too; and those that carry them."""
    seen: dict[RelPath, list[Macro]] = {}
    signs: set[bytes] = set(_SIGNS)
    while True:
        for path in headers:
            raw = tree.raw(path)
            if path not in seen and b"define" in raw and any(sign in raw for sign in signs):
                seen[path] = [m for _, _, m in definitions(clean(tree.text(path))) if m]
        telling = closure(macro for found in seen.values() for macro in found)
        more = {name.encode() for name in telling} - signs
        if not more:
            break
        signs |= more
    return [
        (path, Macro(macro.name, macro.params, macro.body))
        for path, found in seen.items()
        for macro in found
        if macro.name in telling or macro.carries
    ]


@dataclass(frozen=True, slots=True)
class _Declarator:
    name: str
    bounds: str
    defined: bool


def _declarator(code: str, at: int, macros: Table) -> _Declarator | None:
    """Reads on from `__global__`: the function's name, its launch bounds, and whether a body follows its parameters."""
    bounds = ""
    while match := _TOKEN.match(code, at):
        word, start, at = match[1], match.start(1), match.end()
        following = _peek(code, at)
        if word == "[[":
            at = _behind(code, "]]", at)
        elif word in ("::", "*", "&", '"', "->"):
            continue
        elif not _is_word(word):
            return None
        elif following == "<" and word != "operator":
            closed = closing_angle(code, code.index("<", at))
            if _peek(code, closed) == "(":
                return _parameters(code, closed, word, bounds)
            at = closed
        elif following == "(":
            opened = code.index("(", at)
            closed = closing(code, opened)
            after = _peek(code, closed)
            if word == "__launch_bounds__":
                bounds = _folded(code[opened + 1 : closed - 1])
            if word in _BRACKETED or (_is_word(after) and after not in _AFTER_PARAMETERS) or after == "::":
                at = closed  # an attribute, or a macro of one
            elif after == "(":
                return _parameters(code, closed, _made_name(code[start:closed], macros, start), bounds)
            else:
                return _parameters(code, opened, word, bounds)
    return None


def _parameters(code: str, at: int, name: str, bounds: str) -> _Declarator | None:
    """Reads on from the parameter list to what ends the declarator."""
    at = closing(code, code.index("(", at))
    while match := _TOKEN.match(code, at):
        word, at = match[1], match.end()
        if word in "{;=":
            return _Declarator(name, bounds, word == "{")
        if word == "[[":
            at = _behind(code, "]]", at)
        elif _peek(code, at) == "(":
            opened = code.index("(", at)
            at = closing(code, opened)
            if word == "__launch_bounds__":
                bounds = bounds or _folded(code[opened + 1 : at - 1])
        elif word in ")}],":
            return None
    return None


def _made_name(use: str, macros: Table, where: int) -> str:
    """The name that `NAME(part)` comes to where a macro of this file makes it; as it is written where none does."""
    name, _, rest = use.partition("(")
    macro = macros.at(name.strip(), where)
    if macro and macro.params is not None:
        made = substituted(macro, [part.strip() for part in rest[:-1].split(",")]).strip()
        if re.fullmatch(r"\w+", made):
            return made
    return _folded(use)


def _statement(code: str, at: int) -> int:
    """Where the declaration that holds an offset begins."""
    return 1 + max(code.rfind(mark, 0, at) for mark in ";{}")


def _bounds(head: str) -> str:
    found = re.search(r"\b__launch_bounds__\s*\(", head)
    return _folded(head[found.end() : closing(head, found.end() - 1) - 1]) if found else ""


def _template(head: str) -> str:
    """The parameters of the `template <…>` lists in front of a function, those of its class first."""
    lists = []
    end = 0
    while match := _TEMPLATE.search(head, end):
        end = closing_angle(head, match.end() - 1)
        lists.append(_folded(head[match.end() : end - 1]))
    return ", ".join(filter(None, lists))


def _behind(code: str, mark: str, at: int) -> int:
    found = code.find(mark, at)
    return len(code) if found < 0 else found + len(mark)


def _peek(code: str, at: int) -> str:
    match = _TOKEN.match(code, at)
    return match[1] if match else ""


def _is_word(found: str) -> bool:
    return found[:1].isalpha() or found[:1] == "_"


def _folded(text: str) -> str:
    return " ".join(text.split())
