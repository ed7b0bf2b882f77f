"""Any other machine, through plain commands from the configuration; what they print is read by two patterns."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime

from repoops.config import Gpu
from repoops.errors import RepoOpsError
from repoops.gpu.login import login
from repoops.gpu.provider import Answer, Command, Fault
from repoops.gpu.state import RUNNING, TERMINATED, UNKNOWN, State, moment


def check(gpu: Gpu) -> None:
    """Commands that start, stop and ask, and patterns that are some."""
    for key in ("status", "start", "stop"):
        if not getattr(gpu, key):
            raise RepoOpsError(
                f"the provider `command` needs the command that {'asks' if key == 'status' else f'{key}s'}",
                where=f"gpu.{key}",
                remedy=f"a list of words, for example: {key}: [vm, {key}, my-gpu]",
            )
    _compiled("running", gpu.running)
    _compiled("terminated", gpu.terminated)
    for key in ("zone", "project", "max_run", "launch", "idle", "down"):
        if getattr(gpu, key):
            raise RepoOpsError("is another provider's; a plain command says it itself", where=f"gpu.{key}")


def place(gpu: Gpu) -> str:
    """The configured name, else the program that answers for it."""
    return gpu.instance or gpu.status[0]


def status(gpu: Gpu) -> Command:
    """As configured."""
    return gpu.status


def kept(answer: Answer) -> str:
    """All that it printed."""
    return answer.stdout


def read(gpu: Gpu, kept: str) -> State:
    """RUNNING or TERMINATED by the pattern that is found; a group `since` in it is the time."""
    running, terminated = re.search(gpu.running, kept), re.search(gpu.terminated, kept)
    if running and terminated:
        raise ValueError(f"both {running[0]!r} and {terminated[0]!r} are in what it printed")
    if running:
        return State(RUNNING, started=_since(running))
    if terminated:
        return State(TERMINATED, stopped=_since(terminated))
    return State(UNKNOWN)


def start(gpu: Gpu, _state: State) -> tuple[Command, ...]:
    """As configured."""
    return (gpu.start,)


def stop(gpu: Gpu) -> tuple[Command, ...]:
    """As configured."""
    return (gpu.stop,)


def ssh(gpu: Gpu, words: Sequence[str] = (), *, silent: bool = False) -> Command:  # noqa: ARG001 - it asks as it is configured to
    """As configured."""
    if not gpu.ssh:
        raise RepoOpsError(
            "no ssh command is configured", where="gpu.ssh", remedy="for example: ssh: [ssh, l4]"
        )
    return login(gpu.ssh, words)


def fault(gpu: Gpu, answer: Answer) -> Fault | None:
    """Of a status command its failure is the end; whether a start or stop went through, only the state tells."""
    name = answer.command[0]
    if answer.exit == 0:
        return None
    if answer.exit is None:
        return Fault("lost", f"{name} was silent for {answer.duration_s:.0f} s")
    if answer.exit < 0:
        return Fault("lost", f"{name} was killed before it answered")
    lines = [line.strip() for line in (answer.stderr or answer.stdout).splitlines() if line.strip()]
    said = lines[-1][:300] if lines else "it said nothing"
    asked = answer.command == gpu.status
    return Fault("final" if asked else "unclear", f"{name} failed with exit {answer.exit}: {said}")


def _compiled(key: str, pattern: str) -> None:
    try:
        re.compile(pattern)
    except re.error as error:
        raise RepoOpsError(f"is no regular expression: {error}", where=f"gpu.{key}") from None


def _since(found: re.Match[str]) -> datetime | None:
    text = found.groupdict().get("since")
    return moment(text) if text else None
