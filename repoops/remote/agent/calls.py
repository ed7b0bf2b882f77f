"""The verbs that ask, bring and take: each may be repeated."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import re
import select
import shutil
import signal
import sys
import time
from typing import Any

from .disk import (
    BLOCK,
    ROOT,
    Refused,
    blob,
    boot_id,
    checked,
    digest_of,
    free,
    load,
    path,
    plain_files,
    roots,
    store,
    sync_folder,
    take,
    up,
)  # fmt: skip
from .processes import detach
from .state import RESERVE, state_of
from .switch import watch_out
from .turn import waits

MOST = 1 << 20
"""Bytes of log, and of results, in one answer."""
SILENCE_S = 60
"""A call whose connection says nothing for so long ends itself."""


def hello() -> dict[str, Any]:
    """What the client must know of this machine."""
    nvidia = logind = ""
    with contextlib.suppress(OSError):
        with open("/proc/driver/nvidia/version", encoding="utf-8") as file:
            nvidia = file.readline().strip()
    with contextlib.suppress(OSError):
        with open("/etc/systemd/logind.conf", encoding="utf-8") as file:
            logind = file.read()
    return {
        "python": "%d.%d.%d" % sys.version_info[:3],
        "system": " ".join(os.uname()[i] for i in (0, 2, 4)),
        "root": ROOT,
        "boot": boot_id(),
        "now": time.time(),
        "up": up(),
        "free": free(),
        "git": shutil.which("git"),
        "nvidia": nvidia,
        "kills_at_logout": bool(
            re.search(
                r"^\s*KillUserProcesses\s*=\s*(yes|true|1|on)\s*$", logind, re.MULTILINE | re.IGNORECASE
            )
        ),
        "deadman": load("host", "deadman.json"),
    }


def have(tree: str, base: str) -> dict[str, Any]:
    """hello, and whether a tree and the commit below it (`-`: none) are here; else what is, to send the rest."""
    known = roots()
    whole = "%s %s" % (tree, base) in known
    return {**hello(), "whole": whole, "roots": [] if whole else known[-200:]}


def stat(name: str) -> dict[str, Any]:
    """How much of a blob is here."""
    return blob(name)


def put(name: str, offset: str, total: str) -> dict[str, Any]:
    """Takes a blob's bytes from an offset on; what came before a connection broke is kept.

    Whoever writes at an offset writes the same bytes, so that a call from a dead connection does no harm.
    """
    before = blob(name)
    if before["whole"]:
        return before
    handle = os.open(path("blobs", name + ".part"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        at = begun = int(offset)
        told = 0
        if at > before["size"]:
            return before
        os.write(1, b"\n")  # now: what comes before somebody reads it is lost with the connection
        while select.select([0], [], [], SILENCE_S)[0]:
            block = os.read(0, BLOCK)
            if not block:
                break
            signal.alarm(SILENCE_S)
            while block:
                wrote = os.pwrite(handle, block, at)
                at, block = at + wrote, block[wrote:]
            while at - begun >= (told + 1) * BLOCK:  # the sender goes by this
                told += 1
                os.write(1, b"\x06")
        if os.fstat(handle).st_size == int(total):
            if digest_of(path("blobs", name + ".part"))[0] == name:
                with contextlib.suppress(FileNotFoundError):  # another call, delayed, was here first
                    os.rename(path("blobs", name + ".part"), path("blobs", name))
                sync_folder(path("blobs"))
            else:
                os.unlink(path("blobs", name + ".part"))
    finally:
        os.close(handle)
    return blob(name)


def start(job: str, digest: str, pack: str) -> dict[str, Any]:
    """Starts a job once, however often it is asked: only under its lock, and never where an owner was noted."""
    raw = sys.stdin.buffer.read()
    if hashlib.sha256(raw).hexdigest()[:16] != digest:
        os._exit(75)
    spec = json.loads(raw)
    from .supervisor import supervise  # a poll need not load what starts processes

    folder = ("jobs", checked(job))
    os.makedirs(path(*folder, "out"), exist_ok=True)
    if load(*folder, "spec.json") not in (None, spec):
        raise Refused("other_spec", "a job of this id was made for something else")
    lock = take(os.path.join(*folder, "lock"), tries=50)
    if lock is None:
        return state_of(job)
    store(spec, *folder, "spec.json")
    if os.path.exists(path(*folder, "exit.json")):
        return state_of(job)
    claim = load(*folder, "claim")
    if claim and (claim["boot"] != boot_id() or os.path.exists(path(*folder, "owner.json"))):
        os.close(lock)
        return state_of(job)
    if pack != "-" and not blob(pack)["whole"] and "%s %s" % (spec["tree"], spec["base"]) not in roots():
        os.close(lock)
        return {"state": "prepared", "missing": pack}
    with open(path(*folder, "reserve"), "wb") as file:
        os.posix_fallocate(file.fileno(), 0, RESERVE)
    store({"boot": boot_id(), "up": up(), "at": time.time()}, *folder, "claim")
    if spec["shutdown"] and spec["idle_s"]:
        store(
            {
                "idle_s": spec["idle_s"],
                "max_s": None,
                "shutdown": spec["shutdown"],
                "boot": boot_id(),
                "up": up(),
            },
            "host",
            "deadman.json",
        )
    watch_out()
    ready, told = os.pipe()
    detach(lambda: supervise(job, spec, pack, told), (lock, told))
    os.close(told)
    select.select([ready], [], [], 5)  # until the owner is noted, or it failed
    os.close(lock)
    return state_of(job)


def poll(job: str, offset: str, wait_s: str) -> tuple[dict[str, Any], bytes]:
    """State, and the log from an offset on; waits for an end, or for some log and a second, at most `wait_s`.

    With the last of a finished job's log come its manifest and, where they are small, its results.
    """
    log, at, began = path("jobs", checked(job), "log"), int(offset), up()
    while True:
        now = state_of(job)
        size = os.path.getsize(log) if os.path.exists(log) else 0
        waited = up() - began
        if (
            now["state"] != "running"
            or size - at >= MOST
            or waited >= float(wait_s)
            or (size > at and waited >= 1)
        ):
            break
        time.sleep(0.05)
    payload = piece(log, at, MOST) if size > at else b""
    answer = {
        **now,
        "size": size,
        "log": len(payload),
        "inline": [],
        "free": free(),
        "now": time.time(),
        "waits": now["state"] == "running" and waits(job),
    }
    if now["state"] in ("running", "prepared", "unknown") or at + len(payload) < size:
        return answer, payload
    manifest = load("jobs", job, "manifest.json") or {"out": {}, "log": None}
    answer["manifest"] = manifest
    if now["state"] in ("lost", "died"):
        answer["partial"] = {n: os.lstat(path("jobs", job, "out", n)).st_size for n in plain_files(job)}
    for name, (_, length) in sorted(manifest["out"].items()):
        if len(payload) + length <= 2 * MOST and os.path.exists(path("jobs", job, "out", name)):
            payload += piece(path("jobs", job, "out", name), 0, length)
            answer["inline"].append([name, length])
    return answer, payload


def piece(file: str, offset: int, length: int) -> bytes:
    """Bytes of a file; a link in its place is an error."""
    handle = os.open(file, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    try:
        return os.pread(handle, length, offset)
    finally:
        os.close(handle)


def read(job: str, name: str, offset: str, length: str) -> tuple[dict[str, Any], bytes]:
    """Part of a result (`out:NAME`), of the log or of the spec."""
    inside = (
        ("out", checked(name[4:]))
        if name.startswith("out:")
        else ({"log": "log", "spec": "spec.json"}[name],)
    )
    file = path("jobs", checked(job), *inside)
    if not os.path.lexists(file):
        raise Refused("no_such_file", "%s of job %s is not there" % (name, job))
    return {"size": os.lstat(file).st_size}, piece(file, int(offset), min(int(length), 4 * MOST))


def ack(job: str) -> dict[str, Any]:
    """The client has everything; what is older than a week is cleared away on this occasion."""
    if not os.path.exists(path("jobs", checked(job), "exit.json")):
        raise Refused("not_finished", "job %s has not finished" % job)
    if not load("jobs", job, "ack.json"):
        store({"at": time.time()}, "jobs", job, "ack.json")
        gc(str(7 * 86400))
    return {"acked": True}


def list_() -> dict[str, Any]:
    """Every job here, oldest first."""
    rows = []
    for job in sorted(os.listdir(path("jobs"))):
        spec = load("jobs", job, "spec.json")
        if spec:
            claim = load("jobs", job, "claim") or {}
            rows.append({"id": job, **state_of(job), "title": spec["title"][:200], "tree": spec["tree"], "at": claim.get("at"), "acked": bool(load("jobs", job, "ack.json"))})  # fmt: skip
    return {"jobs": rows, "now": time.time()}


def gc(age_s: str) -> dict[str, Any]:
    """Removes what nobody has used for so long: jobs, blobs, trees; with the last tree the objects.

    A job that runs stays, and one whose results nobody has taken stays four times as long.
    """
    now, gone, running = time.time(), [], False
    for kind in ("jobs", "blobs", "trees"):
        for name in sorted(os.listdir(path(kind))):
            at, lock, age = path(kind, name), None, float(age_s)
            if kind == "jobs" and state_of(name)["state"] == "running":
                running = True
                continue
            if kind == "jobs" and not load("jobs", name, "ack.json"):
                age *= 4
            if kind == "trees":
                lock = take(os.path.join("trees", name.replace(".lock", "") + ".lock"))
                if lock is None:
                    continue
            if os.lstat(at).st_mtime <= now - age:
                shutil.rmtree(at) if os.path.isdir(at) else os.unlink(at)
                gone.append("%s/%s" % (kind, name))
            if lock is not None:
                os.close(lock)
    if gone and not running and not [n for n in os.listdir(path("trees")) if not n.endswith(".lock")]:
        shutil.rmtree(path("git"))
    return {"gone": gone}


def arm(idle_s: str, max_s: str, digest: str) -> dict[str, Any]:
    """Sets the dead man's switch of the machine; standard input is the command that shuts it down, as JSON."""
    raw = sys.stdin.buffer.read()
    if hashlib.sha256(raw).hexdigest()[:16] != digest:
        os._exit(75)
    store(
        {
            "idle_s": float(idle_s),
            "max_s": float(max_s) or None,
            "shutdown": json.loads(raw),
            "boot": boot_id(),
            "up": up(),
        },
        "host",
        "deadman.json",
    )
    watch_out()
    return {"deadman": load("host", "deadman.json")}


def disarm() -> dict[str, Any]:
    """Takes the dead man's switch off."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path("host", "deadman.json"))
    return {"deadman": None}
