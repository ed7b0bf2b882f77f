"""Attention moves the bytes that its way of dividing the work needs, and no others: exact counts of one launch each."""

from __future__ import annotations

import pytest
import torch

from kernels import attention
from repoops import backends
from repoops.backends.interface import Options
from repoops.kernel.model import Outcome

HEADS, SEQ, DIM = 2, 128, 64
ROW = 2 * DIM
"""Bytes of a row in 16 bits."""
KEYS = {"tiled": 32, "vectorised": 64, "pipelined": 64, "tensor_core": 64}
"""Of a tile."""


def launched(version: str) -> dict[str, int]:
    q, k, v = (torch.randn(1, HEADS, SEQ, DIM).half() for _ in range(3))
    ((kernel, launch),) = attention.plan(version, q, k, v, torch.empty_like(q), scale=0.125)
    outcome: Outcome = backends.BACKENDS["cpu"].run(kernel, launch, Options(archs=("sm_89",)))
    return dict(outcome.counters or {})


def shared_reads(version: str) -> int:
    """Bytes that a warp's lanes read of shared memory: of a tile, and once."""
    lanes = 32
    if (
        version == "tiled"
    ):  # for each pair of dimensions q's, as float32, and the key's; for each key the value's pair
        return DIM // 2 * (8 + 4) * lanes + KEYS[version] * 4 * lanes
    if version == "tensor_core":  # K and V once, by ldmatrix
        return 2 * KEYS[version] * ROW
    # For each pair of dimensions those of two keys, and 16 rows of q twice; for each key a pair of the value, and 16 weights.
    return DIM // 2 * (2 * 4 + 2 * 16 * 4) * lanes + KEYS[version] * (4 + 16 * 4) * lanes


@pytest.mark.parametrize("version", ["naive", *KEYS])
def test_bytes_are_those_of_the_algorithm(version: str) -> None:
    found = launched(version)
    rows = attention.VERSIONS[version].rows
    blocks = HEADS * SEQ // rows
    readers = HEADS * SEQ if version == "naive" else blocks  # each reads all keys and values
    assert found["bytes_global_read"] == HEADS * SEQ * ROW + readers * 2 * SEQ * ROW
    assert found["bytes_global_written"] == HEADS * SEQ * ROW
    if version == "naive":
        assert found["bytes_shared_read"] == 0
        return
    of_q = 4 * 16 * ROW * blocks if version == "tensor_core" else 0  # by ldmatrix, before the first tile
    tiles = SEQ // KEYS[version]
    assert found["bytes_shared_read"] == blocks * 4 * tiles * shared_reads(version) + of_q
