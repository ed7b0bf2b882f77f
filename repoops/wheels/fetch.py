"""Downloads a wheel: resumed where a connection broke, whole or not at all, its digest checked.

A part that is there already is continued only if the server says that it still has the same file
(If-Range with a strong ETag or a date), or if a published digest will tell.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import shutil
import time
import urllib.error
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

from repoops.errors import RepoOpsError
from repoops.files import atomic_write, hex_digest
from repoops.progress import Progress, silent
from repoops.wheels import web
from repoops.wheels.names import Published

_BLOCK = 1 << 18
_WAITS_S = (0.2, 0.5, 1.0, 1.5, 1.5, 1.5)
"""Waits after attempts that brought nothing; one that brought something starts them anew."""


@dataclass(frozen=True, slots=True)
class Fetched:
    """A wheel that lies here, whole.

    Attributes:
        path: the file, under its published name.
        sha256: hex digits, computed here.
        published: whether the publisher names the same digest; else it is only what came.
        received: bytes that came over the network for it in this call.
    """

    path: Path
    sha256: str
    published: bool
    received: int


class _Other(Exception):  # noqa: N818 - a state of a download, not a fault of a program
    """The server has another file now: what is there of the old one is of no use."""


def fetch(wheel: Published, folder: Path, progress: Progress = silent) -> Fetched:
    """The wheel's file in `folder`, downloaded unless it is there already.

    Raises:
        RepoOpsError: it cannot be had whole, or is not what was published; nothing half is left under its name.
    """
    place = folder / hashlib.sha256(web.bare(wheel.url).encode()).hexdigest()[:16]
    path, part, notes = place / wheel.filename, place / f"{wheel.filename}.part", place / "notes.json"
    place.mkdir(parents=True, exist_ok=True)
    said = _notes(notes)
    if path.is_file() and wheel.sha256 and hex_digest(path) == wheel.sha256:
        return Fetched(path, wheel.sha256, published=True, received=0)
    if urlsplit(wheel.url).scheme == "file":
        shutil.copyfile(_local(wheel.url), part)
        received = part.stat().st_size
    else:
        received = 0
        if path.is_file() and said.get("whole") and not _unchanged(wheel.url, said):
            path.unlink()
        if path.is_file() and said.get("whole"):
            return Fetched(path, hex_digest(path), published=False, received=0)
        received = _download(wheel, part, notes, progress)
    digest = hex_digest(part)
    if wheel.sha256 and digest != wheel.sha256:
        part.unlink()
        raise RepoOpsError(
            f"what came has sha256 {digest}, published is {wheel.sha256}", where=wheel.filename,
            remedy="it was removed; try again, and if it stays so, do not use this place",
        )  # fmt: skip
    os.replace(part, path)
    atomic_write(notes, json.dumps({**_notes(notes), "whole": True}).encode())
    return Fetched(path, digest, bool(wheel.sha256), received)


def _download(wheel: Published, part: Path, notes: Path, progress: Progress) -> int:
    received, failures, why = 0, 0, ""
    while failures <= len(_WAITS_S):
        at = part.stat().st_size if part.is_file() else 0
        try:
            done = _attempt(wheel, part, notes, progress)
        except _Other:
            with contextlib.suppress(FileNotFoundError):
                part.unlink()
            done, why = False, "the server has another file than before"
        except urllib.error.HTTPError as error:
            if error.code not in (408, 429, 500, 502, 503, 504):
                raise RepoOpsError(
                    f"cannot be downloaded: {error.code} {error.reason}", where=web.shown(wheel.url)
                ) from None
            done, why = False, f"{error.code} {error.reason}"
        except web.Broken as error:
            done, why = False, web.reason(error)
        came = (part.stat().st_size if part.is_file() else 0) - at
        received += max(came, 0)
        if done:
            return received
        failures = 0 if came > 0 else failures + 1
        if failures and failures <= len(_WAITS_S):
            time.sleep(_WAITS_S[failures - 1])
    raise RepoOpsError(
        f"the download broke off, however often it was tried: {why}", where=web.shown(wheel.url),
        remedy="try again: what has come is kept",
    )  # fmt: skip


def _attempt(wheel: Published, part: Path, notes: Path, progress: Progress) -> bool:
    """One connection; returns whether the file is whole. What came is in `part`, whatever happens."""
    at = part.stat().st_size if part.is_file() else 0
    said = _notes(notes)
    headers = _continuing(at, said, wheel) if at else {}
    try:
        answer = web.opened(wheel.url, headers)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing follows what is here: it is whole, or of another file
            if said.get("total") == at:
                return True
            raise _Other from None
        raise
    with answer:
        at, total = _position(answer, at, wheel)
        _room(part, (total or 0) - at)
        told: dict[str, Any] = {
            "url": web.bare(wheel.url),
            "etag": answer.headers.get("ETag"),
            "modified": answer.headers.get("Last-Modified"),
            "total": total,
        }
        atomic_write(notes, json.dumps(told).encode())
        with part.open("r+b" if part.is_file() else "wb") as file:
            file.truncate(at)
            file.seek(at)
            while block := answer.read1(_BLOCK):
                file.write(block)
                at += len(block)
                progress(at, total or at, wheel.filename)
            file.flush()
            os.fsync(file.fileno())
    return total is None or at == total


def _continuing(at: int, said: Mapping[str, Any], wheel: Published) -> dict[str, str]:
    etag, modified = said.get("etag"), said.get("modified")
    if etag and not etag.startswith("W/"):
        return {"Range": f"bytes={at}-", "If-Range": etag}
    if modified:
        return {"Range": f"bytes={at}-", "If-Range": modified}
    return {"Range": f"bytes={at}-"} if wheel.sha256 else {}


def _position(answer: Any, at: int, wheel: Published) -> tuple[int, int | None]:
    """Where the answer begins, and how long the whole file is, if the server says."""
    if answer.status == 206:
        told = re.fullmatch(r"bytes (\d+)-\d+/(\d+)", answer.headers.get("Content-Range") or "")
        if not told or int(told[1]) != at:
            raise _Other
        total: int | None = int(told[2])
    else:
        at = 0
        length = answer.headers.get("Content-Length")
        total = int(length) if length else wheel.size
    if total is not None and wheel.size is not None and total != wheel.size:
        raise RepoOpsError(
            f"the server has {total} bytes, published are {wheel.size}", where=web.shown(wheel.url)
        )
    return at, total


def _unchanged(url: str, said: Mapping[str, Any]) -> bool:
    """Whether the server still has the file that came; a server that does not answer is believed to."""
    try:
        with web.opened(url, {"Range": "bytes=0-0"}) as answer:
            return (answer.headers.get("ETag"), answer.headers.get("Last-Modified")) == (
                said.get("etag"), said.get("modified"),
            )  # fmt: skip
    except web.Broken:
        return True


def _room(part: Path, wanted: int) -> None:
    free = shutil.disk_usage(part.parent).free
    if wanted > free:
        raise RepoOpsError(
            f"{wanted / 1e6:.0f} MB are to come and {free / 1e6:.0f} MB are free", where=str(part.parent),
            remedy="make room, or name another folder: REPOOPS_CACHE",
        )  # fmt: skip


def _local(url: str) -> Path:
    path = Path(url2pathname(urlsplit(url).path))
    if not path.is_file():
        raise RepoOpsError("no such file", where=str(path))
    return path


def _notes(path: Path) -> dict[str, Any]:
    with contextlib.suppress(OSError, ValueError):
        found = json.loads(path.read_bytes())
        if isinstance(found, dict):
            return found
    return {}
