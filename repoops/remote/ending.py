"""How a job ended, as a type: whatever is not `exited` with 0 and a whole result is no pass."""

from __future__ import annotations

import signal
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

KINDS = ("exited", "signaled", "timeout", "cancelled", "spawn_failed", "lost", "died")
"""`lost`: the host has rebooted since. `died`: the job's supervisor is gone and left no result. Both come
without verified results; so may `spawn_failed`, where the job never began."""
_CANCELLED = {
    "deadman": "stopped by the dead man's switch: nobody had asked",
    "queue": "cancelled: its place in the queue was taken from it",
}


@dataclass(frozen=True, slots=True)
class Ending:
    """The end of a job.

    `code` is the exit status of `exited`, `signal` the number of `signaled`; `by` is `request`, `deadman` or
    `queue` for `cancelled`; `what` is the reason of `spawn_failed`. `oom_kills` counts the kernel's
    kills for want of memory while it ran, `missing` the results that were asked for and not written,
    `left` processes that would not die.
    """

    kind: str
    code: int | None = None
    signal: int | None = None
    by: str | None = None
    what: str | None = None
    seconds: float | None = None
    oom_kills: int = 0
    disk_full: bool = False
    missing: tuple[str, ...] = ()
    left: tuple[int, ...] = ()

    @property
    def clean(self) -> bool:
        """Whether the command ran to its end, exited with 0 and left every result it was asked for."""
        return self.kind == "exited" and self.code == 0 and not self.missing and not self.left

    def words(self) -> str:
        """The ending as a sentence without a full stop."""
        said = {
            "exited": f"exited with {self.code}",
            "signaled": f"killed by {_signal_name(self.signal)}",
            "timeout": "stopped at its time limit",
            "cancelled": _CANCELLED.get(str(self.by), "cancelled"),
            "spawn_failed": f"could not be started: {self.what}",
            "lost": "lost: the host has rebooted since",
            "died": "died: its supervisor is gone and left no result",
        }[self.kind]
        if self.oom_kills:
            said += "; the kernel killed for want of memory while it ran"
        if self.disk_full:
            said += "; the host's disk is full"
        if self.missing:
            said += f"; not written: {', '.join(self.missing)}"
        if self.left:
            said += f"; processes that would not die: {', '.join(map(str, self.left))}"
        return said


def ending_of(answer: Mapping[str, Any]) -> Ending | None:
    """The ending that an answer of the agent tells of; None while there is none."""
    state = answer["state"]
    if state == "finished":
        ended = answer["exit"]
        plain = ("kind", "code", "signal", "by", "what", "seconds", "oom_kills", "disk_full")
        return Ending(
            **{name: ended[name] for name in plain if name in ended},
            missing=tuple(ended["missing"]),
            left=tuple(ended.get("left", ())),
        )
    if state == "died":
        return Ending(
            "died", oom_kills=int(answer["oom"]), disk_full=answer["disk_full"], left=tuple(answer["left"])
        )
    return Ending("lost") if state == "lost" else None


def _signal_name(number: int | None) -> str:
    try:
        return signal.Signals(number or 0).name
    except ValueError:
        return f"signal {number}"
