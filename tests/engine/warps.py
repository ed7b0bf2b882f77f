"""PTX text over whole warps: registers come from arrays and go to arrays, one warp for each block.

The text has the registers `%sN:type` (operands) and `%dN:type` (results), as in `single`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from repoops import engine
from repoops.kernel.model import Launch
from repoops.ptx.syntax import SIZES
from tests.engine.single import _REGISTER, registers

HEAD = ".version 8.7\n.target sm_90a\n.address_size 64\n"
UNSIGNED = {1: np.uint8, 2: np.uint16, 4: np.uint32, 8: np.uint64}


def _loads(names: dict[str, str]) -> str:
    """Register N of lane l of block b lies at element 32 * b + l of the array that parameter N points to."""
    lines = []
    for number, (name, kind) in enumerate(names.items()):
        size = SIZES[kind]
        word = "%wb" if kind == "pred" else name
        lines.append(f"ld.param.u64 %wa, [p{number}];\nmad.wide.u32 %wa, %wi, {size}, %wa;")
        if name[1] == "s":
            lines.append(f"ld.global.{'u8' if kind == 'pred' else f'b{8 * size}'} {word}, [%wa];")
            lines += [f"setp.ne.u16 {name}, %wb, 0;"] * (kind == "pred")
    return "\n".join(lines)


def _stores(names: dict[str, str]) -> str:
    lines = []
    for number, (name, kind) in enumerate(names.items()):
        if name[1] == "d":
            size = SIZES[kind]
            word = "%wb" if kind == "pred" else name
            lines += [f"selp.u16 %wb, 1, 0, {name};"] * (kind == "pred")
            lines.append(f"ld.param.u64 %wa, [p{number}];\nmad.wide.u32 %wa, %wi, {size}, %wa;")
            lines.append(f"st.global.{'u8' if kind == 'pred' else f'b{8 * size}'} [%wa], {word};")
    return "\n".join(lines)


def ptx(text: str, head: str = "") -> str:
    """A module whose kernel `k` loads the operands, runs the text, and stores the results."""
    names = registers(text)
    params = ", ".join(f".param .u64 p{n}" for n in range(len(names)))
    declared = "\n".join(f".reg .{kind} {name};" for name, kind in names.items())
    body = _REGISTER.sub(r"%\1\2", text)
    return (
        f"{HEAD}{head}\n.visible .entry k({params})\n{{\n.reg .b64 %wa;\n.reg .b32 %wi, %wt;\n.reg .b16 %wb;\n{declared}\n"
        "mov.u32 %wt, %ctaid.x;\nmov.u32 %wi, %tid.x;\nmad.lo.u32 %wi, %wt, 32, %wi;\n"
        f"{_loads(names)}\n{body};\n{_stores(names)}\nret;\n}}\n"
    )


def run(
    text: str,
    operands: Sequence[np.ndarray[Any, Any]],
    *,
    head: str = "",
    keep: Path | None = None,
    checks: tuple[str, ...] = (),
    jobs: int = 1,
) -> list[np.ndarray[Any, Any]]:
    """The results, one array (blocks, 32) of unsigned integers for each `%dN`.

    Args:
        text: instructions, separated by semicolons.
        operands: for each `%sN` an array (blocks, 32).
        head: module-level PTX.
        keep: cache folder.
        checks: compiled in; they must find nothing.
        jobs: host threads.
    """
    names = registers(text)
    blocks = len(operands[0]) if operands else 1
    given = iter(operands)
    arrays = [
        np.zeros((blocks, 32), UNSIGNED[SIZES[kind]]) if name[1] == "d"
        else np.ascontiguousarray(np.asarray(next(given)).astype(UNSIGNED[SIZES[kind]]))
        for name, kind in names.items()
    ]  # fmt: skip
    launch = Launch((blocks, 1, 1), (32, 1, 1), tuple(_signed(a) for a in arrays))
    result = engine.run(ptx(text, head), "k", launch, checks=checks, jobs=jobs, keep=keep)
    assert not result.findings, result.findings
    return [a for name, a in zip(names, arrays, strict=True) if name[1] == "d"]


def _signed(array: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """The same memory: launches take every integer type that torch has, and uint16 to uint64 are none of them everywhere."""
    return array.view({1: np.uint8, 2: np.int16, 4: np.int32, 8: np.int64}[array.itemsize])
