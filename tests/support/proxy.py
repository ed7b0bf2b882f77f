"""A TCP proxy that breaks connections: at the n-th byte of the k-th one, or at random by seed."""

from __future__ import annotations

import contextlib
import random
import socket
import struct
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

KINDS = ("cut", "close", "stall", "delay", "half-close", "half", "outage")
"""cut: reset. close: both ways at once, in order. stall: open, but nothing passes any more. delay: nothing for a
while. half-close: one way ends. half: the first half of the next block passes, then a cut. outage: a cut, and no
new connection for a while."""


@dataclass(frozen=True)
class Fault:
    """What befalls a connection once `after` bytes have passed in one direction (`up`: towards the server)."""

    kind: str
    after: int = 0
    up: bool = True
    seconds: float = 0.5


@dataclass
class Connection:
    number: int
    client: socket.socket
    server: socket.socket
    fault: Fault | None
    passed: dict[bool, int] = field(default_factory=lambda: {True: 0, False: 0})
    stalled: bool = False
    resume_at: float = 0.0
    halve: bool = False
    gone: bool = False


class Proxy:
    """Listens on a loopback port and passes everything on to another, as far as it is told to.

    `fault_for(n)` says what befalls the n-th connection (from 0). `connections` counts all that were
    accepted, `sent_up` and `sent_down` the bytes that were passed on.
    """

    def __init__(
        self, target: int, fault_for: Callable[[int], Fault | None] = lambda _: None,
        seen: Callable[[Connection], None] = lambda _: None,
    ) -> None:  # fmt: skip
        self.target = target
        self.seen = seen
        self.fault_for = fault_for
        self.connections = 0
        self.faults = 0
        self.sent_up = 0
        self.sent_down = 0
        self.closed_until = 0.0
        self._live: list[Connection] = []
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port: int = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def stop(self) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self.cut_all()

    def cut_all(self) -> int:
        """Resets every live connection; returns how many there were."""
        with self._lock:
            live = list(self._live)
        for connection in live:
            self._cut(connection)
        return len(live)

    def outage(self, seconds: float) -> None:
        """Cuts everything and lets nobody in for a while."""
        self.closed_until = time.monotonic() + seconds
        self.cut_all()

    def storm(self, seed: int, mean_s: float, most: int = sys.maxsize) -> None:
        """From now on, at most so often, a fault of a random kind at exponential intervals, each hitting all that is open."""
        draw = random.Random(seed)  # noqa: S311 - faults are to be the same each time
        threading.Thread(target=self._storm, args=(draw, mean_s, most), daemon=True).start()

    def _storm(self, draw: random.Random, mean_s: float, most: int) -> None:
        for _ in range(most):
            if self._over.wait(draw.expovariate(1 / mean_s)):
                return
            kind = draw.choice(KINDS)
            seconds = draw.uniform(0.2, 2.0)
            up = draw.random() < 0.5
            self.faults += 1
            if kind == "outage":
                self.outage(seconds)
                continue
            with self._lock:
                live = list(self._live)
            for connection in live:
                self._strike(connection, Fault(kind, up=up, seconds=seconds))

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            number, self.connections = self.connections, self.connections + 1
            if self._over.is_set() or time.monotonic() < self.closed_until:
                _reset(client)
                continue
            try:
                server = socket.create_connection(("127.0.0.1", self.target), timeout=5)
            except OSError:
                _reset(client)
                continue
            server.settimeout(None)
            connection = Connection(number, client, server, self.fault_for(number))
            self.seen(connection)
            with self._lock:
                self._live.append(connection)
                over = self._over.is_set()
            if over:
                self._cut(connection)
                return
            for up in (True, False):
                threading.Thread(target=self._pump, args=(connection, up), daemon=True).start()
            if connection.fault and connection.fault.after == 0:
                self._take(connection)

    def _take(self, connection: Connection) -> None:
        fault, connection.fault = connection.fault, None
        if fault:
            self.faults += 1
            self._strike(connection, fault)

    def _strike(self, connection: Connection, fault: Fault) -> None:
        if fault.kind == "cut":
            self._cut(connection)
        elif fault.kind == "close":
            self._end(connection)
        elif fault.kind == "stall":
            connection.stalled = True
        elif fault.kind == "delay":
            connection.resume_at = time.monotonic() + fault.seconds
        elif fault.kind == "half-close":
            with contextlib.suppress(OSError):
                (connection.server if fault.up else connection.client).shutdown(socket.SHUT_WR)
        elif fault.kind == "half":
            connection.halve = True
        elif fault.kind == "outage":
            self.outage(fault.seconds)
        else:
            raise AssertionError(fault.kind)

    def _pump(self, connection: Connection, up: bool) -> None:
        source, target = (
            (connection.client, connection.server) if up else (connection.server, connection.client)
        )
        try:
            while block := source.recv(1 << 15):
                fault = connection.fault
                if fault and fault.up == up and connection.passed[up] + len(block) >= fault.after:
                    first = block[: max(0, fault.after - connection.passed[up])]
                    self._pass(connection, target, first, up)
                    self._take(connection)
                    block = block[len(first) :]
                while connection.stalled and not connection.gone:
                    time.sleep(0.02)
                while (wait := connection.resume_at - time.monotonic()) > 0 and not connection.gone:
                    time.sleep(min(wait, 0.05))
                if connection.halve:
                    self._pass(connection, target, block[: len(block) // 2], up)
                    self._end(connection)
                    return
                self._pass(connection, target, block, up)
            with contextlib.suppress(OSError):
                target.shutdown(socket.SHUT_WR)
            if not up:
                self._end(connection)
        except OSError:
            self._end(connection)

    def _pass(self, connection: Connection, target: socket.socket, block: bytes, up: bool) -> None:
        # Counted first: who has received the last block may look at the sums at once.
        connection.passed[up] += len(block)
        if up:
            self.sent_up += len(block)
        else:
            self.sent_down += len(block)
        target.sendall(block)

    def _cut(self, connection: Connection) -> None:
        self._drop(connection)
        _reset(connection.client)
        _reset(connection.server)

    def _end(self, connection: Connection) -> None:
        self._drop(connection)
        for end in (connection.client, connection.server):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _drop(self, connection: Connection) -> None:
        connection.gone = True
        with self._lock, contextlib.suppress(ValueError):
            self._live.remove(connection)


def _reset(end: socket.socket) -> None:
    """Closes with RST: whatever is on its way is thrown away."""
    with contextlib.suppress(OSError):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    with contextlib.suppress(OSError):
        end.shutdown(socket.SHUT_RD)  # wakes a thread that waits in recv
    end.close()


@contextmanager
def proxy(
    target: int,
    fault_for: Callable[[int], Fault | None] = lambda _: None,
    seen: Callable[[Connection], None] = lambda _: None,
) -> Iterator[Proxy]:
    """A proxy in front of a loopback port, gone with all its connections afterwards; `seen` is handed each connection."""
    made = Proxy(target, fault_for, seen)
    try:
        yield made
    finally:
        made.stop()
