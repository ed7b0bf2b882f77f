"""Other ways to the same output on a card: those to attention in 16 bits, which each call converts the numbers to.

torch's SDPA takes no 8-bit numbers, nor do flash-attn 2, xformers and flex_attention; `torch._scaled_mm` is one product,
and no attention. So no baseline computes in 8 bits, and a ratio says what FP8 gains over 16 bits for who has 8-bit
numbers: the conversion, two passes over q, k and v, is part of the baseline's time.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import torch

from kernels.attention.baselines import BASELINES as OF_16_BITS
from repoops.suite.spec import Baseline, Case


def _converted(one: Baseline, case: Case, *inputs: torch.Tensor) -> torch.Tensor:
    """What the 8-bit numbers stand for, rounded to the output's dtype, given to somebody's attention."""
    wide = (
        numbers.to(getattr(torch, case.dtype)).mul_(scale[:, None, None])
        for numbers, scale in zip(inputs[:3], inputs[3:], strict=True)
    )
    out: torch.Tensor = one.call(case, *wide)
    return out


BASELINES = tuple(
    replace(one, name=f"{one.name}, converted to 16 bits", call=partial(_converted, one))
    for one in OF_16_BITS
)
