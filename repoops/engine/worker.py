"""The guard's worker: a process that compiles and runs launches, so that one that dies takes nothing else along.

The tensors' pages lie in a file that both processes have mapped, and here at the very addresses that
they have in the other process: a pointer that a tensor holds leads where it leads there, addresses in
findings are the user's own, and every other page of the user's memory is one whose access is a fault.
"""

from __future__ import annotations

import contextlib
import ctypes
import mmap
import os
import resource
import signal
import socket
import threading
import traceback
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from repoops import machine
from repoops.engine import jit, launch, wire
from repoops.engine.launch import PAGE, EngineResult
from repoops.errors import RepoOpsError
from repoops.kernel.model import Launch

COMPILING, RUNNING = 1, 2
"""What the first byte of the shared file says while there is work."""
_SPARE = 4 << 30
"""Bytes of addresses beyond the machine's memory that are merely reserved: stacks, libraries."""
_COMPILER_STACK = 64 << 20
"""LLVM goes into itself deeper than the usual 8 MB allow where an expression is deep."""

_libc = ctypes.CDLL(None, use_errno=True)
_libc.mmap.restype = ctypes.c_void_p
_libc.mmap.argtypes = (
    ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int, ctypes.c_int, ctypes.c_int, ctypes.c_size_t,
)  # fmt: skip
_libc.munmap.argtypes = (ctypes.c_void_p, ctypes.c_size_t)
_POPULATE = getattr(mmap, "MAP_POPULATE", 0)


class _Taken(Exception):  # noqa: N818 - it says what happened
    """Something of this process lies where a tensor must."""


def serve(channel: int, memory: int) -> None:
    """Answers until the other side is gone, which may be in the middle of a launch.

    Args:
        channel: file descriptor of the socket.
        memory: file descriptor of the shared file.
    """
    _alone()
    with socket.socket(fileno=channel) as ours, mmap.mmap(memory, PAGE) as phase:
        threading.stack_size(_COMPILER_STACK)
        work: threading.Thread | None = None
        while (message := wire.receive(ours)) is not None:
            if "stop" in message:
                launch.stop()
                continue
            if work is not None:
                work.join()
            work = threading.Thread(target=_answer, args=(ours, memory, phase, message), daemon=True)
            work.start()
    os._exit(0)


def _alone() -> None:
    """Dies by itself and quietly: no interrupt meant for others, no core file, the first to go where memory is short."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    wanted = machine.memory() + _SPARE
    if soft == resource.RLIM_INFINITY or soft > wanted:
        resource.setrlimit(resource.RLIMIT_AS, (wanted, hard))
    with contextlib.suppress(OSError):
        Path("/proc/self/oom_score_adj").write_text("1000", encoding="ascii")


def _answer(channel: socket.socket, memory: int, phase: mmap.mmap, request: dict[str, Any]) -> None:
    answer: dict[str, Any]
    try:
        answer = {"result": wire.result_out(_run(memory, phase, request))}
    except RepoOpsError as error:
        answer = {"error": wire.error_out(error)}
    except _Taken:
        answer = {"taken": True}
    except MemoryError:
        what = f"there is not enough memory for {request['entry']}"
        answer = {"error": wire.error_out(RepoOpsError(what, code=1))}
    except Exception:  # noqa: BLE001 - told on the other side, where it is raised
        answer = {"failed": traceback.format_exc()}
    phase[0] = 0
    wire.send(channel, answer)


def _run(memory: int, phase: mmap.mmap, request: dict[str, Any]) -> EngineResult:
    arguments = tuple(wire.argument_in(a) for a in request["args"])
    at = Launch(
        tuple(request["grid"]), tuple(request["block"]), arguments, request["shared_bytes"], tuple(request["outputs"]),
        tuple((number, size) for number, size in request["holds"]),
    )  # fmt: skip
    checks = request["checks"]
    phase[0] = COMPILING
    launch.refuse(at)
    keep = None if request["keep"] is None else Path(request["keep"])
    loaded = jit.load(
        request["ptx"], request["entry"], at.block, frozenset(checks), keep=keep, optimise=request["optimise"]
    )
    phase[0] = RUNNING
    with _mapped(memory, request["pages"]):
        return launch.execute(
            loaded, at, checks=checks, order=request["order"], jobs=request["jobs"], limit=request["limit"]
        )


@contextlib.contextmanager
def _mapped(memory: int, pages: Sequence[tuple[int, int, int]]) -> Iterator[None]:
    """The other side's pages (first byte, size, place in the file) where they lie there, while it is open."""
    done: list[tuple[int, int]] = []
    try:
        for address, size, offset in pages:
            # Without MAP_FIXED an address is a wish, and nothing that is there is lost.
            found = _libc.mmap(
                address, size, mmap.PROT_READ | mmap.PROT_WRITE, mmap.MAP_SHARED | _POPULATE, memory, offset
            )
            if found in (None, ctypes.c_void_p(-1).value):
                raise MemoryError
            done.append((found, size))
            if found != address:
                raise _Taken
        yield
    finally:
        for address, size in done:
            _libc.munmap(address, size)
