"""Picks the wheel that fits a host, or says of each exactly why it does not; computes, and asks nobody."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from packaging.specifiers import SpecifierSet

from repoops.hostfacts.model import HostFacts
from repoops.wheels import built_for, tags
from repoops.wheels.difference import AXES, Difference, price
from repoops.wheels.names import Published, Unreadable


@dataclass(frozen=True, slots=True)
class Refusal:
    """A wheel that does not fit, with every axis on which it differs."""

    wheel: Published | Unreadable
    differences: tuple[Difference, ...]


@dataclass(frozen=True, slots=True)
class Fit:
    """The best wheel of those that fit.

    Attributes:
        wheel: the one to take.
        cautions: what the name leaves open, or what only a run can show.
        others: the wheels that fit as well, best first.
        refused: the others, nearest first.
    """

    wheel: Published
    cautions: tuple[str, ...]
    others: tuple[Published, ...]
    refused: tuple[Refusal, ...]


@dataclass(frozen=True, slots=True)
class NoFit:
    """Why none fits: a refusal for each wheel, nearest first; empty where nothing is published."""

    refused: tuple[Refusal, ...]


def fit(
    facts: HostFacts, wheels: Iterable[Published | Unreadable], wanted: SpecifierSet | None = None
) -> Fit | NoFit:
    """The best wheel for a host, or why there is none.

    Newest version first, then the one made most narrowly for this host. Pre-releases count where
    nothing else is left or `wanted` names one; withdrawn wheels where `wanted` pins their version.
    """
    chosen = offered(list(wheels), wanted or SpecifierSet())
    fitting: list[Published] = []
    refused: list[Refusal] = []
    for wheel in chosen:
        found = differences(facts, wheel)
        if found or isinstance(wheel, Unreadable):
            refused.append(Refusal(wheel, found))
        else:
            fitting.append(wheel)
    refused.sort(key=lambda r: (price(r.differences), _newest_first(r.wheel)))
    if not fitting:
        return NoFit(tuple(refused))
    fitting.sort(key=lambda w: (_newest_first(w), [-n for n in specificity(facts, w)], -w.build, w.filename))
    best = fitting[0]
    return Fit(best, built_for.cautions(facts, best), tuple(fitting[1:]), tuple(refused))


def differences(facts: HostFacts, wheel: Published | Unreadable) -> tuple[Difference, ...]:
    """Every axis on which a wheel and a host differ, in the order of `AXES`; none: the wheel fits."""
    if isinstance(wheel, Unreadable):
        return (Difference("name", wheel.filename, "pip refuses such a name", wheel.why),)
    found = [*tags.differences(wheel.tags, facts), *built_for.differences(facts, wheel)]
    return tuple(sorted(found, key=lambda d: AXES.index(d.axis)))


def offered(wheels: Sequence[Published | Unreadable], wanted: SpecifierSet) -> list[Published | Unreadable]:
    """Those that may be taken at all: of the versions asked for, neither withdrawn nor, if possible, pre-releases."""
    pinned = any(s.operator in ("==", "===") for s in wanted)
    readable = [w for w in wheels if isinstance(w, Published)]
    versions = set(wanted.filter({str(w.version) for w in readable}))
    kept: list[Published | Unreadable] = [
        w for w in readable if str(w.version) in versions and (w.yanked is None or pinned)
    ]
    return kept + [w for w in wheels if isinstance(w, Unreadable)]


def specificity(facts: HostFacts, wheel: Published) -> tuple[int, ...]:
    """How narrowly a fitting wheel is made for this host; compared number by number."""
    return (*built_for.rank(facts, wheel), tags.rank(wheel.tags), wheel.variant.cuda is not None)


def _newest_first(wheel: Published | Unreadable) -> tuple[object, ...]:
    if isinstance(wheel, Unreadable):
        return (1, 0)
    return (0, _Reversed(wheel.version.public))


@dataclass(frozen=True, slots=True)
class _Reversed:
    """A version that sorts the newest first."""

    public: str

    def __lt__(self, other: _Reversed) -> bool:
        from packaging.version import Version

        return Version(self.public) > Version(other.public)
