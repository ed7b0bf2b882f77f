"""One respect in which a wheel and a host differ: what each has, and what would have to change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from repoops.hostfacts.model import Fact, HostFacts, Known

AXES = (
    "name",
    "python",
    "abi",
    "torch",
    "cuda",
    "cxx11abi",
    "glibc",
    "libstdc++",
    "platform",
    "driver",
    "card",
)
"""In the order in which they are told."""

_ACTS = {
    "python": ("environment", 3),
    "abi": ("environment", 3),
    "torch": ("torch", 2),
    "cuda": ("torch", 2),
    "cxx11abi": ("torch", 2),
    "driver": ("driver", 5),
    "glibc": ("system", 7),
    "libstdc++": ("runtime", 4),
    "card": ("host", 9),
    "platform": ("host", 9),
    "name": ("publisher", 20),
}
"""Axis → (what has to be done, its price). Several axes mended by one act cost it once: a torch is installed once."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One axis on which they differ.

    Attributes:
        axis: one of `AXES`.
        wheel: what the wheel asks for.
        host: what the host has, or why that is not known.
        fix: what would have to change, as an act.
        changes: the same for a program: fact → what it is after that act.
        distance: how far apart they are, to choose between equal acts.
    """

    axis: str
    wheel: str
    host: str
    fix: str
    changes: tuple[tuple[str, Fact], ...] = ()
    distance: float = 0.0


def price(differences: Iterable[Difference]) -> tuple[int, float]:
    """What it takes to remove all of them: the acts' prices, each once, then how far apart the values are."""
    found = list(differences)
    acts = {_ACTS[d.axis] for d in found}
    return sum(cost for _, cost in acts), sum(d.distance for d in found)


def mend(facts: HostFacts, differences: Iterable[Difference]) -> HostFacts:
    """The host as it would be after every fix."""
    for difference in differences:
        for name, fact in difference.changes:
            facts = facts.with_fact(name, fact)
    return facts


def said(fact: Fact) -> str:
    """A fact in a sentence: its value, or why there is none."""
    return fact.value if isinstance(fact, Known) else fact.why


def release(version: str) -> tuple[int, ...]:
    """`2.6.0+cu124` as (2, 6, 0): the leading numbers of a version."""
    numbers = []
    for part in version.split("+", maxsplit=1)[0].split("."):
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if not digits:
            break
        numbers.append(int(digits))
        if digits != part:
            break
    return tuple(numbers)


def apart(a: str, b: str) -> float:
    """How far two versions are from each other: majors weigh most."""
    pairs = zip((*release(a), 0, 0)[:2], (*release(b), 0, 0)[:2], strict=True)
    return sum(abs(x - y) * weight for (x, y), weight in zip(pairs, (100.0, 1.0), strict=True))
