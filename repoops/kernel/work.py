"""What algorithms must do at least: arithmetic, and bytes to and from memory, each tensor once."""

from __future__ import annotations

from repoops.report.speed import Work

UNIT = {1: "tensor8", 2: "tensor16", 4: "fp32"}
"""What multiplies floats of so many bytes."""


def attention(
    *,
    batch: int,
    heads: int,
    kv_heads: int,
    seq_q: int,
    seq_k: int,
    dim: int,
    width: int,
    width_out: int | None = None,
    extra: int = 0,
    causal: bool = False,
) -> Work:
    """Two products of 2 · dim operations for each pair of a query and a key that it sees; causal is aligned at the bottom right.

    `width` is the bytes of an element, `width_out` of one of the output if that differs; `extra` bytes beside, scales
    for example. Exponentials are not counted.
    Source: Dao 2023, section 4.1 (its causal count is half the full one; here the diagonal is whole).
    """
    pairs = seq_q * seq_k
    if causal:
        pairs = sum(max(0, min(seq_k, seq_k - seq_q + i + 1)) for i in range(seq_q))
    given, out = heads * seq_q + 2 * kv_heads * seq_k, heads * seq_q
    moved = batch * dim * (given * width + out * (width_out or width)) + extra
    return Work(4 * batch * heads * pairs * dim, moved, UNIT[width])


def matmul(m: int, n: int, k: int, width: int) -> Work:
    """(m, k) times (k, n)."""
    return Work(2 * m * n * k, (m * k + k * n + m * n) * width, UNIT[width])


def streaming(elements: int, operations: int, width: int, *, extra: int = 0) -> Work:
    """One pass: every element read and written, so many float32 operations for each; `extra` bytes beside."""
    return Work(elements * operations, 2 * elements * width + extra, "fp32")
