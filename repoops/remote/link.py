"""Calls of the agent on a host: sent again, with backoff, until a whole answer comes or patience ends."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import random
import re
import secrets
import time
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import IO, Any

from repoops import clock
from repoops.errors import RepoOpsError
from repoops.remote import ssh
from repoops.remote.frame import Frame, find_frame
from repoops.remote.ssh import Answered, Host, LinkLost

_SAFE = re.compile(r"[A-Za-z0-9._:=@%+,-]+")
LONGEST_CALL = 300
"""Characters of one call: nonce, verb and arguments."""
_YOUNG_S = 60.0
"""An outage is young for so long: the wait between attempts stays at most `_CAP_S`."""
_CAP_S, _CAP_OLD_S = 1.5, 15.0


@dataclass(frozen=True, slots=True)
class Event:
    """What a person may want to know while work goes on.

    `kind` is `connected`, `reconnecting` (`attempt`, `text` says why), `sending` (`done` of `total`
    bytes), `queued` (`text` says where), `started`, `log` (`data` is the next part of the job's output) or `ended`.
    """

    kind: str
    text: str = ""
    data: bytes = b""
    attempt: int = 0
    done: int = 0
    total: int = 0


OnEvent = Callable[[Event], None]


def unheard(event: Event) -> None:
    """Tells nobody."""


@cache
def agent_archive() -> tuple[str, bytes]:
    """The agent as a zip archive, and the folder's name that its content gives it; the same bytes each time."""
    folder = Path(__file__).parent / "agent"
    files = {"__main__.py": b"import sys\n\nfrom repoops_agent.main import main\n\nmain(*sys.argv[1:])\n"}
    files |= {f"repoops_agent/{p.name}": p.read_bytes() for p in sorted(folder.glob("*.py"))}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    content = buffer.getvalue()
    return hashlib.sha256(content).hexdigest()[:16], content


class Link:
    """A host, its agent and the patience to go on asking.

    Calls are counted (`calls` that were answered, `attempts` in all), so that a caller can say what a
    run has cost. One thread at a time.
    """

    def __init__(self, host: Host, on_event: OnEvent = unheard, patience_s: float = 600.0) -> None:
        self.host = host
        self.on_event = on_event
        self.patience_s = patience_s
        self.calls = 0
        self.attempts = 0
        self._jitter = random.SystemRandom()
        self._connected = False
        self._strange = 0

    def call(self, verb: str, *args: str, stdin: bytes | None = None, timeout_s: float = 30.0) -> Frame:
        """Asks until a whole answer comes; every verb may be repeated.

        Raises:
            LinkLost: no whole answer for `patience_s`.
            RepoOpsError: the host answered with an error, has no Python or no room, or refuses us.
        """
        lost_at, failures = 0.0, 0
        while True:
            asked = clock.monotonic()
            try:
                found = self.once(verb, *args, stdin=stdin, timeout_s=timeout_s)
            except LinkLost as lost:
                lost_at = lost_at or asked
                failures += 1
                age = clock.monotonic() - lost_at
                if age >= self.patience_s:
                    raise
                self._connected = False
                self.on_event(Event("reconnecting", lost.what, attempt=failures))
                cap = _CAP_S if age < _YOUNG_S else _CAP_OLD_S
                time.sleep(self._jitter.uniform(0.3, 1.0) * min(cap, 0.2 * 2 ** min(failures, 8)))
                continue
            if not self._connected:
                self._connected = True
                self.on_event(Event("connected", self.host.name))
            return found

    def once(self, verb: str, *args: str, stdin: bytes | None = None, timeout_s: float = 30.0) -> Frame:
        """One attempt; a host that has no agent yet is given it on the way.

        Raises:
            LinkLost: no whole answer.
            RepoOpsError: as `call`.
        """
        nonce, line = self._line(verb, *args)
        answered = ssh.attempt(self.host, line, stdin=stdin, timeout_s=timeout_s)
        if answered.rc == 2 and b"can't open file" in answered.stderr:
            self._install()
            nonce, line = self._line(verb, *args)
            answered = ssh.attempt(self.host, line, stdin=stdin, timeout_s=timeout_s)
        return self._answer(verb, nonce, answered)

    def put(self, source: IO[bytes], digest: str, offset: int, total: int) -> Frame:
        """One attempt at bringing a blob's bytes from an offset on, which `source` stands at; as `once`."""
        nonce, line = self._line("put", digest, str(offset), str(total))
        return self._answer("put", nonce, ssh.send(self.host, line, source, silence_s=20.0))

    def _line(self, verb: str, *args: str) -> tuple[str, list[str]]:
        nonce = secrets.token_hex(8)
        name, _ = agent_archive()
        line = [self.host.python, "-SEs", f"{self.host.folder}/agent/{name}", nonce, verb, *args]
        if not all(_SAFE.fullmatch(arg) for arg in args) or len(" ".join(line[3:])) > LONGEST_CALL:
            raise RepoOpsError("a call's arguments must be plain and short", where=" ".join(args)[:80])
        self.attempts += 1
        return nonce, line

    def _answer(self, verb: str, nonce: str, answered: Answered) -> Frame:
        found = find_frame(answered.stdout, nonce)
        if found is None:
            raise self._failure(answered)
        self.calls += 1
        self._strange = 0
        if "error" in found.answer:
            raise _refusal(self.host, verb, found.answer)
        return found

    def _install(self) -> None:
        """Sends the agent as a Python program on standard input: one expression, so that a torn one does not run."""
        name, content = agent_archive()
        self.attempts += 1
        answered = ssh.attempt(self.host, [self.host.python, "-SEs", "-"], stdin=_installer(self.host.folder, name, content), timeout_s=60)  # fmt: skip
        if answered.rc != 0:
            raise self._failure(answered)

    def _failure(self, answered: Answered) -> RepoOpsError:
        """No whole frame came: the link's fault, unless the host's shell says that it could not run Python."""
        words = answered.last_words()
        if answered.rc in (126, 127):
            return RepoOpsError(
                f"cannot run {self.host.python!r}: {words}",
                where=self.host.name,
                remedy="install Python 3.8 or later there, or name it in the configuration",
            )
        if answered.rc == 1 and any(sign in words for sign in ("Error", "No space left")):
            return RepoOpsError(f"the agent cannot run: {words}", where=self.host.name)
        # A shell that ends by itself five times in a row is no broken connection (75: the input was torn).
        self._strange = self._strange + 1 if answered.rc not in (None, 75, 255) else 0
        if self._strange >= 5:
            return RepoOpsError(
                f"the host answers, but not RepoOps's agent: {words}",
                where=self.host.name,
                remedy=f"see what it says: {ssh.by_hand(self.host, self.host.python, '--version')}",
            )
        what = f"no answer within the time limit: {words}" if answered.rc is None else words
        return LinkLost(f"the connection failed: {what}", where=self.host.name, remedy="try again")


def _installer(folder: str, name: str, content: bytes) -> bytes:
    # Unpacked beside and renamed, as two clients may do this at once; an agent is never changed in
    # place. A folder and not the archive itself, so that Python keeps it compiled.
    program = f"""\
import base64, io, os, shutil, zipfile
os.umask(0o077)
agents = os.path.join({folder!r}, "agent")
os.makedirs(agents, exist_ok=True)
beside = os.path.join(agents, "%d.tmp" % os.getpid())
zipfile.ZipFile(io.BytesIO(base64.b64decode({base64.b64encode(content).decode()!r}))).extractall(beside)
for at, _, names in os.walk(beside):
    for name in [".", *names]:
        handle = os.open(os.path.join(at, name), os.O_RDONLY)
        os.fsync(handle)
        os.close(handle)
try:
    os.rename(beside, os.path.join(agents, {name!r}))
except OSError:
    if not os.path.exists(os.path.join(agents, {name!r})):
        raise
    shutil.rmtree(beside)
"""
    return f"exec({program!r})\n".encode()


_REMEDIES = {
    "disk_full": "make room there, or give another folder",
    "no_git": "install git on the host",
    "bug": "this is a fault of RepoOps: please report it",
}


def _refusal(host: Host, verb: str, answer: dict[str, Any]) -> RepoOpsError:
    kind = str(answer["error"])
    what = (
        f"the disk is full ({answer['free'] >> 10} KiB free)" if kind == "disk_full" else str(answer["what"])
    )
    return RepoOpsError(f"{verb}: {what}", where=host.name, remedy=_REMEDIES.get(kind))


@dataclass(frozen=True, slots=True)
class Facts:
    """What a host says of itself; `skew_s` is how far its clock is ahead of ours, to about a second."""

    python: str
    system: str
    root: str
    boot: str
    free: int
    git: str | None
    nvidia: str
    kills_at_logout: bool
    skew_s: float


def facts_of(link: Link) -> Facts:
    """Asks a host for its facts; one call."""
    return facts_in(link.call("hello").answer)


def facts_in(answer: dict[str, Any]) -> Facts:
    """The facts in an answer of `hello` or `have` that has just come."""
    skew = round(float(answer["now"]) - clock.now().timestamp(), 1)
    names = ("python", "system", "root", "boot", "free", "git", "nvidia", "kills_at_logout")
    return Facts(**{name: answer[name] for name in names}, skew_s=skew)


def compact(value: Any) -> bytes:
    """JSON for a call's standard input."""
    return json.dumps(value, separators=(",", ":")).encode("ascii")
