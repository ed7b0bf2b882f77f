"""Which kernels a source file defines, found in its text: a list for people, no parser of C++."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from repoops.errors import RepoOpsError
from repoops.nvidia import ptxas

_COMMENT = re.compile(r'//[^\n]*|/\*.*?\*/|("(?:\\.|[^"\\\n])*")', re.DOTALL)
_BOUNDS = re.compile(r"__(?:launch_bounds|cluster_dims|maxnreg)__\s*\((?:[^()]|\([^()]*\))*\)")
_DEFINED = re.compile(r"__global__\s+[\w:<>*&\s]*?\b(\w+)\s*(\((?:[^()]|\([^()]*\))*\))\s*[{;]")


@dataclass(frozen=True, slots=True)
class Found:
    """A kernel's name, and its parameters as written: `(const float* x, int n)`."""

    name: str
    parameters: str


def kernels(source: Path) -> tuple[Found, ...]:
    """The kernels of a `.cu` or `.ptx` file, in order.

    Raises:
        RepoOpsError: it cannot be read.
    """
    try:
        text = source.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise RepoOpsError(f"cannot be read: {error.strerror}", where=str(source)) from None
    if source.suffix == ".ptx":
        return tuple(Found(name, "") for name in ptxas.entries(text))
    return in_text(text)


def in_text(text: str) -> tuple[Found, ...]:
    """What `kernels` does, of CUDA C++; of those declared twice the first."""
    bare = _BOUNDS.sub("", _COMMENT.sub(lambda hit: '""' if hit[1] else " ", text))
    found: dict[str, Found] = {}
    for name, parameters in _DEFINED.findall(bare):
        found.setdefault(name, Found(name, " ".join(parameters.split())))
    return tuple(found.values())
