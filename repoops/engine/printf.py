"""What a kernel printed: device printf's records as text.

Source: CUDA C++ Programming Guide, "Formatted Output"; C17, 7.21.6.1.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable

from repoops.engine.ir import PRINT_SIZE

_SPEC = re.compile(
    rb"%(?P<flags>[-+ #0]*)(?P<width>\d*)(?:\.(?P<precision>\d*))?(?P<length>hh|h|ll|l|j|z|t|L)?(?P<kind>[a-zA-Z%])"
)


def text(raw: bytes, string: Callable[[int], bytes]) -> str:
    """All records in order.

    Args:
        raw: as the compiled code wrote them.
        string: the bytes of a C string at an address.
    """
    out = []
    for at in range(0, len(raw) - PRINT_SIZE + 1, PRINT_SIZE):
        (format_at,) = struct.unpack_from("<Q", raw, at)
        out.append(_formatted(string(format_at), raw[at + 24 : at + PRINT_SIZE], string))
    return "".join(out)


def _formatted(template: bytes, arguments: bytes, string: Callable[[int], bytes]) -> str:
    out, last, at = [], 0, 0
    for hit in _SPEC.finditer(template):
        out.append(template[last : hit.start()].decode("utf-8", "replace"))
        last = hit.end()
        kind = hit["kind"].decode()
        if kind == "%":
            out.append("%")
            continue
        wide = kind in "sp" or kind in "eEfFgGaA" or hit["length"] in (b"l", b"ll", b"j", b"z", b"t")
        size = 8 if wide else 4
        at = -(-at // size) * size
        if at + size > len(arguments):
            out.append("(not kept)")
            continue
        out.append(_one(hit, kind, arguments[at : at + size], string))
        at += size
    out.append(template[last:].decode("utf-8", "replace"))
    return "".join(out)


def _one(hit: re.Match[bytes], kind: str, raw: bytes, string: Callable[[int], bytes]) -> str:
    flags, width = hit["flags"].decode(), hit["width"].decode()
    precision = "" if hit["precision"] is None else "." + (hit["precision"].decode() or "0")
    layout = f"%{flags}{width}{precision}"
    if kind in "eEfFgG":
        return str((layout + kind) % struct.unpack("<d", raw)[0])
    if kind in "aA":
        return float(struct.unpack("<d", raw)[0]).hex()
    value = int.from_bytes(raw, "little", signed=kind in "di")
    if kind in "diuxXo":
        return (layout + ("d" if kind in "diu" else kind)) % value
    if kind == "c":
        return (layout + "c") % chr(value & 255)
    if kind == "s":
        return (layout + "s") % string(value).decode("utf-8", "replace")
    return f"{value:#x}" if kind == "p" else hit[0].decode("utf-8", "replace")
