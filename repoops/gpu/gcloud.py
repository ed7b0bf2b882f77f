"""An instance of Google Compute Engine, through the `gcloud` that its user has set up.

Source: https://cloud.google.com/compute/docs/instances/instance-lifecycle and
https://cloud.google.com/compute/docs/instances/limit-vm-runtime. A run-time limit is taken while the
instance is TERMINATED only.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Sequence
from typing import Any

from repoops.config import Gpu
from repoops.errors import RepoOpsError
from repoops.gpu import faults
from repoops.gpu.login import login
from repoops.gpu.provider import Answer, Command, Fault
from repoops.gpu.state import SUSPENDED, TERMINATED, State, moment

_READ = ("name", "status", "lastStartTimestamp", "lastStopTimestamp", "guestAccelerators", "scheduling")
"""The fields that are read; the rest (metadata with scripts and keys, addresses) is kept nowhere."""
_PATIENCE_S = 10
_UNITS_S = {"d": 86400, "h": 3600, "m": 60, "s": 1}


def check(gpu: Gpu) -> None:
    """An instance, and a limit that gcloud understands."""
    if not gpu.instance:
        raise RepoOpsError("gcloud needs the name of an instance", where="gpu.instance")
    for key in ("instance", "zone", "project"):
        value = getattr(gpu, key)
        if value is not None and not re.fullmatch(r"[a-z0-9][a-z0-9.:-]*", value):
            raise RepoOpsError(f"{value!r} is no name of Google's", where=f"gpu.{key}")
    for key in ("launch", "idle", "down"):
        if getattr(gpu, key):
            raise RepoOpsError("is sky's, not gcloud's", where=f"gpu.{key}")
    if gpu.max_run is not None:
        seconds(gpu.max_run)


def place(gpu: Gpu) -> str:
    """`cudadent42-l4-dev (us-central1-a, my-project)`."""
    rest = ", ".join(filter(None, (gpu.zone, gpu.project)))
    return f"{gpu.instance} ({rest})" if rest else f"{gpu.instance}"


def status(gpu: Gpu) -> Command:
    """`describe`, the only answer that is believed."""
    return _instances(gpu, "describe", "--format=json")


def kept(answer: Answer) -> str:
    """The fields that are read, as JSON."""
    try:
        found: Any = json.loads(answer.stdout)
    except ValueError:
        return answer.stdout
    if not isinstance(found, dict):
        return answer.stdout
    return json.dumps({key: found[key] for key in _READ if key in found}, indent=1, sort_keys=True) + "\n"


def read(gpu: Gpu, kept: str) -> State:
    """The state that `describe` tells of this instance."""
    found: Any = json.loads(kept)
    if not isinstance(found, dict) or not isinstance(found.get("status"), str):
        raise ValueError("the answer has no status")  # noqa: TRY004 - a faulty text, not a wrong call
    if gpu.instance and found.get("name", gpu.instance) != gpu.instance:
        raise ValueError(f"the answer is about {found['name']}")
    started, stopped = (
        moment(found[key]) if found.get(key) else None for key in ("lastStartTimestamp", "lastStopTimestamp")
    )
    scheduling = found.get("scheduling") or {}
    limit = (scheduling.get("maxRunDuration") or {}).get("seconds")
    stops = scheduling.get("instanceTerminationAction") == "STOP"
    cards = tuple(
        f"{card.get('acceleratorCount', 1)} x {str(card.get('acceleratorType', 'unknown')).rsplit('/', 1)[-1]}"
        for card in found.get("guestAccelerators") or ()
    )
    return State(found["status"], started, stopped, cards, int(limit) if limit and stops else None)


def start(gpu: Gpu, state: State) -> tuple[Command, ...]:
    """The limit first, where it is another: an instance that runs does not take it."""
    if state.status == SUSPENDED:
        return (_instances(gpu, "resume"),)
    limit: tuple[Command, ...] = ()
    if gpu.max_run is not None and state.status == TERMINATED and state.limit_s != seconds(gpu.max_run):
        limit = (
            _instances(
                gpu,
                "set-scheduling",
                f"--max-run-duration={gpu.max_run}",
                "--instance-termination-action=STOP",
            ),
        )
    return (*limit, _instances(gpu, "start"))


def stop(gpu: Gpu) -> tuple[Command, ...]:
    """One command."""
    return (_instances(gpu, "stop"),)


def ssh(gpu: Gpu, words: Sequence[str] = (), *, silent: bool = False) -> Command:
    """`gcloud compute ssh`, or the configured command."""
    if gpu.ssh:
        return login(gpu.ssh, words)
    flags = [f"--command={shlex.join(words)}"] if words else []
    if silent:
        flags += ["--quiet", "--ssh-flag=-oBatchMode=yes", f"--ssh-flag=-oConnectTimeout={_PATIENCE_S}"]
    return ("gcloud", "compute", "ssh", str(gpu.instance), *_where(gpu), *flags)


def fault(_gpu: Gpu, answer: Answer) -> Fault | None:
    """From the texts that gcloud prints."""
    return None if answer.exit == 0 else faults.fault_of(answer)


def seconds(duration: str) -> int:
    """Seconds of a duration as gcloud writes it: `8h`, `90m`, `1d12h`; 30 seconds to 120 days.

    Raises:
        RepoOpsError: it is none.
    """
    found = re.fullmatch(r"(?:\d+d)?(?:\d+h)?(?:\d+m)?(?:\d+s)?", duration)
    total = sum(int(n) * _UNITS_S[unit] for n, unit in re.findall(r"(\d+)([dhms])", duration))
    if not found or not 30 <= total <= 120 * 86400:
        raise RepoOpsError(
            f"{duration!r} is no time from 30 seconds to 120 days",
            where="gpu.max_run",
            remedy="for example: 8h, 90m, 1d12h",
        )
    return total


def _instances(gpu: Gpu, verb: str, *flags: str) -> Command:
    return ("gcloud", "compute", "instances", verb, str(gpu.instance), *_where(gpu), *flags, "--quiet")


def _where(gpu: Gpu) -> list[str]:
    return [
        f"--{key}={value}"
        for key, value in (("zone", gpu.zone), ("project", gpu.project))
        if value is not None
    ]
