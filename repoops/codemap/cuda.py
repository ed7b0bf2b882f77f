"""Kernels of CUDA sources by a scanner of our own; where they are launched and tested is told by `launches`.

A full C++ parse would need every header; what a map tells (`__global__` functions, their launch
bounds and template parameters) stands in the tokens. Macros that make kernels are followed, those
of other files' headers too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from repoops.codemap.cpp import clean, closing, closing_angle
from repoops.codemap.macros import Macro, Table, closure, definitions, expand, substituted, table
from repoops.codemap.memo import named
from repoops.codemap.scan import Tree
from repoops.codemap.suffixes import C_LIKE, CUDA, HEADERS
from repoops.files import RelPath

_SHARED = re.compile(r"\b__shared__\b")
_DECORATION = r"\b(?:__align__|alignas)\s*\([^()]*\)|\b(?:static|volatile|extern)\b"
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
    """A `__global__` function that is defined in a file.

    Launch bounds and template parameters are as written. `shared` lists the shared memory that its body
    declares: arrays and objects as written, `dynamic` for what the launch sizes, parted by `; `.
    """

    name: str
    path: RelPath
    bounds: str = ""
    template: str = ""
    shared: str = ""


@dataclass(frozen=True, slots=True)
class Cuda:
    """What the C-like sources of a tree hold.

    Attributes:
        kernels: in the order of their paths, then of the source.
        without: `.cu` and `.cuh` files that define no kernel.
        shared: macros of headers that make, bound or launch kernels, with the header.
    """

    kernels: tuple[Kernel, ...]
    without: tuple[RelPath, ...]
    shared: tuple[tuple[RelPath, Macro], ...]
    _code: dict[RelPath, str] = field(default_factory=dict, repr=False, compare=False)

    def code(self, tree: Tree, path: RelPath) -> str:
        """A source cleaned, its macros expanded."""
        found = self._code.get(path)
        return scanned(path, tree.text(path), _others(self.shared, path))[0] if found is None else found

    def sources(self, tree: Tree) -> list[RelPath]:
        """Each file that may launch a kernel, by the words in it."""
        signs = sorted({*_SIGNS, *(macro.name.encode() for _, macro in self.shared)})
        return [path for path in tree.ending(*C_LIKE) if _holds(tree, path, signs)] if self.kernels else []

    @property
    def context(self) -> str:
        """All that decides what a file's kernels and launches are, beside the file."""
        return named(*((at, m.name, m.params, m.body) for at, m in self.shared))


def read_cuda(tree: Tree) -> Cuda:
    """Scans the C-like files of a tree; those that show no sign of a kernel or a launch are not even cleaned."""
    paths = tree.ending(*C_LIKE)
    shared = tuple(_shared(tree, [path for path in paths if path.endswith(HEADERS)]))
    telling = closure(macro for _, macro in shared)
    signs = sorted({b"__global__", *(name.encode() for name in telling)})
    code: dict[RelPath, str] = {}

    def kernels(path: RelPath) -> list[list[str]]:
        code[path], defined = scanned(path, tree.text(path), _others(shared, path))
        return [[k.name, k.bounds, k.template, k.shared] for k in defined]

    stage = f"kernels:{Cuda((), (), shared).context}"
    defining = [path for path in paths if _holds(tree, path, signs)]
    found = [Kernel(row[0], path, *row[1:]) for path in defining for row in tree.ask(stage, path, kernels)]
    holding = {kernel.path for kernel in found}
    without = tuple(path for path in tree.ending(*CUDA) if path not in holding)
    return Cuda(tuple(found), without, shared, code)


def _others(shared: Iterable[tuple[RelPath, Macro]], path: RelPath) -> list[Macro]:
    return [macro for at, macro in shared if at != path]


def _holds(tree: Tree, path: RelPath, words: Sequence[bytes]) -> bool:
    """Whether a file holds one of these words."""
    found: bool = tree.ask(
        f"holds:{named(*words)}", path, lambda p: any(word in tree.raw(p) for word in words)
    )
    return found


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
        if read.body:
            shared = _shared_memory(code[read.body : closing(code, read.body - 1)])
            rows[Kernel(read.name, path, bounds, _template(head), shared)] = None
        elif bounds:
            declared[read.name] = bounds
    return code, [
        kernel if kernel.bounds or kernel.name not in declared
        else replace(kernel, bounds=declared[kernel.name])
        for kernel in rows
    ]  # fmt: skip


def _shared(tree: Tree, headers: Sequence[RelPath]) -> list[tuple[RelPath, Macro]]:
    """The macros of headers that lead to a kernel, its bounds or a launch, through each other too; and those that carry them."""
    seen: dict[RelPath, list[Macro]] = {}
    signs: set[bytes] = set()
    words = sorted(_SIGNS)  # only what is new is looked for: a file that held an old sign is seen already
    while words:
        signs.update(words)
        for path in headers:
            if path not in seen and _holds(tree, path, words):
                rows = tree.ask("macros", path, lambda p: _macros(tree, p))
                seen[path] = [Macro(name, None if params is None else tuple(params), body) for name, params, body in rows]  # fmt: skip
        telling = closure(macro for found in seen.values() for macro in found)
        words = sorted({name.encode() for name in telling} - signs)
    return [
        (path, macro)
        for path, found in seen.items()
        for macro in found
        if macro.name in telling or macro.carries
    ]


def _macros(tree: Tree, path: RelPath) -> list[list[Any]]:
    """Every macro of a header; of one that defines nothing it is not even cleaned."""
    if b"define" not in tree.raw(path):
        return []
    return [[m.name, m.params, m.body] for _, _, m in definitions(clean(tree.text(path))) if m]


@dataclass(frozen=True, slots=True)
class _Declarator:
    """`body` is the offset behind the `{` of a definition, 0 for a declaration."""

    name: str
    bounds: str
    body: int


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
            return _Declarator(name, bounds, at if word == "{" else 0)
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


def _shared_memory(body: str) -> str:
    """What a kernel's body declares `__shared__`, each once, in order."""
    found: dict[str, None] = {}
    for match in _SHARED.finditer(body):
        before = body[1 + max(body.rfind(mark, 0, match.start()) for mark in ";{}") : match.start()]
        declared = body[match.end() : _end_of(body, match.end())]
        dynamic = "extern" in before.split() or re.search(r"\[\s*\]", declared)
        found["dynamic" if dynamic else _folded(re.sub(_DECORATION, " ", declared))] = None
    return "; ".join(found)


def _end_of(body: str, at: int) -> int:
    """Where a declaration ends: at `;`, or at what initialises it."""
    match = re.compile(r"[;={]").search(body, at)
    return match.start() if match else len(body)


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
