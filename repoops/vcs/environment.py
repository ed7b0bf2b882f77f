"""How git is started: its overrides and its environment; and one start that loads next to nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

# The user's hooks, pager, signing and watchers do not run; what decides the meaning of content
# (autocrlf, excludesFile, safe.directory) stays theirs, or status would differ from what they see.
_OVERRIDES = (
    "core.hooksPath=" + os.devnull,
    "core.fsmonitor=false",
    "core.quotePath=false",
    "core.pager=cat",
    "commit.gpgSign=false",
    "gc.auto=0",
    "advice.detachedHead=false",
    "color.ui=false",
    "diff.external=",
    "protocol.ext.allow=never",
)
_KEPT = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_ASKPASS", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM",
         "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL", "GIT_AUTHOR_DATE",
         "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL", "GIT_COMMITTER_DATE", "GIT_CEILING_DIRECTORIES")  # fmt: skip


def environment(extra: Mapping[str, str] | None = None) -> dict[str, str]:
    """The environment git runs in: no `GIT_DIR` or `GIT_INDEX_FILE` of a surrounding hook, no prompts, no locale."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("GIT_") or k in _KEPT}
    env |= {
        "LC_ALL": "C",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_REPLACE_OBJECTS": "1",
    }
    return env | dict(extra or {})


def command(args: Sequence[str]) -> list[str]:
    """The whole argument list, overrides included."""
    options = [part for override in _OVERRIDES for part in ("-c", override)]
    return ["git", "--no-pager", *options, *args]


def output(root: str, *args: str) -> bytes | None:
    """What git prints, or None where it fails: as `run.git`, for a command that must begin at once.

    `subprocess` alone takes longer to load than git takes to list a repository.
    """
    reading, writing = os.pipe()
    null = os.open(os.devnull, os.O_RDWR)
    try:
        actions = [
            (os.POSIX_SPAWN_DUP2, null, 0),
            (os.POSIX_SPAWN_DUP2, writing, 1),
            (os.POSIX_SPAWN_DUP2, null, 2),
        ]
        try:
            process = os.posix_spawnp(
                "git", command(["-C", root, *args]), environment(), file_actions=actions
            )
        except OSError:
            return None
        finally:
            os.close(writing)
        with open(reading, "rb", closefd=False) as file:
            said = file.read()
        return said if os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == 0 else None
    finally:
        os.close(null)
        os.close(reading)
