"""The memory behind a launch's arguments, page by page, and its way into a file that another process maps.

Whole storages are carried, not views alone: arguments that overlap stay overlapping, and what a kernel
reads or writes beside its view is seen.
"""

from __future__ import annotations

import ctypes
import mmap
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from repoops.engine.arguments import Buffer

PAGE = mmap.PAGESIZE
BESIDE = 1 << 20
"""Bytes of a storage before and after a view that are carried at most: a view of a huge storage costs no copy of it all."""
RED = 0xFF
"""What lies between storages in the pages they share: NaN in every floating-point type."""

_libc = ctypes.CDLL(None)
_libc.memcmp.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_size_t)


@dataclass(frozen=True, slots=True)
class Piece:
    """Whole pages [low, high) of this process with the ranges of bytes in them that are somebody's; `offset` is its place in the file."""

    low: int
    high: int
    offset: int
    ranges: tuple[tuple[int, int], ...]


def pieces(args: Iterable[Any], buffers: Sequence[Buffer | bytes], start: int) -> list[Piece]:
    """The pages of all arguments, in the order of addresses, placed in the file from `start` on."""
    ranges = sorted(
        _storage(value, given)
        for value, given in zip(args, buffers, strict=True)
        if isinstance(given, Buffer) and given.span
    )
    apart: list[tuple[int, int]] = []
    for low, high in ranges:
        if apart and low <= apart[-1][1]:
            apart[-1] = (apart[-1][0], max(high, apart[-1][1]))
        else:
            apart.append((low, high))
    groups: list[list[tuple[int, int]]] = []
    for one in apart:
        if groups and one[0] // PAGE <= (groups[-1][-1][1] - 1) // PAGE:
            groups[-1].append(one)
        else:
            groups.append([one])
    found, at = [], start
    for group in groups:
        low, high = group[0][0] // PAGE * PAGE, -(-group[-1][1] // PAGE) * PAGE
        found.append(Piece(low, high, at, tuple(group)))
        at += high - low
    return found


def _storage(value: Any, given: Buffer) -> tuple[int, int]:
    """First byte and end of the memory that a tensor is a view of."""
    low, high = given.address, given.address + given.span
    if hasattr(value, "untyped_storage"):
        storage = value.untyped_storage()
        begin, end = storage.data_ptr(), storage.data_ptr() + storage.nbytes()
    elif isinstance(value, np.ndarray):
        begin, end = np.lib.array_utils.byte_bounds(_owner(value))
    else:
        begin, end = low, high
    return min(low, max(begin, low - BESIDE)), max(high, min(end, high + BESIDE))


def _owner(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    while isinstance(array.base, np.ndarray):
        array = array.base
    return array


def carry_in(found: Sequence[Piece], shared: int) -> None:
    """Copies this process's bytes into the file, which is mapped at the address `shared`, and marks what lies between."""
    for piece in found:
        at, to = piece.low, shared + piece.offset - piece.low
        for low, high in piece.ranges:
            ctypes.memset(to + at, RED, low - at)
            ctypes.memmove(to + low, low, high - low)
            at = high
        ctypes.memset(to + at, RED, piece.high - at)


def carry_out(found: Sequence[Piece], shared: int) -> None:
    """Copies back what has changed, and touches nothing else: memory that may not be written was perhaps given to be read."""
    for piece in found:
        away = shared + piece.offset - piece.low
        for low, high in piece.ranges:
            for at in range(low, high, _STEP):
                size = min(_STEP, high - at)
                if _libc.memcmp(at, away + at, size):
                    ctypes.memmove(at, away + at, size)


_STEP = 1 << 18
