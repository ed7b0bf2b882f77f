"""The dead man's switch: stops everything, and the machine if asked, when nobody has asked for too long."""

from __future__ import annotations

import os
import time

from .disk import boot_id, last_contact, load, path, store, take, up
from .processes import detach
from .state import cancel, state_of


def watch_out() -> None:
    """Sees that somebody watches the switch, if it is set and has not fired; after a reboot it counts anew."""
    switch = load("host", "deadman.json")
    if switch is None or switch.get("fired"):
        return
    if switch["boot"] != boot_id():
        store({**switch, "boot": boot_id(), "up": up()}, "host", "deadman.json")
    lock = take("host/deadman.lock")
    if lock is not None:
        detach(deadman, (lock,))
        os.close(lock)


def deadman() -> None:
    """Waits until nobody has asked for too long, stops what runs, then runs the shutdown command."""
    while True:
        switch = load("host", "deadman.json")
        if switch is None or switch.get("fired"):
            return
        idle, age = up() - last_contact(switch["up"]), up() - switch["up"]
        if idle >= switch["idle_s"] or (switch["max_s"] and age >= switch["max_s"]):
            break
        time.sleep(min(1.0, switch["idle_s"] / 10))
    store({**switch, "fired": time.time()}, "host", "deadman.json")
    for job in os.listdir(path("jobs")):
        if state_of(job)["state"] in ("running", "prepared"):
            cancel(job, "deadman")
    if not switch["shutdown"]:
        return
    import subprocess

    with open(path("host", "deadman.log"), "ab") as log:
        subprocess.run(switch["shutdown"], stdin=subprocess.DEVNULL, stdout=log, stderr=log, check=False)
