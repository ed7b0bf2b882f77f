"""Launches in a process of their own: whatever a kernel does, this process stays, and says what came of it.

A worker is started with the first launch and kept. It parses, compiles and runs; tensors go there and
back through shared memory. If it dies, the launch is run once more with memcheck, which names the place.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import json
import mmap
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

from repoops import machine
from repoops.engine import transfer, wire
from repoops.engine.arguments import understood
from repoops.engine.launch import PAGE, EngineResult
from repoops.engine.unit import Refused
from repoops.engine.worker import RUNNING
from repoops.errors import RepoOpsError
from repoops.kernel.model import Launch
from repoops.report.verification import Finding

SECONDS = 1800.0
"""Of wall time that a launch may take, compilation included: a guard against what no count of turns ends."""
GRACE = 10.0
"""Seconds in which a launch that is asked to end must do so before its process is ended."""
TRIES = 8
"""Workers that are started until one has no page where a tensor lies; each has its pages elsewhere."""
MOST_KEPT = 256 << 20
"""Bytes of the shared file that stay between launches."""

_START = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from repoops.engine.worker import serve; serve(int(sys.argv[2]), int(sys.argv[3]))"


def run(
    ptx: str,
    entry: str,
    launch: Launch,
    *,
    checks: Sequence[str] = (),
    order: str = "forward",
    jobs: int | None = None,
    limit: int = 1 << 31,
    keep: Path | None = None,
    optimise: bool = True,
    seconds: float = SECONDS,
) -> EngineResult:
    """As `engine.run`, in another process; `seconds` of wall time bound it. A launch that dies gives a finding.

    Raises:
        PtxError: the PTX is malformed.
        Refused: it holds something the engine cannot run.
        RepoOpsError: an argument does not fit, or there is not the memory.
    """
    buffers = [understood(number, value) for number, value in enumerate(launch.args)]
    pieces = transfer.pieces(launch.args, buffers, PAGE)
    request = {
        "ptx": ptx, "entry": entry, "grid": launch.grid, "block": launch.block, "shared_bytes": launch.shared_bytes,
        "outputs": launch.outputs, "holds": launch.holds, "args": [wire.argument_out(b) for b in buffers], "checks": list(checks),
        "order": order, "jobs": jobs, "limit": limit, "keep": None if keep is None else str(keep), "optimise": optimise,
        "pages": [(p.low, p.high - p.low, p.offset) for p in pieces],
    }  # fmt: skip
    with _lock:
        found = _launched(request, pieces, seconds)
        if isinstance(found, _Death) and found.used and not found.late:
            # A launch before this one, without memcheck, may have written over the worker.
            found = _launched(request, pieces, seconds)
        if isinstance(found, EngineResult):
            return found
        if found.compiling:
            raise Refused(f"the CPU engine cannot compile {entry}: {found.words('the compiler')}", code=1)
        seen: tuple[Finding, ...] = ()
        if "memcheck" not in checks and not found.late:
            again = _launched({**request, "checks": [*checks, "memcheck"]}, pieces, seconds)
            if isinstance(again, EngineResult):
                seen = tuple(f for f in again.findings if f.check in ("memcheck", "run"))
    return EngineResult(_told(found, seen, watched="memcheck" in checks))


def _launched(request: dict[str, Any], pieces: list[transfer.Piece], seconds: float) -> EngineResult | _Death:
    """One launch, by the worker there is or a new one."""
    for _ in range(TRIES):
        found = _worker().ask(request, pieces, seconds)
        if found is not None:
            return found
        forget()
    raise RepoOpsError(
        "the memory of the arguments lies where the worker process has its own",
        remedy="run with address space randomisation (it is off under gdb and setarch -R)",
    )


def _told(death: _Death, seen: Sequence[Finding], *, watched: bool) -> tuple[Finding, ...]:
    """A launch's death as a finding, at the first place that memcheck, in a second run, found wrong."""
    words = death.words("the launch")
    if death.late:
        return (Finding("run", "timeout", f"{words}; it is not known where"),)
    if seen:
        first = replace(seen[0], check="memcheck", rule="fault", message=f"{words}: {seen[0].message}")
        return (first, *seen[1:])
    why = "memcheck was on: this is a mistake of the engine" if watched else "memcheck finds nothing wrong"
    return (Finding("memcheck", "fault", f"{words}; it is not known where, and {why}"),)


@dataclass(frozen=True, slots=True)
class _Death:
    """A worker's end in the middle of a launch.

    Attributes:
        how: `SIGSEGV`, `exit status 1`.
        compiling: whether it was before the kernel began.
        late: seconds after which it was ended because it did not answer, 0 if it died by itself.
        used: whether it had run other launches before.
        said: the last line of its standard error.
    """

    how: str
    compiling: bool
    late: float
    used: bool
    said: str

    def words(self, who: str) -> str:
        """As a clause."""
        if self.late:
            return f"{who} was ended after {self.late:g} s"
        return f"{who} died of {self.how}" + (f" ({self.said})" if self.said else "")


class _Process:
    """The worker process, and the memory that it shares with this one."""

    def __init__(self) -> None:
        self._memory = os.memfd_create("repoops") if hasattr(os, "memfd_create") else os.dup(_file().fileno())
        self._size = 0
        self._shared: mmap.mmap | None = None
        self._used = False
        self._said = _file()
        self._channel, theirs = socket.socketpair()
        found = [str(Path(__file__).parents[2]), *sys.path]
        try:
            self._grow(PAGE)
            # Isolated and without site: what is imported is what this process would import, and nothing else starts.
            self._process = subprocess.Popen(
                [sys.executable, "-I", "-S", "-c", _START, json.dumps(found), str(theirs.fileno()), str(self._memory)],
                pass_fds=(theirs.fileno(), self._memory), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                stderr=self._said, env={**os.environ, "OPENBLAS_NUM_THREADS": "1"},
            )  # fmt: skip
        finally:
            theirs.close()

    @property
    def alive(self) -> bool:
        """Whether it can be asked."""
        return self._process.poll() is None

    def _grow(self, size: int) -> int:
        """Sees that the file has room; gives the address at which it is mapped here."""
        if size > self._size or self._shared is None:
            self._shared = None
            os.posix_fallocate(self._memory, 0, size)  # else the lack of memory would be a signal, later
            self._shared, self._size = mmap.mmap(self._memory, size), size
        return ctypes.addressof(ctypes.c_char.from_buffer(self._shared))

    def _shrink(self) -> None:
        """Gives back what one large launch took."""
        if self._size > MOST_KEPT:
            self._shared = None
            os.ftruncate(self._memory, PAGE)
            self._shared, self._size = mmap.mmap(self._memory, PAGE), PAGE

    def ask(
        self, request: dict[str, Any], pieces: list[transfer.Piece], seconds: float
    ) -> EngineResult | _Death | None:
        """One launch; None if the worker cannot have the tensors' pages where they must be, or is gone.

        Raises:
            PtxError, Refused, RepoOpsError: what `engine.run` raises.
        """
        size = PAGE + sum(p.high - p.low for p in pieces)
        if 2 * size > machine.memory():
            raise RepoOpsError(
                f"the {size >> 20:,} MB of the arguments do not fit into this machine's memory twice", code=1
            )
        try:
            at = self._grow(size)
            transfer.carry_in(pieces, at)
            answer = self._answer(request, seconds)
            if isinstance(answer, EngineResult):
                transfer.carry_out(pieces, at)
            self._shrink()
        except RepoOpsError:
            raise
        except BaseException:  # an interrupt: whatever the worker still says is for nobody
            self.end()
            raise
        return answer

    def _answer(self, request: dict[str, Any], seconds: float) -> EngineResult | _Death | None:
        used, self._used = self._used, True
        late = 0.0
        self._channel.settimeout(seconds)
        try:
            wire.send(self._channel, request)
        except ConnectionError:
            return None
        try:
            answer = wire.receive(self._channel)
        except TimeoutError:
            late = seconds
            answer = self._last()
        except ValueError:
            answer = None
        if answer is None:
            compiling = self._shared is not None and self._shared[0] != RUNNING
            said = self.end()
            return _Death(_how(self._process.returncode), compiling, late, used, said)
        if "taken" in answer:
            return None
        if "error" in answer:
            raise wire.error_in(answer["error"])
        if "failed" in answer:
            raise RuntimeError(f"the engine failed on {request['entry']}:\n{answer['failed']}")
        found = wire.result_in(answer["result"])
        return _late(found, late) if late else found

    def _last(self) -> dict[str, Any] | None:
        """Asks a launch that takes too long to end, and waits a little for what it has to say."""
        self._channel.settimeout(GRACE)
        with contextlib.suppress(OSError, ValueError):
            wire.send(self._channel, {"stop": True})
            return wire.receive(self._channel)
        return None

    def end(self) -> str:
        """Ends the process and waits for it; gives the last line of its standard error."""
        self._process.kill()
        self._process.wait()
        if self._channel.fileno() < 0:
            return ""
        self._channel.close()
        os.close(self._memory)
        with self._said:
            self._said.seek(0)
            lines = self._said.read()[-4096:].decode("utf-8", "replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "")[:300]

    def leave(self) -> None:
        """In a forked process: it is the parent's, so only our copies of its descriptors are closed."""
        self._channel.close()
        self._said.close()
        os.close(self._memory)
        self._process.returncode = 0


def _file() -> IO[bytes]:
    return tempfile.TemporaryFile()


def _late(found: EngineResult, seconds: float) -> EngineResult:
    """A launch that was asked to end says where it was, if it was in a loop."""
    if any(f.rule == "timeout" for f in found.findings):
        return found
    told = Finding("run", "timeout", f"the launch was ended after {seconds:g} s, between two thread blocks")
    return replace(found, findings=(*found.findings, told))


def _how(status: int) -> str:
    if status >= 0:
        return f"exit status {status}"
    try:
        return signal.Signals(-status).name
    except ValueError:
        return f"signal {-status}"


_lock = threading.Lock()
_kept: list[_Process] = []


def _worker() -> _Process:
    if _kept and not _kept[0].alive:
        forget()
    if not _kept:
        _kept.append(_Process())
    return _kept[0]


def forget() -> None:
    """Ends the worker, if there is one; the next launch starts another."""
    while _kept:
        _kept.pop().end()


def _inherited() -> None:
    """A forked process has the parent's worker in its hands: it starts one of its own."""
    global _lock  # noqa: PLW0603 - the parent's may be held by a thread that is not here
    _lock = threading.Lock()
    while _kept:
        _kept.pop().leave()


atexit.register(forget)
os.register_at_fork(after_in_child=_inherited)
