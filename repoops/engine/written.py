"""Global memory that a kernel was given as an output: which of its bytes have been written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from repoops.engine import ir

if TYPE_CHECKING:
    from repoops.engine.function import WarpFunction


def note_helpers(f: WarpFunction) -> None:
    """Functions that note what was written of buffers with a shadow, and look it up."""
    if "noted" in f.unit.helpers:
        return
    f.unit.helpers["noted"] = ir.text("written.ll")
