"""Kernel arguments written as words, for a launch from the command line.

`f32[1024]` is a tensor of random numbers, `f32[4,64]=zeros` one that is filled, `f32[1024]:out` one that
holds nothing yet, `@x.npy` a file's; `i32:1024` and `f32:0.125` are scalars, `null` is a null pointer.
"""

from __future__ import annotations

import ctypes
import math
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from repoops.errors import RepoOpsError
from repoops.suite.inputs import Buffer, blank, fenced

TYPES = {
    "f64": "float64", "f32": "float32", "f16": "float16", "bf16": "bfloat16",
    "f8e4m3": "float8_e4m3fn", "f8e5m2": "float8_e5m2",
    "i64": "int64", "i32": "int32", "i16": "int16", "i8": "int8",
    "u64": "uint64", "u32": "uint32", "u16": "uint16", "u8": "uint8", "bool": "bool",
}  # fmt: skip
"""Ours → torch's and numpy's."""
FILLS = ("random", "zeros", "ones", "arange", "nan")
_REMEDY = (
    "tensors: f32[1024], f16[8,64]=zeros (or ones, arange, nan, random, a number, 0..9), f32[1024]:out, @x.npy; "
    "scalars: i32:1024, f32:0.5; a null pointer: null"
)
_TENSOR = re.compile(r"(?P<type>\w+)\[(?P<shape>[\d, x]*)\](?:=(?P<fill>[^:]+))?(?P<out>:out)?")
_SCALAR = re.compile(r"(?P<type>\w+)[:=](?P<value>\S+)")
_FILE = re.compile(r"@(?P<path>.+?)(?P<out>:out)?")
_RANGE = re.compile(r"(-?\d+)\.\.(-?\d+)")


@dataclass(frozen=True, slots=True)
class Argument:
    """One argument as it was asked for.

    Attributes:
        words: as written.
        type: of `TYPES`; empty for a file's tensor and for a null pointer.
        shape: of a tensor; None for a scalar, a null pointer and a file's.
        fill: of a tensor: one of `FILLS`, a number, or `LOW..HIGH`; of a scalar its value.
        out: whether a tensor holds nothing yet.
        path: of a `.npy` file.
    """

    words: str
    type: str = ""
    shape: tuple[int, ...] | None = None
    fill: str = "random"
    out: bool = False
    path: Path | None = None


def parse(words: str) -> Argument:
    """Understands one argument.

    Raises:
        RepoOpsError: it is not one; with what can be written.
    """
    if words == "null":
        return Argument(words)
    if hit := _FILE.fullmatch(words):
        return Argument(words, out=bool(hit["out"]), path=Path(hit["path"]))
    if hit := _TENSOR.fullmatch(words):
        sizes = [size for size in re.split(r"[,x ]+", hit["shape"]) if size]
        fill = hit["fill"] or "random"
        if fill not in FILLS and not _RANGE.fullmatch(fill):
            _number(fill, words)
        return Argument(words, _type(hit["type"], words), tuple(map(int, sizes)), fill, bool(hit["out"]))
    if hit := _SCALAR.fullmatch(words):
        _number(hit["value"], words)
        return Argument(words, _type(hit["type"], words), None, hit["value"])
    raise RepoOpsError(f"{words!r} is no argument", remedy=_REMEDY)


def _type(name: str, words: str) -> str:
    if name not in TYPES:
        raise RepoOpsError(f"{words!r}: there is no type {name!r}", remedy=f"types: {', '.join(TYPES)}")
    return name


def _number(text: str, words: str) -> float:
    try:
        return float(int(text, 0)) if re.fullmatch(r"[+-]?(0[xXbBoO])?[\da-fA-F]+", text) else float(text)
    except ValueError:
        raise RepoOpsError(f"{words!r}: {text!r} is no number", remedy=_REMEDY) from None


def make(argument: Argument, number: int, *, seed: int, device: str) -> Any:
    """What is handed to the kernel: a tensor's `Buffer`, with red zones around it, or a scalar.

    Args:
        argument: what was asked for.
        number: its place, from 0: tensors of one seed differ by it.
        seed: of random numbers.
        device: where tensors lie.

    Raises:
        RepoOpsError: a file cannot be read, or a value does not fit its type.
    """
    import torch

    if argument.words == "null":
        return ctypes.c_void_p(0)
    if argument.path is not None:
        tensor = _loaded(argument.path)
        return blank(tensor, device) if argument.out else fenced(tensor, device)
    kind = getattr(torch, TYPES[argument.type])
    if argument.shape is None:
        return _scalar(argument)
    try:
        if argument.out and argument.fill == "random":
            return blank(torch.empty(argument.shape, dtype=kind), device)
        return fenced(_filled(argument, kind, seed + number), device)
    except RuntimeError as error:  # torch's word for memory that there is not, and for sizes beyond 64 bits
        raise RepoOpsError(f"{argument.words!r} cannot be made: {str(error).splitlines()[0]}") from None


def _scalar(argument: Argument) -> Any:
    import numpy as np

    name = TYPES[argument.type]
    if name not in np.sctypeDict:
        raise RepoOpsError(f"{argument.words!r}: a scalar {argument.type} cannot be written", remedy=_REMEDY)
    kind: Any = getattr(np, name if name != "bool" else "bool_")
    try:
        return kind(float(argument.fill)) if name.startswith("float") else kind(int(argument.fill, 0))
    except (ValueError, OverflowError) as error:
        raise RepoOpsError(f"{argument.words!r}: {error}", remedy=_REMEDY) from None


def _loaded(path: Path) -> Any:
    import numpy as np
    import torch

    try:
        array = np.load(path, allow_pickle=False)
        return torch.from_numpy(np.ascontiguousarray(array))
    except (OSError, ValueError, TypeError, EOFError) as error:
        raise RepoOpsError(f"no tensor can be had from it: {error}", where=str(path)) from None


def _filled(argument: Argument, kind: Any, seed: int) -> Any:
    import torch

    shape = argument.shape or ()
    random = torch.Generator().manual_seed(seed)
    if argument.fill == "random":
        if kind.is_floating_point:
            return torch.randn(shape, generator=random).to(kind)
        return torch.randint(0, 2 if kind == torch.bool else 10, shape, generator=random).to(kind)
    if hit := _RANGE.fullmatch(argument.fill):
        low, high = int(hit[1]), int(hit[2])
        if high < low:
            raise RepoOpsError(f"{argument.words!r}: {high} is below {low}", remedy=_REMEDY)
        return torch.randint(low, high + 1, shape, generator=random).to(kind)
    if argument.fill == "arange":
        return torch.arange(math.prod(shape), dtype=torch.float64).reshape(shape).to(kind)
    value = {"zeros": 0.0, "ones": 1.0, "nan": math.nan}.get(argument.fill)
    value = _number(argument.fill, argument.words) if value is None else value
    if not kind.is_floating_point and not value.is_integer():
        raise RepoOpsError(f"{argument.words!r}: {argument.fill} is no {argument.type}", remedy=_REMEDY)
    return torch.full(shape, value, dtype=torch.float64).to(kind)


def statistic(buffer: Buffer) -> dict[str, Any]:
    """What a tensor holds, in short: range and mean of what is finite, counts of the rest, the first values.

    JSON has no NaN: such values are words.
    """
    values = buffer.view.cpu().double().reshape(-1)
    finite = values[values.isfinite()]
    some = finite.numel() > 0
    return {
        "shape": list(buffer.view.shape),
        "dtype": str(buffer.view.dtype).removeprefix("torch."),
        "min": float(finite.min()) if some else None,
        "max": float(finite.max()) if some else None,
        "mean": float(finite.mean()) if some else None,
        "nan": int(values.isnan().sum()),
        "inf": int(values.isinf().sum()),
        "first": [value if math.isfinite(value) else str(value) for value in values[:4].tolist()],
    }
