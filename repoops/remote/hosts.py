"""A host by the name a person gives: an entry of `hosts:` in the configuration, else whatever `ssh` makes of it."""

from __future__ import annotations

from collections.abc import Mapping

from repoops.config import RemoteHost
from repoops.errors import RepoOpsError
from repoops.remote.ssh import Host


def named(hosts: Mapping[str, RemoteHost], name: str) -> tuple[Host, RemoteHost]:
    """How a host is reached, and what is configured of it; defaults where it is not named there."""
    entry = hosts.get(name, RemoteHost())
    return Host(name, entry.ssh or name, entry.options, entry.folder, entry.python), entry


def split(names: str) -> tuple[str, ...]:
    """The hosts of a list by commas.

    Raises:
        RepoOpsError: there is none, or one is there twice.
    """
    found = tuple(name.strip() for name in names.split(",") if name.strip())
    if not found:
        raise RepoOpsError("--on names no host", remedy="for example: --on my-gpu-box")
    twice = [name for name in found if found.count(name) > 1]
    if twice:
        raise RepoOpsError(f"--on names {twice[0]!r} twice", remedy="name each host once")
    return found
