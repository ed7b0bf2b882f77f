"""The answer of one call as the client reads it: whole, or not there at all."""

from __future__ import annotations

import json
import struct
import zlib
from dataclasses import dataclass
from typing import Any

_MAGIC = b"\x93RepoOps"
_HEADER = struct.Struct(">8s16sIQI")


@dataclass(frozen=True, slots=True)
class Frame:
    """An answer: plain data, and bytes of a log or file beside it."""

    answer: dict[str, Any]
    payload: bytes


def find_frame(stdout: bytes, nonce: str) -> Frame | None:
    """The frame that answers this very call, whatever a login shell has said around it; None unless it is whole."""
    start = stdout.find(_MAGIC + nonce.encode("ascii"))
    if start < 0 or len(stdout) < start + _HEADER.size:
        return None
    _, _, said, payload, crc = _HEADER.unpack_from(stdout, start)
    at = start + _HEADER.size
    body = stdout[at : at + said + payload]
    if len(body) != said + payload or zlib.crc32(nonce.encode("ascii") + body) != crc:
        return None
    answer: dict[str, Any] = json.loads(body[:said])
    return Frame(answer, body[said:])
