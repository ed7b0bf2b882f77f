"""What a job runs on a cluster's login node, sent there as text: it has Slurm run `there.py` on a node, once, and waits for its end.

Standard library only, Python 3.8 or later. `sbatch` may have been obeyed although its answer was lost; so
the Slurm job bears a name of its own, which is asked for before `sbatch` is tried again, and a folder that
can be made only once lets one copy begin. The tree must lie on a file system that the nodes share.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from typing import Any

EVERY_S = 10.0
LOG_S = 1.0
MOST_MISSED = 30
UNHEARD = (
    "Socket timed out", "Unable to contact slurm controller", "Zero Bytes were transmitted", "did not answer",
    "temporarily unable to accept job", "Connection refused",
)  # fmt: skip
"""In the words of Slurm's commands: the controller may or may not have done what it was told."""
ENDED = (
    "COMPLETED", "FAILED", "TIMEOUT", "CANCELLED", "OUT_OF_MEMORY", "NODE_FAIL", "BOOT_FAIL", "DEADLINE", "PREEMPTED", "REVOKED",
)  # fmt: skip
"""Source: squeue's manual, "JOB STATE CODES"."""


def main(program: str, options: str, errand: str) -> int:
    """Runs an errand through Slurm; returns 0 if its job completed.

    Args:
        program: the text of `there.py`.
        options: of `sbatch`, as JSON.
        errand: handed to `program`.
    """
    name = "repoops-" + os.environ["REPOOPS_JOB"]
    log = beside("slurm.log")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        refused = submit(name, log, json.loads(options), program, errand)
        if refused:
            why = f"Slurm refuses the job: {refused}"
            write({"cards": [], "clocks": {}, "status": None, "refused": why}, "facts.json")
            return 3
        states = follow(name, log)
    except BaseException:
        call(["scancel", "--name=" + name])
        raise
    write({"jobs": states}, "slurm.json")
    return 0 if set(states.values()) == {"COMPLETED"} else 1


def submit(name: str, log: str, options: list[str], program: str, errand: str) -> str:
    """Sees that Slurm has a job of this name; returns why it does not want one."""
    command = " ".join(map(shlex.quote, [sys.executable, "-c", program, errand]))
    script = f"#!/bin/sh\nmkdir {shlex.quote(beside('slurm-began'))} || exit 0\nexec {command}\n"
    line = [
        "sbatch",
        "--parsable",
        "--no-requeue",
        f"--job-name={name}",
        f"--output={log}",
        f"--chdir={os.getcwd()}",
        *options,
    ]
    while not known(name):
        code, _, words = call(line, script)
        if code == 0:
            break
        if not any(sign in words for sign in UNHEARD):
            return words
        say(f"{words}; the job is asked for by its name before sbatch is tried again")
        time.sleep(EVERY_S)
    return ""


def follow(name: str, log: str) -> dict[str, str]:
    """Passes the log on until all jobs of this name have ended; their states by number."""
    seen: dict[str, str] = {}
    at = turn = missed = 0
    while True:
        if turn % max(1, round(EVERY_S / LOG_S)) == 0:
            states = known(name)
            missed = 0 if states else missed + 1
            seen.update(states)
        at, turn = pass_on(log, at), turn + 1
        over = missed > MOST_MISSED  # Slurm has forgotten it, and keeps no accounts
        if over or (seen and all(state in ENDED for state in seen.values())):
            time.sleep(LOG_S)  # for a file system that shows the last lines late
            pass_on(log, at)
            return {
                number: state if state in ENDED else "UNKNOWN"
                for number, state in (seen or {"?": ""}).items()
            }
        time.sleep(LOG_S)


def known(name: str) -> dict[str, str]:
    """Jobs of this name, number to state; asks until one of Slurm's commands has answered."""
    while True:
        code, said, words = call(["squeue", "--states=all", "--noheader", "--name=" + name, "--format=%i|%T"])
        found = rows(said) if code == 0 else {}
        if not found:
            late, told, _ = call(
                [
                    "sacct",
                    "--allocations",
                    "--noheader",
                    "--parsable2",
                    "--name=" + name,
                    "--format=JobIDRaw,State",
                ]
            )
            found = rows(told) if late == 0 else {}
        if found or code == 0:
            return found
        say(words)
        time.sleep(EVERY_S)


def rows(said: str) -> dict[str, str]:
    """Lines `NUMBER|STATE`; of `CANCELLED by 1000` the first word."""
    parts = [line.strip().split("|") for line in said.splitlines() if "|" in line]
    return {number: state.split()[0] for number, state in parts if state.split()}


def call(line: list[str], script: str = "") -> tuple[int, str, str]:
    """Exit status, output and last words of one of Slurm's commands."""
    try:
        done = subprocess.run(line, input=script.encode(), capture_output=True, timeout=120, check=False)
    except FileNotFoundError:
        return 127, "", f"{line[0]} is not installed"
    except subprocess.TimeoutExpired:
        return 124, "", f"{line[0]} did not answer within 120 s"
    words = done.stderr.decode("utf-8", "replace").strip().splitlines()
    return (
        done.returncode,
        done.stdout.decode("utf-8", "replace"),
        (words or [f"{line[0]}: exit status {done.returncode}"])[-1],
    )


def say(words: str) -> None:
    """A line of the job's log."""
    sys.stdout.write(words + "\n")
    sys.stdout.flush()


def pass_on(log: str, at: int) -> int:
    """Writes what is new in a log to standard output; returns its size."""
    if not os.path.exists(log):
        return at
    with open(log, "rb") as file:
        file.seek(at)
        said = file.read()
    sys.stdout.buffer.write(said)
    sys.stdout.buffer.flush()
    return at + len(said)


def beside(name: str) -> str:
    """A file of the job's that is no result."""
    return os.path.join(os.path.dirname(os.environ["REPOOPS_OUT"]), name)


def write(said: dict[str, Any], name: str) -> None:
    """A result, whole or absent."""
    with open(beside(name + ".tmp"), "w", encoding="ascii") as file:
        json.dump(said, file)
    os.replace(beside(name + ".tmp"), os.path.join(os.environ["REPOOPS_OUT"], name))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
