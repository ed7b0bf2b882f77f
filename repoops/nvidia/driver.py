"""NVIDIA's driver, through cuda-bindings and cuda-core: what cards it has, loading machine code, starting a kernel.

Written against cuda-core 1.2.2 and cuda-bindings 13.5, and tested through them against a stand-in for the
driver that writes down what it is asked. Nothing here has been run on a card by this project so far.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from repoops.errors import RepoOpsError
from repoops.kernel.model import Compiled, Launch
from repoops.nvidia import limits

OLDEST = 13000
"""As the driver counts CUDA versions: cubins of a CUDA 13 compiler load from here on."""


@dataclass(frozen=True, slots=True)
class Card:
    """One GPU as the driver names it: `NVIDIA L4`, `sm_89`."""

    name: str
    arch: str


def cards() -> tuple[Card, ...] | str:
    """The GPUs of this machine, or exactly why there is none to use."""
    try:
        from cuda.bindings import driver
    except ImportError as error:
        return f"cuda-bindings is not installed ({error}); pip install 'repoops[kernels]'"
    try:
        status = driver.cuInit(0)[0]
    except Exception as error:  # noqa: BLE001 - its loader raises several classes of its own, none of them public
        if type(error).__name__ == "DynamicLibNotFoundError":
            return "no NVIDIA driver on this machine: its library libcuda is not found"
        return f"the NVIDIA driver cannot be loaded: {str(error).splitlines()[0]}"
    if int(status) == int(driver.CUresult.CUDA_ERROR_NO_DEVICE):
        return "the NVIDIA driver is there, but it sees no GPU (is CUDA_VISIBLE_DEVICES empty?)"
    if int(status) != 0:
        return f"the NVIDIA driver cannot be used: {status.name}; see dmesg, and nvidia-smi"
    version = driver.cuDriverGetVersion()[1]
    if version < OLDEST:
        return f"the NVIDIA driver is for CUDA {_dotted(version)}; kernels are compiled with CUDA 13: update it to 580 or later"
    found = []
    for ordinal in range(driver.cuDeviceGetCount()[1]):
        device = driver.cuDeviceGet(ordinal)[1]
        name = driver.cuDeviceGetName(128, device)[1].split(b"\0")[0].decode("utf-8", "replace")
        wanted = driver.CUdevice_attribute
        major = driver.cuDeviceGetAttribute(wanted.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, device)[1]
        minor = driver.cuDeviceGetAttribute(wanted.CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MINOR, device)[1]
        found.append(Card(name, f"sm_{major}{minor}"))
    return tuple(found) or "the NVIDIA driver is there, but it lists no GPU"


def _dotted(version: int) -> str:
    return f"{version // 1000}.{version % 1000 // 10}"


def start(
    compiled: Compiled, launch: Launch, arguments: tuple[Any, ...], *, device: int, stream: int
) -> None:
    """Queues a kernel; returns at once.

    Args:
        compiled: machine code for this card.
        launch: its grid, block and shared memory; its `args` are not looked at.
        arguments: pointers as int, and numpy or ctypes scalars.
        device: the driver's ordinal of the card, whose primary context becomes current.
        stream: a `cudaStream_t` as an address; 0 is the legacy default stream.
    """
    from cuda.core import LEGACY_DEFAULT_STREAM, Device, LaunchConfig, Stream
    from cuda.core import launch as queue

    Device(device).set_current()
    on = Stream.from_handle(stream) if stream else LEGACY_DEFAULT_STREAM
    config = LaunchConfig(grid=launch.grid, block=launch.block, shmem_size=launch.shared_bytes)
    queue(on, config, _load(compiled, launch.shared_bytes, device), *arguments)


@lru_cache(maxsize=64)
def _load(compiled: Compiled, shared_bytes: int, device: int) -> Any:
    from cuda.core import ObjectCode

    function = ObjectCode.from_cubin(compiled.cubin).get_kernel(compiled.entry)
    if compiled.resources.shared_static + shared_bytes > limits.STATIC_SHARED:
        from cuda.bindings import driver

        # Beyond 48 KB a kernel must ask for it, as a host program does with cudaFuncSetAttribute.
        attribute = driver.CUfunction_attribute.CU_FUNC_ATTRIBUTE_MAX_DYNAMIC_SHARED_SIZE_BYTES
        which = driver.cuDeviceGet(device)[1]
        status = driver.cuKernelSetAttribute(attribute, shared_bytes, function.handle, which)[0]
        if int(status) != 0:
            raise RepoOpsError(
                f"{status.name}: {shared_bytes} bytes of dynamic shared memory a block", code=1
            )
    return function
