"""A repository whose configuration names a host: the loopback sshd, with this very RepoOps installed there."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from tests.support.repo import Repo
from tests.support.sshd import Sshd

HOUSE = Path(__file__).parents[2]


def python_there(there: Sshd, path: str = str(HOUSE)) -> Path:
    """A Python on the host that has this RepoOps, whatever is installed beside it."""
    program = there.folder / "python-there"
    program.write_text(f'#!/bin/sh\nPYTHONPATH="{path}" exec "{sys.executable}" "$@"\n')
    program.chmod(0o755)
    return program


def name_hosts(repo: Repo, there: Sshd, ports: dict[str, int], **more: object) -> None:
    """Writes `repoops.yaml` with a host for each name, all of them this sshd, each behind its own port."""
    entries = {
        name: {
            "ssh": "loopback",
            "options": ["-F", str(there.folder / "ssh_config"), "-p", str(port)],
            "folder": str(there.folder / f"there-{name}"),
            "python": str(python_there(there)),
            **more,
        }
        for name, port in ports.items()
    }
    repo.write("repoops.yaml", json.dumps({"hosts": entries}))
