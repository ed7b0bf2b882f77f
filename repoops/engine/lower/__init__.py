"""PTX instructions as LLVM IR: one module for each family, one function for each opcode.

Each family's dict maps an opcode to its function `(frame, instruction) -> results`.
"""

from __future__ import annotations

from typing import Any

from repoops.engine.lower import (
    atomic,
    call,
    control,
    convert,
    integer,
    matrix,
    mbarrier,
    shuffle,
    space,
    wgmma,
    wmma,
)
from repoops.engine.lower import (
    float as floats,
)
from repoops.ptx.syntax import Instruction

_FLOATS = ("f16", "f16x2", "bf16", "bf16x2", "f32", "f32x2", "f64", "tf32")
_ANY: dict[str, Any] = {
    **control.CONTROL, **space.SPACE, **atomic.ATOMIC, **mbarrier.MBARRIER, **call.CALL, **convert.CONVERT,
    **matrix.MATRIX, **wmma.WMMA, **wgmma.WGMMA, **shuffle.SHUFFLE,
}  # fmt: skip
_EFFECT = frozenset(
    [
        "ld",
        "st",
        "atom",
        "red",
        "cp",
        "bar",
        "barrier",
        "call",
        "mbarrier",
        "shfl",
        "vote",
        "match",
        "redux",
        "ldmatrix",
        "stmatrix",
        "wmma",
        "wgmma",
        "mma",
        "movmatrix",
        "trap",
        "membar",
        "fence",
        "elect",
        "activemask",
        "ldu",
    ]
)


def find(i: Instruction) -> Any:
    """The function that lowers an instruction, or None."""
    if i.opcode in _ANY:
        return _ANY[i.opcode]
    if i.type in _FLOATS and i.opcode in floats.FLOAT:
        return floats.FLOAT[i.opcode]
    return integer.INTEGER.get(i.opcode) or floats.FLOAT.get(i.opcode)


def has_effect(i: Instruction) -> bool:
    """Whether an instruction must not be executed for lanes that its guard excludes, be it for nothing."""
    return i.opcode in _EFFECT
