"""Files below the agent's root: whole or absent, locks that the kernel frees, names that are safe; and the clocks."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import re
import stat as st
import time
from typing import Any

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", "..", ".."))
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._+,=@-]{0,99}")
BLOCK = 1 << 16


class Refused(Exception):  # noqa: N818 - an answer, not a fault
    """The call cannot be done, and trying again will not help: `kind` for programs, `what` for people."""

    def __init__(self, kind: str, what: str) -> None:
        super().__init__(what)
        self.kind = kind


def path(*parts: str) -> str:
    """A path below the root."""
    return os.path.join(ROOT, *parts)


def checked(name: str) -> str:
    """A name that is safe as one part of a path."""
    if not NAME.fullmatch(name):
        raise Refused("usage", "not a name: %r" % name)
    return name


def load(*parts: str) -> Any:
    """A JSON file below the root; None where it is not there. Files are whole or absent, so no other case."""
    try:
        with open(path(*parts), encoding="ascii") as file:
            return json.load(file)
    except (FileNotFoundError, NotADirectoryError):
        return None


def store(value: Any, *parts: str) -> None:
    """Temp, fsync, rename, fsync of the folder: after a crash the file is old or new, and after return it is new."""
    target = path(*parts)
    beside = "%s.%d.tmp" % (target, os.getpid())
    handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        data = json.dumps(value).encode("ascii")
        while data:
            data = data[os.write(handle, data) :]
        os.fsync(handle)
    except OSError:
        os.unlink(beside)
        raise
    finally:
        os.close(handle)
    os.rename(beside, target)
    sync_folder(os.path.dirname(target))


def sync_folder(folder: str) -> None:
    """Makes the names in a folder durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def digest_of(file: str) -> tuple[str, int]:
    """SHA-256 and size of a file, after an fsync; a symlink in its place is an error."""
    handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    with open(handle, "rb") as source:
        os.fsync(handle)
        hasher, size = hashlib.sha256(), 0
        for block in iter(lambda: source.read(BLOCK), b""):
            hasher.update(block)
            size += len(block)
    return hasher.hexdigest(), size


def take(lock: str, how: int = fcntl.LOCK_EX, tries: int = 1) -> int | None:
    """An open handle that holds a lock file's flock, or None; whoever merely looks holds it for an instant."""
    handle = os.open(path(lock), os.O_RDWR | os.O_CREAT, 0o600)
    for n in range(tries):
        try:
            fcntl.flock(handle, how | fcntl.LOCK_NB)
        except BlockingIOError:  # noqa: PERF203
            time.sleep(0.02 if n + 1 < tries else 0)
        else:
            return handle
    os.close(handle)
    return None


def held(lock: str) -> bool:
    """Whether somebody holds a lock file."""
    if not os.path.exists(path(lock)):
        return False
    handle = take(lock, fcntl.LOCK_SH)
    if handle is not None:
        os.close(handle)
    return handle is None


def boot_id() -> str:
    """The kernel's id of this boot."""
    with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
        return file.read().strip()


def up() -> float:
    """Seconds since boot, sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def free() -> int:
    """Bytes that are left to us where the root lies."""
    found = os.statvfs(ROOT)
    return found.f_bavail * found.f_frsize


def touch() -> None:
    """Notes that somebody asked; a full disk must not fail the call that would say so."""
    with contextlib.suppress(OSError):
        beside = path("host", "heartbeat.%d" % os.getpid())
        with open(beside, "w", encoding="ascii") as file:
            file.write("%s %.3f" % (boot_id(), up()))
        os.rename(beside, path("host", "heartbeat"))


def last_contact(since: float) -> float:
    """When somebody last asked, on the clock of `up`; no earlier than `since`."""
    with contextlib.suppress(OSError, ValueError):
        with open(path("host", "heartbeat"), encoding="ascii") as file:
            boot, at = file.read().split()
        if boot == boot_id():
            return max(since, float(at))
    return since


def plain_files(job: str) -> list[str]:
    """The results of a job: files directly in its out/ with a safe name, no links."""
    out = path("jobs", job, "out")
    names = os.listdir(out) if os.path.isdir(out) else []
    return sorted(
        n for n in names if NAME.fullmatch(n) and st.S_ISREG(os.lstat(os.path.join(out, n)).st_mode)
    )


def roots() -> list[str]:
    """Trees, each with the commit it was made on, of which the object store has everything."""
    with contextlib.suppress(OSError):
        with open(path("git", "roots"), encoding="ascii") as file:
            return file.read().splitlines()
    return []


def blob(name: str) -> dict[str, Any]:
    """How much of a blob is here: its bytes so far, whether it is whole, and where it lies once it is."""
    whole = path("blobs", checked(name))
    for file in (whole, whole + ".part"):
        with contextlib.suppress(FileNotFoundError):
            return {"size": os.stat(file).st_size, "whole": file == whole, "path": whole}
    return {"size": 0, "whole": False, "path": whole}
