"""What can run or check a kernel: modules alike in shape, listed here."""

from __future__ import annotations

from functools import partial

from repoops.backends import compile as compiler
from repoops.backends import cpu, cuda
from repoops.backends.interface import Availability, Backend, Options
from repoops.errors import RepoOpsError
from repoops.kernel.contest import Call
from repoops.kernel.model import Kernel, Launch, Outcome

BACKENDS: dict[str, Backend] = {"cuda": cuda, "cpu": cpu, "compile": compiler}
"""In the order in which `auto` tries them."""


def survey() -> dict[str, Availability]:
    """Every back end and whether it can work here."""
    return {name: backend.available() for name, backend in BACKENDS.items()}


def choose(wanted: str) -> str:
    """The back end to use: `auto` takes the first that is available.

    Raises:
        RepoOpsError: none is, or the one that was named is not; with the reason.
    """
    if wanted != "auto" and wanted not in BACKENDS:
        raise RepoOpsError(f"there is no back end {wanted!r}", remedy=f"choose: auto, {', '.join(BACKENDS)}")
    found = survey() if wanted == "auto" else {wanted: BACKENDS[wanted].available()}
    for name, state in found.items():
        if state.ok:
            return name
    reasons = "; ".join(f"{name}: {state.why}" for name, state in found.items())
    raise RepoOpsError(f"no kernel can be run or compiled here ({reasons})" if wanted == "auto" else
                       f"the back end {reasons}", remedy="see: repoops doctor")  # fmt: skip


UNWATCHED = Options(checks=(), counters=False)
"""For callers who want the result and nothing else."""


def run(kernel: Kernel, launch: Launch, options: Options = UNWATCHED) -> Outcome:
    """Runs one launch where its tensors lie: on their card, or on the CPU, by the same rules.

    Raises:
        RepoOpsError: the kernel does not compile, its launch is refused, or the back end cannot work here.
    """
    return BACKENDS["cuda" if _on_card(launch) else "cpu"].run(kernel, launch, options)


def bind(kernel: Kernel, launch: Launch) -> Call:
    """A call that does one launch where its tensors lie: queues it on their card, or runs it on the CPU, unwatched.

    Raises:
        RepoOpsError: as `run`; on a card before the first call.
    """
    return cuda.bind(kernel, launch) if _on_card(launch) else partial(cpu.run, kernel, launch, UNWATCHED)


def _on_card(launch: Launch) -> bool:
    return any(getattr(getattr(a, "device", None), "type", "") == "cuda" for a in launch.args)
