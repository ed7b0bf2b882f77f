"""A repository whose root has filled with session logs: the same bytes for the same seed."""

from __future__ import annotations

import os
import posixpath
import random
from dataclasses import dataclass
from pathlib import Path

from tests.support.markdown import document
from tests.support.repo import Repo

_SUBJECTS = "KERNEL CUDA DEPLOYMENT DATABASE FRONTEND COVERAGE PROFILING GPU RELEASE BENCHMARK".split()  # noqa: SIM905 - words
_KINDS = "SESSION_SUMMARY COMPLETE PROGRESS_REPORT STATUS NEXT_STEPS SUCCESS".split()  # noqa: SIM905 - words
_STATES = ("✅ COMPLETE", "⚠️ PARTIAL", "❌ BLOCKED", "✅ done, ❌ one test fails", "⏳ in progress")


@dataclass(frozen=True)
class Cluttered:
    """What was made.

    Attributes:
        repo: the repository, everything committed.
        logs: the logs in its root; `named` are those that CI names.
        links: how many links were written, all of which lead somewhere.
    """

    repo: Repo
    logs: tuple[str, ...]
    named: tuple[str, ...]
    links: int


def cluttered(root: Path, seed: int = 2, logs: int = 300, links: int = 150) -> Cluttered:
    """Makes one: logs in the root, links of all kinds among logs, documents and a page, CI that names two logs."""
    chance = random.Random(seed)  # noqa: S311 - the same repository for the same seed
    repo = Repo.create(root)
    names = [_name(chance, number) for number in range(logs)]
    named = tuple(chance.sample(names, 2))
    stable = [
        "README.md",
        "LICENSE",
        "docs/guide.md",
        "docs/assets/pic (1).png",
        "src/main.py",
        "docs/é/notes.md",
    ]
    written = 0
    files: dict[str, str | bytes] = {
        "LICENSE": "MIT\n", "src/main.py": "print()\n", "docs/assets/pic (1).png": b"\x89PNG\x00", ".gitignore": "*.o\n",
        ".github/workflows/ci.yml": f"on: push\njobs:\n  a:\n    steps:\n      - run: test -f '{named[0]}'\n      - run: cat './{named[1]}'\n",
    }  # fmt: skip
    hosts = ["README.md", "docs/guide.md", "docs/é/notes.md", *names]
    for number, host in enumerate(hosts):
        share = max(0, links - written) * 3 // max(1, len(hosts) - number) + 1
        start = posixpath.dirname(host) or "."
        targets = [os.path.relpath(path, start) for path in (*chance.sample(names, 4), *stable)]
        header = _header(chance, host)
        if host == "README.md":
            header = (
                *header,
                f"Read `{names[0]}`, `./{names[1]}` and `{names[2]}`, not `cat {names[3]}`.",
                "",
            )
        while True:
            made = document(chance, targets, chance.randint(0, 3), header=header)
            if len(made.links) <= min(share * 4, links - written):
                break
        written += len(made.links)
        files[host] = made.data
    left = links - written
    files["page.html"] = "<!doctype html>\n" + "".join(
        f"<a href='{n.replace(' ', '%20')}#x'>x</a>\n" for n in names[:left]
    )
    for path, content in files.items():
        repo.write(path, content)
    repo.commit("clutter", date="2025-10-14T12:00:00+02:00")
    return Cluttered(repo, tuple(names), named, links)


def _name(chance: random.Random, number: int) -> str:
    stem = f"{chance.choice(_SUBJECTS)}_{chance.choice(_KINDS)}_{number:03}"
    return chance.choice(
        [f"{stem}.md"] * 8 + [f"{stem.replace('_', ' ')}.md", f"{stem} (é).md", f"{stem}.MD"]
    )


def _header(chance: random.Random, host: str) -> tuple[str, ...]:
    if host == "README.md" or "/" in host:
        return ("# A project", "", "What it does, and how to use it.", "")
    lines = [f"# {host.rsplit('.', 1)[0].replace('_', ' ').title()} ✅", "", f"**Date**: October {chance.randint(1, 28)}, 2025  ",
             f"**Status**: {chance.choice(_STATES)}", "", "## What was done", ""]  # fmt: skip
    lines += [
        f"- ✅ step {number} of {chance.randint(10, 99)} done in {chance.randint(1, 500)} ms, checked twice"
        for number in range(chance.randint(6, 14))
    ]
    return (*lines, "", "## Next steps", "", f"1. Option {chance.choice('ABC')}: {chance.random()}", "")
