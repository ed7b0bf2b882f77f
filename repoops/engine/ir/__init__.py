"""LLVM IR of the functions that every kernel shares, as text with places to fill in.

`<<ctx.NAME>>`, `<<fiber.NAME>>` are offsets, `<<kind.RULE>>` numbers of findings, `<<field NAME TYPE to>>`
loads a field of the context, `<<NAME>>` is a size or what the caller gives.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from repoops.engine import context
from repoops.engine.records import KINDS, NUMBER

PRINT_BYTES = 256
"""Of printf's arguments that are kept for each call."""
PRINT_SIZE = 24 + PRINT_BYTES
COPY_HEAD = 16
"""Bytes before an asynchronous copy's data in the warp's queue: group, lanes, bytes, site."""
COPY_SIZE = COPY_HEAD + 4 * 32 + 16 * 32
"""A copy in the queue: its head, 32 offsets in shared memory, 32 times up to 16 bytes."""
JOURNAL = 1 << 18
"""Bytes of the reads of shared memory that a host thread has not noted yet: less than its second-level cache."""
LAST_EPOCH = 0xFFFD
"""Of a stamp: what is beyond has a meaning of its own (`cells`). A block begins in the first half, to have room."""
_SIZES = {
    "FIBER_SIZE": context.FIBER_SIZE, "DONE": context.DONE, "READY": context.READY, "WAITING": context.WAITING, "ASKED": context.ASKED,
    "RECORD_SIZE": context.RECORD_SIZE, "CACHE_SIZE": context.CACHE_SIZE, "ALLOCATION_SIZE": context.ALLOCATION_SIZE,
    "PRINT_SIZE": PRINT_SIZE, "PRINT_BYTES": PRINT_BYTES, "HEAD": COPY_HEAD, "ENTRY": COPY_SIZE, "KINDS": len(KINDS),
    "JOURNAL": JOURNAL, "LAST_EPOCH": LAST_EPOCH, "FIRST_HALF": LAST_EPOCH // 2 + 1,
}  # fmt: skip
_PLACE = re.compile(r"<<([^<>]+)>>")


@cache
def _read(name: str) -> str:
    return (Path(__file__).parent / name).read_text(encoding="utf-8")


def text(file: str, **values: object) -> str:
    """A file of this folder with its places filled in.

    Raises:
        KeyError: a place that neither the context nor the caller knows.
    """

    def fill(hit: re.Match[str]) -> str:
        words = hit[1].split(" ")
        if words[0] == "field":
            _, field, kind, to = words
            return (
                f"%{to}.at = getelementptr i8, ptr %ctx, i64 {context.OFFSETS[field]}\n"
                f"  %{to} = load {kind}, ptr %{to}.at"
            )
        table, _, key = hit[1].partition(".")
        if key:
            return str({"ctx": context.OFFSETS, "fiber": context.FIBER, "kind": NUMBER}[table][key])
        return str(values[table] if table in values else _SIZES[table])

    return _PLACE.sub(fill, _read(file))
