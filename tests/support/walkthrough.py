"""A document that is carried out: files as it gives them, commands as it gives them, what they print as it shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass

_BLOCK = re.compile(r"^```(\w+)(?: file=(\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class File:
    """To be written below the repository's root."""

    path: str
    text: str


@dataclass(frozen=True)
class Command:
    """For a shell in the root, and what it prints on both streams."""

    line: str
    prints: str


def steps(document: str) -> list[File | Command]:
    """Blocks with `file=PATH`, and `console` blocks whose lines after `$ ` are commands; others are for reading."""
    found: list[File | Command] = []
    for language, path, body in _BLOCK.findall(document):
        if path:
            found.append(File(path, body))
        elif language == "console":
            for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
                line, _, prints = part.partition("\n")
                found.append(Command(line, prints.strip("\n")))
    return found


def plain(said: str) -> str:
    """Output without what differs from machine to machine, or from one release of a compiler or of torch to the next."""
    for found, instead in (
        (r" in \d+\.\d s", " in 9.9 s"),
        (r"on cpu: .*", "on cpu: this one"),
        (r"on the CPU \(.*\), not", "on the CPU (this one), not"),
        (r"0x[0-9a-f]+", "0xabc"),
        (r"(clean|errors?) +\d+(/\d+)* ", r"\1 REGISTERS "),
        (r"[0-9.e-]+/[0-9.]+e-\d+", "ERROR/BOUND"),
        (r" +", " "),
    ):
        said = re.sub(found, instead, said.strip("\n"))
    return said
