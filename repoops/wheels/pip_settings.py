"""Where the user's own pip looks for packages: asked of pip itself, so that we need no default of our own."""

from __future__ import annotations

import ast
import re
import subprocess
import sys

from repoops.errors import RepoOpsError
from repoops.wheels.index import Places

_SECTIONS = (":env:", "download", "install", "global")
"""Nearest first, as pip lets one override the other."""


def places() -> Places:
    """The index, extra indexes and find-links of pip.

    Raises:
        RepoOpsError: there is no pip here.
    """
    settings = read(_pip("config", "list"))
    links = tuple(settings.get("find-links", "").split())
    if settings.get("no-index", "").lower() in ("1", "true", "yes", "on"):
        return Places(links=links)
    index = settings.get("index-url") or default_index(_pip("download", "--help"))
    return Places((index, *settings.get("extra-index-url", "").split()), links)


def read(listing: str) -> dict[str, str]:
    """The values that hold, out of what `pip config list` prints: `global.index-url='https://…'`."""
    found: dict[str, tuple[int, str]] = {}
    for line in listing.splitlines():
        shape = re.fullmatch(r"(:env:|\w+)\.([\w-]+)=(.*)", line.strip())
        if not shape or shape[1] not in _SECTIONS:
            continue
        try:
            value = str(ast.literal_eval(shape[3]))
        except (ValueError, SyntaxError):
            continue
        rank = _SECTIONS.index(shape[1])
        if shape[2] not in found or rank < found[shape[2]][0]:
            found[shape[2]] = (rank, value)
    return {name: value for name, (_, value) in found.items()}


def default_index(help_text: str) -> str:
    """The index that pip takes where nothing is configured, as its help names it.

    Raises:
        RepoOpsError: this pip's help names none.
    """
    found = re.search(r"--index-url\b.*?\(default\s+(\S+?)\)", " ".join(help_text.split()))
    if not found:
        raise RepoOpsError(
            "pip does not say which index it takes", remedy="name one in repoops.yaml: wheels: indexes: [URL]"
        )
    return found[1]


def _pip(*args: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "pip", *args],
        capture_output=True,
        check=False,
        stdin=subprocess.DEVNULL,
        timeout=60,
    )
    if done.returncode:
        words = done.stderr.decode("utf-8", "replace").strip().splitlines()
        raise RepoOpsError(
            f"pip does not answer: {words[-1] if words else done.returncode}",
            remedy="install it: python -m ensurepip; or name indexes in repoops.yaml: wheels: indexes",
        )
    return done.stdout.decode("utf-8", "replace")
