"""Processes as /proc shows them: who belongs to a job, whether the very one still runs, what the kernel killed."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import time
from typing import Any, Callable, Iterator


def processes() -> Iterator[int]:
    """Every process."""
    return (int(entry) for entry in os.listdir("/proc") if entry.isdigit())


def stat_of(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat after the name, so that [1] is the parent and [19] the start time."""
    try:
        with open("/proc/%d/stat" % pid, encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None


def alive(owner: Any) -> bool:
    """Whether the very process that an owner record names still runs: the number alone may be another's by now."""
    fields = stat_of(owner["pid"])
    return fields is not None and fields[0] not in "ZX" and fields[19] == owner["start"]


def marked(job: str) -> set[int]:
    """Processes with a job's mark in their environment, wherever they have gone."""
    mark, found = b"\0REPOOPS_JOB=" + job.encode("ascii") + b"\0", set()
    for pid in processes():
        with contextlib.suppress(OSError):
            with open("/proc/%d/environ" % pid, "rb") as file:
                if mark in b"\0" + file.read() + b"\0":
                    found.add(pid)
    return found - {os.getpid()}


def descendants(top: int) -> set[int]:
    """Everything below a process."""
    parents = {pid: int(fields[1]) for pid in processes() for fields in [stat_of(pid)] if fields}
    found: set[int] = set()
    queue = [top]
    while queue:
        parent = queue.pop()
        below = [pid for pid, its in parents.items() if its == parent and pid not in found]
        found.update(below)
        queue += below
    return found


def send(pids: set[int], number: int) -> None:
    """Sends a signal to all that still run."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)


def sweep(job: str, below: int | None = None) -> list[int]:
    """Kills all that is left of a job; returns what would not die within 3 s."""
    left: set[int] = set()
    for _ in range(150):
        if below is not None:
            reap()
        left = marked(job) | (descendants(below) if below is not None else set())
        if not left:
            break
        send(left, signal.SIGKILL)
        time.sleep(0.02)
    return sorted(left)


def reap() -> dict[int, int]:
    """Takes leave of every child that has ended: process to wait status."""
    ended = {}
    with contextlib.suppress(ChildProcessError):
        while True:
            pid, status = os.waitpid(-1, os.WNOHANG)
            if pid == 0:
                break
            ended[pid] = status
    return ended


def prctl(option: int, value: int) -> None:
    """Sets an attribute of this process, see the manual page of that name."""
    import ctypes  # a poll need not load it

    ctypes.CDLL(None, use_errno=True).prctl(option, value, 0, 0, 0)


def oom_counter() -> str:
    """The file that counts the kernel's kills for want of memory: this process's group's, else the machine's."""
    with contextlib.suppress(OSError):
        with open("/proc/self/cgroup", encoding="utf-8") as file:
            groups = dict(line.split(":", 2)[1:] for line in file.read().splitlines())
        for kind, name in (("", "%s/memory.events"), ("memory", "/memory%s/memory.oom_control")):
            if (
                kind in groups
                and oom_kills(found := "/sys/fs/cgroup" + name % groups[kind].rstrip("/")) is not None
            ):
                return found
    return "/proc/vmstat"


def oom_kills(counter: str) -> int | None:
    """How often that happened; None where it cannot be read."""
    with contextlib.suppress(OSError):
        with open(counter, encoding="ascii") as file:
            found = re.search(r"^oom_kill (\d+)$", file.read(), re.MULTILINE)
        if found:
            return int(found.group(1))
    return None


def detach(body: Callable[[], None], keep: tuple[int, ...]) -> None:
    """Runs `body` in a process without parent, session or terminal, and no open file but `keep`; returns at once."""
    first = os.fork()
    if first:
        os.waitpid(first, 0)
        return
    try:
        os.setsid()
        if os.fork() == 0:
            signal.alarm(0)
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGTERM):
                signal.signal(number, signal.SIG_IGN)
            null = os.open(os.devnull, os.O_RDWR)
            for stream in (0, 1, 2):
                os.dup2(null, stream)
            for handle in [int(name) for name in os.listdir("/proc/self/fd")]:
                if handle > 2 and handle not in keep:
                    with contextlib.suppress(OSError):
                        os.close(handle)
            os.chdir("/")
            body()
    finally:
        os._exit(0)
