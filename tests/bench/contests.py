"""Contests on the CPU, for the protocol: torch's own operations, and contenders that are wrong, lacking or refuse."""

from __future__ import annotations

from collections.abc import Callable

import torch

from repoops.errors import RepoOpsError
from repoops.kernel.contest import Call, Contender, Contest


def summing(
    name: str, times: int, *, answer: Callable[[torch.Tensor], torch.Tensor] | None = None, lacking: str = ""
) -> Contender:
    """Sums a vector, so many times over."""

    def drawn(seed: int) -> torch.Tensor:
        return torch.randn(4096, generator=torch.Generator().manual_seed(seed))

    def bind(seed: int) -> Call:
        x = drawn(seed)

        def call() -> None:
            for _ in range(times):
                x.sum()

        return call

    def check(seed: int) -> str | None:
        x = drawn(seed)
        got, true = (answer or torch.sum)(x), x.double().sum()
        return None if abs(float(got - true)) < 1e-2 else f"gives {float(got):.3g} for {float(true):.3g}"

    return Contender(name, f"torch {torch.__version__}", bind, check, lacking)


def refuses(_: torch.Tensor) -> torch.Tensor:
    raise RuntimeError("No available kernel. Aborting execution.\nmore of it")


def sums(slower: int = 12) -> Contest:
    torch.set_num_threads(1)
    return Contest(
        summing("once", 3),
        (
            summing("often", 3 * slower),
            summing("wrong", 3, answer=lambda x: x.sum() + 1),
            summing("absent", 3, lacking="flash-attn is not installed"),
            summing("picky", 3, answer=refuses),
        ),
        footprint=4096 * 4,
    )


def refused() -> Contest:
    raise RepoOpsError("the kernel does not compile", where="k.cu:1")


def dies() -> Contest:
    raise SystemExit("the card has fallen off the bus")
