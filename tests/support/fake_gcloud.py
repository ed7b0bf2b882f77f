"""A `gcloud` for tests: an executable on PATH with its instances in a file, the real command's fields and texts, and faults on order.

What it prints is what the real one prints (collected from public logs of Google Cloud CLI 4xx-5xx), but for the
refusal of a run-time limit by an instance that is not TERMINATED: that text is ours.

Faults are taken from a list, one per call of the verb they name; `*` is any verb:
`lost` carries the request out and dies without a word, `half` tells half of an answer, `network` loses the connection
after the request was carried out, `offline` before, `nothing` says done and does nothing, `slow:S` carries the request
out after S seconds, `late:S` too, with the client gone at once, and the words in `REFUSALS` do nothing but complain.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import sys
import time

NAME, ZONE, PROJECT = "cudadent42-l4-dev", "us-central1-a", "periodic-example"
URL = f"https://www.googleapis.com/compute/v1/projects/{PROJECT}/zones/{ZONE}"
EXHAUSTED = """ERROR: (gcloud.compute.instances.start) ---
code: ZONE_RESOURCE_POOL_EXHAUSTED_WITH_DETAILS
errorDetails:
- help:
    links:
    - description: Troubleshooting documentation
      url: https://cloud.google.com/compute/docs/resource-error
- localizedMessage:
    locale: en-US
    message: A g2-standard-8 VM instance with 1 nvidia-l4 accelerator(s) is currently
      unavailable in the us-central1-a zone. Consider trying your request in the us-central1-b
      zone(s), which currently has capacity to accommodate your request.
- errorInfo:
    domain: compute.googleapis.com
    metadatas:
      vmType: g2-standard-8
    reason: stockout
message: The zone 'projects/periodic-example/zones/us-central1-a' does not have enough
  resources available to fulfill the request.  '(resource type:compute)'.
"""
FETCH = "ERROR: (gcloud.compute.instances.{verb}) Could not fetch resource:\n - {why}\n\n"
LOGIN = """Please run:

  $ gcloud auth login

to obtain new credentials.

If you have already logged in with a different account, run:

  $ gcloud config set account ACCOUNT

to select an already authenticated account to use.
"""
ABORTED = (
    "ERROR: gcloud crashed (ConnectionError): ('Connection aborted.', "
    "ConnectionResetError(104, 'Connection reset by peer'))\n"
)
REFUSED = (
    "ssh: connect to host 203.0.113.7 port 22: Connection refused\n"
    "ERROR: (gcloud.compute.ssh) [/usr/bin/ssh] exited with return code [255].\n"
)
REFUSALS = {
    "exhausted": EXHAUSTED,
    "quota": FETCH.replace("{why}", "Quota 'NVIDIA_L4_GPUS' exceeded.  Limit: 500.0 in region us-central1."),
    "permission": FETCH.replace(
        "{why}",
        f"Required 'compute.instances.{{verb}}' permission for 'projects/{PROJECT}/zones/{ZONE}/instances/{NAME}'",
    ),
    "missing": FETCH.replace(
        "{why}", f"The resource 'projects/{PROJECT}/zones/{ZONE}/instances/{NAME}' was not found"
    ),
    "auth": "ERROR: (gcloud.compute.instances.{verb}) There was a problem refreshing your current auth tokens: "
    "('invalid_grant: Bad Request', {{'error': 'invalid_grant', 'error_description': 'Bad Request'}})\n"
    + LOGIN,
    "relogin": "ERROR: (gcloud.compute.instances.{verb}) There was a problem refreshing your\ncurrent auth tokens: "
    "Reauthentication failed. cannot prompt during non-interactive execution.\n" + LOGIN,
    "internal": FETCH.replace(
        "{why}",
        "Internal error. Please try again or contact Google Support. (Code: '5F864782189D7.6B5868C.50A111B')",
    ),
    "offline": "ERROR: (gcloud.compute.instances.{verb}) There was a problem refreshing your current auth tokens: "
    "Unable to reach oauth2.googleapis.com: [Errno 8] nodename nor servname provided, or not known\n" + LOGIN,
    "strange": "ERROR: (gcloud.compute.instances.{verb}) Something that nobody has seen yet.\n",
}


class held:  # noqa: N801 - read as a verb; contextlib would double the time this program takes to start
    """The state file, locked, read, and written when all went well."""

    def __init__(self, path: str) -> None:
        self.path = path

    def __enter__(self) -> dict:
        self.file = open(self.path, "r+")
        fcntl.flock(self.file, fcntl.LOCK_EX)
        self.state = json.load(self.file)
        return self.state

    def __exit__(self, kind: object, *_: object) -> None:
        with self.file:
            if kind is None:
                self.file.seek(0)
                self.file.truncate()
                json.dump(self.state, self.file)


def described(state: dict) -> dict:
    """The fields of `describe --format=json` that are of interest, and some that must not be kept."""
    up = state["status"] not in ("TERMINATED", "SUSPENDED")
    access = {
        "kind": "compute#accessConfig",
        "name": "External NAT",
        "networkTier": "PREMIUM",
        "type": "ONE_TO_ONE_NAT",
    }
    scheduling = {"automaticRestart": True, "onHostMaintenance": "TERMINATE", "preemptible": False,
                  "provisioningModel": "STANDARD"}  # fmt: skip
    if state["max_run_s"]:
        scheduling |= {
            "instanceTerminationAction": "STOP",
            "maxRunDuration": {"nanos": 0, "seconds": str(state["max_run_s"])},
        }
    found = {
        "canIpForward": False, "creationTimestamp": "2025-10-11T06:11:20.482-07:00",
        "guestAccelerators": [{"acceleratorCount": 1, "acceleratorType": f"{URL}/acceleratorTypes/nvidia-l4"}],
        "id": "4916403162284897775", "kind": "compute#instance", "labelFingerprint": "42WmSpB8rSM=",
        "lastStartTimestamp": state["started"], "lastStopTimestamp": state["stopped"],
        "machineType": f"{URL}/machineTypes/g2-standard-4",
        "metadata": {"items": [{"key": "startup-script", "value": "echo root:hunter2 | chpasswd"}], "kind": "compute#metadata"},
        "name": NAME,
        "networkInterfaces": [{"accessConfigs": [access | ({"natIP": "203.0.113.7"} if up else {})],
                               "name": "nic0", "networkIP": "10.128.0.2"}],
        "scheduling": scheduling, "selfLink": f"{URL}/instances/{NAME}", "status": state["status"], "zone": URL,
    }  # fmt: skip
    return {key: value for key, value in found.items() if value is not None}


def stamp() -> str:
    """Google's stamps are of the Pacific, with milliseconds."""
    now = time.time()
    local = time.gmtime(now - 8 * 3600)
    return time.strftime("%Y-%m-%dT%H:%M:%S", local) + f".{int(now * 1000) % 1000:03}-08:00"


WAY = {"PROVISIONING": "STAGING", "STAGING": "RUNNING", "STOPPING": "TERMINATED", "SUSPENDING": "SUSPENDED"}


def step(state: dict, whole: bool = False) -> None:
    """One transition, or all of them."""
    while state["status"] in WAY:
        state["status"] = WAY[state["status"]]
        if state["status"] == "RUNNING":
            state["started"] = stamp()
        if state["status"] == "TERMINATED":
            state["stopped"] = stamp()
        if not whole:
            return


def carry_out(verb: str, state: dict) -> None:
    rests, to = {"start": (("TERMINATED",), "PROVISIONING"), "resume": (("SUSPENDED",), "PROVISIONING"),
                 "stop": (("RUNNING", "STAGING", "SUSPENDED"), "STOPPING")}[verb]  # fmt: skip
    if state["status"] not in rests:
        state["idle"] += 1  # a request that changes nothing, which the real one takes as well
        return
    state["starts" if verb in ("start", "resume") else "stops"] += 1
    state["status"] = to
    if not state["steps"]:
        step(state, whole=True)


def die(words: str) -> None:
    sys.stderr.write(words)
    sys.exit(1)


def seconds(duration: str) -> int:
    units = {"d": 86400, "h": 3600, "m": 60, "s": 1}
    return int(duration[:-1]) * units[duration[-1]]


def taken(state: dict, verb: str) -> tuple[str, float]:
    """The fault that is due, if any, and its seconds."""
    wanted = next((fault for fault in state["faults"] if fault[0] in (verb, "*")), None)
    if wanted is None:
        return "", 0.0
    state["faults"].remove(wanted)
    name, _, amount = wanted[1].partition(":")
    return name, float(amount or 0)


def complaint(state: dict, verb: str, args: list[str], fault: str) -> str:
    """What the request does to the state at once; returns what is wrong with it, if anything."""
    named = args[3] if args[1] == "instances" else args[2]
    if fault in REFUSALS or named != NAME:
        words = REFUSALS.get(fault, REFUSALS["missing"])
        return words if words == EXHAUSTED else words.format(verb=verb)
    if verb in ("start", "stop", "resume") and fault not in ("nothing", "late", "slow"):
        carry_out(verb, state)
    if verb == "describe":
        step(state)
    if verb == "set-scheduling":
        if state["status"] != "TERMINATED":
            return FETCH.format(
                verb=verb, why="The instance must be TERMINATED for this (a text of the fake's)."
            )
        state["max_run_s"] = seconds(
            next(a for a in args if a.startswith("--max-run-duration=")).partition("=")[2]
        )
    if verb == "ssh":
        state["ssh_after"] -= 1
        if state["status"] != "RUNNING" or state["ssh_after"] >= 0:
            return REFUSED
    return ""


def main(file: str, args: list[str]) -> None:
    verb = args[2] if args[1] == "instances" else args[1]
    with held(file) as state:
        state["calls"].append(args)
        fault, amount = taken(state, verb)
        words = complaint(state, verb, args, fault)
        answer = json.dumps(described(state), indent=2, sort_keys=True) + "\n"
    if words:
        die(words)
    if fault in ("slow", "late"):
        if fault == "late":
            if os.fork():
                die(ABORTED)
            os.setsid()
        time.sleep(amount)
        if verb in ("start", "stop", "resume"):
            with held(file) as state:
                carry_out(verb, state)
    if fault == "lost":
        os.kill(os.getpid(), signal.SIGKILL)
    if fault == "network":
        die(ABORTED)
    if fault == "half":
        sys.stdout.write(answer[: len(answer) // 2])
        sys.exit(0 if verb == "describe" else 1)
    if verb == "describe":
        sys.stdout.write(answer)
    elif verb in ("start", "stop", "resume"):
        sys.stderr.write(f"{'Stopping' if verb == 'stop' else 'Starting'} instance(s) {NAME}...done.\n")
    if verb in ("start", "stop", "resume", "set-scheduling"):
        sys.stderr.write(f"Updated [{URL}/instances/{NAME}].\n")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
