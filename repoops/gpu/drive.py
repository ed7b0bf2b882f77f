"""Brings a machine into a state and believes nothing but that state; each request is sent once, however often it is asked for."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from repoops import clock
from repoops.config import Gpu
from repoops.errors import RepoOpsError
from repoops.gpu import provider_of
from repoops.gpu.ask import ask, send, turn
from repoops.gpu.provider import Answer, Command, Fault, ProviderError
from repoops.gpu.state import INIT, RUNNING, SUSPENDED, TERMINATED, UNKNOWN, State
from repoops.remote import ssh
from repoops.words import many

Say = Callable[[str], None]
_MOST_SENT = 3
"""Requests whose answers were lost and that showed no effect, before giving up."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How long to wait, in seconds.

    Attributes:
        first, most: between two questions, growing by half.
        grace: after a request, until a state that did not change means that nothing was done.
        answer: for one answer to a question; `request` for one to a request, which ends when its operation does.
        silence: without any answer about the state.
        whole: from start to end.
        ssh: until SSH answers.
    """

    first: float = 0.5
    most: float = 5.0
    grace: float = 15.0
    answer: float = 60.0
    request: float = 900.0
    silence: float = 120.0
    whole: float = 1200.0
    ssh: float = 300.0


ONCE = Pace(answer=30.0, silence=0.0)
"""One question and no more."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A state and the answer that told it; `kept` is what was read of that answer."""

    state: State
    answer: Answer
    kept: str


_PATTERNS = "say in repoops.yaml which of its words mean running and stopped: see docs/gpu.md"


def untold(seen: Seen) -> str:
    """Why a state is UNKNOWN."""
    return f"what it prints has neither pattern: {seen.kept.partition(chr(10))[0][:200]}"


@dataclass(frozen=True, slots=True)
class Reached:
    """A state that was reached; `sent` requests were made on the way, 0 where it was so already."""

    seen: Seen
    sent: int


@dataclass(frozen=True, slots=True)
class _Goal:
    verb: str
    done: str
    status: str
    asked_from: tuple[str, ...]
    """Where the machine rests, so that a request is needed; from all other states it gets on by itself."""


_START = _Goal("start", "started", RUNNING, (TERMINATED, SUSPENDED, INIT))
_STOP = _Goal("stop", "stopped", TERMINATED, (RUNNING, SUSPENDED, "REPAIRING", INIT))


def see(gpu: Gpu, pace: Pace, say: Say) -> Seen:
    """Asks for the state until it is told.

    Raises:
        ProviderError: it is refused, or there was no whole answer in time.
        RepoOpsError: the provider's program is not installed.
    """
    provider = provider_of(gpu)
    until, wait = clock.monotonic() + pace.silence, pace.first
    while True:
        answer = ask(provider.status(gpu), pace.answer)
        fault = provider.fault(gpu, answer)
        if fault is None:
            kept = provider.kept(answer)
            try:
                return Seen(provider.read(gpu, kept), answer, kept)
            except (ValueError, TypeError, AttributeError, KeyError) as error:
                fault = Fault("lost", f"its state was not told: {error}", "see: repoops gpu status")
        if fault.kind != "lost" or clock.monotonic() >= until:
            raise ProviderError(fault, answer, where=provider.place(gpu))
        say(f"{fault.what}; asking again")
        time.sleep(wait)
        wait = min(wait * 1.5, pace.most)


def start(gpu: Gpu, lock: Path, pace: Pace, say: Say) -> Reached:
    """Starts the machine unless it runs.

    Args:
        gpu: the machine.
        lock: a file whose lock one start or stop at a time holds.
        pace: how long to wait.
        say: told of each step.

    Raises:
        RepoOpsError: it is refused, or the machine does not say RUNNING in time.
    """
    return _reach(_START, gpu, lock, pace, say)


def stop(gpu: Gpu, lock: Path, pace: Pace, say: Say) -> Reached:
    """Stops the machine unless it is TERMINATED; nothing else is believed.

    Raises:
        RepoOpsError: it is refused, or the machine does not say TERMINATED in time.
    """
    return _reach(_STOP, gpu, lock, pace, say)


def answers(gpu: Gpu, pace: Pace, say: Say) -> None:
    """Waits until a command over SSH comes back.

    Raises:
        RepoOpsError: it does not in time, or the machine stopped running meanwhile.
    """
    provider = provider_of(gpu)
    until, wait, told = clock.monotonic() + pace.ssh, pace.first, False
    while True:
        words = _login(gpu, pace)
        if words is None:
            return
        state = see(gpu, pace, say).state
        if state.status != RUNNING:
            raise RepoOpsError(f"it was {state.status} before SSH answered", where=provider.place(gpu))
        if clock.monotonic() >= until:
            raise RepoOpsError(
                f"it is RUNNING, and SSH did not answer in {pace.ssh:.0f} s: {words[:300]}",
                where=provider.place(gpu),
                remedy="it costs money meanwhile; look: repoops gpu ssh; or stop it: repoops gpu stop",
            )
        if not told:
            say("RUNNING; waiting until SSH answers")
            told = True
        time.sleep(wait)
        wait = min(wait * 1.5, pace.most)


def _login(gpu: Gpu, pace: Pace) -> str | None:
    """One login that does nothing: None where it came back, else the words of its failure."""
    if len(gpu.ssh) < 2 or gpu.ssh[0] != "ssh":
        answer = ask(provider_of(gpu).ssh(gpu, ("true",), silent=True), pace.answer)
        lines = [line.strip() for line in answer.stderr.splitlines() if line.strip()]
        return None if answer.exit == 0 else lines[-1] if lines else "it said nothing"
    host = ssh.Host(gpu.ssh[-1], gpu.ssh[-1], tuple(gpu.ssh[1:-1]))
    try:
        answered = ssh.attempt(host, ("true",), timeout_s=pace.answer)
    except RepoOpsError as error:
        if "Permission denied" not in error.what:  # keys arrive on a machine some time after its sshd does
            raise
        return error.what
    return None if answered.rc == 0 else answered.last_words()


@dataclass(frozen=True, slots=True)
class _Sent:
    at: float
    fault: Fault | None
    """None where the provider said that it was done."""


def _reach(goal: _Goal, gpu: Gpu, lock: Path, pace: Pace, say: Say) -> Reached:
    provider = provider_of(gpu)
    with turn(lock, pace.whole, say) as held:
        began, wait = clock.monotonic(), pace.first
        until = began + pace.whole
        first = seen = see(gpu, pace, say)
        sent, last, told = 0, None, ""
        while seen.state.status != goal.status:
            status, now = seen.state.status, clock.monotonic()
            resting = status in goal.asked_from
            if resting and last is not None and now - last.at >= pace.grace:
                _give_up(goal, gpu, first.state, seen.state, last, sent)
            if resting and (last is None or now - last.at >= pace.grace):
                say(f"{status}; asking {provider.place(gpu)} to {goal.verb}")
                commands = provider.start(gpu, seen.state) if goal is _START else provider.stop(gpu)
                last, sent, wait = _request(gpu, commands, pace, held), sent + 1, pace.first
                if last.fault:
                    say(f"{last.fault.what}; looking at its state")
            elif now >= until:
                raise RepoOpsError(
                    f"it is {status}, not {goal.status}, after {pace.whole:.0f} s",
                    where=provider.place(gpu),
                    remedy="see: repoops gpu status",
                )
            else:
                if status == UNKNOWN and now - began >= pace.grace:
                    raise RepoOpsError(
                        f"its state cannot be told: {untold(seen)}",
                        where=provider.place(gpu),
                        remedy=_PATTERNS,
                    )
                if status != told and not resting:
                    say(f"{status}: {untold(seen)}" if status == UNKNOWN else status)
                    told = status
                time.sleep(wait)
                wait = min(wait * 1.5, pace.most)
            seen = see(gpu, pace, say)
        return Reached(seen, sent)


def _request(gpu: Gpu, commands: tuple[Command, ...], pace: Pace, lock: int) -> _Sent:
    """Sends what there is to send; a refusal is raised, everything else is for the state to tell."""
    provider = provider_of(gpu)
    for command in commands:
        answer = send(command, pace.request, lock)
        fault = provider.fault(gpu, answer)
        if fault is not None:
            if fault.kind == "final":
                raise ProviderError(fault, answer, where=provider.place(gpu))
            return _Sent(clock.monotonic(), fault)
    return _Sent(clock.monotonic(), None)


def _give_up(goal: _Goal, gpu: Gpu, first: State, state: State, last: _Sent, sent: int) -> None:
    """Raises where a request that showed no effect is not to be repeated."""
    place = provider_of(gpu).place(gpu)
    if goal is _START and state.status != INIT and state.started and state.started != first.started:
        raise RepoOpsError(
            f"it was started at {state.started:%Y-%m-%d %H:%M:%S%z} and is {state.status} again",
            where=place,
            remedy="preempted, stopped by its time limit, or by someone else; start it again: repoops gpu start",
        )
    if last.fault is None:
        raise RepoOpsError(
            f"the provider said that it was {goal.done}, and it is {state.status}",
            where=place,
            remedy="nothing was done, or someone undid it; see: repoops gpu status",
        )
    if last.fault.kind == "unclear" or sent >= _MOST_SENT:
        raise RepoOpsError(
            f"it is {state.status} after {many(sent, 'request')} to {goal.verb}: {last.fault.what}",
            where=place,
            remedy=last.fault.remedy,
        )
