"""The only place here that starts processes: a question, a command that outlives us, and a login that replaces us."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from repoops import clock
from repoops.errors import RepoOpsError
from repoops.gpu.provider import Answer, Command
from repoops.remote.sky import INSTALL

# The shell holds the lock as its standard input as long as the command runs, also when we are killed; the
# command gets /dev/null, so that what it may leave behind does not hold it. `exit` keeps the shell from
# becoming the command.
_HOLDER = '"$@" </dev/null; exit "$?"'


_INSTALL = {
    "gcloud": "install the Google Cloud CLI: https://cloud.google.com/sdk/docs/install",
    "sky": INSTALL,
}


def ask(command: Command, patience_s: float) -> Answer:
    """Runs a command that changes nothing; it is killed when patience ends.

    Raises:
        RepoOpsError: there is no such program.
    """
    return _run(command, list(_found(command)), patience_s, subprocess.DEVNULL, outlives=False)


def send(command: Command, patience_s: float, lock: int) -> Answer:
    """Runs a command that changes something; it goes on, holding `lock`, when this process is killed.

    Raises:
        RepoOpsError: there is no such program.
    """
    held = ["/bin/sh", "-c", _HOLDER, "sh", *_found(command)]
    return _run(command, held, patience_s, lock, outlives=True)


def become(command: Command) -> NoReturn:
    """Replaces this process.

    Raises:
        RepoOpsError: there is no such program.
    """
    words = _found(command)
    os.execv(words[0], words)  # noqa: S606 - no shell is wanted


@contextmanager
def turn(path: Path, patience_s: float, say: Callable[[str], None]) -> Iterator[int]:
    """Holds the file's lock; waits for whoever has it: another repoops, or a command that outlived one.

    Raises:
        RepoOpsError: it is not free in time.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        until = clock.monotonic() + patience_s
        told = False
        while True:
            with contextlib.suppress(BlockingIOError):
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            if clock.monotonic() > until:
                raise RepoOpsError(
                    f"another start or stop has not ended in {patience_s:.0f} s",
                    where=str(path),
                    remedy=f"see who holds it: fuser {path}",
                )
            if not told:
                say("another start or stop is at work; waiting for it")
                told = True
            time.sleep(0.05)
        yield handle
    finally:
        os.close(handle)


def _found(command: Command) -> Command:
    program = shutil.which(command[0])
    if program is None:
        remedy = _INSTALL.get(command[0], "is it on PATH?")
        raise RepoOpsError("is not installed", where=command[0], remedy=remedy)
    return (program, *command[1:])


def _run(command: Command, words: list[str], patience_s: float, stdin: int, *, outlives: bool) -> Answer:
    started, begun = clock.now().isoformat(), clock.monotonic()
    # Files, not pipes: a command whose reader has died must not die of it. A session of its own: Ctrl-C is for us.
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        try:
            child = subprocess.Popen(words, stdin=stdin, stdout=out, stderr=err, start_new_session=True)
        except OSError as error:
            raise RepoOpsError(f"cannot be started: {error.strerror}", where=command[0]) from None
        status: int | None = None
        try:
            status = child.wait(timeout=patience_s)
        except subprocess.TimeoutExpired:
            _end(child)
        except BaseException:
            if not outlives:
                _end(child)
            raise
        out.seek(0)
        err.seek(0)
        said, warned = (file.read(1 << 20).decode("utf-8", "replace") for file in (out, err))
    return Answer(command, status, said, warned, started, round(clock.monotonic() - begun, 3))


def _end(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
    child.wait()
