"""What was found out, in words and as plain data."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from repoops.hostfacts.model import Absent, Fact, HostFacts, Known, Unknown, to_json
from repoops.wheels.difference import AXES, release
from repoops.wheels.fetch import Fetched
from repoops.wheels.fit import Fit, NoFit, Refusal
from repoops.wheels.index import Listing
from repoops.wheels.install import Installed
from repoops.wheels.names import Published
from repoops.wheels.prove import Proof
from repoops.words import many

SCHEMA = "repoops/wheels/1"
_MOST_SHOWN = 3


def host_line(facts: HostFacts) -> str:
    """What decides, on one line."""
    return ", ".join(
        (
            f"Python {_word(facts.python)} ({_word(facts.abi)})",
            f"torch {_word(facts.torch)}",
            f"CUDA {_word(facts.cuda)}",
            f"cxx11abi {_word(facts.cxx11abi)}",
            _word(facts.libc),
            _word(facts.machine),
            f"driver {_word(facts.driver)}",
            f"compute capability {_word(facts.compute_capability)}",
        )
    )


def text(
    project: str,
    where: str,
    facts: HostFacts,
    listing: Listing,
    found: Fit | NoFit,
    lacking: Sequence[str] = (),
) -> str:
    """The answer for a person: what fits, or the nearest and what differs, axis by axis."""
    lines = [f"host     {host_line(facts)}"]
    count = len(listing.wheels)
    if isinstance(found, Fit):
        lines += [f"fits     {found.wheel.filename}", *(f"         note: {c}" for c in found.cautions)]
        lines += [f"         needs: {line}" for line in lacking[:_MOST_SHOWN]]
        if len(lacking) > _MOST_SHOWN:
            lines.append(f"         needs: {len(lacking) - _MOST_SHOWN} more: --json has them all")
        if found.others:
            lines.append(f"         {len(found.others)} more of {count} fit")
        return "\n".join(lines)
    if not count:
        return "\n".join(
            [*lines, f"none     no wheel of {project} is published in {_places(listing)}{_sources(listing)}"]
        )
    if not found.refused:
        return "\n".join(
            [*lines, f"none     of {many(count, 'wheel')} none has a version that was asked for"]
        )
    lines.append(f"none     of {many(len(found.refused), 'wheel')} of {project} none fits {where}")
    lines += _axes(found.refused)
    for refusal in found.refused[:_MOST_SHOWN]:
        lines.append(f"nearest  {refusal.wheel.filename}")
        lines += [f"         {d.axis}: has {d.wheel}, host {d.host}: {d.fix}" for d in refusal.differences]
    more = len(found.refused) - _MOST_SHOWN
    if more > 0:
        lines.append(f"         and {more} more: --json has them all")
    return "\n".join(lines) + _sources(listing)


def data(
    project: str, facts: HostFacts, listing: Listing, found: Fit | NoFit, lacking: Sequence[str] = ()
) -> dict[str, Any]:
    """The same for a program, with every refusal."""
    fits = isinstance(found, Fit)
    return {
        "schema": SCHEMA,
        "project": project,
        "facts": to_json(facts),
        "read": list(listing.read),
        "sources": list(listing.sources),
        "fits": _wheel(found.wheel) if isinstance(found, Fit) else None,
        "cautions": list(found.cautions) if isinstance(found, Fit) else [],
        "lacking": list(lacking) if fits else [],
        "others": [w.filename for w in found.others] if isinstance(found, Fit) else [],
        "refused": [_refusal(refusal) for refusal in found.refused],
    }


def fetched(got: Fetched) -> str:
    """What came, and how far its digest is vouched for."""
    vouched = "as published" if got.published else "computed here: no digest is published"
    return f"fetched  {got.path.stat().st_size} bytes, sha256 {got.sha256} ({vouched})"


def installed(done: Installed, proofs: Iterable[Proof]) -> str:
    """What pip said, and what was proved."""
    lines = [f"there    {done.there}", f"pip      {done.said}"]
    lines += [f"proof    {p.what}: {p.outcome}: {p.said}" for p in proofs]
    return "\n".join(lines)


def proofs_data(proofs: Iterable[Proof]) -> list[dict[str, str]]:
    """The same for a program."""
    return [{"what": p.what, "outcome": p.outcome, "said": p.said} for p in proofs]


def _wheel(wheel: Published) -> dict[str, Any]:
    return {
        "filename": wheel.filename,
        "version": str(wheel.version),
        "url": wheel.url,
        "sha256": wheel.sha256 or None,
        "size": wheel.size,
        "requires": None if wheel.requires is None else list(wheel.requires),
    }


def _refusal(refusal: Refusal) -> dict[str, Any]:
    return {
        "filename": refusal.wheel.filename,
        "differences": [
            {"axis": d.axis, "wheel": d.wheel, "host": d.host, "fix": d.fix} for d in refusal.differences
        ],
    }


def _axes(refused: Iterable[Refusal]) -> list[str]:
    """Which axes no wheel passes: there nothing but a change of the host helps."""
    rows = list(refused)
    lines = []
    for axis in AXES:
        found = [d for r in rows for d in r.differences if d.axis == axis]
        if len(found) != len(rows):
            continue
        values = list(dict.fromkeys(d.wheel for d in found))
        shown = ", ".join(values[:8]) + (" …" if len(values) > 8 else "")
        lines.append(f"         {axis}: every wheel differs: they have {shown}; host {found[0].host}")
    return lines


def _places(listing: Listing) -> str:
    return ", ".join(listing.read) or "the places that were asked"


def _sources(listing: Listing) -> str:
    if not listing.sources:
        return ""
    newest = max(listing.sources, key=lambda name: release(name.rpartition("-")[2]))
    return f"\n         {newest} is a source distribution: it would be compiled, which is not done on a host"


def _word(fact: Fact) -> str:
    match fact:
        case Known(value):
            return value
        case Absent():
            return "none"
        case Unknown():
            return "unknown"
