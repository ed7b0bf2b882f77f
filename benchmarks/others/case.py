"""A kernel that another compiler made, with its launch and what must come out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch

from repoops.kernel.model import Launch


@dataclass(frozen=True)
class Compiled:
    """PTX, the kernel's name in it, and a launch."""

    ptx: str
    entry: str
    launch: Launch


@dataclass(frozen=True)
class Case:
    """`make` compiles for an architecture (`sm_89` → 89) and gives, beside the kernel, pairs of what it writes and what is right."""

    name: str
    make: Callable[[int], tuple[Compiled, list[tuple[torch.Tensor, torch.Tensor]]]]
    tolerance: float = 1e-5
    archs: tuple[int, ...] = (89,)
