"""A content-addressed store of what compilers answered; where it cannot be written, nothing is kept and nothing fails."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path

from repoops.files import atomic_write

MOST_BYTES = 1 << 30
"""Beyond it the least recently used half goes. One run of this repository's suite keeps about a tenth of it."""
_ASKED = "0"
"""The size is asked when an entry's name begins so: once in 16 stores, as names are digests."""


def default_folder(environ: Mapping[str, str] | None = None) -> Path | None:
    """`$REPOOPS_CACHE`, else `repoops` in the user's cache folder; None where the variable is empty or there is no home."""
    env = os.environ if environ is None else environ
    if "REPOOPS_CACHE" in env:
        return Path(env["REPOOPS_CACHE"]) if env["REPOOPS_CACHE"] else None
    if env.get("XDG_CACHE_HOME"):
        return Path(env["XDG_CACHE_HOME"], "repoops")
    if not env.get("HOME"):
        return None
    return Path(env["HOME"], "Library/Caches" if sys.platform == "darwin" else ".cache", "repoops")


def key(*parts: object) -> str:
    """Names an entry after everything that decides what it holds; parts must be plain data."""
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def load(folder: Path | None, name: str) -> dict[str, str] | None:
    """An entry, or None: not there, unreadable, or not what was written."""
    if folder is None:
        return None
    path = folder / f"{name}.json"
    try:
        raw = path.read_bytes()
    except OSError:
        return None
    digest, _, body = raw.partition(b"\n")
    if digest.decode("ascii", "replace") != hashlib.sha256(body).hexdigest():
        return None
    with contextlib.suppress(OSError):
        os.utime(path)
    found: dict[str, str] = json.loads(body)
    return found


def store(folder: Path | None, name: str, entry: Mapping[str, str]) -> None:
    """Keeps an entry. Writers of the same name write the same content, and each replaces the file whole."""
    if folder is None:
        return
    body = json.dumps(entry).encode()
    with contextlib.suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        atomic_write(folder / f"{name}.json", hashlib.sha256(body).hexdigest().encode() + b"\n" + body)
        if name.startswith(_ASKED):
            _prune(folder)


def _prune(folder: Path) -> None:
    found = [(entry.stat(), entry.path) for entry in os.scandir(folder) if entry.name.endswith(".json")]
    total = sum(about.st_size for about, _ in found)
    if total <= MOST_BYTES:
        return
    for about, path in sorted(found, key=lambda each: each[0].st_mtime):
        if total <= MOST_BYTES // 2:
            return
        total -= about.st_size
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
