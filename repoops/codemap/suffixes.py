"""By which suffixes the languages are told; loads nothing."""

from __future__ import annotations

PYTHON, RUST, GO, SHELL = (".py",), (".rs",), (".go",), (".sh", ".bash", ".zsh")
C = (".c", ".h", ".cc", ".cpp", ".cxx", ".hh", ".hpp", ".hxx", ".inl", ".ipp", ".cu", ".cuh", ".hip")
JS = (".js", ".jsx", ".mjs", ".cjs", ".ts", ".tsx", ".mts", ".cts")
SOURCES = (*PYTHON, *C, *JS, *GO, *RUST, *SHELL)
"""Every language whose references are read."""
CUDA = (".cu", ".cuh")
HEADERS = (".cuh", ".h", ".hpp", ".hxx", ".hh", ".inl", ".inc", ".def")
"""Files that others include for their macros."""
C_LIKE = (*HEADERS, ".cu", ".cpp", ".cc", ".cxx", ".c", ".hip", ".ipp")
"""Files that may define or launch a kernel."""
