"""What the compiled code of a launch finds at run time: one block of 8-byte fields for each host thread.

The same table gives the offsets to the code that is generated and to the code that fills it in.
"""

from __future__ import annotations

import ctypes

FIELDS = (
    # where things lie
    "params", "globals", "shared", "shared_size", "locals", "local_size", "fibers", "stacks", "stack_size",
    # the launch, and the thread block that runs now
    "ctaid_x", "ctaid_y", "ctaid_z", "nctaid_x", "nctaid_y", "nctaid_z",
    "blocks", "next_block", "block", "threads", "warps", "order",
    # the scheduler
    "scheduler", "current", "stop", "budget", "ticks", "turns",
    # checks
    "records", "record_room", "record_used", "hits", "caches", "allocations", "allocation_count",
    "shared_allocations", "shared_allocation_count", "cells", "limit",
    "writers", "readers", "stamps", "epoch", "warp_epochs", "warp_fulls", "warp_known",
    "journal", "journal_used", "journal_seen", "read_chunks", "chunk_shift",
    # output of printf, copies under way, counters
    "printed", "printed_room", "printed_used", "async", "async_size", "counters", "traffic",
    "reduce0", "reduce1", "reduce2", "arrivals", "local_shadow",
    # failed waits since something last went on, and the block's clock
    "quiet", "clock",
    # asynchronous products of warpgroups
    "products", "proxy_epoch",
)  # fmt: skip
OFFSETS = {name: 8 * number for number, name in enumerate(FIELDS)}

FIBER = {"sp": 0, "status": 8, "barrier": 16, "expected": 24, "local_top": 32, "async_used": 40, "async_group": 48,
         "reductions": 56, "site": 64, "polled": 72, "product_used": 80, "product_group": 88, "product_ids": 96, "product_fence": 104,
         "product_count": 112, "product_site": 120}  # fmt: skip
FIBER_SIZE = 128
READY, WAITING, DONE = 0, 1, 2
"""States of a warp: it can go on, it stands at a barrier, it has ended."""

ASKED = 2
"""In `stop`: the launch was asked to end, from outside. A warp that ends it stores 1."""

RECORD_SIZE = 40
"""site i32, kind i32, address i64, other i64, block i64, thread i32, lanes i32."""
ALLOCATION_SIZE = 40
"""first byte, byte after the last, shadow (one byte for each: written; or null), number, last site that wrote."""
CACHE_SIZE = 16
"""first byte, number of addresses at which the access fits."""


class Context:
    """One host thread's fields, filled in by name."""

    def __init__(self) -> None:
        self._words = (ctypes.c_uint64 * len(FIELDS))()

    @property
    def address(self) -> int:
        """Where the fields lie."""
        return ctypes.addressof(self._words)

    def __setitem__(self, name: str, value: int) -> None:
        self._words[OFFSETS[name] // 8] = value & (1 << 64) - 1

    def __getitem__(self, name: str) -> int:
        return int(self._words[OFFSETS[name] // 8])
