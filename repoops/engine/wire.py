"""What the guard and its worker say to each other: JSON, each message after its length.

JSON and no pickles: a kernel that has written over the worker's memory must not get to run code here.
"""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from repoops.engine.arguments import Buffer
from repoops.engine.launch import EngineResult
from repoops.engine.unit import Refused
from repoops.errors import RepoOpsError
from repoops.ptx.lexer import PtxError
from repoops.report.verification import Finding

_LENGTH = struct.Struct("<Q")
_MOST = 1 << 30
"""Bytes of a message: far more than any has."""


def send(channel: socket.socket, message: Mapping[str, Any]) -> None:
    """Sends one message.

    Raises:
        OSError: the other side is gone, or the channel's time is over.
    """
    body = json.dumps(message).encode()
    channel.sendall(_LENGTH.pack(len(body)) + body)


def receive(channel: socket.socket) -> dict[str, Any] | None:
    """The next message; None where the other side is gone.

    Raises:
        TimeoutError: the channel's time is over.
        ValueError: what came is no message.
    """
    head = _exactly(channel, _LENGTH.size)
    if head is None:
        return None
    (size,) = _LENGTH.unpack(head)
    if size > _MOST:
        raise ValueError("no message is that long")
    body = _exactly(channel, size)
    if body is None:
        return None
    message = json.loads(body)
    if not isinstance(message, dict):
        raise ValueError("a message is an object")  # noqa: TRY004 - of its content, not of an argument
    return message


def _exactly(channel: socket.socket, size: int) -> bytes | None:
    parts, wanted = [], size
    while wanted:
        try:
            part = channel.recv(min(wanted, 1 << 20))
        except ConnectionError:
            return None
        if not part:
            return None
        parts.append(part)
        wanted -= len(part)
    return b"".join(parts)


# -- what the messages hold


def argument_out(value: Buffer | bytes) -> dict[str, Any]:
    """An argument as plain data."""
    return {"bytes": value.hex()} if isinstance(value, bytes) else asdict(value)


def argument_in(data: Mapping[str, Any]) -> Buffer | bytes:
    """What `argument_out` was given."""
    if "bytes" in data:
        return bytes.fromhex(data["bytes"])
    return Buffer(**{**data, "shape": tuple(data["shape"]), "strides": tuple(data["strides"])})


def result_out(result: EngineResult) -> dict[str, Any]:
    """What a run came to, as plain data."""
    return {
        "findings": [asdict(f) for f in result.findings],
        "counters": dict(result.counters),
        "lines": [[file, line, dict(counts)] for file, line, counts in result.line_counters],
        "coverage": list(result.coverage.items()),
        "printed": result.printed,
    }


def result_in(data: Mapping[str, Any]) -> EngineResult:
    """What `result_out` was given.

    Raises:
        KeyError, TypeError, ValueError: it is no such thing.
    """
    return EngineResult(
        tuple(_finding(f) for f in data["findings"]),
        dict(data["counters"]),
        tuple((file, line, dict(counts)) for file, line, counts in data["lines"]),
        {int(number): float(share) for number, share in data["coverage"]},
        str(data["printed"]),
    )


def _finding(data: Mapping[str, Any]) -> Finding:
    places = {k: None if data[k] is None else tuple(data[k]) for k in ("thread", "block")}
    return Finding(**{**data, **places})


def error_out(error: RepoOpsError) -> dict[str, Any]:
    """An error that the user can mend, as plain data."""
    return {
        "kind": type(error).__name__, "what": error.what, "where": error.where, "remedy": error.remedy,
        "code": error.code, "line": getattr(error, "line", None),
    }  # fmt: skip


def error_in(data: Mapping[str, Any]) -> RepoOpsError:
    """The same error again."""
    if data["kind"] == "PtxError":
        found: RepoOpsError = PtxError("", data["line"])
        found.what, found.args = data["what"], (data["what"],)
    else:
        kind = Refused if data["kind"] == "Refused" else RepoOpsError
        found = kind(data["what"])
    found.where, found.remedy, found.code = data["where"], data["remedy"], data["code"]
    return found
