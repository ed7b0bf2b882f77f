"""Which files a CUDA source may include: over-approximated, so that a cached compilation is never stale."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from repoops.files import sha256

# Anywhere in a line, whatever surrounds it: one file too many costs a digest, one too few a wrong answer.
_INCLUDE = re.compile(
    rb"(?:#|%:|\?\?=)[ \t]*(?:include|include_next|embed|import)\b[ \t]*(?P<what>[^\n]*)"
    rb"|__has_(?:include|embed)(?:_next)?[ \t]*\([ \t]*(?P<asked>[^\n)]*)"
)
_NAMED = re.compile(rb'"([^"\n]+)"|<([^>\n]+)>')


def dependencies(source: Path, text: bytes, folders: Sequence[Path]) -> list[tuple[str, str]] | None:
    """Every file that an include in `text`, or in what it includes, may name, and its digest.

    Files that are absent are listed as such: one that appears later may be found before another.
    Toolkit headers are not followed; they count by their version.

    Args:
        source: where `text` lies.
        text: the file to begin with.
        folders: the user's include folders, in order.

    Returns:
        Pairs in the order of their paths; None if an include is computed by a macro, which cannot be known here.
    """
    found: dict[Path, str] = {}
    pending = [(source, text)]
    while pending:
        at, content = pending.pop()
        for hit in _INCLUDE.finditer(content.replace(b"\\\r\n", b"").replace(b"\\\n", b"")):
            named = _NAMED.match((hit["what"] if hit["what"] is not None else hit["asked"]).strip())
            if named is None:
                return None
            name = (named[1] or named[2]).decode("utf-8", "surrogateescape")
            for folder in dict.fromkeys((at.parent, *folders)):
                path = folder / name
                if path in found:
                    continue
                try:
                    inside = path.read_bytes()
                except OSError:
                    found[path] = "absent"
                    continue
                found[path] = sha256(inside)
                pending.append((path, inside))
    return sorted((str(path), digest) for path, digest in found.items())
