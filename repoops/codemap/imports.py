"""What a file asks for: its import, include, use and source lines as they are written; nothing is parsed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable

from repoops.codemap.suffixes import GO, JS, PYTHON, RUST, SHELL, C

Asked = list[list[str]]
"""Per line what it names: the module or path first, for Python and Rust then the names taken from it."""

_PYTHON = re.compile(rb"import(?=[ \t(*])")
_FROM = re.compile(rb"[ \t]*from[ \t]+([.\w]+)[ \t]+\Z|[ \t]*from[ \t]+(\.+)\Z")
_NAMES = re.compile(rb"[ \t]*(?:\([^)]*\)|[^\n#;]*)")
_REMARK = re.compile(rb"#[^\n]*")
_PLAIN = re.compile(rb"[ \t]+([\w., \t]+)")
_NAME = re.compile(rb"(\w+)(?:[ \t]+as[ \t]+\w+)?")
# Compiled when a file needs them, as in `blank`: most trees hold few languages.
_INCLUDE = rb"#[ \t]*(?:include|import)[ \t]*(?P<sign>[\"<])(?P<path>[^\">\r\n]+)"
_SYSTEM = frozenset(
    name + b".h"
    for name in (b"aio assert complex ctype cuda cuda_runtime dirent dlfcn errno fcntl fenv float getopt glob inttypes io iso646 "
    b"limits locale math netdb poll pthread pwd regex sched semaphore setjmp signal stdalign stdarg stdatomic stdbool stddef "
    b"stdint stdio stdlib stdnoreturn string strings syslog termios tgmath threads time uchar unistd utime wchar wctype windows").split()
)  # fmt: skip
"""Headers of compilers and systems: between angle brackets they mean no file of the tree, even where one has their name."""
_JS = rb"(?:from|import[ \t]*\(?|require[ \t]*\()[ \t]*[\"'](?P<path>\.[^\"'\r\n]*)[\"']"
_GO = rb"(?m)^import[ \t]+(?:\((?P<many>[^)]*)\)|(?:[\w.]+[ \t]+)?\"(?P<one>[^\"\r\n]+)\")"
_BUNDLE = 1 << 18
"""Bytes: JavaScript beyond is what a tool put together, and imports nothing of the tree."""
_LINE_END = 10
_QUOTED = rb"\"([^\"\r\n]+)\""
_MOD = rb"mod[ \t]+(\w+)[ \t]*;"
_USE = rb"use(?=[ \t])"
_USED = rb"[ \t]+([^;]{1,4000});"
_PUBLIC = rb"[ \t]*(?:pub(?:\([^)\n]*\))?[ \t]+)?"
_SOURCE = (
    rb"(?:^|[\n;&|])[ \t]*(?:source|\.|bash|sh|exec)[ \t]+[\"']?(?:\$[\w{}()\"/.$ -]*?/)?(?P<path>[\w./-]+)"
    rb"|(?:^|[\n;&|(])[ \t]*(?:\./|\"?\$\{?\w+\}?\"?/)(?P<run>[\w./-]+\.(?:sh|bash|py))"
)


def asked(path: str, raw: bytes) -> Asked:
    """The lines of a file that name another, in order, each once; empty for a language that is not known."""
    reader = _READERS.get("." + path.rsplit(".", 1)[-1])
    return [] if reader is None else [list(row) for row in dict.fromkeys(map(tuple, reader(raw)))]


def _python(raw: bytes) -> Iterable[list[str]]:
    for match in _PYTHON.finditer(raw):
        before = raw[raw.rfind(b"\n", 0, match.start()) + 1 : match.start()]
        if not before.strip():
            plain = _PLAIN.match(raw, match.end())
            parts = plain[1].split(b",") if plain else []
            yield from ([part.split()[0].decode()] for part in parts if part.split())
        elif found := _FROM.match(before):
            taken = _NAMES.match(raw, match.end())
            names = _NAME.findall(_REMARK.sub(b"", taken[0])) if taken else []
            yield [(found[1] or found[2]).decode(), *(name.decode() for name in names)]


def _c(raw: bytes) -> Iterable[list[str]]:
    for match in re.finditer(_INCLUDE, raw):
        at = match.start()
        if match["sign"] == b"<" and match["path"] in _SYSTEM:
            continue
        if not at or raw[at - 1] == _LINE_END or not raw[raw.rfind(b"\n", 0, at) + 1 : at].strip():
            yield [_text(match["path"])]


def _js(raw: bytes) -> Iterable[list[str]]:
    return ([_text(match["path"])] for match in re.finditer(_JS, raw)) if len(raw) < _BUNDLE else ()


def _go(raw: bytes) -> Iterable[list[str]]:
    for match in re.finditer(_GO, raw):
        yield from ([_text(name)] for name in re.findall(_QUOTED, match["many"] or b'"%b"' % match["one"]))


def _rust(raw: bytes) -> Iterable[list[str]]:
    # Words and not beginnings of lines are looked for, at the speed of a search for plain text.
    yield from (
        ["mod", match[1].decode()]
        for match in re.finditer(_MOD, raw)
        if _begins_statement(raw, match.start())
    )
    for word in re.finditer(_USE, raw):
        match = re.compile(_USED).match(raw, word.end()) if _begins_statement(raw, word.start()) else None
        if match is None:
            continue
        yield from (path.split("::") for path in _spread(_text(b"".join(match[1].split()))))


def _begins_statement(raw: bytes, at: int) -> bool:
    """Whether nothing but `pub` stands before it on its line."""
    return re.fullmatch(_PUBLIC, raw[raw.rfind(b"\n", 0, at) + 1 : at]) is not None


def _spread(use: str) -> list[str]:
    """The paths of `a::{b, c::{d, e}}`, one each."""
    opened = use.find("{")
    if opened < 0:
        return [re.sub(r"(?<=\w)as\w+\Z|::\*\Z", "", use) if "::" in use else use]
    depth, start, parts = 0, opened + 1, []
    for at in range(opened, len(use)):
        depth += (use[at] == "{") - (use[at] == "}")
        if (use[at] == "," and depth == 1) or (use[at] == "}" and depth == 0):
            parts.append(use[start:at])
            start = at + 1
            if depth == 0:
                break
    return [use[:opened] + rest for part in parts if part for rest in _spread(part)]


def _shell(raw: bytes) -> Iterable[list[str]]:
    return ([_text(match["path"] or match["run"])] for match in re.finditer(_SOURCE, raw))


def _text(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _table(*rows: tuple[Iterable[str], Callable[[bytes], Iterable[list[str]]]]) -> dict[str, Callable[[bytes], Iterable[list[str]]]]:  # fmt: skip
    return {suffix: reader for suffixes, reader in rows for suffix in suffixes}


_READERS = _table((PYTHON, _python), (C, _c), (JS, _js), (GO, _go), (RUST, _rust), (SHELL, _shell))
