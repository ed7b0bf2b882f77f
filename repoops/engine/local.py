"""Local memory: an access must lie in the thread's own frame, and what is read must have been written.

Each byte of local memory has a byte of its own, at a fixed distance, that says whether it was written
since its function began.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from repoops.engine import access
from repoops.engine.builder import BITS, Value, integer
from repoops.engine.fields import field, report
from repoops.engine.raw import raw_load, raw_store
from repoops.engine.special import current

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction


@contextmanager
def narrowed(f: WarpFunction, how: access.Access, address: Value) -> Iterator[None]:
    """While it is open, only the lanes whose access is allowed execute; the others are reported."""
    b = f.b
    address = b.spread(address)
    good: Value | None = None
    if access.checked(f):
        here = f.word()
        inside = _inside(f, how, address)
        even = b.compare("eq", b.op("and", address, integer(how.align - 1, "i64")), integer(0, "i64"))
        report(f, "misaligned", b.op("and", here, b.inv(b.ballot(even))), address, how.what, how.align)
        outside = b.op("and", even, b.inv(inside))
        report(f, "out-of-bounds", b.op("and", here, b.ballot(outside)), address, how.what)
        good = b.op("and", inside, even)
    with f.only(good):
        if "initcheck" in f.unit.checks:
            (_mark if how.store else _look)(f, how, address)
        yield


def _inside(f: WarpFunction, how: access.Access, address: Value) -> Value:
    """A kernel's accesses lie in the thread's own frame; a device function's may lie in a caller's, so anywhere in the warp's share."""
    b = f.b
    if f.function.entry and f.frame_base is not None:
        room = integer(f.frame_bytes - how.size + 1 if f.frame_bytes >= how.size else 0, "i64")
        return b.compare("ult", b.op("sub", address, f.frame_base), room)
    size = field(f, "local_size", "i64")
    share = b.op(
        "add", field(f, "locals", "i64"), b.op("mul", b.resize(current(f), "i64", signed=False), size)
    )
    return b.compare("ult", b.op("sub", address, share), b.op("sub", size, integer(how.size - 1, "i64")))


def _marks(f: WarpFunction, address: Value) -> Value:
    return f.b.op("add", address, field(f, "local_shadow", "i64"))


def _mark(f: WarpFunction, how: access.Access, address: Value) -> None:
    ones = integer(int.from_bytes(b"\1" * (BITS[how.kind] // 8), "little"), f"i{BITS[how.kind]}")
    raw_store(f, _marks(f, address), [f.b.spread(ones)] * how.count)


def _look(f: WarpFunction, how: access.Access, address: Value) -> None:
    b = f.b
    kind = f"i{BITS[how.kind]}"
    ones = integer(int.from_bytes(b"\1" * (BITS[kind] // 8), "little"), kind)
    missing: Value | None = None
    for found in raw_load(f, _marks(f, address), kind, how.count, invariant=False, masked=True):
        unset = b.compare("ne", found, ones)
        missing = unset if missing is None else b.op("or", missing, unset)
    if missing is not None:
        report(f, "uninitialised-local", b.op("and", f.word(), b.ballot(missing)), address, how.what)


def written_through_pointer(f: WarpFunction, how: access.Access, address: Value) -> None:
    """A store to a generic address may be one to local memory of this warp or of a caller's frame."""
    if "initcheck" not in f.unit.checks or not f.unit.uses_local:
        return
    b = f.b
    wide = b.spread(address)
    total = b.op("mul", field(f, "local_size", "i64"), field(f, "warps", "i64"))
    inside = b.compare(
        "ult", b.op("sub", wide, field(f, "locals", "i64")), b.op("sub", total, integer(how.size, "i64"))
    )
    with f.only(inside):
        _mark(f, how, wide)
