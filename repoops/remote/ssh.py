"""The only runner of ssh: one short command per call, by the user's own OpenSSH client and configuration.

It neither retries nor interprets what comes back; `link` does.
"""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import signal
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import IO

from repoops.errors import RepoOpsError

LONGEST_COMMAND = 4096
"""Characters of a remote command line; what is longer goes over standard input."""

# The user's configuration decides how a host is reached and which host keys are trusted
# (StrictHostKeyChecking stays theirs; in batch mode `ask` refuses). What could ask a question, lend
# the host something of ours, or tie calls to one shared connection is turned off.
_OPTIONS = (
    "-T", "-a", "-x",
    "-o", "BatchMode=yes",
    "-o", "ConnectTimeout=10",
    "-o", "ConnectionAttempts=1",
    "-o", "ServerAliveInterval=5",
    "-o", "ServerAliveCountMax=2",
    "-o", "ControlMaster=no",
    "-o", "ControlPath=none",
    "-o", "ClearAllForwardings=yes",
    "-o", "PermitLocalCommand=no",
    "-o", "RemoteCommand=none",
    "-o", "EscapeChar=none",
)  # fmt: skip
_NEVER_MENDS = {
    "Host key verification failed": "check the host's key, then accept it once by hand: ssh {reached}",
    "Permission denied (": "see that the key is accepted without a password: ssh -o BatchMode=yes {reached} true",
    "Bad configuration option": "mend the ssh configuration: ssh -G {reached}",
    "Too many authentication failures": "name the key for this host: IdentityFile and IdentitiesOnly yes",
}


class LinkLost(RepoOpsError):  # noqa: N818 - a state of the link that callers wait out, not a fault of a program
    """The connection failed before a whole answer came; the same call may be made again."""


@dataclass(frozen=True, slots=True)
class Host:
    """A machine as ssh reaches it.

    `name` is what the user called it, `destination` what ssh is given, `options` go to ssh before it
    (`-F file`, `-p 2222`); `folder` holds all that RepoOps keeps there, relative to the login's home
    or absolute; `python` is any Python from 3.8 on.
    """

    name: str
    destination: str
    options: tuple[str, ...] = ()
    folder: str = ".repoops"
    python: str = "python3"


@dataclass(frozen=True, slots=True)
class Answered:
    """What one call of ssh gave: exit status (255 may be ssh's own; None: cut off at the time limit) and both streams."""

    rc: int | None
    stdout: bytes
    stderr: bytes

    def last_words(self) -> str:
        """The last line of standard error, which is where ssh says what went wrong."""
        lines = self.stderr.decode("utf-8", "replace").strip().splitlines()
        return (
            lines[-1].strip() if lines else f"exit status {self.rc}" if self.rc is not None else "no answer"
        )


def by_hand(host: Host, *words: str) -> str:
    """What a person types to reach the host as we do: `ssh -p 2222 me@10.0.0.5`, then these words."""
    return shlex.join(["ssh", *host.options, host.destination, *words])


def remote_command(argv: Sequence[str]) -> str:
    """One line in which a POSIX shell finds exactly these arguments and nothing to execute or expand.

    Raises:
        RepoOpsError: an argument has a NUL or a line end, or the line would be over `LONGEST_COMMAND`.
    """
    line = " ".join(shlex.quote(part) for part in argv)
    if not argv or any(c in line for c in "\0\n\r"):
        raise RepoOpsError(
            "not one line: a remote command may hold no NUL and no line end",
            where=repr(line[:60]),
            remedy="send it over standard input",
        )
    if len(line) > LONGEST_COMMAND:
        raise RepoOpsError(
            f"a remote command of {len(line)} characters is over the limit of {LONGEST_COMMAND}",
            where=line[:60],
            remedy="send it over standard input",
        )
    return line


def command(host: Host, argv: Sequence[str]) -> list[str]:
    """The whole local argument list.

    Raises:
        RepoOpsError: the destination could be taken for an option, or `argv` does not fit one line.
    """
    if (
        not host.destination
        or host.destination.startswith("-")
        or any(c in host.destination for c in "\0\n\r")
    ):
        raise RepoOpsError(f"not a host: {host.destination!r}", remedy="a name that `ssh NAME` reaches")
    return ["ssh", *_OPTIONS, *host.options, "--", host.destination, remote_command(argv)]


def attempt(host: Host, argv: Sequence[str], *, stdin: bytes | None = None, timeout_s: float) -> Answered:
    """Runs one remote command once and returns whatever came back, transport failure or not.

    Raises:
        RepoOpsError: ssh is not installed, or says what no further attempt mends: an unknown host key,
            a key that is not accepted, a faulty configuration.
    """
    child = _started(host, argv, subprocess.DEVNULL if stdin is None else subprocess.PIPE)
    rc: int | None = None
    try:
        out, err = child.communicate(stdin, timeout=timeout_s)
        rc = child.returncode
    except subprocess.TimeoutExpired:
        _kill(child)
        out, err = child.communicate()
    except BaseException:
        _kill(child)
        child.communicate()
        raise
    return _unless_refused(host, Answered(rc, out, err))


ARRIVED = b"\x06"
"""What a receiver says for each `PIECE` bytes it has put away."""
PIECE = 1 << 16


def send(host: Host, argv: Sequence[str], source: IO[bytes], *, silence_s: float) -> Answered:
    """Runs one remote command once with the rest of a file as its input, never far ahead of what has arrived.

    What sshd has taken in and nobody has read (up to 2 MiB) is lost when a connection breaks. So the
    receiver acknowledges by `ARRIVED`, and at most a sixteenth of what has arrived over this
    connection, or two pieces, is on its way at any moment.

    Raises:
        RepoOpsError: as `attempt`.
    """
    child = _started(host, argv, subprocess.PIPE)
    try:
        out, err, ended = _feed(child, source, silence_s)
        rc = child.wait(timeout=silence_s) if ended else None
    except subprocess.TimeoutExpired:
        rc = None
    finally:
        _kill(child)
        child.wait()
        for stream in filter(None, (child.stdin, child.stdout, child.stderr)):
            with contextlib.suppress(BrokenPipeError):
                stream.close()
    return _unless_refused(host, Answered(rc, out, err))


def _feed(child: subprocess.Popen[bytes], source: IO[bytes], silence_s: float) -> tuple[bytes, bytes, bool]:
    """Passes a file on at the pace of its acknowledgements; both outputs, and whether they came to their end."""
    if not (child.stdin and child.stdout and child.stderr):
        raise AssertionError("all three are pipes")
    into, out, err = child.stdin, child.stdout, child.stderr
    os.set_blocking(into.fileno(), False)
    said: dict[IO[bytes], bytes] = {out: b"", err: b""}
    rest, sent, arrived = source.read(PIECE), 0, 0
    reading = [out, err]
    while reading:
        if not rest:
            into.close()
        window = (
            max(2 * PIECE, arrived // 16) - (sent - arrived) if said[out] else 0
        )  # none before somebody reads
        writing = [into] if rest and window > 0 else []
        readable, writable, _ = select.select(reading, writing, [], silence_s)
        if not readable and not writable:
            return said[out], said[err], False
        for stream in readable:
            block = os.read(stream.fileno(), PIECE)
            said[stream] += block
            arrived += PIECE * block.count(ARRIVED) if stream is out else 0
            if not block:
                reading.remove(stream)
        if writable:
            try:
                wrote = os.write(into.fileno(), rest[:window])
            except BrokenPipeError:  # ssh has gone; what it said is still to be read
                rest = b""
                continue
            sent, rest = sent + wrote, rest[wrote:] or source.read(PIECE)
    return said[out], said[err], True


def run(host: Host, argv: Sequence[str], *, stdin: bytes | None = None, timeout_s: float) -> Answered:
    """Runs one remote command once.

    A command that itself exits with 255 cannot be told from a lost connection and counts as one.

    Raises:
        LinkLost: no connection, or it broke, or the time was up.
        RepoOpsError: as `attempt`.
    """
    answered = attempt(host, argv, stdin=stdin, timeout_s=timeout_s)
    if answered.rc is None:
        raise LinkLost(f"no answer within {timeout_s:g} s", where=host.name, remedy="try again")
    if answered.rc < 0 or answered.rc == 255:
        raise LinkLost(f"the connection failed: {answered.last_words()}", where=host.name, remedy="try again")
    return answered


def _started(host: Host, argv: Sequence[str], stdin: int) -> subprocess.Popen[bytes]:
    line = command(host, argv)
    try:
        # A session of its own: Ctrl-C is for us, and a ProxyCommand below ssh ends with it.
        return subprocess.Popen(
            line, stdin=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
        )
    except FileNotFoundError:
        raise RepoOpsError(
            "ssh is not installed", remedy="install the OpenSSH client and put it on PATH"
        ) from None


def _unless_refused(host: Host, answered: Answered) -> Answered:
    if answered.rc == 255:
        lines = answered.stderr.decode("utf-8", "replace").splitlines()
        for sign, remedy in _NEVER_MENDS.items():
            said = next((line.strip() for line in lines if sign in line), None)
            if said:
                reached = shlex.join([*host.options, host.destination])
                raise RepoOpsError(f"ssh: {said}", where=host.name, remedy=remedy.format(reached=reached))
    return answered


def _kill(child: subprocess.Popen[bytes]) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGKILL)
