"""A job that begins when a queue says so: the queue's own job stands for it, and holds its place for as long as it runs."""

from __future__ import annotations

import os
import sys
import time
from typing import Any

from .disk import held, load, store, take
from .state import state_of

LOOK_S = 0.5
PASSED_ON = ("CUDA_VISIBLE_DEVICES", "SKYPILOT_")
"""Begins of the names that are passed on from the queue's job to ours: the cards that were assigned, and who assigned them."""


def hold(job: str) -> int:
    """What the queue's job runs: tells ours that its turn has come and lasts as long as it; a second one ends at once."""
    os.umask(0o077)
    if state_of(job)["state"] == "unknown":
        sys.stderr.write("there is no job %s on this node\n" % job)
        return 1
    place = take(os.path.join("jobs", job, "turn"))
    if place is None:
        return 0
    if not load("jobs", job, "turn.json"):
        env = {name: value for name, value in os.environ.items() if name.startswith(PASSED_ON)}
        store({"env": env}, "jobs", job, "turn.json")
    while state_of(job)["state"] in ("prepared", "running"):
        time.sleep(LOOK_S)
    ended = load("jobs", job, "exit.json") or {}
    return 0 if ended.get("code") == 0 else 1


def waits(job: str) -> bool:
    """Whether a job's turn is still to come."""
    spec = load("jobs", job, "spec.json")
    return bool(spec) and spec.get("queue") is not None and load("jobs", job, "turn.json") is None


def lost(job: str, spec: dict[str, Any]) -> bool:
    """Whether a job that had its turn has lost its place: the queue's job is gone."""
    return spec.get("queue") is not None and not held(os.path.join("jobs", job, "turn"))


def assigned(job: str) -> dict[str, str]:
    """What the queue's job passed on."""
    found = load("jobs", job, "turn.json")
    return dict(found["env"]) if found else {}
