"""How one call is timed: by replaying a CUDA graph between two events, or by this machine's clock.

A timer is a value that the protocol is handed. The host clock's results are labelled as such and can
never become GPU time: `report.verification` refuses any that did not come from a card.
Written against torch 2.13 (`torch.cuda.Event`, `torch.cuda.graph`); not yet tried on a card by this project.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Protocol

from repoops import clock
from repoops.kernel.contest import Call
from repoops.nvidia import clocks

if TYPE_CHECKING:
    import torch

SHORT_US = 50.0
"""Below this a graph's own launch would show, and is spread over `_NODES` calls."""
_NODES = 20
Take = Callable[[int], list[float]]
"""Number of samples -> microseconds each."""


class Timer(Protocol):
    """What the protocol needs."""

    where: str
    method: str
    l2_bytes: int

    def prepare(self, calls: Sequence[Call], *, short: bool) -> Take:
        """Gets ready to time calls in turn, each on buffers of its own; `short`: they take less than `SHORT_US`."""

    def state(self) -> clocks.State | str:
        """Of the card now, or why that is not known."""


class HostClock:
    """Times calls that have done their work when they return; for CPU callables, and for testing the protocol."""

    where = "host clock, CPU"
    method = "host clock"

    def __init__(self, l2_bytes: int = 0) -> None:
        self.l2_bytes = l2_bytes

    def prepare(self, calls: Sequence[Call], *, short: bool) -> Take:  # noqa: ARG002 - its overhead is small enough
        """Warms up with one call of each."""
        for call in calls:
            call()

        def take(samples: int) -> list[float]:
            found = []
            for n in range(samples):
                before = clock.ticks_ns()
                calls[n % len(calls)]()
                found.append((clock.ticks_ns() - before) / 1e3)
            return found

        return take

    def state(self) -> str:
        """No processor here says whether it throttled."""
        return "the host clock knows nothing of throttling"


class CudaTimer:
    """Times what calls queue on torch's current stream of one card.

    Raises:
        RepoOpsError: torch has no card.
    """

    def __init__(self) -> None:
        import torch

        from repoops.errors import RepoOpsError

        if not torch.cuda.is_available():
            raise RepoOpsError("torch has no GPU: nothing can be timed", remedy="see: repoops doctor")
        card = torch.cuda.get_device_properties(torch.cuda.current_device())
        self.where = f"cuda: {card.name}"
        self.method = "graph replay"
        self.l2_bytes = int(card.L2_cache_size)
        self._uuid = f"GPU-{card.uuid}"

    def prepare(self, calls: Sequence[Call], *, short: bool) -> Take:
        """Warms up on a side stream, as a capture demands, then captures; a sample is a replay divided by the calls in it.

        Everyone is replayed, so that nobody's way through Python is timed: queueing a launch from there
        takes tens of microseconds, in which the card would wait between the two events.
        Source: PyTorch documentation, "CUDA semantics: CUDA Graphs".

        Raises:
            Exception: what the calls, or torch for them, refuse to be captured with.
        """
        import torch

        side = torch.cuda.Stream()
        side.wait_stream(torch.cuda.current_stream())
        with torch.cuda.stream(side):
            for call in calls:
                call()
        torch.cuda.current_stream().wait_stream(side)
        torch.cuda.synchronize()
        rounds = -(-_NODES // len(calls)) if short else 1
        whole = torch.cuda.CUDAGraph()
        with torch.cuda.graph(whole, stream=side):
            for _ in range(rounds):
                for call in calls:
                    call()
        nodes = rounds * len(calls)
        held = (
            whole,
            tuple(calls),
        )  # a graph knows addresses only: who drops the calls frees the tensors it works on
        return lambda samples: [t / nodes for t in _between_events(held[0], samples)]

    def state(self) -> clocks.State | str:
        """Through NVML."""
        return clocks.read(self._uuid)


def _between_events(graph: torch.cuda.CUDAGraph, samples: int) -> list[float]:
    """All replays are queued before any is waited for; microseconds between the two events around each."""
    import torch

    pairs = [
        (torch.cuda.Event(enable_timing=True), torch.cuda.Event(enable_timing=True)) for _ in range(samples)
    ]
    stream = torch.cuda.current_stream()
    for first, last in pairs:
        first.record(stream)
        graph.replay()
        last.record(stream)
    torch.cuda.synchronize()
    return [first.elapsed_time(last) * 1e3 for first, last in pairs]


def timer(name: str) -> Timer:
    """`cuda` or `host`; raises KeyError for any other, RepoOpsError without a card."""
    known: dict[str, Callable[[], Timer]] = {"cuda": CudaTimer, "host": HostClock}
    return known[name]()
