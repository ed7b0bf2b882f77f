"""From what is published to the one wheel to take: names first, then metadata, then the files themselves."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.utils import canonicalize_name

from repoops.errors import RepoOpsError
from repoops.hostfacts.model import HostFacts
from repoops.progress import Progress, silent
from repoops.wheels import elf, fit, index, wheel_file
from repoops.wheels.difference import AXES
from repoops.wheels.fetch import Fetched, fetch
from repoops.wheels.fit import Fit, NoFit, Refusal
from repoops.wheels.index import Listing
from repoops.wheels.names import Published, Unreadable

_AT_ONCE = 8
_MOST_FETCHED = 3
"""Wheels of one project that are fetched at most: one after the other, each for what the last one's files asked."""


@dataclass(frozen=True, slots=True)
class Read:
    """A wheel that was fetched and whose files were held to the host as well."""

    fit: Fit
    fetched: Fetched


def wanted(words: str) -> tuple[str, SpecifierSet]:
    """`flash-attn==2.5.8` as the project's name and the versions that may be taken.

    Raises:
        RepoOpsError: not such words.
    """
    end = next((n for n, c in enumerate(words) if c in "=<>!~ "), len(words))
    name, versions = words[:end].strip(), words[end:].strip()
    remedy = "for example: flash-attn, flash-attn==2.5.8, 'xformers>=0.0.28'"
    if not name or not all(c.isalnum() or c in "._-" for c in name):
        raise RepoOpsError(f"not a project's name: {words!r}", remedy=remedy)
    try:
        return canonicalize_name(name), SpecifierSet(versions)
    except InvalidSpecifier:
        raise RepoOpsError(f"not versions: {versions!r}", remedy=remedy) from None


def by_metadata(
    facts: HostFacts, listing: Listing, versions: SpecifierSet, progress: Progress = silent
) -> Fit | NoFit:
    """The wheel that fits by name and by metadata; metadata is read of those alone that come into question."""
    wheels: dict[str, Published | Unreadable] = {w.filename: w for w in listing.wheels}
    asked: set[str] = set()
    while True:
        found = fit.fit(facts, wheels.values(), versions)
        if isinstance(found, NoFit) or found.wheel.requires is not None or found.wheel.filename in asked:
            return found
        ahead = [w for w in (found.wheel, *found.others) if w.requires is None and w.filename not in asked]
        progress(len(asked), len(asked) + _AT_ONCE, "reading metadata")
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for wheel in pool.map(index.requirements, ahead[:_AT_ONCE]):
                wheels[wheel.filename] = wheel
                asked.add(wheel.filename)


def by_files(facts: HostFacts, found: Fit, folder: Path, progress: Progress = silent) -> Read | NoFit:
    """Fetches the best wheel and holds its libraries to the host; if they ask for more, the next best.

    Raises:
        RepoOpsError: it cannot be fetched whole, or is no wheel.
    """
    refused: list[Refusal] = []
    candidates = (found.wheel, *found.others)
    for wheel in candidates[:_MOST_FETCHED]:
        fetched = fetch(wheel, folder, progress)
        read = wheel
        if wheel.requires is None:
            read = index.with_metadata(wheel, wheel_file.metadata(fetched.path))
        differ = {
            d.axis: d
            for d in (*elf.differences(facts, elf.needs(fetched.path)), *fit.differences(facts, read))
        }
        if not differ:
            others = tuple(w for w in candidates if w.filename != wheel.filename)
            best = replace(
                found, wheel=read, others=others, cautions=_read_cautions(facts, read), refused=(*refused, *found.refused)
            )  # fmt: skip
            return Read(best, fetched)
        refused.append(Refusal(read, tuple(sorted(differ.values(), key=lambda d: AXES.index(d.axis)))))
    return NoFit((*refused, *found.refused))


def _read_cautions(facts: HostFacts, wheel: Published) -> tuple[str, ...]:
    """Cautions that hold still once the files have been read."""
    from repoops.wheels import built_for

    return tuple(c for c in built_for.cautions(facts, wheel) if "once they are here" not in c)
