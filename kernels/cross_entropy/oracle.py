"""Cross-entropy against a class in float64, two ways."""

from __future__ import annotations

import torch


def cross_entropy(logits: torch.Tensor, classes: torch.Tensor, ignore_index: int) -> torch.Tensor:
    """(rows, cols) and (rows,) -> (rows,), float64; NaN for a class that there is not."""
    wide = logits.double()
    there = (classes >= 0) & (classes < logits.shape[1])
    chosen = wide.gather(1, torch.where(there, classes, 0)[:, None])[:, 0]
    loss = torch.where(there, torch.logsumexp(wide, dim=-1) - chosen, torch.nan)
    return torch.where(classes == ignore_index, 0.0, loss)


def second(logits: torch.Tensor, classes: torch.Tensor, ignore_index: int) -> torch.Tensor:
    """-log of the probability that softmax gives to the class, as log(sum(exp(row - row[class]))): no maximum anywhere."""
    losses = torch.zeros(logits.shape[0], dtype=torch.float64)
    for row, chosen in enumerate(classes.tolist()):
        if chosen != ignore_index:
            known = 0 <= chosen < logits.shape[1]
            wide = logits[row].double()
            losses[row] = (wide - wide[chosen]).exp().sum().log() if known else torch.nan
    return losses


def in_float32(logits: torch.Tensor, classes: torch.Tensor, ignore_index: int) -> torch.Tensor:
    """Torch's own, which refuses a class that there is not: NaN stands for it here."""
    there = (classes >= 0) & (classes < logits.shape[1])
    known = torch.where(there, classes, ignore_index)
    loss = torch.nn.functional.cross_entropy(
        logits.float(), known, ignore_index=ignore_index, reduction="none"
    )
    return torch.where(there | (classes == ignore_index), loss, torch.nan)
