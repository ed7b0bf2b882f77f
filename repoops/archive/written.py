"""How a path is written in code: its folders, the variable or the joined parts before it. Reads bytes and knows no files."""

from __future__ import annotations

import re
from dataclasses import dataclass

_STOPS = frozenset(b" \t\r\n\"'`,;|<>()[]=&^!\x00")
_VARIABLE = re.compile(r"[${}%]|^~$|^[A-Za-z]:$")
_OUTPUT = re.compile(
    r"out|dest|dst|target|tmp|temp|archiv|result|report|artifact|build|dist|backup|cache|save|export|log",
    re.IGNORECASE,
)
_HERE = re.compile(
    r"__file__|__dirname|bash_source|script|current_source|0%?h|dp0|\bhere\b|dirname", re.IGNORECASE
)
_BLOB = re.compile(
    r"https?://(?:[^/]+/){3}(?:-/)?(?:blob|raw|edit|blame)/[^/]+/|https?://raw\.[^/]+/(?:[^/]+/){3}"
)
_QUOTED = re.compile(rb"""["'`]([^"'`\n]*)["'`]""")
_JOINED = (
    # join(root, "docs", "X.md"); an inner pair of parentheses may stand in it
    re.compile(rb"(?:join\w*|resolve|path|combine|file)\s*\(((?:[^()\n]|\([^()\n]*\))*),\s*[a-z]{0,2}$", re.IGNORECASE),
    # root / "docs" / "X.md"
    re.compile(rb"""((?:[\w.\[\]]|\([^()\n]*\))+(?:\s*/\s*[a-z]{0,2}(?:"[^"\n]*"|'[^'\n]*'))*)\s*/\s*[a-z]{0,2}$"""),
    # folder + "X.md"
    re.compile(rb"([\w.\[\]]+)\s*\+\s*$"),
)  # fmt: skip
_LINE_END = re.compile(rb"(?<!\\)\\[ntr]$")  # in a string: "see\nX.md"
_BACK = 200


@dataclass(frozen=True, slots=True)
class Written:
    """A path as it stands in a file.

    Attributes:
        start: where it begins: at its first folder, or at the name.
        folders: what is written before the name, `/` between and at the end; `` where nothing is.
        joined: folders that other parts of an expression put before that.
        origin: `near` (starts in the file's folder, or else in the root), `root`, or `variable`
            (starts in the root, or else in the file's folder).
        imported: an `@` stands before it.
    """

    start: int
    folders: str = ""
    joined: str = ""
    origin: str = "near"
    imported: bool = False


def read_back(data: bytes, name: int) -> Written | None:
    """Reads what stands before a file's name, which begins at offset `name`.

    None where it is part of another name, of a glob, of a URL of no file, or lies in a folder that a
    program writes to.
    """
    start = _token_start(data, name)
    token = data[start:name].decode("utf-8", "surrogateescape")
    if "*" in token:
        return None
    url = _BLOB.match(token)
    if url is not None:
        return Written(start + url.end(), token[url.end() :], origin="root")
    if "://" in token:
        return None
    imported = token.startswith("@")
    token, start = token.removeprefix("@"), start + imported
    *folders, hanging = token.replace("\\", "/").split("/")
    if hanging:
        return Written(name, imported=imported) if hanging.endswith(":") else None
    if folders[:1] == ["~"]:
        return None
    known = max((n + 1 for n, part in enumerate(folders) if _VARIABLE.search(part)), default=0)
    if known:
        variable = "/".join(folders[:known])
        if _OUTPUT.search(variable):
            return None
        literal = "".join(part + "/" for part in folders[known:])
        skipped = sum(len(part.encode("utf-8", "surrogateescape")) + 1 for part in folders[:known])
        return Written(start + skipped, literal, origin="near" if _HERE.search(variable) else "variable")
    literal = "".join(part + "/" for part in folders)
    origin = "root" if literal.startswith("/") else "near"
    return _in_expression(data, Written(start, literal, origin=origin, imported=imported))


def _token_start(data: bytes, end: int) -> int:
    """Where the path characters before `end` begin; a command's output, `$(…)`, is one of them."""
    if _LINE_END.search(data, max(0, end - 3), end):
        return end
    at, limit = end, max(0, end - _BACK)
    while at > limit:
        if data[at - 1] not in _STOPS:
            at -= 1
            continue
        opening = data.rfind(b"$(", limit, at) if data[at - 1] == 0x29 and at < end else -1
        if opening < 0 or b"\n" in data[opening:at]:
            break
        return opening
    return at


def _in_expression(data: bytes, found: Written) -> Written | None:
    """Adds what a quoted path is joined to."""
    quote = found.start - found.imported
    if data[quote - 1 : quote] not in (b'"', b"'", b"`"):
        return found
    before = data[max(0, quote - 1 - _BACK) : quote - 1]
    for pattern in _JOINED:
        match = pattern.search(before)
        if match is None:
            continue
        owner = _QUOTED.sub(b"", match[1]).decode("utf-8", "replace")
        if _OUTPUT.search(owner):
            return None
        parts = [part.decode("utf-8", "surrogateescape").strip("/") for part in _QUOTED.findall(match[1])]
        joined = "".join(part + "/" for part in parts if part)
        plain = not owner.strip(" ,/")
        if found.origin == "root" and plain:
            return found
        origin = "near" if plain or _HERE.search(owner) else "variable"
        return Written(found.start, found.folders, joined, origin, found.imported)
    return found
