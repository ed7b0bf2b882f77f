"""A cluster of SkyPilot, whose own queue lets a job begin: asked here, by the user's `sky`, as the cluster itself cannot ask.

SkyPilot stops an idle cluster, and counts as work only jobs of its queue and logins with a terminal, which ours are not
(`sky/skylet/autostop_lib.py` of 0.14.1). So a job of that queue stands for ours, holds the cards it was assigned, and
lasts as long. It bears the job's name, which is looked for before it is submitted again.
"""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import time
from typing import Any

from repoops.errors import RepoOpsError
from repoops.remote.job import Job
from repoops.remote.link import Event, Link, OnEvent, agent_archive
from repoops.remote.ssh import Host

MOST_APART_S = 10.0
"""Between two looks at the queue; one takes SkyPilot several seconds."""
_PATIENCE_S = 180.0
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_TO_COME = ("INIT", "PENDING", "SETTING_UP", "RUNNING")
"""States of a job of SkyPilot's that has not ended."""
UNHEARD = re.compile(
    r"ApiServerConnectionError|Could not connect to SkyPilot API server|ServerTemporarilyUnavailable|RequestCancelled"
    r"|Connection (?:refused|reset|aborted)|[Rr]emote end closed|[Nn]ame or service not known|NameResolutionError"
    r"|timed? ?out|keyboard interrupt|was killed before it answered"
)
"""In SkyPilot's words: nobody knows whether it did what it was told."""
_HOLD = "import sys; sys.path[:0] = [sys.argv[1]]; from repoops_agent.turn import hold; sys.exit(hold(sys.argv[2]))"


def plain(said: str) -> str:
    """What SkyPilot prints, without its colours."""
    return _COLOUR.sub("", said)


def last_words(said: str) -> str:
    """The last line that says something, without the name of SkyPilot's exception, in 300 characters."""
    told = [line.strip() for line in said.splitlines() if line.strip() and line.strip() != "Aborted!"]
    words = re.sub(r"^(?:sky\.exceptions\.\w+|\w*Error): ", "", told[-1]) if told else "it said nothing"
    return words if len(words) <= 300 else words[:299] + "…"


INSTALL = "install SkyPilot: pip install 'repoops[sky]', with the cloud of yours: 'skypilot[gcp]'"


def check(host: Host) -> None:
    """Refuses to begin where the cluster's queue cannot be seen.

    Raises:
        RepoOpsError: why not, in SkyPilot's words; or there is no `sky` here.
    """
    rows, why = _rows(_cluster(host))
    if rows is None:
        raise RepoOpsError(
            f"SkyPilot does not show the cluster's queue: {last_words(why)}",
            where=host.name,
            remedy=f"see: sky queue {shlex.quote(_cluster(host))}",
        )


def turn(link: Link, job: Job, options: tuple[str, ...], on_event: OnEvent) -> str:
    """Sees that SkyPilot's queue has the job, once, and waits for its turn; returns why that never comes, if so.

    Raises:
        LinkLost: the link stayed down.
        RepoOpsError: there is no `sky` here.
    """
    wait_s = 0.5
    while _waits(link, job):
        rows, why = _rows(_cluster(job.host))
        states = [row["status"] for row in rows or () if row["job_name"] == _name(job)]
        if rows is not None and not states:
            why = _submit(job, options)
            if why and not UNHEARD.search(why):
                return f"SkyPilot refuses the job: {last_words(why)}"
        elif states and not set(states) & set(_TO_COME):
            # Asked once more: its turn may have come, and the job have ended, while SkyPilot answered.
            return f"SkyPilot ended the job before its turn: {states[0]}" if _waits(link, job) else ""
        on_event(
            Event("queued", last_words(why) if why else f"in SkyPilot's queue: {(states or ['INIT'])[0]}")
        )
        time.sleep(wait_s)
        wait_s = min(wait_s * 1.5, MOST_APART_S)
    return ""


def _waits(link: Link, job: Job) -> bool:
    return bool(link.call("poll", job.id, "0", "0").answer["waits"])


def _rows(cluster: str) -> tuple[list[dict[str, Any]] | None, str]:
    """The jobs in a cluster's queue; None where it is not shown, and why."""
    code, said, words = _ask("queue", "--all-users", "--output=json", cluster)
    found = re.search(r"^\{(?:\}|\n.*?^\})$", said, re.DOTALL | re.MULTILINE)
    shown: dict[str, Any] = json.loads(found[0]) if code == 0 and found else {}
    if cluster in shown:
        return shown[cluster], ""
    return None, words or said.partition("{")[0]  # what it cannot do it says on standard output


def _submit(job: Job, options: tuple[str, ...]) -> str:
    """Asks SkyPilot to queue the job that stands for ours; what it says where it does not."""
    name, _ = agent_archive()
    hold = [job.host.python, "-SEs", "-c", _HOLD, f"{job.host.folder}/agent/{name}", job.id]
    command = "cd && exec " + " ".join(map(shlex.quote, hold))
    code, said, words = _ask(
        "exec", "--detach-run", f"--name={_name(job)}", *options, _cluster(job.host), command
    )
    return "" if code == 0 else words or said or f"sky exec: exit status {code}"


def _cluster(host: Host) -> str:
    """SkyPilot's name of it, which is ssh's."""
    return host.destination.rpartition("@")[2]


def _name(job: Job) -> str:
    return f"repoops-{job.id}"


def _ask(*words: str) -> tuple[int, str, str]:
    """Exit status and both streams of one of SkyPilot's commands."""
    try:
        done = subprocess.run(
            ["sky", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE_S,
            check=False,
            start_new_session=True,
        )
    except FileNotFoundError:
        raise RepoOpsError("is not installed", where="sky", remedy=INSTALL) from None
    except subprocess.TimeoutExpired:
        return 124, "", f"sky {words[0]} timed out after {_PATIENCE_S:.0f} s"
    if done.returncode < 0:
        return done.returncode, "", f"sky {words[0]} was killed before it answered"
    said, told = (plain(stream.decode("utf-8", "replace")) for stream in (done.stdout, done.stderr))
    return done.returncode, said, told
