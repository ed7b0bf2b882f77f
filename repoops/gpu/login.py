"""A configured ssh command, with what runs there."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from repoops.gpu.provider import Command


def login(ssh: Sequence[str], words: Sequence[str]) -> Command:
    """`ssh l4` as it stands in the configuration; `words` as one argument, quoted for the shell there."""
    return (*ssh, *([shlex.join(words)] if words else []))
