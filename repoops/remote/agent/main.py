"""One call: a verb, one frame on standard output."""

from __future__ import annotations

import errno
import json
import os
import signal
import struct
import zlib
from typing import Any, Callable

from . import calls
from .disk import Refused, free, path, touch
from .state import cancel
from .switch import watch_out

MAGIC = b"\x93RepoOps"
HEADER = struct.Struct(">8s16sIQI")
"""Magic, nonce, bytes of JSON, bytes of payload, crc32 of nonce, JSON and payload."""


VERBS: dict[str, Callable[..., Any]] = {
    "hello": calls.hello,
    "have": calls.have,
    "stat": calls.stat,
    "put": calls.put,
    "start": calls.start,
    "poll": calls.poll,
    "read": calls.read,
    "ack": calls.ack,
    "cancel": cancel,
    "list": calls.list_,
    "gc": calls.gc,
    "arm": calls.arm,
    "disarm": calls.disarm,
}


def frame(nonce: str, answer: Any, payload: bytes = b"") -> bytes:
    """An answer as bytes."""
    said = json.dumps(answer).encode("ascii")
    crc = zlib.crc32(nonce.encode("ascii") + said + payload)
    return HEADER.pack(MAGIC, nonce.encode("ascii"), len(said), len(payload), crc) + said + payload


def main(nonce: str, verb: str, *args: str) -> None:
    """Does one call and writes its frame."""
    signal.alarm(calls.SILENCE_S)
    os.umask(0o077)
    payload = b""
    try:
        for name in ("agent", "blobs", "git", "trees", "jobs", "host"):
            os.makedirs(path(name), mode=0o700, exist_ok=True)
        touch()
        if verb not in ("arm", "disarm"):
            watch_out()
        answer = VERBS[verb](*args)
        if isinstance(answer, tuple):
            answer, payload = answer
    except Refused as error:
        answer = {"error": error.kind, "what": str(error)}
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        answer = {"error": "disk_full" if full else "os", "what": str(error), "free": free()}
    except Exception as error:  # noqa: BLE001 - the client shows it, with the verb
        answer = {"error": "bug", "what": "%s: %s" % (type(error).__name__, error)}
    rest = memoryview(frame(nonce, answer, payload))
    while rest:
        rest = rest[os.write(1, rest) :]
