"""PTX text as tokens with their lines.

Source: PTX ISA 9.0, "Syntax".
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from typing import NamedTuple

from repoops.errors import RepoOpsError
from repoops.ptx.syntax import Imm

_TOKEN = re.compile(
    r"""
      (?P<space>[ \t\r\f\v]+|//[^\n]*|/\*(?:[^*]|\*(?!/))*\*/)
    | (?P<newline>\n)
    | (?P<float>0[fF][0-9a-fA-F]{8}|0[dD][0-9a-fA-F]{16}|\d+\.\d*(?:[eE][+-]?\d+)?|\d+[eE][+-]?\d+)
    | (?P<integer>0[xX][0-9a-fA-F]+U?|0[bB][01]+U?|\d+U?)
    | (?P<word>[.%$_A-Za-z](?:[\w$%]|\.(?=\w)|::(?=\w))*)
    | (?P<string>"[^"\n]*")
    | (?P<mark>[{}\[\]()<>,;:+\-|!@=*~&^/?])
    """,
    re.VERBOSE,
)

_OUTLINE = re.compile(r'//[^\n]*|/\*.*?\*/|"[^"\n]*"|\.entry\s+(?P<entry>[\w$%]+)|(?P<brace>[{}])', re.DOTALL)


class Token(NamedTuple):
    """A piece of text: `kind` is word, integer, float, string, mark or end."""

    kind: str
    text: str
    line: int


class PtxError(RepoOpsError):
    """A PTX text that is malformed, with its line; 0 where it is no line's fault."""

    def __init__(self, what: str, line: int) -> None:
        super().__init__(f"PTX line {line}: {what}" if line else what, code=1)
        self.line = line


def without_others(text: str, entry: str) -> str:
    """The text with the bodies of all kernels but one replaced by `;`, line for line: a file of many is read at once.

    Twenty times as fast as reading them.
    """
    kept: list[str] = []
    at = depth = begun = 0
    other = False
    for hit in _OUTLINE.finditer(text):
        if hit["entry"] is not None and depth == 0:
            other = hit["entry"] != entry
        elif hit["brace"] == "{":
            begun = hit.start() if depth == 0 else begun
            depth += 1
        elif hit["brace"] == "}":
            depth -= 1
            if depth == 0 and other:
                kept += [text[at:begun], ";", "\n" * text.count("\n", begun, hit.end())]
                at = hit.end()
            if depth == 0:
                other = False
    return "".join([*kept, text[at:]])


def tokens(text: str) -> Iterator[Token]:
    """Every token in order, then one of kind `end`.

    Raises:
        PtxError: a character that no token begins with.
    """
    at, line = 0, 1
    end = text.find("\0")
    end = len(text) if end < 0 else end
    while at < end:
        hit = _TOKEN.match(text, at, end)
        if hit is None:
            raise PtxError(f"{text[at : at + 20].splitlines()[0]!r} is not PTX", line)
        kind = str(hit.lastgroup)
        if kind == "newline":
            line += 1
        elif kind == "space":
            line += hit[0].count("\n")
        elif hit[0].startswith("."):
            # `.reg.b16` is two directives without a space between.
            for part in hit[0][1:].split("."):
                yield Token(kind, "." + part, line)
        else:
            yield Token(kind, hit[0], line)
        at = hit.end()
    yield Token("end", "the end of the text", line)


def number(token: Token) -> Imm:
    """The literal's value; `0f3F800000` is 1.0 of 32 bits, a decimal float one of 64."""
    text = token.text
    if token.kind == "float":
        if text[:2] in ("0f", "0F"):
            return Imm(float(struct.unpack(">f", bytes.fromhex(text[2:]))[0]), 32)
        if text[:2] in ("0d", "0D"):
            return Imm(float(struct.unpack(">d", bytes.fromhex(text[2:]))[0]), 64)
        return Imm(float(text), 64)
    text = text.rstrip("U")
    if text[:2] in ("0b", "0B"):
        return Imm(int(text, 0))
    if len(text) > 1 and text[0] == "0" and text.isdigit():
        try:
            return Imm(int(text, 8))
        except ValueError:
            raise PtxError(f"{text} is no octal number", token.line) from None
    return Imm(int(text, 0))
