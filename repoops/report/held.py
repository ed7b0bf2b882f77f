"""What each kernel version is held to, in plain words: part of a report, so that a later one can be compared with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

NO_CHANGE, HELD_TO = "NO CHANGE", "HELD TO"
MOVED = ("global memory read", "global memory written", "shared memory read", "shared memory written")
"""What the numbers of `Held.traffic` are bytes of."""


@dataclass(frozen=True, slots=True)
class Held:
    """Of one version, whether or not a run selected all of it.

    Attributes:
        kernel: as in the report's results.
        version: likewise.
        limits: (what, words): `("registers", "at most 64")`, `("tolerance", "k = 2")`; no name twice.
        cases: the identifiers of those that it takes.
        mutants: their names.
        source: a digest of its sources and the user's headers, comments included.
        machine_code: (architecture, digest of all its kernels' code and what ptxas allots them).
        traffic: (case, bytes that its algorithm moves, as `MOVED`), where a gate holds it to them.
    """

    kernel: str
    version: str
    limits: tuple[tuple[str, str], ...]
    cases: tuple[str, ...]
    mutants: tuple[str, ...]
    source: str
    machine_code: tuple[tuple[str, str], ...] = ()
    traffic: tuple[tuple[str, tuple[int, ...]], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Plain data."""
        pairs = {name: dict(getattr(self, name)) for name in ("limits", "machine_code", "traffic")}
        return asdict(self) | pairs

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Held:
        """Takes back what `to_json` gave; older reports have no traffic."""
        pairs = {name: tuple(data[name].items()) for name in ("limits", "machine_code")}
        names = {name: tuple(data[name]) for name in ("cases", "mutants")}
        moved = tuple((case, tuple(found)) for case, found in data.get("traffic", {}).items())
        return cls(**{**data, **pairs, **names, "traffic": moved})


@dataclass(frozen=True, slots=True)
class Change:
    """One sentence on a version beside an earlier report: `kind` is `NO CHANGE` or `HELD TO`."""

    kind: str
    kernel: str
    version: str
    what: str


def gathered(parts: Iterable[Held]) -> tuple[Held, ...]:
    """One `Held` a version from several, each of which knows the machine code for some architectures."""
    found: dict[tuple[str, str], Held] = {}
    codes: dict[tuple[str, str], dict[str, str]] = {}
    for held in parts:
        which = (held.kernel, held.version)
        found.setdefault(which, held)
        codes.setdefault(which, {}).update(held.machine_code)
    return tuple(replace(held, machine_code=tuple(codes[which].items())) for which, held in found.items())
