"""Kernels of CUDA sources by a scanner of our own: comments and strings are blanked, macros that make kernels are followed.

A full C++ parse would need every header; what a map tells (`__global__` functions, their launch
bounds and template parameters, and where they are launched) stands in the tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from repoops.codemap.scan import Tree, is_test
from repoops.files import RelPath

SOURCES = (".cu", ".cuh")
_LAUNCHERS = (".cu", ".cuh", ".cpp", ".cc", ".cxx", ".c", ".h", ".hpp", ".py")
_TOKENS = re.compile(
    r"""R"(?P<tag>[^\s()\\]{0,16})\((?:.|\n)*?\)(?P=tag)"      # raw string
      |"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'                 # string, character
      |//[^\n]*|/\*(?:.|\n)*?(?:\*/|\Z)                        # comment
    """,
    re.VERBOSE,
)
_DEFINE = re.compile(
    r"^[ \t]*#[ \t]*define[ \t]+(?P<name>\w+)(?P<params>\([^)\n]*\))?(?P<body>[^\n]*)", re.MULTILINE
)
_SKIPPED = frozenset(
    ("void", "static", "inline", "__inline__", "__forceinline__", "extern", "constexpr", "__noinline__")
)
_WITH_PARENS = frozenset(
    ("__launch_bounds__", "__cluster_dims__", "__attribute__", "__maxnreg__", "__block_size__", "alignas")
)


@dataclass(frozen=True, slots=True)
class Kernel:
    """A `__global__` function that is defined in a file.

    `bounds` and `template` are as written, blanks folded; `launched` and `tested` are paths.
    """

    name: str
    path: RelPath
    bounds: str = ""
    template: str = ""
    launched: tuple[RelPath, ...] = ()
    tested: tuple[RelPath, ...] = ()


def kernels(tree: Tree) -> list[Kernel]:
    """Every kernel defined in the tree's CUDA sources, with where it is launched and tested; in path order."""
    found = [kernel for path in tree.ending(*SOURCES) for kernel in kernels_in(path, tree.text(path))]
    names = {kernel.name for kernel in found}
    if not names:
        return []
    launched: dict[str, set[RelPath]] = {name: set() for name in names}
    tested: dict[str, set[RelPath]] = {name: set() for name in names}
    word = re.compile(r"\b(?:" + "|".join(map(re.escape, sorted(names))) + r")\b")
    for path in tree.ending(*_LAUNCHERS):
        text = tree.text(path)
        hits = set(word.findall(text)) if text else set()
        if not hits:
            continue
        if is_test(path):
            for name in hits:
                tested[name].add(path)
        for name in hits & launches(path, text, names):
            launched[name].add(path)
    specs = {path.rsplit("/", 1)[0]: path for path in tree.named("spec.py") if "/" in path}
    rows = []
    for kernel in found:
        spec = specs.get(kernel.path.rsplit("/", 1)[0])
        checks = tested[kernel.name] | ({spec} if spec else set())
        rows.append(
            replace(kernel, launched=tuple(sorted(launched[kernel.name])), tested=tuple(sorted(checks)))
        )
    return rows


def blank(source: str) -> str:
    """The source with comments and strings blanked, line continuations joined; lines stay where they are."""

    def empty(match: re.Match[str]) -> str:
        kept = re.sub(r"[^\n]", " ", match[0])
        return (
            '"' + kept[1:-1] + '"' if match[0][0] in "\"'R" and len(kept) > 1 and "\n" not in kept else kept
        )

    return _TOKENS.sub(empty, source.replace("\\\n", "  "))


def kernels_in(path: RelPath, source: str) -> list[Kernel]:
    """The kernels one file defines, by itself or by macros of its own; a declaration alone is none."""
    if "__global__" not in source and "GLOBAL" not in source:
        return []
    text = blank(source)
    markers, makers = {"__global__"}, []
    for define in _DEFINE.finditer(text):
        if "__global__" in define["body"]:
            if define["params"]:
                params = [p.strip() for p in define["params"].strip("()").split(",")]
                makers.append((define["name"], params, define["body"]))
            else:
                markers.add(define["name"])
    code = _DEFINE.sub(lambda m: " " * len(m[0]), text)
    found = list(_defined(path, code, markers))
    for name, params, body in makers:
        for call in re.finditer(rf"\b{re.escape(name)}[ \t]*\(", code):
            given = _arguments(code, call.end() - 1)
            made = _substitute(body, dict(zip(params, given, strict=False)))
            found += _defined(path, made if "{" in made else made + "{", markers)
    return list(dict.fromkeys(found))


def launches(path: RelPath, source: str, names: set[str]) -> set[str]:
    """Which kernels a file launches: `<<<…>>>`, cudaLaunchKernel, or by name in a string of a Python file."""
    if path.endswith(".py"):
        strings = re.findall(r"\"([^\"\n]*)\"|'([^'\n]*)'", source)
        words = {word for pair in strings for text in pair for word in re.findall(r"\w+", text)}
        return set() if is_test(path) else words & names
    text = blank(source)
    hits = set()
    for match in re.finditer(r"<<<", text):
        hits.add(_name_before(text, match.start()))
    for match in re.finditer(r"\bcu(?:da)?Launch\w*[ \t\n]*\(([^;]*)", text):
        hits |= set(re.findall(r"\w+", match[1]))
    return hits & names


def _defined(path: RelPath, code: str, markers: set[str]) -> Iterator[Kernel]:
    for match in re.finditer(r"\b(?:" + "|".join(map(re.escape, sorted(markers))) + r")\b", code):
        name, bounds, opened = _signature(code, match.end())
        if not name:
            continue
        end = _balanced(code, opened, "(", ")")
        rest = code[end:].lstrip()
        while rest.startswith(("__launch_bounds__", "noexcept", "requires")):
            rest = (
                rest[_balanced(rest, rest.find("("), "(", ")") :].lstrip()
                if "(" in rest[:24]
                else rest[8:].lstrip()
            )
        if rest.startswith("{"):
            yield Kernel(name, path, bounds, _template_before(code, match.start()))


def _signature(code: str, at: int) -> tuple[str, str, int]:
    """Reads on from `__global__`: the name, the launch bounds, and where its parameters open."""
    bounds, name = "", ""
    while True:
        match = re.compile(r"\s*(\w+|::|\[\[|<|\(|\S)").match(code, at)
        if not match:
            return "", "", at
        piece, start, at = match[1], match.start(1), match.end()
        if piece == "[[":
            at = code.find("]]", at) + 2
        elif piece in _WITH_PARENS:
            opened = code.find("(", at)
            at = _balanced(code, opened, "(", ")")
            if piece == "__launch_bounds__":
                bounds = " ".join(code[opened + 1 : at - 1].split())
        elif piece == "<":
            at = _balanced(code, start, "<", ">")
        elif piece == "(":
            return name, bounds, start
        elif re.fullmatch(r"\w+", piece):
            if piece not in _SKIPPED:
                name = piece
        elif piece != "::" and piece not in '"*&':
            return "", "", at


def _template_before(code: str, at: int) -> str:
    """The parameters of the `template <…>` that stands right before, if one does."""
    before = re.sub(r"(?:\b(?:static|inline|extern|__noinline__)\b|\"\s*\"|\s)+\Z", "", code[:at])
    if not before.endswith(">"):
        return ""
    depth = 0
    for position in range(len(before) - 1, -1, -1):
        depth += {">": 1, "<": -1}.get(before[position], 0)
        if depth == 0:
            found = before[:position].rstrip().endswith("template")
            return " ".join(before[position + 1 : -1].split()) if found else ""
    return ""


def _name_before(code: str, at: int) -> str:
    """The identifier before `<<<`, template arguments skipped."""
    before = code[:at].rstrip()
    if before.endswith(">"):
        depth = 0
        for position in range(len(before) - 1, -1, -1):
            depth += {">": 1, "<": -1}.get(before[position], 0)
            if depth == 0:
                before = before[:position].rstrip()
                break
    found = re.search(r"(\w+)\Z", before)
    return found[1] if found else ""


def _balanced(code: str, at: int, opening: str, closing: str) -> int:
    """Behind the bracket that closes the one at `at`; the end of the text where none does."""
    depth = 0
    for position in range(max(at, 0), len(code)):
        if code[position] == opening:
            depth += 1
        elif code[position] == closing:
            depth -= 1
            if depth == 0:
                return position + 1
    return len(code)


def _arguments(code: str, opened: int) -> list[str]:
    inside = code[opened + 1 : _balanced(code, opened, "(", ")") - 1]
    parts, depth = [""], 0
    for character in inside:
        depth += {"(": 1, "<": 1, ")": -1, ">": -1}.get(character, 0)
        if character == "," and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts]


def _substitute(body: str, given: dict[str, str]) -> str:
    named = re.sub(r"\w+", lambda m: given.get(m[0], m[0]), body)
    return re.sub(r"[ \t]*##[ \t]*", "", named)
