"""Runs PTX on the CPU: translated to LLVM IR, one function that runs one warp, compiled by LLVM for this machine."""

from __future__ import annotations

from repoops.engine.launch import EngineResult, run

__all__ = ["EngineResult", "run"]
