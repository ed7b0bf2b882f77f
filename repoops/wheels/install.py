"""Brings a wheel to a host and installs it there: offline, by digest, without dependencies and without a compiler."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

from repoops.errors import RepoOpsError
from repoops.hostfacts import patient
from repoops.hostfacts.model import HostFacts, Known
from repoops.remote import transfer
from repoops.remote.link import Link
from repoops.remote.ssh import Answered, Host
from repoops.wheels import wheel_file
from repoops.wheels.fetch import Fetched

_PLACE = (
    'import os,sys,pathlib as p;d=p.Path(sys.argv[1]).resolve();f=d.parent.parent/"wheels"/d.name[:16];'
    'f.mkdir(parents=True,exist_ok=True);w=f/sys.argv[2];w.exists()or os.link(d,w);r=f/"requirements.txt";'
    'r.write_text(w.as_uri()+" --hash=sha256:"+d.name);print(r)'
)
_PIP = (
    "-m", "pip", "install", "--no-index", "--no-deps", "--require-hashes", "--only-binary", ":all:",
    "--force-reinstall", "--no-input", "--disable-pip-version-check", "-r",
)  # fmt: skip
_REMEDIES = {
    "externally-managed-environment": "name the Python of an environment of your own: --python PATH",
    "No module named pip": "give that Python a pip: {python} -m ensurepip",
    "No space left": "make room on the host: repoops doctor --on {host}",
    "ermission denied": "name the Python of an environment that this login may write to: --python PATH",
    "DO NOT MATCH": "what lies on the host is not what was sent; remove it there: rm -r {folder}/wheels {folder}/blobs",
}


@dataclass(frozen=True, slots=True)
class Installed:
    """Where the wheel lies on the host, and what pip said last."""

    there: str
    said: str
    command: str


def room(facts: HostFacts, fetched: Fetched) -> None:
    """Refuses where the host has no room for the wheel and what it unpacks to.

    Raises:
        RepoOpsError: so it is; a host that cannot say has room.
    """
    if not isinstance(facts.disk_free, Known):
        return
    with wheel_file.opened(fetched.path) as wheel:
        unpacked = sum(item.file_size for item in wheel.infolist())
    wanted = fetched.path.stat().st_size + unpacked
    free = int(facts.disk_free.value)
    if wanted > free:
        raise RepoOpsError(
            f"{wanted / 1e6:.0f} MB are needed there (packed and unpacked) and {free / 1e6:.0f} MB are free",
            where=fetched.path.name, remedy="make room on the host, or rent a larger disk", code=1,
        )  # fmt: skip


def install(link: Link, python: str, fetched: Fetched) -> Installed:
    """Copies the wheel, resuming where the link broke, and installs it; both may be repeated.

    Raises:
        LinkLost: the link stayed down.
        RepoOpsError: pip refuses, with its last line.
    """
    host = link.host
    blob = transfer.send_file(link, fetched.path)
    placed = patient.run(host, [host.python, "-c", _PLACE, blob, fetched.path.name], timeout_s=60)
    if placed.rc != 0:
        raise RepoOpsError(f"cannot be put in place there: {placed.last_words()}", where=host.name)
    there = placed.stdout.decode("utf-8", "surrogateescape").strip().splitlines()[-1]
    argv = [python, *_PIP, there]
    done = patient.run(host, argv, timeout_s=900)
    if done.rc != 0:
        raise _refusal(host, python, done)
    lines = done.stdout.decode("utf-8", "replace").strip().splitlines()
    return Installed(
        str(Path(there).parent / fetched.path.name), lines[-1] if lines else "", shlex.join(argv)
    )


def _refusal(host: Host, python: str, done: Answered) -> RepoOpsError:
    words = (done.stderr + b"\n" + done.stdout).decode("utf-8", "replace")
    remedy = next((text for sign, text in _REMEDIES.items() if sign in words), None)
    errors = [line.strip() for line in words.splitlines() if "error:" in line.lower() or "No module" in line]
    return RepoOpsError(
        f"pip did not install it: {errors[0] if errors else done.last_words()}", where=host.name,
        remedy=remedy.format(python=python, host=host.name, folder=host.folder) if remedy else None, code=1,
    )  # fmt: skip
