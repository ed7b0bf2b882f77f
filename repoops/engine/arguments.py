"""What a launch hands to its kernel: the parameter buffer, the memory that pointers lead to, what of it was written."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from repoops.engine.jit import Program
from repoops.errors import RepoOpsError
from repoops.kernel.model import Launch


@dataclass(frozen=True, slots=True)
class Buffer:
    """A tensor argument: where its first element lies, and how far the others are from it.

    Attributes:
        address: of the first element, in the process that owns it.
        dtype: as messages name it: `float32`.
        shape: elements along each axis.
        strides: bytes from one element to the next along each axis, none negative.
        itemsize: bytes of an element.
    """

    address: int
    dtype: str
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    itemsize: int

    @property
    def span(self) -> int:
        """Bytes from the first element's first to the last element's last; 0 where there is none."""
        if 0 in self.shape:
            return 0
        return self.itemsize + sum((n - 1) * s for n, s in zip(self.shape, self.strides, strict=True))


def understood(number: int, value: Any) -> Buffer | bytes:
    """Argument `number` as a pointer's buffer, or as a scalar's bytes.

    Raises:
        RepoOpsError: a kernel cannot be handed such a value.
    """
    if isinstance(value, (Buffer, bytes)):
        return value
    name = f"argument {number + 1}"
    if hasattr(value, "data_ptr"):
        return _tensor(name, value)
    if isinstance(value, np.ndarray) and value.ndim:
        return _buffer(
            name,
            int(value.__array_interface__["data"][0]),
            value.dtype,
            value.shape,
            value.strides,
            value.itemsize,
        )
    if isinstance(value, (np.generic, np.ndarray)):
        if value.dtype.hasobject:
            raise RepoOpsError(f"{name} is a Python object: a kernel cannot be handed one", code=1)
        return bytes(value.tobytes())
    if isinstance(value, ctypes._SimpleCData):  # noqa: SLF001 - the only base class that ctypes' scalars share
        return bytes(value)
    raise RepoOpsError(
        f"{name} of type {type(value).__name__} has no width",
        remedy="pass torch tensors, numpy scalars or ctypes scalars",
        code=1,
    )


def _tensor(name: str, value: Any) -> Buffer:
    if str(getattr(value, "layout", "torch.strided")) != "torch.strided":
        raise RepoOpsError(f"{name} is a tensor of layout {value.layout}, not a dense one", code=1)
    try:
        address, size = int(value.data_ptr()), int(value.element_size())
        shape, steps = tuple(value.shape), tuple(value.stride())
    except RuntimeError as error:  # torch's own kinds of tensors that have no memory
        raise RepoOpsError(f"{name} has no memory: {str(error).splitlines()[0]}", code=1) from None
    dtype = str(value.dtype).removeprefix("torch.")
    return _buffer(name, address, dtype, shape, [s * size for s in steps], size)


def _buffer(
    name: str, address: int, dtype: Any, shape: Sequence[int], strides: Sequence[int], itemsize: int
) -> Buffer:
    if getattr(dtype, "hasobject", False):
        raise RepoOpsError(f"{name} is an array of Python objects: a kernel cannot be handed one", code=1)
    if any(s < 0 < n - 1 for n, s in zip(shape, strides, strict=True)):
        raise RepoOpsError(
            f"{name} has a negative stride: other elements lie before the one that the kernel gets the address of",
            remedy="pass a copy in order (numpy.ascontiguousarray)",
            code=1,
        )
    found = Buffer(address, str(dtype), tuple(shape), tuple(max(s, 0) for s in strides), itemsize)
    if found.span and not address:
        raise RepoOpsError(f"{name} has no memory", code=1)
    return found


@dataclass(frozen=True, slots=True)
class Region:
    """Memory that a kernel was given."""

    name: str
    low: int
    high: int
    argument: int | None = None


class Arguments:
    """The parameter buffer, the memory that arguments point to, and which bytes of outputs have been written."""

    def __init__(self, program: Program, launch: Launch) -> None:
        size = max((offset + n for offset, n in program.params), default=0)
        self.buffer = (ctypes.c_uint8 * max(size, 1))()
        self.regions: list[Region] = []
        self.shadows: dict[int, np.ndarray[Any, Any]] = {}
        self._given: list[Buffer | bytes] = []
        self.launch = launch
        if len(launch.args) != len(program.params):
            raise RepoOpsError(
                f"the kernel has {len(program.params)} parameters, {len(launch.args)} arguments were given",
                code=1,
            )
        for number, ((offset, n), value) in enumerate(zip(program.params, launch.args, strict=True)):
            given = understood(number, value)
            self._given.append(given)
            raw = given if isinstance(given, bytes) else given.address.to_bytes(8, "little")
            if len(raw) != n:
                raise RepoOpsError(f"argument {number + 1} has {len(raw)} bytes, its parameter {n}", code=1)
            ctypes.memmove(ctypes.addressof(self.buffer) + offset, raw, n)
            if isinstance(given, Buffer):
                self._region(number, given, launch)

    def _region(self, number: int, given: Buffer, launch: Launch) -> None:
        span = given.span
        if span:
            name = f"argument {number + 1} ({given.dtype} {list(given.shape)})"
            self.regions.append(Region(name, given.address, given.address + span, number))
            held = dict(launch.holds)
            if number in launch.outputs or number in held:
                self.shadows[number] = np.zeros(span, np.uint8)
                self.shadows[number][: held.get(number, 0)] = 1

    def written(self, number: int) -> np.ndarray[Any, Any]:
        """For each element of an output, in its shape, whether all its bytes have been written."""
        given = self._given[number]
        assert isinstance(given, Buffer)  # noqa: S101 - only buffers have shadows
        view = np.lib.stride_tricks.as_strided(
            self.shadows[number], (*given.shape, given.itemsize), (*given.strides, 1), writeable=False
        )
        return np.asarray(view.all(axis=-1))

    def coverage(self) -> dict[int, float]:
        """Share of each output's elements that has been written."""
        return {
            number: float(self.written(number).mean())
            for number in self.launch.outputs
            if number in self.shadows
        }
