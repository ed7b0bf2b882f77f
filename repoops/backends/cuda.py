"""A local GPU. Tensors, streams and events are torch's, the launch is cuda-core's."""

from __future__ import annotations

from typing import Any

from repoops.backends.compile import check_launch, compile_kernel
from repoops.backends.interface import Availability, Options
from repoops.errors import RepoOpsError
from repoops.kernel.contest import Call
from repoops.kernel.model import Kernel, Launch, Outcome
from repoops.nvidia import driver
from repoops.nvidia.limits import baseline

_lost: list[str] = []
"""Why the context of this process's card cannot be used any more, once a kernel has broken it."""


def available() -> Availability:
    """Whether the driver, torch and cuda-core can all use a card; if not, the first thing that is in the way."""
    cards = driver.cards()
    if isinstance(cards, str):
        return Availability(ok=False, why=cards)
    try:
        import torch
    except ImportError:
        return Availability(ok=False, why="torch is not installed; pip install 'repoops[kernels]'")
    if torch.version.cuda is None:
        return Availability(
            ok=False, why=f"torch {torch.__version__} is a build without CUDA; install one with it"
        )
    if not torch.cuda.is_available():
        return Availability(
            ok=False, why=f"torch {torch.__version__} (CUDA {torch.version.cuda}) cannot use {cards[0].name}"
        )
    try:
        import cuda.core  # noqa: F401 - whether it loads is the question
    except ImportError as error:
        return Availability(ok=False, why=f"cuda-core cannot be loaded: {error}")
    return Availability(ok=True, why=f"{torch.cuda.get_device_name()}, {_arch(torch.cuda.current_device())}")


def _arch(device: int) -> str:
    import torch

    major, minor = torch.cuda.get_device_capability(device)
    return f"sm_{major}{minor}"


def target(kernel: Kernel, card: str) -> str:
    """What a kernel is compiled for on a card of an architecture: its own, where it names one that the card has (`sm_90a` on `sm_90`).

    Raises:
        RepoOpsError: the card has not its instructions.
    """
    if kernel.arch is None:
        return card
    if baseline(kernel.arch) != card:
        raise RepoOpsError(f"{kernel.name} is written for {kernel.arch}, and the card is {card}")
    return kernel.arch


def run(kernel: Kernel, launch: Launch, options: Options = Options()) -> Outcome:  # noqa: B008 - frozen, so it is one value
    """Runs one launch on the card that its tensors lie on, and waits for it.

    The kernel runs on torch's current stream, so that it sees what torch queued before. `elapsed_us`
    is the time between two events around the launch: good for a look, not for a comparison.

    Raises:
        RepoOpsError: the launch is one the card refuses, an argument does not fit, or the kernel
            failed. A kernel that accessed memory it must not leaves the card unusable for this
            process; every later run then says so.
    """
    import torch

    if _lost:
        raise RepoOpsError(f"not run: the card cannot be used any more in this process, {_lost[0]}")
    device = device_of(launch.args)
    with torch.cuda.device(device):
        compiled = compile_kernel(kernel, target(kernel, _arch(device)), options.keep)
        check_launch(kernel, compiled, launch)
        name = torch.cuda.get_device_name(device)
        stream = torch.cuda.current_stream()
        first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
        try:
            first.record(stream)
            arguments = tuple(a.data_ptr() if hasattr(a, "data_ptr") else a for a in launch.args)
            driver.start(compiled, launch, arguments, device=device, stream=stream.cuda_stream)
            last.record(stream)
            last.synchronize()
        except Exception as error:
            _note_loss(kernel)
            raise RepoOpsError(
                f"{kernel.name} failed on {name}: {error}",
                where=str(kernel.source),
                remedy="compute-sanitizer finds the access: compute-sanitizer python -m pytest …",
                code=1,
            ) from error
        return Outcome(
            f"cuda: {name}",
            first.elapsed_time(last) * 1e3,
            resources=(compiled.resources,),
            compiler=compiled.compiler,
        )


def bind(kernel: Kernel, launch: Launch, options: Options = Options()) -> Call:  # noqa: B008 - frozen, so it is one value
    """A call that queues the launch on torch's current stream, a stream that is being captured included, and returns at once.

    Raises:
        RepoOpsError: it does not compile, or the launch is one the card refuses.
    """
    import torch

    device = device_of(launch.args)
    compiled = compile_kernel(kernel, target(kernel, _arch(device)), options.keep)
    check_launch(kernel, compiled, launch)
    arguments = tuple(a.data_ptr() if hasattr(a, "data_ptr") else a for a in launch.args)

    def queue() -> None:
        stream = torch.cuda.current_stream(device)
        driver.start(compiled, launch, arguments, device=device, stream=stream.cuda_stream)

    return queue


def lost() -> str | None:
    """Why no kernel can run in this process any more, or None."""
    return _lost[0] if _lost else None


def _note_loss(kernel: Kernel) -> None:
    """Asks whether the context survived: errors such as an illegal address stay for the rest of the process."""
    import torch

    try:
        torch.cuda.synchronize()
    except Exception as error:  # noqa: BLE001 - torch's class for it has changed its name
        _lost.append(f"since {kernel.name} failed: {str(error).splitlines()[0]}")


def device_of(args: tuple[Any, ...]) -> int:
    """The one card that all tensor arguments lie on.

    Raises:
        RepoOpsError: one lies elsewhere, or there is none.
    """
    places = {a.device for a in args if hasattr(a, "data_ptr")}
    if not places:
        raise RepoOpsError("a launch without a tensor has nothing to write to", code=1)
    wrong = sorted(str(place) for place in places if place.type != "cuda")
    if wrong:
        raise RepoOpsError(f"a tensor argument lies on {', '.join(wrong)}, not on a GPU", code=1)
    if len(places) > 1:
        raise RepoOpsError(f"the tensor arguments lie on {len(places)} GPUs", code=1)
    return int(places.pop().index)
