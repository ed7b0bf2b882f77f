"""The crash loop: a real process dies at its n-th effect, for n = 0, 1, 2 … until it gets through.

`crash_loop` takes what makes a fresh repository and the command to run in it; after each death it
calls the judge, which may run repoops again (recovery) and asserts old or new, and nothing lost.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.support.repo import ENV, Repo

MAIN = "repoops.cli.app:main"

_CHILD = """
import importlib, json, os, signal, sys
from repoops.oplog import effects

n, fault, lasting, entry, args = json.loads(sys.argv[1])
seen = 0

def before(name):
    global seen
    seen += 1
    if seen - 1 == n or (lasting and seen - 1 > n):
        if fault == 0:
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(fault, os.strerror(fault), "the disk of this test")

module, _, function = entry.partition(":")
run = getattr(importlib.import_module(module), function)
effects.before = before
code = run(args)
print(json.dumps(seen), file=sys.stderr)
sys.exit(code)
"""


def run_with_fault(
    repo: Repo, args: list[str], n: int, fault: int = 0, *, lasting: bool = False, entry: str = MAIN
) -> tuple[int, str, str]:
    """Runs a command that is killed (fault 0) or meets an OSError at its n-th effect; gives exit code, stdout, stderr."""
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, json.dumps([n, fault, lasting, entry, args])],
        cwd=repo.root, env={**os.environ, **ENV, "PYTHONPATH": str(Path(__file__).parents[2])}, capture_output=True,
    )  # fmt: skip
    return done.returncode, done.stdout.decode(), done.stderr.decode(errors="replace")


def crash_loop(
    make: Callable[[], Repo],
    args: list[str],
    judge: Callable[[Repo, int], None],
    *,
    entry: str = MAIN,
    limit: int = 400,
) -> int:
    """Kills `args` at every effect in turn, each time in a fresh repository; returns how many deaths there were."""
    for n in range(limit):
        repo = make()
        code, _, said = run_with_fault(repo, args, n, entry=entry)
        if code != -9:
            assert code == 0, said
            return n
        judge(repo, n)
    raise AssertionError(f"not through after {limit} effects")
