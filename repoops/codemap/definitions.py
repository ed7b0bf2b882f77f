"""What a source file defines, by scanners: functions, types and, where a language exports them, constants.

No grammar: comments and strings are blanked, then the words that begin a definition are looked for.
`benchmarks/codemap_symbols.py` holds what these find against universal-ctags.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from repoops.codemap.blank import GO_NOISE, JS_NOISE, RUST_NOISE, SHELL_NOISE, blanked, line_of
from repoops.codemap.suffixes import GO, JS, RUST, SHELL, C


@dataclass(frozen=True, slots=True)
class Definition:
    """A name, what kind of thing it is, its line from 1, and whether others may use it, as far as the language says."""

    name: str
    kind: str
    line: int
    public: bool = True


Found = tuple[int, str, str, bool]
"""Offset, name, kind, public."""

_RUST = (
    r"(?m)^[ \t]*(?P<pub>pub(?:\([^)\n]*\))?\s+)?(?:(?:default|async|const|unsafe|extern(?:\s*\"[^\"\n]*\"|[ \t]+)?)\s+)*"
    r"(?:(?P<kind>fn|struct|enum|trait|type|union|mod|static|const)\s+(?:mut\s+)?(?:r\#)?(?P<name>[A-Za-z_]\w*)"
    r"|(?P<macro>macro_rules!)\s*(?P<made>\w+))"
)
_GO_FUNC = r"(?m)^func[ \t]+(?:\((?P<receiver>[^)\n]*)\)[ \t]*)?(?P<name>[^\W\d]\w*)"
_GO_WORD = r"(?m)^(?P<kind>type|const|var)[ \t]+(?:(?P<name>[^\W\d]\w*)|(?P<block>\())"
_GO_ROW = r"(?m)^\t(?P<name>[^\W\d]\w*)(?P<more>(?:[ \t]*,[ \t]*\w+)*)"
_JS = (
    r"(?m)^(?P<export>export[ \t]+(?:default[ \t]+)?)?(?:declare[ \t]+)?(?:abstract[ \t]+)?(?:async[ \t]+)?"
    r"(?P<kind>function|class|interface|type|enum|namespace|const|let|var)(?:[ \t]*\*|\b)[ \t]*(?:enum[ \t]+)?(?P<name>[A-Za-z_$][\w$]*)"
)
_JS_ASSIGNED = (
    r"(?m)^(?:module\.)?exports\.(?P<name>[A-Za-z_$][\w$]*)[ \t]*=(?!=)"
    r"|^(?P<owner>[A-Za-z_$][\w$.]*)\.(?P<method>[A-Za-z_$][\w$]*)[ \t]*=[ \t]*(?:async[ \t]+)?function\b"
)
_JS_NAMED = r"(?m)^export[ \t]*\{(?P<names>[^}]*)\}"
_SHELL = r"(?m)^[ \t]*(?:function[ \t]+(?P<word>[\w:.+@-]+)[ \t]*(?:\([ \t]*\))?\s*[{(]|(?P<name>[\w:.+@-]+)[ \t]*\([ \t]*\)\s*[{(\[ifw])"
_RESERVED = frozenset(("if", "while", "for", "switch", "catch", "of", "in", "from", "as", "is"))


def definitions(path: str, text: str) -> list[Definition]:
    r"""What a file defines, in the order of its text; nothing for a language that is not known.

    Args:
        path: told by its suffix which language it is.
        text: the source, line ends `\n`.
    """
    scanner = SCANNERS.get("." + path.rsplit(".", 1)[-1])
    if scanner is None:
        return []
    line = line_of(text)
    found = sorted(set(scanner(text)))
    return [Definition(name, kind, line(at), public) for at, name, kind, public in found]


def _rust(text: str) -> Iterator[Found]:
    for match in re.finditer(_RUST, blanked(text, RUST_NOISE)):
        if match["macro"]:
            yield match.start("macro"), match["made"], "macro", True
        elif match["name"] != "_":
            yield match.start("kind"), match["name"], match["kind"], match["pub"] is not None


def _go(text: str) -> Iterator[Found]:
    code = blanked(text, GO_NOISE)
    for match in re.finditer(_GO_FUNC, code):
        kind = "func" if match["receiver"] is None else "method"
        yield match.start(), match["name"], kind, match["name"][0].isupper()
    for match in re.finditer(_GO_WORD, code):
        if match["name"]:
            yield match.start(), match["name"], match["kind"], match["name"][0].isupper()
            continue
        end = code.find("\n)", match.end())
        for row in re.compile(_GO_ROW).finditer(code, match.end(), len(code) if end < 0 else end):
            yield row.start("name"), row["name"], match["kind"], row["name"][0].isupper()


def _js(text: str) -> Iterator[Found]:
    code = blanked(text, JS_NOISE)
    exported = {
        name.split()[0]
        for match in re.finditer(_JS_NAMED, code)
        for name in match["names"].split(",")
        if name.split()
    }
    for match in re.finditer(_JS, code):
        if match["name"] not in _RESERVED:
            public = match["export"] is not None or match["name"] in exported
            yield match.start(), match["name"], match["kind"], public
    for match in re.finditer(_JS_ASSIGNED, code):
        yield (
            match.start(),
            match["name"] or match["method"],
            "function" if match["method"] else "const",
            True,
        )


def _shell(text: str) -> Iterator[Found]:
    for match in re.finditer(_SHELL, blanked(text, SHELL_NOISE)):
        group = "word" if match["word"] else "name"
        if match[group] not in _RESERVED:
            yield match.start(group), match[group], "function", True


def _c(text: str) -> Iterator[Found]:
    from repoops.codemap.cdefinitions import c_definitions

    yield from c_definitions(text)


def _table(*rows: tuple[Iterable[str], Callable[[str], Iterator[Found]]]) -> dict[str, Callable[[str], Iterator[Found]]]:  # fmt: skip
    return {suffix: scanner for suffixes, scanner in rows for suffix in suffixes}


SCANNERS = _table(
    (C, _c),
    (RUST, _rust),
    (GO, _go),
    (JS, _js),
    ((*SHELL, ".ksh", ".bats"), _shell),
)
"""By suffix; Python has a parser of its own, see `symbols`."""
