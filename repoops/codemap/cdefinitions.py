"""Functions, types and aliases of C, C++ and CUDA, by statements and braces; what stands inside functions is left out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from repoops.codemap.blank import C_NOISE, DIRECTIVE, blanked
from repoops.codemap.cpp import without_dead_branches

_MARK = re.compile(r"[;{}]|^[ \t]*#[ \t]*(?P<word>\w*)(?:\\\n|[^\n])*", re.MULTILINE)
_TYPE = re.compile(
    r"\b(?P<kind>class|struct|union|enum)(?:\s+(?:class|struct))?\s+(?:\[\[[^\]]*\]\]\s*|(?:__align__|alignas|__attribute__|__declspec)\s*\((?:[^()]|\((?:[^()]|\([^()]*\))*\))*\)\s*|[A-Z][A-Z0-9_]+\s+(?=\w))*"
    r"(?P<name>[A-Za-z_]\w*)[^()=]*\Z"
)
_SPACE = re.compile(
    r"(?:\A|[^\w])(?:namespace|extern\s+\"?\s*\"?)\s*(?P<name>[\w:]*)\s*(?:\[\[[^\]]*\]\]\s*)?\Z"
)
_ALIAS = re.compile(r"\busing\s+(?P<name>[A-Za-z_]\w*)\s*(?:\[\[[^\]]*\]\]\s*)?=")
_TYPEDEF = re.compile(r"\btypedef\b")
_TAIL_NAME = re.compile(r"(?P<name>[A-Za-z_]\w*)\s*(?:\[[^\]]*\]\s*)*\Z")
_POINTER = re.compile(r"\(\s*(?:\w+\s*::\s*)*[*^&]\s*(?:const\s+)?(?P<name>[A-Za-z_]\w*)\s*(?:\)|\()")
_CALL = re.compile(
    r"(?P<name>\boperator\s*(?:\(\s*\)|[^\s\w(]+|(?:new|delete)\s*\[\s*\]|\b\w+[ *&]*)(?=\s*\()|~?[A-Za-z_]\w*)\s*(?:<[^(){};]*>\s*)?(?=\()"
)
_TEMPLATE = re.compile(r"\btemplate\s*<")
_MACRO = re.compile(r"^[ \t]*#[ \t]*define[ \t]+(?P<name>[A-Za-z_]\w*)\(", re.MULTILINE)
_NO_NAME = frozenset(
    ("if", "for", "while", "switch", "catch", "return", "sizeof", "alignas", "alignof", "decltype", "noexcept", "requires",
     "__attribute__", "__declspec", "__launch_bounds__", "__align__", "__cluster_dims__", "__maxnreg__", "__block_size__",
     "explicit", "static_assert", "defined", "throw", "constexpr", "__asm__", "asm", "_Pragma", "void", "int", "bool",
     "char", "float", "double", "auto", "__grid_constant__")
)  # fmt: skip


def c_definitions(text: str) -> Iterator[tuple[int, str, str, bool]]:
    """`(offset, name, kind, public)`: functions with a body, types with one, aliases, and macros that take arguments."""
    code = without_dead_branches(blanked(text, C_NOISE))
    for match in _MACRO.finditer(code):
        yield match.start("name"), match["name"], "macro", True
    yield from _statements(code)


def _statements(code: str) -> Iterator[tuple[int, str, str, bool]]:
    open_as: list[str] = []  # what each brace that is open began: `space`, `type`, `typedef`, or `body`
    begin = 0
    inside = 0  # how many of them are bodies
    branches: list[tuple[list[str], int]] = []
    for mark in _MARK.finditer(code):
        at, sign = mark.start(), mark[0]
        if mark["word"] is not None:
            # Each branch of a condition opens and closes its own braces: the next begins where the first did.
            word = mark["word"]
            if word.startswith("if"):
                branches.append((list(open_as), inside))
            elif word.startswith("el") and branches:
                open_as, inside = list(branches[-1][0]), branches[-1][1]
            elif word == "endif" and branches:
                branches.pop()
            continue
        if sign == "}":
            closed = open_as.pop() if open_as else ""
            inside -= closed in ("body", "typedef")
            begin = begin if closed == "typedef" and not inside else at + 1
            if closed == "typedef" and not inside:
                begin = at + 1
                end = code.find(";", at)
                name = _TAIL_NAME.search(code, begin, end) if 0 <= end < at + 300 else None
                if name and name.start() >= begin:
                    yield name.start("name"), name["name"], "typedef", True
            continue
        if inside:
            if sign == "{":
                open_as.append("body")
                inside += 1
            continue
        head = code[begin:at]
        if "#" in head:
            head = blanked(head, DIRECTIVE)
        if sign == ";":
            yield from _alias(head, begin)
        else:
            kind, found = _opened(head, begin)
            if found:
                yield found
            open_as.append(kind)
            inside += kind in ("body", "typedef")
        begin = at + 1


def _alias(head: str, begin: int) -> Iterator[tuple[int, str, str, bool]]:
    using = _ALIAS.search(head)
    if using:
        yield begin + using.start("name"), using["name"], "using", True
        return
    if _TYPEDEF.search(head):
        found = _POINTER.search(head) or _TAIL_NAME.search(head.partition("(")[0])
        if found:
            yield begin + found.start("name"), found["name"], "typedef", True


def _opened(head: str, begin: int) -> tuple[str, tuple[int, str, str, bool] | None]:
    """What a `{` after these words begins, and what it defines."""
    if _SPACE.search(head):
        return "space", None
    using = _ALIAS.search(head)
    if using:
        return "body", (begin + using.start("name"), using["name"], "using", True)
    plain = _without_templates(head)
    if _TYPEDEF.search(plain):
        tag = _TYPE.search(plain)
        return "typedef", (begin + tag.start("name"), tag["name"], tag["kind"], True) if tag else None
    tag = _TYPE.search(plain)
    if tag and tag["name"] != "final":
        kind = "body" if tag["kind"] == "enum" else "type"
        return kind, (begin + tag.start("name"), tag["name"], tag["kind"], True)
    if re.search(r"\b(?:class|struct|union|enum)\s*(?::[^()]*)?\Z", plain):
        return "type" if "enum" not in plain else "body", None
    call = _function(plain)
    if call:
        public = not re.match(r"\s*static\b", plain)
        return "body", (begin + call.start("name"), re.sub(r"\s+", "", call["name"]), "function", public)
    return "body", None


def _function(plain: str) -> re.Match[str] | None:
    """The name before the parameters of a function; None for an initialiser and the like."""
    depth = 0
    at = 0
    for call in _CALL.finditer(plain):
        depth += plain.count("(", at, call.start()) - plain.count(")", at, call.start())
        at = call.start()
        if depth == 0 and call["name"] not in _NO_NAME:
            before = plain[: call.start()]
            if "=" in before.replace("==", "").replace("operator=", "") and "operator" not in call["name"]:
                return None
            after = _behind(plain, call.end())
            if re.match(r"\s*[A-Za-z_]\w*\s*(?:\(|::|<|\*|&|[A-Za-z_])", plain[after:]) and not re.match(
                r"\s*(?:const|noexcept|override|final|requires|throw|try|volatile|__attribute__|mutable)\b",
                plain[after:],
            ):
                continue  # a macro or an attribute before the true declarator
            return call
    return None


def _behind(text: str, at: int) -> int:
    depth = 0
    for match in re.compile(r"[()]").finditer(text, at):
        depth += 1 if match[0] == "(" else -1
        if depth == 0:
            return match.end()
    return len(text)


def _without_templates(head: str) -> str:
    """The words with the parameters of `template <…>` blanked, so that a `class` in them is none."""
    pieces = []
    at = 0
    while match := _TEMPLATE.search(head, at):
        depth, inside, end = 0, 0, match.end() - 1
        while end < len(head):
            sign = head[end]
            inside += (sign == "(") - (sign == ")")
            if not inside:
                depth += (sign == "<") - (sign == ">" and head[end - 1] != "-")
            end += 1
            if depth == 0:
                break
        pieces += [head[at : match.start()], " " * (end - match.start())]
        at = end
    return "".join([*pieces, head[at:]])
