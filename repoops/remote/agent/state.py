"""A job's state: derived from its files and its lock, never stored."""

from __future__ import annotations

import os
import time
from typing import Any

from .disk import boot_id, checked, free, held, load, path, store, take, up
from .processes import alive, oom_kills, sweep

GRACE_S = 2.0
"""Between SIGTERM and SIGKILL."""
RESERVE = 1 << 16
"""Bytes kept free in a running job's folder, so that a full disk can still be told."""


def state_of(job: str) -> dict[str, Any]:
    """`state` is unknown, prepared, running, finished, lost or died; `exit` with the ending where it finished."""
    folder = ("jobs", job)
    for _ in range(2):  # once more, as it may finish between the look for its end and the look at its lock
        ended = load(*folder, "exit.json")
        if ended:
            return {"state": "finished", "exit": ended}
        if not os.path.exists(path(*folder, "spec.json")):
            return {"state": "unknown"}
        claim = load(*folder, "claim")
        if not claim:
            return {"state": "prepared"}
        if claim["boot"] != boot_id():
            return {"state": "lost"}
        owner = load(*folder, "owner.json")
        # On some network file systems a lock does not hold; the process itself is the second witness.
        if held(os.path.join(*folder, "lock")) or (owner and alive(owner)):
            return {"state": "running", "seconds": up() - claim["up"]}
    if not owner:
        return {"state": "prepared"}
    now = oom_kills(owner["counter"])
    killed = now is not None and owner["kills"] is not None and now > owner["kills"]
    return {"state": "died", "left": sweep(job), "oom": killed, "disk_full": free() < RESERVE}


def cancel(job: str, by: str = "request") -> dict[str, Any]:
    """Stops a job, or sees that it never starts should its start still be on the way; waits a while for the end."""
    os.makedirs(path("jobs", checked(job), "out"), exist_ok=True)
    if not load("jobs", job, "exit.json") and not load("jobs", job, "cancel"):
        store({"by": by, "at": time.time()}, "jobs", job, "cancel")
    lock = take(os.path.join("jobs", job, "lock"), tries=5)
    if lock is not None:
        if not load("jobs", job, "claim") and not load("jobs", job, "exit.json"):
            store({"out": {}, "log": None}, "jobs", job, "manifest.json")
            ended = {"kind": "cancelled", "by": by, "seconds": 0.0, "missing": [], "at": time.time()}
            store(ended, "jobs", job, "exit.json")
        os.close(lock)
    until = up() + 2 * GRACE_S
    while state_of(job)["state"] == "running" and up() < until:
        time.sleep(0.05)
    return state_of(job)
