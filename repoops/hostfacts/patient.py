"""Repeats a short command over a link that breaks; only for commands that may run twice."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence

from repoops.remote import ssh
from repoops.remote.ssh import Answered, Host, LinkLost

_WAITS_S = (0.2, 0.5, 1.0, 1.5, 1.5)


def run(host: Host, argv: Sequence[str], *, stdin: bytes | None = None, timeout_s: float) -> Answered:
    """What the command answered, at the first attempt that the link lived through.

    Raises:
        LinkLost: it broke every time.
        RepoOpsError: ssh itself cannot work.
    """
    for wait_s in _WAITS_S:
        with contextlib.suppress(LinkLost):
            return ssh.run(host, argv, stdin=stdin, timeout_s=timeout_s)
        time.sleep(wait_s)
    return ssh.run(host, argv, stdin=stdin, timeout_s=timeout_s)
