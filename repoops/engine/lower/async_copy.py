"""Asynchronous copies.

Source: PTX ISA 9.0, "Data Movement and Conversion Instructions: cp.async".
"""

from __future__ import annotations

from repoops.engine.lower.frame import Lowering

ASYNC: dict[str, Lowering] = {}
