"""A kernel's parameters as its PTX declares them, held against the arguments of a launch."""

from __future__ import annotations

import ctypes
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from repoops.errors import RepoOpsError
from repoops.words import many


@dataclass(frozen=True, slots=True)
class Parameter:
    """`size` in bytes; `kind` is `integer` (pointers are such), `float`, or `bytes` for a struct or a half."""

    kind: str
    size: int

    def __str__(self) -> str:
        """`8-byte integer`."""
        return f"{self.size} bytes" if self.kind == "bytes" else f"{self.size}-byte {self.kind}"


_PARAM = re.compile(r"\.param\s+(?:\.align\s+\d+\s+)?\.([busf])(\d+)\b[^,\[]*?[\w$]+(?:\[(\d+)\])?\s*(?:,|$)")


def parameters(ptx: str, entry: str) -> tuple[Parameter, ...]:
    """The parameters of one entry, in order.

    Source: PTX ISA, "Kernel Function Parameters".

    Raises:
        RepoOpsError: the entry is not in the PTX.
    """
    found = re.search(rf"\.entry\s+{re.escape(entry)}\s*(?:\(([^)]*)\)|(?=[{{.;]))", ptx)
    if found is None:
        raise RepoOpsError(f"the PTX has no entry {entry}")
    rows = []
    for declared in (found[1] or "").split(","):
        if not declared.strip():
            continue
        hit = _PARAM.search(declared.strip())
        if hit is None:
            raise RepoOpsError(f"a parameter of {entry} is not understood: {declared.strip()}")
        size = int(hit[2]) // 8
        kind = {"f": "float"}.get(hit[1], "integer")
        rows.append(Parameter("bytes", size * int(hit[3])) if hit[3] else Parameter(kind, size))
    return tuple(rows)


def of_argument(value: Any) -> tuple[Parameter, str]:
    """What an argument is handed over as, and what to call it in a message.

    Raises:
        RepoOpsError: it has no width (a Python number), or is of no known type.
    """
    if hasattr(value, "data_ptr"):
        return Parameter("integer", 8), f"a {value.dtype} tensor"
    # numpy's scalars have all of this, and its arrays `ctypes` as well.
    if hasattr(value, "dtype") and getattr(value, "shape", None) == () and not hasattr(value, "ctypes"):
        kind = {"i": "integer", "u": "integer", "b": "integer", "f": "float"}.get(value.dtype.kind, "bytes")
        return Parameter(kind, int(value.itemsize)), f"numpy.{value.dtype}({value})"
    if isinstance(value, ctypes._SimpleCData):  # noqa: SLF001 - the only base class that ctypes' scalars share
        kind = "float" if isinstance(value, (ctypes.c_float, ctypes.c_double)) else "integer"
        return Parameter(kind, ctypes.sizeof(value)), repr(value)
    if isinstance(value, (int, float)):
        raise RepoOpsError(
            f"the argument {value!r} has no width, a kernel's parameter does",
            remedy="pass numpy.int32(…), numpy.float32(…) or a ctypes scalar",
            code=1,
        )
    raise RepoOpsError(
        f"an argument of type {type(value).__name__} cannot be handed to a kernel",
        remedy="pass torch tensors, numpy scalars or ctypes scalars",
        code=1,
    )


class Unfit(RepoOpsError):  # noqa: N818 - it says what is wrong
    """The arguments do not fit the parameters: a failure of the test that gives them, wrong usage where a person typed them."""


def check(wanted: Sequence[Parameter], args: Sequence[Any], name: str) -> None:
    """Raises Unfit unless the arguments fit the parameters in number, size and kind.

    The driver would not notice: it copies as many bytes as the kernel declares from wherever it is
    pointed to.
    """
    if len(wanted) != len(args):
        were = "was" if len(args) == 1 else "were"
        raise Unfit(
            f"{name} has {many(len(wanted), 'parameter')}, {many(len(args), 'argument')} {were} given", code=1
        )
    for number, (parameter, value) in enumerate(zip(wanted, args, strict=True), 1):
        given, shown = of_argument(value)
        if given.size != parameter.size or (
            "bytes" not in (parameter.kind, given.kind) and given != parameter
        ):
            raise Unfit(
                f"argument {number} of {name} is {shown}: {given}, but its parameter is {parameter}", code=1
            )
