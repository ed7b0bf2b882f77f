"""What a job runs on the host, sent there as text: what cards there are, then the host's `repoops verify`, watching their clocks.

Standard library only, Python 3.8 or later; this package's other modules are not there. What it finds is in
`facts.json` beside the report, written before the suite begins and once more when it has ended.
"""

from __future__ import annotations

import contextlib
import importlib.util
import json
import os
import subprocess
import sys
from typing import Any

FIELDS = ("name", "driver_version", "clocks.sm", "clocks.max.sm", "clocks.mem")
EVERY_S = 10
RUN = "import sys; del sys.path[0]; from repoops.cli.app import main; sys.exit(main())"
"""The installed RepoOps, also where the tree holds another one."""
REFUSED = 3


def main(said: str) -> int:
    """Does the errand that `said` describes, as JSON; returns the exit status."""
    errand = json.loads(said)
    out = os.environ["REPOOPS_OUT"]
    found, words = cards()
    facts: dict[str, Any] = {
        "schema": "repoops/there/1",
        "python": sys.version.split()[0],
        "cards": found,
        "nvidia_smi": words,
        "skypilot": os.environ.get("SKYPILOT_TASK_ID"),
        "clocks": {},
        "status": None,
    }
    note_clocks(facts, found)
    facts["refused"] = refusal(errand, found, words)
    write(facts, out)
    if facts["refused"]:
        return REFUSED
    # A card that cannot be used is to be told, not passed over for the processor beside it.
    backend = "cuda" if found and errand["backend"] == "auto" else errand["backend"]
    report = os.path.join(out, "report.json")
    line = [sys.executable, "-c", RUN, "verify", "--progress-lines", "--report", report, "--backend", backend]
    child = subprocess.Popen([*line, *errand["options"]], stdin=subprocess.DEVNULL)
    while (status := ended(child, EVERY_S if found else None)) is None:
        note_clocks(facts, cards()[0])
    facts["status"] = status
    write(facts, out)
    return status if status >= 0 else 128 - status


def ended(child: subprocess.Popen[bytes], seconds: float | None) -> int | None:
    """The exit status of a process, None if it has none after some seconds."""
    try:
        return child.wait(seconds)
    except subprocess.TimeoutExpired:
        return None


def cards() -> tuple[list[dict[str, str]], str]:
    """A row of `FIELDS` for each card that a queue or a person has assigned to us, else for all; or none and why not."""
    assigned = os.environ.get("CUDA_VISIBLE_DEVICES")
    found, words = listed(["--id=" + assigned]) if assigned else ([], "")
    # A part of a card (MIG) has a name that cannot be asked for.
    return (found, words) if found else listed([])


def listed(which: list[str]) -> tuple[list[dict[str, str]], str]:
    """What nvidia-smi lists."""
    line = ["nvidia-smi", "--query-gpu=" + ",".join(FIELDS), "--format=csv,noheader,nounits", *which]
    try:
        done = subprocess.run(
            line,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
        )
    except FileNotFoundError:
        return [], "nvidia-smi is not installed"
    except (OSError, subprocess.TimeoutExpired) as error:
        return [], "nvidia-smi: " + str(error)
    words = done.stdout.decode("utf-8", "replace").strip()
    rows = [[part.strip() for part in row.split(",")] for row in words.splitlines() if row.strip()]
    if done.returncode or not rows or any(len(row) != len(FIELDS) for row in rows):
        return [], "nvidia-smi: " + (words.splitlines() or [f"exit status {done.returncode}"])[0]
    return [dict(zip(FIELDS, row)) for row in rows], ""


def note_clocks(facts: dict[str, Any], found: list[dict[str, str]]) -> None:
    """Widens the range of each clock by what the cards show now; MHz."""
    for card in found:
        for name in ("clocks.sm", "clocks.max.sm", "clocks.mem"):
            with contextlib.suppress(ValueError):
                mhz = int(card[name])
                low, high = facts["clocks"].get(name, (mhz, mhz))
                facts["clocks"][name] = [min(low, mhz), max(high, mhz)]


def refusal(errand: dict[str, Any], found: list[dict[str, str]], words: str) -> str | None:
    """Why the suite must not begin here: the wrong card, a card without its driver, no RepoOps; None if it may."""
    wanted = errand["gpu"]
    if not found and wanted:
        return f"the driver is missing: {wanted} is expected, but {words}"
    if not found and errand["backend"] in ("auto", "cuda") and on_the_bus():
        return f"the driver is missing: there is an NVIDIA card, but {words} (--backend cpu does without)"
    names = sorted({card["name"] for card in found})
    if wanted and not any(wanted.lower() in name.lower() for name in names):
        return f"the wrong GPU: {wanted} is expected, found {', '.join(names)}"
    del sys.path[0]
    if importlib.util.find_spec("repoops") is None:
        python = sys.executable
        return f"RepoOps is not installed for {python} there; install it: {python} -m pip install 'repoops[kernels]'"
    return None


def on_the_bus() -> bool:
    """Whether there is a display or compute device of NVIDIA's, driver or not."""
    folder = "/sys/bus/pci/devices"
    for device in os.listdir(folder) if os.path.isdir(folder) else ():
        with contextlib.suppress(OSError):
            with open(os.path.join(folder, device, "vendor"), encoding="ascii") as file:
                vendor = file.read().strip()
            with open(os.path.join(folder, device, "class"), encoding="ascii") as file:
                kind = file.read().strip()
            if vendor == "0x10de" and kind.startswith("0x03"):
                return True
    return False


def write(facts: dict[str, Any], out: str) -> None:
    """Whole or absent."""
    beside = os.path.join(out, "..", "facts.tmp")
    with open(beside, "w", encoding="ascii") as file:
        json.dump(facts, file)
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, os.path.join(out, "facts.json"))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
