"""Follows a job to its end and brings its results home: the log byte by byte, each file once, digests checked."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path
from typing import Any

from repoops.errors import RepoOpsError
from repoops.files import atomic_write, hex_digest
from repoops.remote.ending import Ending, ending_of
from repoops.remote.job import Job, advance
from repoops.remote.link import Event, Link, OnEvent

POLL_S = 12.0
"""How long one call waits for news: short enough that a dead connection is noticed soon."""
_PIECE = 4 << 20


def follow(link: Link, job: Job, on_event: OnEvent) -> Ending:
    """Brings the log until the job has ended, and tells how; may be called again at any time, by anybody.

    The log that was here already is not told again. Results that are small come along.

    Raises:
        LinkLost: the link stayed down for the link's patience; the job goes on.
        RepoOpsError: the host knows no such job, or the log here is not the one that was written.
    """
    started = False
    while True:
        at = job.log.stat().st_size if job.log.exists() else 0
        found = link.call("poll", job.id, str(at), f"{POLL_S:g}", timeout_s=POLL_S + 15)
        answer = found.answer
        if answer["state"] in ("unknown", "prepared"):
            raise RepoOpsError(
                f"job {job.id} has not been started",
                where=link.host.name,
                remedy=f"repoops jobs attach {job.id}",
            )
        if not started:
            started = True
            on_event(Event("started", job.id))
        data = found.payload[: answer["log"]]
        _write_at(job.log, at, data)
        if data:
            on_event(Event("log", data=data))
        ending = ending_of(answer)
        if ending is not None and at + len(data) >= answer["size"]:
            _keep_inline(job, answer, found.payload[answer["log"] :])
            atomic_write(job.folder / "end.json", json.dumps(answer).encode("ascii"), 0o600)
            _check_log(link, job, answer["manifest"]["log"])
            on_event(Event("ended", ending.words()))
            return ending


def collect(link: Link, job: Job) -> Path:
    """Brings all results of a job that has ended, checks them and tells the host; returns the folder they lie in.

    Repeatable; what is here already is not brought again. For a job that was lost or died nothing can
    be checked: what it had written is brought to `partial/` beside, and the folder returned is empty.

    Raises:
        LinkLost: the link stayed down.
        RepoOpsError: the job has not ended, or a result is torn: it changed after its digest was taken.
    """
    if job.state == "acked":
        return job.out
    kept = job.folder / "end.json"
    if not kept.exists():
        follow(link, job, link.on_event)
    answer = json.loads(kept.read_bytes())
    for name, size in answer.get("partial", {}).items():
        _bring(link, job, name, job.folder / "partial" / name, None, size)
    for name, (digest, size) in answer["manifest"]["out"].items():
        _bring(link, job, name, job.out / name, digest, size)
    if job.state != "collected":
        job = advance(job, "collected")
    if answer["state"] == "finished":
        link.call("ack", job.id)
    advance(job, "acked")
    return job.out


def _keep_inline(job: Job, answer: dict[str, Any], data: bytes) -> None:
    """Results that came with the last answer; one that is not what the manifest says is brought again later."""
    for name, length in answer["inline"]:
        piece, data = data[:length], data[length:]
        if hashlib.sha256(piece).hexdigest() == answer["manifest"]["out"][name][0]:
            atomic_write(job.out / name, piece)


def _bring(link: Link, job: Job, name: str, target: Path, digest: str | None, size: int) -> None:
    if target.exists() and (digest is None or hex_digest(target) == digest):
        return
    target.parent.mkdir(exist_ok=True)
    part = target.with_name(target.name + ".part")
    for last in (False, True):
        while (at := part.stat().st_size if part.exists() else 0) < size:
            found = link.call("read", job.id, f"out:{name}", str(at), str(_PIECE), timeout_s=120)
            if not found.payload:
                break
            _write_at(part, at, found.payload)
        part.touch()
        if digest is None or hex_digest(part) == digest:
            os.replace(part, target)
            return
        part.unlink()
        if last:
            raise RepoOpsError(
                "a result is torn: it is not what its digest says",
                where=f"{link.host.name}: {job.id}: {name}",
                code=1,
            )


def _check_log(link: Link, job: Job, written: list[Any] | None) -> None:
    if written is None:
        return
    if not job.log.exists():
        job.log.touch()
    if hex_digest(job.log) != written[0]:
        os.replace(job.log, job.folder / "log.torn")
        raise RepoOpsError(
            "the log here is not the one that was written", where=f"{link.host.name}: {job.id}",
            remedy=f"bring it again: repoops jobs attach {job.id}",
        )  # fmt: skip


def _write_at(file: Path, offset: int, data: bytes) -> None:
    """At an offset, so that two who follow the same job write the same bytes in the same place."""
    if not data:
        return
    handle = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        while data:
            wrote = os.pwrite(handle, data, offset)
            offset, data = offset + wrote, data[wrote:]
    finally:
        os.close(handle)
