"""A rented machine in a session: what its provider answered, kept as evidence, and the lines that rest on it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from repoops.config import Gpu
from repoops.files import atomic_write, sha256
from repoops.gpu import PROVIDERS
from repoops.gpu.provider import Answer
from repoops.gpu.state import RUNNING, TERMINATED, State, clock_time, in_words
from repoops.report.evidence import Evidence, Subject
from repoops.report.verdict import Verdict
from repoops.session.item import Item, Measured, Partial

STOP = "repoops gpu stop"
_DID = {"start": "started", "stop": "stopped"}


@dataclass(frozen=True, slots=True)
class Sighting:
    """One answer about one machine.

    Attributes:
        id: of its evidence.
        did: `start`, `stop`, or `look` where the session only asked; `sent` is how many requests that took,
            0 where it was so already.
        machine: its name, as the provider says it; `provider`, `running` and `terminated` are how the answer is read.
        at: when it was asked.
        state: None where it was not told; `why` says why.
        price_per_hour, currency: as configured then.
    """

    id: str
    did: str
    sent: int
    machine: str
    provider: str
    running: str
    terminated: str
    at: datetime
    state: State | None
    why: str = ""
    price_per_hour: float | None = None
    currency: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        state = self.state
        return {
            "id": self.id, "did": self.did, "sent": self.sent, "machine": self.machine, "provider": self.provider,
            "running": self.running, "terminated": self.terminated, "at": self.at.isoformat(),
            "state": None if state is None else {
                "status": state.status, "started": state.started.isoformat() if state.started else None,
                "stopped": state.stopped.isoformat() if state.stopped else None,
                "accelerators": list(state.accelerators), "limit_s": state.limit_s, "note": state.note,
            },
            "why": self.why, "price_per_hour": self.price_per_hour, "currency": self.currency,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Sighting:
        """Takes back what `to_json` gave; raises KeyError, TypeError or ValueError where it is none."""
        told = data["state"]
        started, stopped = (
            datetime.fromisoformat(told[key]) if told and told[key] else None
            for key in ("started", "stopped")
        )
        state = told and State(
            told["status"],
            started,
            stopped,
            tuple(told["accelerators"]),
            told["limit_s"],
            told.get("note", ""),
        )
        return cls(
            data["id"], data["did"], data["sent"], data["machine"], data["provider"], data["running"], data["terminated"],
            datetime.fromisoformat(data["at"]), state, data["why"], data["price_per_hour"], data["currency"],
        )  # fmt: skip


def sighting(
    place: Path,
    gpu: Gpu,
    did: str,
    sent: int,
    answer: Answer,
    told: tuple[State, str] | str,
    subject: Subject,
) -> Sighting:
    """Keeps an answer as evidence in a folder.

    Args:
        place: the folder.
        gpu: the machine's configuration.
        did: `start`, `stop` or `look`.
        sent: how many requests were made.
        answer: the provider's last answer.
        told: the state with what was read of the answer, or why there is none.
        subject: the tree at that time.
    """
    place.mkdir(parents=True, exist_ok=True)
    name = f"gpu-{sum(1 for _ in place.glob('gpu-*.json')) + 1}"
    log = (told[1] if isinstance(told, tuple) else answer.stderr or answer.stdout or told).encode()
    evidence = Evidence(
        id=name, subject=subject, command=answer.command, exit=124 if answer.exit is None else answer.exit,
        started=answer.started, duration_s=answer.duration_s, log=sha256(log), log_name=f"{name}.txt",
    )  # fmt: skip
    atomic_write(place / evidence.log_name, log)
    atomic_write(place / f"{name}.json", json.dumps(evidence.to_json(), indent=1).encode() + b"\n")
    provider = str(gpu.provider)
    return Sighting(
        name, did, sent, PROVIDERS[provider].place(gpu), provider, gpu.running, gpu.terminated,
        datetime.fromisoformat(answer.started), told[0] if isinstance(told, tuple) else None,
        "" if isinstance(told, tuple) else told, gpu.price_per_hour, gpu.currency,
    )  # fmt: skip


def items(seen: Sequence[Sighting], evidence: Iterable[Evidence], end: datetime) -> tuple[Item, ...]:
    """The last that is known of each machine: ✅ TERMINATED; ⚠️ anything else, as it may cost money."""
    statements = {statement.id: statement for statement in evidence}
    last = {sighting.machine: sighting for sighting in seen}
    return tuple(_item(s, statements[s.id], end) for s in last.values() if s.id in statements)


def _item(seen: Sighting, evidence: Evidence, end: datetime) -> Item:
    if seen.state is None:
        but = "it may be running and cost money: see `repoops gpu status`"
        return Item(f"{seen.machine}: its state is not known: {seen.why}", Partial(evidence, but))
    words = in_words(seen.state, end, seen.price_per_hour, seen.currency)
    text = f"{seen.machine}: {words}, asked at {clock_time(seen.at, end)}"
    if seen.state.status == TERMINATED:
        return Item(text, Measured(evidence))
    costs = "it costs money until it is stopped" if seen.state.status == RUNNING else "it is not TERMINATED"
    return Item(text, Partial(evidence, f"{costs}: `{STOP}`"))


def history(seen: Sequence[Sighting], end: datetime) -> Iterator[tuple[str, str]]:
    """What the session did to its machines, oldest first: a line and the id of its evidence."""
    for one in seen:
        if one.did != "look":
            told = one.state.status if one.state else "not known"
            done = (
                f"{_DID[one.did]} by RepoOps" if one.sent else f"it was so before RepoOps {_DID[one.did]} it"
            )
            yield f"{clock_time(one.at, end)} {one.machine}: {told}, {done}", one.id


def left_running(seen: Iterable[Sighting]) -> list[Sighting]:
    """The machines that were not TERMINATED when they were last asked, by that answer."""
    last = {sighting.machine: sighting for sighting in seen}
    return [s for s in last.values() if s.state is None or s.state.status != TERMINATED]


def verdicts(
    seen: Sequence[Sighting], evidence: Mapping[str, Evidence], logs: Mapping[str, str]
) -> Iterator[Verdict]:
    """Holds each sighting against the provider's own answer.

    Args:
        seen: what the session's facts say.
        evidence: the statements by id.
        logs: the answers by id.
    """
    for one in seen:
        claim = f"{one.id}: {one.machine} was {one.state.status if one.state else 'silent'}"
        statement, log = evidence.get(one.id), logs.get(one.id)
        if statement is None or log is None:
            yield Verdict("unsupported", claim, "no answer of its provider is kept")
            continue
        told = _told(one, statement, log)
        if isinstance(told, str):
            yield Verdict("contradicted", claim, told)
        elif told != one.state or datetime.fromisoformat(statement.started) != one.at:
            words = told.status if told else "nothing"
            yield Verdict(
                "contradicted", claim, f"the kept answer of {statement.started} says {words}, or other times"
            )
        else:
            yield Verdict("true", claim, "its provider's answer says so")


def _told(one: Sighting, statement: Evidence, log: str) -> State | str | None:
    if statement.exit != 0:
        return None
    if one.provider not in PROVIDERS:
        return f"there is no provider {one.provider!r}"
    try:
        return PROVIDERS[one.provider].read(Gpu(running=one.running, terminated=one.terminated), log)
    except (ValueError, TypeError, AttributeError) as error:
        return f"the kept answer cannot be read: {error}" if one.state else None
