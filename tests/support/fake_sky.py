"""A `sky` for tests: an executable on PATH with one cluster in a file, and the fields, texts and exit statuses of SkyPilot 0.14.1.

Compared with the real command and its API server, on a machine without a cloud, 2026-11-28: `status -o json` of a cluster
(its row was written into SkyPilot's own database) and of none, the cached row after a refresh that failed, `stop`, `down`,
`launch`, `exec` and `queue` where there is no such cluster or no cloud, wrong options, the entry in `~/.ssh/config`. Taken
from its sources, as no cloud was there to ask: what is said of a launch, stop or job that succeeds, of no capacity, of other
resources, and of a cluster that cannot be stopped.

Faults are taken from a list, one per call of the verb they name: `lost` obeys and dies without a word, `nothing` says done
and does nothing, `stale` remembers instead of asking the cloud, `slow` answers when all jobs have ended, `prompt` as ever,
and the words in `REFUSALS` do nothing but complain.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.fake_gcloud import held

NAME = "l4"
CLOUDLESS = (
    'No GCP account is activated. Try running `gcloud auth list --filter=status:ACTIVE --format="value(account)"` '
    "and ensure it correctly returns the current user."
)
STALE = f"\n\x1b[33mFailed to refresh status for 1 cluster:\x1b[0m\n  \x1b[1m{NAME}\x1b[0m: {CLOUDLESS}\n"
SERVER = "http://127.0.0.1:46580"
REFUSALS = {
    "cloudless": f"sky.exceptions.CloudUserIdentityError: {CLOUDLESS}\n",
    "access": "sky.exceptions.NoCloudAccessError: Cloud access is not set up. Run: \x1b[1msky check\x1b[0m\n",
    "capacity": "sky.exceptions.ResourcesUnavailableError: Failed to provision all possible launchable resources. Relax the "
    "task's resource requirements: 1x <Cloud>({'L4': 1})\n",
    "mismatch": "sky.exceptions.ResourcesMismatchError: Requested resources do not match the existing cluster.\n",
    "options": "Usage: sky launch [OPTIONS] [ENTRYPOINT]...\nTry 'sky launch -h' for help.\n\nError: No such option: --bogus "
    "(Possible options: --cpus, --gpus)\n",
    "offline": f"sky.exceptions.ApiServerConnectionError: Could not connect to SkyPilot API server at {SERVER}. Please ensure "
    f"that the server is running. Try: curl {SERVER}/api/health\n",
}
UNSTOPPABLE = "Stopping spot instances is currently not supported on AWS.\n"


def row(state: dict[str, Any]) -> dict[str, Any]:
    """One cluster as `status -o json` prints it."""
    return {
        "name": NAME, "launched_at": state["launched_at"], "last_use": "", "status": state["status"], "autostop": state["autostop"],
        "to_down": state["to_down"], "owner": None, "metadata": None, "cluster_hash": "a2157df3-c983-4d3e-b740-05df52d48c3c",
        "cluster_ever_up": True, "status_updated_at": 0, "user_hash": "fcd1e5cf", "user_name": "root", "config_hash": None,
        "workspace": "default", "last_creation_yaml": None, "last_creation_command": None, "is_managed": False,
        "last_event": None, "init_kind": "unhealthy" if state["reason"] else None, "init_status_reason": state["reason"],
        "resources_str": "1x(gpus=L4:1, g2-standard-8, ...)",
        "resources_str_full": "1x(gpus=L4:1, cpus=8, mem=32, g2-standard-8, disk=256)", "nodes": state["nodes"], "cloud": "GCP",
        "region": "us-central1", "cpus": "8.0", "memory": "32.0", "accelerators": "{'L4': 1}", "labels": {},
        "cluster_name_on_cloud": None, "node_names": None, "priority": 0, "priority_class": None, "links": None,
    }  # fmt: skip


@dataclass(frozen=True)
class Sky:
    """What a test sees: the state file, and a PATH that finds the fake first."""

    folder: Path

    @property
    def env(self) -> dict[str, str]:
        return {"PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}"}

    @classmethod
    def install(cls, folder: Path, **state: object) -> Sky:
        """Puts the executable into `folder/bin`; `state` overrides what the file holds at first."""
        (folder / "bin").mkdir(parents=True)
        program, house = folder / "bin" / "sky", Path(__file__).parents[2]
        run = f"import sys; sys.path.insert(0, {str(house)!r}); from tests.support.fake_sky import main; main(*sys.argv[1:])"
        program.write_text(
            f'#!/bin/sh\nexec "{sys.executable}" -SEs -c "{run}" "{folder / "state.json"}" "$@"\n'
        )
        program.chmod(0o755)
        first = {"jobs": [], "held_back": 0, "status": None, "launched_at": 1795901927, "autostop": -1, "to_down": False, "reason": None, "nodes": 1,
                 "faults": [], "calls": [], "did": []}  # fmt: skip
        (folder / "state.json").write_text(json.dumps({**first, **state}))
        return cls(folder)

    def read(self) -> dict[str, Any]:
        with held(str(self.folder / "state.json")) as state:
            return dict(state)

    def set(self, **state: object) -> None:
        with held(str(self.folder / "state.json")) as known:
            known.update(state)

    @property
    def verbs(self) -> list[str]:
        """Every call's verb, in order."""
        return [call[0] for call in self.read()["calls"]]


def launch(state: dict[str, Any], args: list[str]) -> None:
    given = dict(arg[2:].partition("=")[::2] for arg in args if arg.startswith("--"))
    assert {"yes", "detach-run"} <= set(given), args
    assert given["cluster"] == NAME
    if state["status"] != "UP":
        state["did"].append("launch")
        state["launched_at"] += 100
    state |= {"status": "UP", "reason": None, "autostop": int(given["idle-minutes-to-autostop"]), "to_down": "down" in given}  # fmt: skip


def engine(file: str, verb: str, args: tuple[str, ...]) -> None:
    """The queue's half: `exec` and `queue`."""
    with held(file) as state:
        state["calls"].append([verb, *args])
        fault = next((said for name, said in state["faults"] if name == verb), "")
        if fault:
            state["faults"].remove([verb, fault])
        if verb == "queue":
            said = queue(state, list(args), file + ".log")
            if fault == "slow":  # what it begins has ended when it answers
                until = time.monotonic() + 30
                while not all(os.path.exists(job["code"]) for job in state["jobs"]):
                    assert time.monotonic() < until
                    time.sleep(0.05)
                said = queue(state, list(args), file + ".log")
            print(said)
            return
        given = dict(arg[2:].partition("=")[::2] for arg in args if arg.startswith("--"))
        assert "detach-run" in given
        if fault != "mismatch":
            number = len(state["jobs"]) + 1
            state["jobs"].append({"job_id": number, "name": given["name"], "command": args[-1], "pid": None, "ended": None,
                                  "code": f"{file}.{number}"})  # fmt: skip
    if fault == "lost":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault in REFUSALS:
        sys.exit(REFUSALS[fault])
    print(f"Command to run: {args[-1]}\nSubmitting job to cluster: {args[-2]}")


def begin(job: dict[str, Any], log: str) -> None:
    """Runs a job as the cluster's node does: a shell, with the cards that it was assigned."""
    env = {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": "3",
        "SKYPILOT_TASK_ID": f"sky-2026-11-28_{NAME}_{job['job_id']}",
    }
    with open(log, "ab") as out:
        code = f"bash -c {shlex.quote(job['command'])}; echo $? > {shlex.quote(job['code'])}"
        job["pid"] = subprocess.Popen(["bash", "-c", code], env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True).pid  # fmt: skip


def queue(state: dict[str, Any], args: list[str], log: str) -> str:
    """What `sky queue -o json` prints; jobs begin after so many looks as `held_back` says."""
    if state["status"] != "UP":
        why = f"sky.exceptions.ClusterDoesNotExist: Cluster {args[-1]!r} does not exist."
        return f"Fetching job queue for: {args[-1]}\n\x1b[33mFailed to get the job queue for cluster {args[-1]!r}.\x1b[0m\n  {why}\n{{}}"
    state["held_back"] -= 1
    rows = []
    for job in state["jobs"]:
        if job["pid"] is None and state["held_back"] < 0 and job["ended"] is None:
            begin(job, log)
        ended = Path(job["code"]).read_text().strip() if os.path.exists(job["code"]) else None
        said = (
            "PENDING"
            if job["pid"] is None
            else "RUNNING"
            if ended is None
            else "SUCCEEDED"
            if ended == "0"
            else "FAILED"
        )
        rows.append(
            {"job_id": job["job_id"], "job_name": job["name"], "username": "root", "user_hash": "fcd1e5cf", "submitted_at": 1795901927.0,
             "start_at": None, "end_at": None, "resources": "1x[L4:1]", "status": job["ended"] or said, "log_path": "~/sky_logs/1",
             "metadata": {}}
        )  # fmt: skip
    return f"Fetching job queue for: {args[-1]}\n" + json.dumps({args[-1]: rows}, indent=2)


def main(file: str, verb: str, *args: str) -> None:
    if verb in ("queue", "exec"):
        engine(file, verb, args)
        return
    with held(file) as state:
        state["calls"].append([verb, *args])
        fault = next((said for name, said in state["faults"] if name == verb), "")
        if fault:
            state["faults"].remove([verb, fault])
        said = REFUSALS.get(fault, "")
        there = NAME in args and state["status"] is not None
        if verb == "launch" and not said and fault != "nothing":
            launch(state, list(args))
        elif verb in ("stop", "down") and there and not said and fault not in ("nothing", "unstoppable"):
            state["did"].append(verb)
            state["status"] = "STOPPED" if verb == "stop" else None
        answer = json.dumps([row(state)] if state["status"] else [], indent=2)
    if fault == "lost":
        os.kill(os.getpid(), signal.SIGKILL)
    if said:
        sys.stdout.write(f"Running on cluster: {NAME}\n" if verb == "launch" and fault != "options" else "")
        sys.stderr.write(said)
        sys.exit(2 if fault == "options" else 1)
    if verb in ("status", "stop", "down") and not there:
        print(f"Cluster(s) not found: \x1b[1m{NAME}\x1b[0m.")
    if verb == "status":
        assert args[:2] == ("--refresh", "--output=json"), args
        print((STALE if fault == "stale" else "") + answer)
    elif verb == "launch":
        print(f"Running on cluster: {NAME}")
    elif not there:
        print("Cluster(s) not found (tip: see `sky status`).")
    elif fault == "unstoppable":
        print(f"\n{UNSTOPPABLE}Cluster(s) failed. See details above.")
    else:
        hint = f"\n  To restart the cluster, run: \x1b[1msky start {NAME}\x1b[0m" if verb == "stop" else ""
        done = "Stopping" if verb == "stop" else "Terminating"
        print(f"\n\x1b[32m{done} cluster {NAME}...done.\x1b[0m{hint}")
