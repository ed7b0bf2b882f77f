"""A host's facts as plain data, to JSON and back. A fact is known, absent, or unknown for a reason; none is guessed."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from repoops.errors import RepoOpsError

SCHEMA = "repoops/host-facts/1"


@dataclass(frozen=True, slots=True)
class Known:
    """The host answered."""

    value: str


@dataclass(frozen=True, slots=True)
class Absent:
    """The host answered that it has no such thing."""

    why: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The host could not be asked, or gave an answer that is not understood."""

    why: str


Fact = Known | Absent | Unknown
_NOT_ASKED = Unknown("not asked")


@dataclass(frozen=True, slots=True)
class HostFacts:
    """What decides whether a wheel runs on a host.

    Attributes:
        python: full version of the interpreter that is to be installed into, `3.11.7`.
        implementation: `cpython`, `pypy` …
        abi: its ABI tag, `cp311`, `cp313t`, `cp37m`.
        system: `Linux`, as `uname -s` says.
        machine: `x86_64`, `aarch64`, as `uname -m` says.
        libc: `glibc 2.35` or `musl 1.2`.
        glibcxx: the newest GLIBCXX symbol version of the libstdc++ that this Python loads, `3.4.30`.
        cxxabi: likewise the newest CXXABI, `1.3.13`.
        torch: version with its local part, `2.6.0+cu124`.
        cuda: what torch was built for: `12.4`, or `ROCm 6.2`; absent for a CPU build.
        cxx11abi: `TRUE` or `FALSE`, as torch says of itself.
        container: NVIDIA's PyTorch container, `24.01`.
        driver: version of the NVIDIA driver, `550.54.15`.
        gpu: name of the first card.
        compute_capability: of the first card, `8.9`.
        disk_free: bytes that are free where this Python installs to.
        repoops: version that is installed there.
        packages: name (normalised) → version of all that is installed there.
    """

    python: Fact = _NOT_ASKED
    implementation: Fact = _NOT_ASKED
    abi: Fact = _NOT_ASKED
    system: Fact = _NOT_ASKED
    machine: Fact = _NOT_ASKED
    libc: Fact = _NOT_ASKED
    glibcxx: Fact = _NOT_ASKED
    cxxabi: Fact = _NOT_ASKED
    torch: Fact = _NOT_ASKED
    cuda: Fact = _NOT_ASKED
    cxx11abi: Fact = _NOT_ASKED
    container: Fact = _NOT_ASKED
    driver: Fact = _NOT_ASKED
    gpu: Fact = _NOT_ASKED
    compute_capability: Fact = _NOT_ASKED
    disk_free: Fact = _NOT_ASKED
    repoops: Fact = _NOT_ASKED
    packages: Mapping[str, str] | Unknown = field(default_factory=lambda: _NOT_ASKED)

    def with_fact(self, name: str, fact: Fact) -> HostFacts:
        """The same host but for one fact."""
        changed: dict[str, Any] = {name: fact}
        return replace(self, **changed)


NAMES = tuple(f.name for f in fields(HostFacts) if f.name != "packages")

_SHAPES = {
    "python": r"\d+\.\d+(\.\d+\S*)?",
    "abi": r"[a-z0-9_]+",
    "libc": r"(glibc|musl) \d+\.\d+(\.\d+)*",
    "glibcxx": r"\d+\.\d+(\.\d+)*",
    "cxxabi": r"\d+\.\d+(\.\d+)*",
    "torch": r"\d+\.\d+\S*",
    "cuda": r"\d+\.\d+(\.\d+)*|ROCm \d+\.\d+\S*",
    "cxx11abi": r"TRUE|FALSE",
    "container": r"\d\d\.\d\d",
    "driver": r"\d+(\.\d+)+",
    "compute_capability": r"\d+\.\d+",
    "disk_free": r"\d+",
}


def understood(name: str, value: str) -> Fact:
    """A value that has the fact's form is known; any other is unknown, and says what came."""
    shape = _SHAPES.get(name, r"\S.*")
    if re.fullmatch(shape, value):
        return Known(value)
    return Unknown(f"the answer is not understood: {value[:60]!r}")


def to_json(facts: HostFacts) -> dict[str, Any]:
    """Plain data; `from_json` gives the same facts again."""
    packages = facts.packages
    return {
        "schema": SCHEMA,
        **{name: _fact_to_json(getattr(facts, name)) for name in NAMES},
        "packages": {"unknown": packages.why} if isinstance(packages, Unknown) else dict(packages),
    }


def from_json(raw: bytes, where: str) -> HostFacts:
    """Facts from a file that `to_json` wrote, or that a person did.

    A bare string stands for a known value; what the file does not name is unknown, for that reason.

    Raises:
        RepoOpsError: not such a file, with the key that is wrong.
    """
    remedy = "write it with: repoops wheels facts --on HOST"
    try:
        data = json.loads(raw)
    except ValueError as error:
        raise RepoOpsError(f"not JSON: {error}", where=where, remedy=remedy) from None
    if not isinstance(data, Mapping) or data.get("schema", SCHEMA) != SCHEMA:
        raise RepoOpsError(f"not facts of a host ({SCHEMA})", where=where, remedy=remedy)
    unknown = sorted(set(data) - {*NAMES, "packages", "schema"})
    if unknown:
        raise RepoOpsError(
            f"unknown fact {unknown[0]!r}", where=where, remedy=f"known: {', '.join(NAMES)}, packages"
        )
    found = {name: _fact_from_json(name, data[name], where) for name in NAMES if name in data}
    missing: dict[str, Fact] = {name: Unknown(f"{where} does not say") for name in NAMES if name not in data}
    return HostFacts(**found, **missing, packages=_packages_from_json(data.get("packages"), where))


def _fact_to_json(fact: Fact) -> dict[str, str]:
    if isinstance(fact, Known):
        return {"value": fact.value}
    return {"absent": fact.why} if isinstance(fact, Absent) else {"unknown": fact.why}


def _fact_from_json(name: str, data: Any, where: str) -> Fact:
    if isinstance(data, str):
        data = {"value": data}
    if isinstance(data, Mapping) and len(data) == 1 and isinstance(word := next(iter(data.values())), str):
        match next(iter(data)):
            case "absent":
                return Absent(word)
            case "unknown":
                return Unknown(word)
            case "value":
                fact = understood(name, word)
                if isinstance(fact, Known):
                    return fact
    raise RepoOpsError(
        f"{name} is {json.dumps(data)}, which is no such fact",
        where=where,
        remedy='give {"value": "…"}, {"absent": "why"} or {"unknown": "why"}',
    )


def _packages_from_json(data: Any, where: str) -> Mapping[str, str] | Unknown:
    if data is None:
        return Unknown(f"{where} does not say")
    if isinstance(data, Mapping) and all(isinstance(v, str) for v in data.values()):
        if set(data) == {"unknown"}:
            return Unknown(data["unknown"])
        return {str(name): version for name, version in data.items()}
    raise RepoOpsError("packages must be a table of names and versions", where=where)
