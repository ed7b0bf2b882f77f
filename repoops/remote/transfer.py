"""Brings files and trees to a host: only what is missing, resumed where a connection broke, digests checked there."""

from __future__ import annotations

from pathlib import Path

from repoops import clock
from repoops.errors import RepoOpsError
from repoops.files import hex_digest
from repoops.remote.link import Event, Link
from repoops.remote.ssh import LinkLost
from repoops.vcs.read import Repository
from repoops.vcs.side import Carried, pack


def send_file(link: Link, file: Path) -> str:
    """Brings a file to the host's blobs and returns its path there; a file that is there already is not sent.

    Raises:
        LinkLost: the link stayed down.
        RepoOpsError: no room there, or what arrives is not what was sent.
    """
    digest = hex_digest(file)
    total = file.stat().st_size
    there = link.call("stat", digest).answer
    moved, refused = clock.monotonic(), 0
    with file.open("rb") as source:
        while not there["whole"]:
            at = min(int(there["size"]), total)
            source.seek(at)
            link.on_event(Event("sending", file.name, done=at, total=total))
            try:
                there = link.put(source, digest, at, total).answer
            except LinkLost as lost:
                if clock.monotonic() - moved > link.patience_s:
                    raise
                link.on_event(Event("reconnecting", lost.what, attempt=1))
                there = link.call("stat", digest).answer
            else:
                refused += there["size"] <= at and not there["whole"]
                if refused > 3:
                    raise RepoOpsError(
                        "what arrives is not what was sent", where=f"{link.host.name}: {digest}"
                    )
            if there["size"] > at:
                moved = clock.monotonic()
    link.on_event(Event("sending", file.name, done=total, total=total))
    return str(there["path"])


def push(link: Link, repo: Repository, carried: Carried, folder: Path) -> str | None:
    """Brings a carried tree's objects to the host; returns the name of the pack there, None if nothing was missing.

    Args:
        link: the host.
        repo: the repository that `carried` is of.
        carried: what is to be there.
        folder: where the pack is kept until it has arrived, so that a later call goes on with the same bytes.
    """
    known = link.call("have", carried.tree, carried.base or "-").answer
    if known["whole"]:
        return None
    if known["git"] is None:
        raise RepoOpsError(
            "git is not installed there", where=link.host.name, remedy="install git on the host"
        )
    file = folder / "pack"
    if not file.exists():
        unfinished = folder / "pack.tmp"
        pack(repo, carried, [row.split(" ") for row in known["roots"]], unfinished)
        unfinished.replace(file)
    send_file(link, file)
    return hex_digest(file)
