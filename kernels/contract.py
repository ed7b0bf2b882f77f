"""What every entry checks of the tensors it is handed, with an error that names the argument."""

from __future__ import annotations

import torch

from repoops.words import many


def check(
    name: str,
    tensor: torch.Tensor,
    *,
    dims: int,
    dtypes: tuple[torch.dtype, ...],
    like: torch.Tensor | None = None,
) -> None:
    """Raises ValueError unless a tensor has the dimensions, dtype and contiguous rows asked for; what `check_kind` raises as well.

    Args:
        name: the argument's.
        tensor: what was given.
        dims: how many dimensions.
        dtypes: those the kernel is written for.
        like: a tensor whose dtype and device it must share.
    """
    check_kind(name, tensor)
    if tensor.dim() != dims:
        raise ValueError(
            f"{name} has {many(tensor.dim(), 'dimension')}, {dims} {'is' if dims == 1 else 'are'} needed: its shape is {tuple(tensor.shape)}"
        )
    if tensor.dtype not in dtypes:
        raise ValueError(f"{name} is {tensor.dtype}; this kernel takes {', '.join(map(str, dtypes))}")
    if tensor.numel() and tensor.shape[-1] > 1 and tensor.stride(-1) != 1:
        raise ValueError(
            f"{name}'s last dimension has stride {tensor.stride(-1)}, 1 is needed: call .contiguous()"
        )
    if like is not None and (tensor.dtype, tensor.device) != (like.dtype, like.device):
        raise ValueError(
            f"{name} is {tensor.dtype} on {tensor.device}, the first argument {like.dtype} on {like.device}"
        )


def check_kind(name: str, given: object, needed: str = "a torch.Tensor") -> None:
    """Raises TypeError for what is no tensor, ValueError for one that autograd watches: its gradient would be lost without a word."""
    if not isinstance(given, torch.Tensor):
        raise TypeError(f"{name} is of type {type(given).__name__}; {needed} is needed")
    if given.requires_grad and torch.is_grad_enabled():
        raise ValueError(
            f"{name} requires a gradient, and this kernel gives none: call it under torch.no_grad(), or on {name}.detach()"
        )
