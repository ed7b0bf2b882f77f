"""Runs a command and keeps what came of it: the only way in which a person's command becomes evidence."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree as ET

from repoops.errors import RepoOpsError


@dataclass(frozen=True, slots=True)
class Ended:
    """How a command ended: exit status (negative for a signal), wall seconds."""

    exit: int
    duration_s: float


def run(command: Sequence[str], log: Path, cwd: Path, monotonic: Any) -> Ended:
    """Runs a command with its streams passed through unchanged, and both interleaved in `log`.

    Ctrl-C reaches the command, as it is in the same process group; this process waits for its end.

    Raises:
        RepoOpsError: it cannot be started.
    """
    begun = monotonic()
    lock = threading.Lock()
    with open(log, "wb") as file:
        try:
            child = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        except OSError as error:
            raise _unstarted(command, error) from None
        before = signal.signal(signal.SIGINT, signal.SIG_IGN)
        try:
            pumps = [
                threading.Thread(target=_pump, args=(source, target, file, lock))
                for source, target in ((child.stdout, sys.stdout.buffer), (child.stderr, sys.stderr.buffer))
            ]
            for pump in pumps:
                pump.start()
            for pump in pumps:
                pump.join()
            status = child.wait()
        finally:
            signal.signal(signal.SIGINT, before)
        file.flush()
        os.fsync(file.fileno())
    return Ended(status, round(monotonic() - begun, 3))


def _pump(source: IO[bytes], target: IO[bytes], log: IO[bytes], lock: Any) -> None:
    while block := source.read1(1 << 16) if hasattr(source, "read1") else source.read(1 << 16):
        with lock:
            log.write(block)
        try:
            target.write(block)
            target.flush()
        except BrokenPipeError:
            continue  # whoever read our output has gone: the command and its log go on


_SECRET = re.compile(r"(?i)(token|secret|passw(?:or)?d|api[-_]?key|credential|(?<![a-z])key(?![a-z]))")


def masked(command: Sequence[str]) -> tuple[str, ...]:
    """The command with the values of likely secrets replaced by `***`: `--token=x`, `--password x`, `KEY_TOKEN=x`."""
    shown: list[str] = []
    hide = False
    for part in command:
        name, separator, _ = part.partition("=")
        if hide:
            shown.append("***")
        elif separator and _SECRET.search(name):
            shown.append(f"{name}=***")
        else:
            shown.append(re.sub(r"(\w+://[^/\s:@]+:)[^@\s]+@", r"\1***@", part))
        hide = not hide and part.startswith("-") and not separator and bool(_SECRET.search(part))
    return tuple(shown)


def tests_in(junit: Path) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of tests that passed and that failed, from JUnit XML.

    Raises:
        RepoOpsError: the file is not there, or is no JUnit XML.
    """
    try:
        root = ET.parse(junit).getroot()  # noqa: S314 - written by the command that was just run here
    except OSError as error:
        raise RepoOpsError(
            f"the command wrote no JUnit file: {error.strerror}", where=str(junit), code=1
        ) from None
    except ET.ParseError as error:
        raise RepoOpsError(f"not JUnit XML: {error}", where=str(junit), code=1) from None
    passed, failed = [], []
    for case in root.iter("testcase"):
        name = ".".join(part for part in (case.get("classname"), case.get("name")) if part)
        kinds = {child.tag for child in case}
        if kinds & {"failure", "error"}:
            failed.append(name)
        elif "skipped" not in kinds:
            passed.append(name)
    return tuple(passed), tuple(failed)


def foreground(command: Sequence[str]) -> int:
    """Runs a program that talks to the person at the terminal; returns its exit status."""
    try:
        return subprocess.run(command, check=False).returncode
    except OSError as error:
        raise _unstarted(command, error) from None


def _unstarted(command: Sequence[str], error: OSError) -> RepoOpsError:
    ask = "may it be executed?" if isinstance(error, PermissionError) else "is it on PATH?"
    return RepoOpsError(f"cannot be started: {error.strerror}", where=command[0], remedy=ask)
