"""A cluster of SkyPilot, on any cloud or Kubernetes, through the `sky` that its user has set up.

Read of SkyPilot 0.14.1, its sources and its command. A launch goes by the cluster's name, so that a second one
waits for the first and then finds the cluster up. What it stops by itself, and what went wrong while it asked the
cloud, `status --refresh` alone tells; that prints the state it remembers where the cloud does not answer.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from datetime import datetime, timezone
from typing import Any

from repoops.config import Gpu
from repoops.errors import RepoOpsError
from repoops.gpu.login import login
from repoops.gpu.provider import Answer, Command, Fault
from repoops.gpu.state import RUNNING, TERMINATED, State
from repoops.remote.sky import UNHEARD, last_words, plain

_KEPT = (
    "name", "status", "launched_at", "autostop", "to_down", "nodes", "resources_str", "cloud", "region", "accelerators",
    "init_kind", "init_status_reason",
)  # fmt: skip
"""The fields that evidence keeps; users, labels and the command that launched it are kept nowhere."""
_STATES = {"UP": RUNNING, "STOPPED": TERMINATED}
"""SkyPilot's words that are believed; INIT, AUTOSTOPPING and PENDING stay as they are."""
_PATIENCE_S = 10
_NAME = re.compile(r"[a-zA-Z]([-_.a-zA-Z0-9]*[a-zA-Z0-9])?")
"""SkyPilot's own rule; anything else could be a pattern that names several clusters."""
_UNASKED = "Failed to refresh status"
_FAILED = ("Cluster(s) failed", "Cluster(s) not found")
"""What `sky stop` and `sky down` say, with exit status 0, of a cluster that they did not stop."""
_REFUSALS = (
    (r"NoCloudAccessError|Cloud access is not set up|CloudUserIdentityError|InvalidCloudCredentials",
     "no cloud is set up for SkyPilot", "see: sky check"),
    (r"ResourcesMismatchError", "the cluster is another than gpu.launch says", "change it, or take the cluster down: sky down {name}"),
    (r"NotSupportedError", "SkyPilot cannot do that with this cluster", "where it cannot be stopped, say gpu.down: true"),
    (r"ResourcesUnavailableError", "no cloud has such a machine free now", "see: sky gpus list; or let SkyPilot choose among more, in gpu.launch"),
    (r"ClusterOwnerIdentityMismatchError|PermissionDeniedError|NoWorkspaceAccessError", "the account may not do that", "see: sky check"),
    (r"APIVersionMismatchError", "SkyPilot and its API server are of different versions", "see: sky api info"),
    (r"^Usage: sky|^ValueError|^Aborted!", "SkyPilot does not understand what it is asked", "see gpu.launch in repoops.yaml, and: sky launch --help"),
)  # fmt: skip
_SEE = "see: repoops gpu status"


def check(gpu: Gpu) -> None:
    """A cluster's name, what to launch, and after how long SkyPilot is to stop it by itself."""
    if not gpu.instance or not _NAME.fullmatch(gpu.instance):
        raise RepoOpsError(
            "sky needs the name of a cluster: letters, digits, -_. and a letter first", where="gpu.instance"
        )
    if not gpu.launch:
        raise RepoOpsError(
            "sky needs the options of `sky launch`, or a task's file",
            where="gpu.launch",
            remedy='for example: launch: ["--gpus=L4:1", "--infra=gcp/us-central1"]',
        )
    if gpu.idle is None or gpu.idle < 1:
        raise RepoOpsError(
            "sky needs the minutes without a job after which it stops the cluster, whoever is gone",
            where="gpu.idle",
            remedy="for example: idle: 30",
        )
    for key in ("zone", "project", "max_run", "start", "stop", "status"):
        if getattr(gpu, key):
            raise RepoOpsError("is another provider's; for sky it stands in gpu.launch", where=f"gpu.{key}")


def place(gpu: Gpu) -> str:
    """The cluster's name."""
    return str(gpu.instance)


def status(gpu: Gpu) -> Command:
    """As the cloud has it, and not as SkyPilot remembers it; this also writes the cluster into `~/.ssh/config`."""
    quick = ("--no-show-managed-jobs", "--no-show-services", "--no-show-pools")
    return ("sky", "status", "--refresh", "--output=json", *quick, str(gpu.instance))


def kept(answer: Answer) -> str:
    """The fields of `_KEPT`, as JSON; every word where the cloud was not asked."""
    said = plain(answer.stdout)
    found = re.search(r"^\[(?:\]|\n.*?^\])$", said, re.DOTALL | re.MULTILINE)
    if _UNASKED in said or found is None:
        return said
    rows: list[dict[str, Any]] = json.loads(found[0])
    return (
        json.dumps([{key: row[key] for key in _KEPT if key in row} for row in rows], indent=1, sort_keys=True)
        + "\n"
    )


def read(gpu: Gpu, kept: str) -> State:
    """The state that `status` tells of this cluster; one that SkyPilot does not know is TERMINATED, and that is said."""
    if _UNASKED in kept:
        raise ValueError(f"SkyPilot could not ask the cloud: {_last(kept.partition('[')[0])}")
    rows: Any = json.loads(kept)
    if not isinstance(rows, list) or len(rows) > 1:
        raise ValueError("the answer is not about one cluster")
    if not rows:
        return State(TERMINATED, note="this SkyPilot knows no such cluster")
    (row,) = rows
    if gpu.instance and row["name"] != gpu.instance:
        raise ValueError(f"the answer is about {row['name']}")
    status = _STATES.get(row["status"], str(row["status"]))
    cards = re.findall(r"'([^']+)': ([\d.]+)", str(row.get("accelerators") or ""))
    several = f" on each of {row['nodes']} nodes" if row["nodes"] > 1 else ""
    return State(
        status,
        datetime.fromtimestamp(row["launched_at"], timezone.utc),
        accelerators=tuple(f"{count} x {card}{several}" for card, count in cards),
        note="" if status == TERMINATED else _note(row),
    )


def _note(row: dict[str, Any]) -> str:
    if row["status"] == "INIT" and row.get("init_status_reason"):
        return " ".join(str(row["init_status_reason"]).split())[:300]
    if row["autostop"] < 0:
        return "SkyPilot does not stop it by itself"
    does = "takes it down" if row["to_down"] else "stops it"
    return f"SkyPilot {does} after {row['autostop']} min without a job"


def start(gpu: Gpu, _state: State) -> tuple[Command, ...]:
    """One launch: it makes the cluster, starts a stopped one, and mends one that is not well."""
    down = ("--down",) if gpu.down else ()
    bound = (f"--idle-minutes-to-autostop={gpu.idle}", *down)
    return (("sky", "launch", "--yes", "--detach-run", f"--cluster={gpu.instance}", *bound, *gpu.launch),)


def stop(gpu: Gpu) -> tuple[Command, ...]:
    """One command; with `down` nothing of the cluster is left, its disk neither."""
    return (("sky", "down" if gpu.down else "stop", "--yes", str(gpu.instance)),)


def ssh(gpu: Gpu, words: Sequence[str] = (), *, silent: bool = False) -> Command:
    """By the name that SkyPilot writes into `~/.ssh/config`, or the configured command."""
    flags = ("-o", "BatchMode=yes", "-o", f"ConnectTimeout={_PATIENCE_S}") if silent and not gpu.ssh else ()
    return login(gpu.ssh or ("ssh", *flags, str(gpu.instance)), words)


def fault(gpu: Gpu, answer: Answer) -> Fault | None:
    """From the texts that SkyPilot prints, some of them with exit status 0."""
    said = plain(f"{answer.stdout}\n{answer.stderr}")
    failed = any(sign in said for sign in _FAILED) and "status" not in answer.command
    if answer.exit == 0 and not failed:
        return None
    if answer.exit is None:
        return Fault("lost", f"sky was silent for {answer.duration_s:.0f} s", _SEE)
    if answer.exit < 0:
        return Fault("lost", "sky was killed before it answered", _SEE)
    words = _last(said)
    for pattern, what, remedy in _REFUSALS:
        if re.search(pattern, said, re.MULTILINE):
            return Fault("final", f"{what}; sky: {words}", remedy.format(name=gpu.instance))
    if UNHEARD.search(said):
        return Fault("lost", f"its answer was lost; sky: {words}", _SEE)
    return Fault("unclear", f"sky failed with exit {answer.exit}: {words}", _SEE)


def _last(said: str) -> str:
    return last_words("\n".join(line for line in said.splitlines() if not line.startswith(_FAILED)))
