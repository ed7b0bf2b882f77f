"""A local GPU, through cuda-core. Written against cuda-core 0.5 to 1.2; see `available` for what it needs."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from repoops.backends.availability import Availability
from repoops.backends.compile import compile_kernel
from repoops.errors import RepoOpsError
from repoops.kernel.model import Compiled, Kernel, Launch, Outcome
from repoops.nvidia import limits


def available() -> Availability:
    """Whether torch and cuda-core both see a card; if not, the first reason."""
    try:
        import torch
    except ImportError:
        return Availability(ok=False, why="torch is not installed; pip install 'repoops[kernels]'")
    if torch.version.cuda is None:
        return Availability(ok=False, why=f"torch {torch.__version__} is a build without CUDA")
    if not torch.cuda.is_available():
        return Availability(ok=False, why="torch sees no GPU: no NVIDIA driver, or none it can use")
    try:
        from cuda.core import Device

        device = Device(torch.cuda.current_device())
    except Exception as error:  # noqa: BLE001 - cuda-core raises classes of its own for each missing library
        return Availability(ok=False, why=f"cuda-core cannot use the GPU: {error}")
    return Availability(ok=True, why=f"{device.name}, {arch()}")


def arch() -> str:
    """The current card's architecture: `sm_89`."""
    import torch

    major, minor = torch.cuda.get_device_capability()
    return f"sm_{major}{minor}"


def run(kernel: Kernel, launch: Launch) -> Outcome:
    """Runs one launch on the current card and waits for it.

    The kernel runs on torch's current stream, so that what torch queued before is seen. `elapsed_us`
    is the time between two events around the launch: good for a look, not for a comparison.

    Raises:
        RepoOpsError: the launch is one the card refuses, an argument is of no known type, or the
            kernel failed; a failed kernel may leave the card's context unusable for this process.
    """
    import torch
    from cuda.core import Device, LaunchConfig
    from cuda.core import launch as start

    compiled = compile_kernel(kernel, arch())
    limits.refuse(launch, compiled.resources)
    device = Device(torch.cuda.current_device())
    device.set_current()
    function = _load(compiled, launch.shared_bytes)
    stream = device.create_stream(_Foreign(torch.cuda.current_stream().cuda_stream))
    config = LaunchConfig(grid=launch.grid, block=launch.block, shmem_size=launch.shared_bytes)
    first, last = (torch.cuda.Event(enable_timing=True) for _ in range(2))
    try:
        first.record()
        start(stream, config, function, *(_argument(a) for a in launch.args))
        last.record()
        last.synchronize()
    except Exception as error:
        raise RepoOpsError(
            f"{kernel.name} failed on {device.name}: {error}", where=str(kernel.source), code=1
        ) from error
    return Outcome(ran_on=f"cuda: {device.name}", elapsed_us=first.elapsed_time(last) * 1e3)


class _Foreign:
    """torch's stream in the form that cuda-core takes other libraries' streams."""

    def __init__(self, handle: int) -> None:
        self._handle = handle

    def __cuda_stream__(self) -> tuple[int, int]:
        """Version of the protocol, and the handle."""
        return 0, self._handle


def _argument(value: Any) -> Any:
    if hasattr(value, "data_ptr"):
        if not value.is_cuda:
            raise RepoOpsError(f"a tensor argument lies on {value.device}, not on the GPU")
        return value.data_ptr()
    if type(value) in (int, float, bool):
        raise RepoOpsError(
            f"{value!r} has no width: a kernel's parameter does",
            remedy="pass numpy.int32(…), numpy.float32(…) or ctypes",
        )
    return value


@lru_cache(maxsize=64)
def _load(compiled: Compiled, shared_bytes: int) -> Any:
    from cuda.core import ObjectCode

    function = ObjectCode.from_cubin(compiled.cubin).get_kernel(compiled.entry)
    if compiled.resources.shared_static + shared_bytes > limits.STATIC_SHARED:
        from cuda.bindings import driver

        attribute = driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
        status = driver.cuKernelSetAttribute(
            attribute, shared_bytes, function.handle, driver.cuCtxGetDevice()[1]
        )[0]
        if int(status) != 0:
            raise RepoOpsError(f"{status}: {shared_bytes} bytes of dynamic shared memory a block", code=1)
    return function
