"""The crash loop: a real process dies at its n-th effect, for n = 0, 1, 2 … until it gets through.

`crash_loop` takes what makes a fresh repository and the command to run in it; after each death it
calls the judge, which may run repoops again (recovery) and asserts old or new, and nothing lost.
`fault_loop` does the same with a disk that fails. The processes are forked from one that has loaded
the code already: a death costs milliseconds, and is one by SIGKILL all the same.
"""

from __future__ import annotations

import atexit
import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.support.repo import ENV, Repo

MAIN = "repoops.cli.app:main"

_NURSERY = """
import importlib, json, os, signal, sys, tempfile
import repoops.cli.dispatch
from repoops.oplog import apply, effects, undo

def child(n, fault, lasting, entry, args):
    module, _, function = entry.partition(":")
    run = getattr(importlib.import_module(module), function)
    seen = 0

    def before(name):
        nonlocal seen
        seen += 1
        if seen - 1 == n or (lasting and seen - 1 > n):
            if fault == 0:
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(fault, os.strerror(fault), "the disk of this test")

    effects.before = before
    return run(args)

for line in sys.stdin:
    cwd, order = json.loads(line)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
                os.dup2(out.fileno(), 1)
                os.dup2(err.fileno(), 2)
                os.chdir(cwd)
                code = child(*order)
            except SystemExit as stop:
                code = stop.code or 0
            except BaseException:
                import traceback
                traceback.print_exc()
            finally:
                sys.stdout.flush()
                sys.stderr.flush()
                os._exit(code)
        status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        said = []
        for stream in (out, err):
            stream.seek(0)
            said.append(stream.read().decode(errors="replace"))
    print(json.dumps([status, *said]), flush=True)
"""

_nursery: list[subprocess.Popen[str]] = []


def _mother() -> subprocess.Popen[str]:
    if not _nursery:
        env = {**os.environ, **ENV, "PYTHONPATH": str(Path(__file__).parents[2])}
        started = subprocess.Popen([sys.executable, "-c", _NURSERY], stdin=-1, stdout=-1, text=True, env=env)
        _nursery.append(started)
        atexit.register(_dismiss, started)
    return _nursery[0]


def _dismiss(mother: subprocess.Popen[str]) -> None:
    mother.communicate()


def run_with_fault(
    repo: Repo, args: list[str], n: int, fault: int = 0, *, lasting: bool = False, entry: str = MAIN
) -> tuple[int, str, str]:
    """Runs a command that is killed (fault 0) or meets an OSError at its n-th effect; gives exit code, stdout, stderr.

    `lasting` makes every later effect fail too: a disk that stays full.
    """
    mother = _mother()
    assert mother.stdin is not None
    assert mother.stdout is not None
    mother.stdin.write(json.dumps([str(repo.root), [n, fault, lasting, entry, args]]) + "\n")
    mother.stdin.flush()
    code, out, err = json.loads(mother.stdout.readline())
    return code, out, err


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


@dataclass(frozen=True)
class Failure:
    """What a command said that met a failing disk."""

    code: int
    stdout: str
    stderr: str


def fault_loop(
    make: Callable[[], Repo],
    args: list[str],
    judge: Callable[[Repo, int, Failure], None],
    fault: int,
    *,
    lasting: bool = False,
    entry: str = MAIN,
    step: int = 1,
    limit: int = 400,
) -> int:
    """Fails every `step`-th effect in turn with an errno, once or from there on; returns how many failures there were.

    The judge is called after each run that did not end with exit code 0.
    """
    for failures, n in enumerate(range(0, limit, step)):
        repo = make()
        code, out, said = run_with_fault(repo, args, n, fault, lasting=lasting, entry=entry)
        assert code >= 0, said
        if code == 0:
            return failures
        judge(repo, n, Failure(code, out, said))
    raise AssertionError(f"not through after {limit} effects")
