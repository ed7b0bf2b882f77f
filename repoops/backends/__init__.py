"""What can run or check a kernel: modules alike in shape, listed here."""

from __future__ import annotations

from types import ModuleType

from repoops.backends import compile as compiler
from repoops.backends import cpu, cuda
from repoops.errors import RepoOpsError

BACKENDS: dict[str, ModuleType] = {"cuda": cuda, "cpu": cpu, "compile": compiler}


def choose(wanted: str) -> str:
    """The back end to use: `auto` takes the first that is available, in the order of `BACKENDS`.

    Raises:
        RepoOpsError: none is, or the one that was named is not; with the reason.
    """
    if wanted == "auto":
        for name, module in BACKENDS.items():
            if module.available().ok:
                return name
        reasons = "; ".join(f"{name}: {module.available().why}" for name, module in BACKENDS.items())
        raise RepoOpsError(f"no back end works here ({reasons})", remedy="see: repoops doctor")
    if wanted not in BACKENDS:
        raise RepoOpsError(f"no back end {wanted!r}", remedy=f"there are: auto, {', '.join(BACKENDS)}")
    found = BACKENDS[wanted].available()
    if not found.ok:
        raise RepoOpsError(
            f"the {wanted} back end cannot work here: {found.why}", remedy="see: repoops doctor"
        )
    return wanted
