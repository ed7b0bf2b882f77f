"""Owns a job from its first process to its last file."""

from __future__ import annotations

import contextlib
import errno
import os
import signal
import subprocess
import time
from typing import Any

from .disk import Refused, digest_of, free, last_contact, load, path, plain_files, store, sync_folder, up
from .processes import descendants, marked, oom_counter, oom_kills, prctl, reap, send, stat_of, sweep
from .state import GRACE_S, RESERVE
from .trees import place
from .turn import assigned, lost, waits


def supervise(job: str, spec: dict[str, Any], pack: str, told: int) -> None:
    """Owns a job from its first process to its last file; holds the lock it inherited for as long as it lives."""
    began = up()
    prctl(36, 1)  # PR_SET_CHILD_SUBREAPER: whoever loses its parent below becomes a child of this process
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    counter = oom_counter()
    fields = stat_of(os.getpid())
    kills = oom_kills(counter)
    store(
        {"pid": os.getpid(), "start": fields[19] if fields else "", "counter": counter, "kills": kills},
        "jobs",
        job,
        "owner.json",
    )
    os.close(told)
    try:
        tree = place(spec, pack)
        ended = in_turn(job, spec, began)
        if not ended:
            began = up()
            # Kept: a Popen that is thrown away takes its child's status with it.
            child = spawn(job, spec, tree)
            ended = wait(job, spec, child.pid, began)
    except (OSError, subprocess.SubprocessError, Refused) as error:
        ended = {"kind": "spawn_failed", "what": str(error)}
    ended["left"] = sweep(job, os.getpid())
    now = oom_kills(counter)
    ended["oom_kills"] = now - kills if now is not None and kills is not None else 0
    ended["disk_full"] = free() < RESERVE
    ended["seconds"] = round(up() - began, 3)
    for _ in range(600):  # a full disk may be emptied; until then the job counts as running
        try:
            finish(job, spec, ended)
        except OSError as error:  # noqa: PERF203
            ended["disk_full"] = ended["disk_full"] or error.errno in (errno.ENOSPC, errno.EDQUOT)
            time.sleep(1)
        else:
            break


def in_turn(job: str, spec: dict[str, Any], began: float) -> dict[str, Any]:
    """Waits until the turn has come of a job that a queue lets begin; how it ended where somebody ended it before, else empty."""
    ended: dict[str, Any] = {}
    while waits(job) and not ended:
        time.sleep(0.2)
        ended = asked_to_end(job, {**spec, "limit_s": None}, began)
    return ended


def spawn(job: str, spec: dict[str, Any], tree: str) -> subprocess.Popen[bytes]:
    """Starts the job's command in its tree, its streams in the log."""
    mask = os.umask(0o077)
    env = {k: v for k, v in os.environ.items() if not k.startswith("SSH_")}
    env.update(assigned(job))
    env.update(spec["env"])
    env.update({"REPOOPS_JOB": job, "REPOOPS_OUT": path("jobs", job, "out")})

    def prepare() -> None:
        os.umask(0o022 if mask == 0o077 else mask)
        for number in (signal.SIGHUP, signal.SIGINT, signal.SIGPIPE, signal.SIGTERM):
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, set())
        prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: does not outlive its supervisor
        with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w", encoding="ascii") as file:
            file.write("300")  # when memory runs out the job goes first, not what tells of it

    with open(path("jobs", job, "log"), "ab") as log:
        return subprocess.Popen(
            spec["argv"], cwd=tree, env=env, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            start_new_session=True, preexec_fn=prepare,  # noqa: PLW1509 - there are no threads
        )  # fmt: skip


def wait(job: str, spec: dict[str, Any], child: int, began: float) -> dict[str, Any]:
    """Until the job's first process ends, or somebody or some limit ends it."""
    stopped: dict[str, Any] = {}
    kill_at = 0.0
    while True:
        status = reap().get(child)
        if status is not None:
            if stopped:
                return stopped
            if os.WIFSIGNALED(status):
                return {"kind": "signaled", "signal": os.WTERMSIG(status)}
            return {"kind": "exited", "code": os.WEXITSTATUS(status)}
        if not stopped:
            stopped = asked_to_end(job, spec, began)
            if not stopped and lost(job, spec):
                stopped = {"kind": "cancelled", "by": "queue"}
            if stopped:
                send(marked(job) | descendants(os.getpid()), signal.SIGTERM)
                kill_at = up() + GRACE_S
        elif up() >= kill_at:
            send(marked(job) | descendants(os.getpid()), signal.SIGKILL)
        signal.sigtimedwait({signal.SIGCHLD}, 0.2)


def asked_to_end(job: str, spec: dict[str, Any], began: float) -> dict[str, Any]:
    """How somebody or some limit ends a job now; empty where nobody does."""
    asked = load("jobs", job, "cancel")
    if asked:
        return {"kind": "cancelled", "by": asked["by"]}
    if spec["limit_s"] and up() - began >= spec["limit_s"]:
        return {"kind": "timeout", "limit_s": spec["limit_s"]}
    if spec["idle_s"] and up() - last_contact(began) >= spec["idle_s"]:
        return {"kind": "cancelled", "by": "deadman"}
    return {}


def finish(job: str, spec: dict[str, Any], ended: dict[str, Any]) -> None:
    """Results, then the manifest of their digests, then the exit record: whoever sees the last has them all."""
    with contextlib.suppress(FileNotFoundError):
        os.unlink(path("jobs", job, "reserve"))
    names = plain_files(job)
    log = path("jobs", job, "log")
    manifest = {
        "out": {name: digest_of(path("jobs", job, "out", name)) for name in names},
        "log": digest_of(log) if os.path.exists(log) else None,
    }
    sync_folder(path("jobs", job, "out"))
    store(manifest, "jobs", job, "manifest.json")
    store(
        {**ended, "missing": [n for n in spec["out"] if n not in names], "at": time.time()},
        "jobs",
        job,
        "exit.json",
    )
