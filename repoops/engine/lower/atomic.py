"""Atomic operations: lane after lane, as host atomics, so that blocks on other threads are kept apart.

Source: PTX ISA 9.0, "Parallel Synchronization and Communication Instructions: atom, red".
"""

from __future__ import annotations

from repoops.engine.lower.frame import Lowering

ATOMIC: dict[str, Lowering] = {}
