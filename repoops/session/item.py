"""What a summary says, and why it may say it: the mark is derived from the state and cannot be set."""

from __future__ import annotations

from dataclasses import dataclass

from repoops.report.evidence import Evidence


@dataclass(frozen=True, slots=True)
class Measured:
    """A run that ended well, on the tree that the summary is about."""

    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Failed:
    """A run that did not end well."""

    evidence: Evidence


@dataclass(frozen=True, slots=True)
class Partial:
    """A run that ended well but does not carry the whole statement; `but` says why."""

    evidence: Evidence
    but: str


@dataclass(frozen=True, slots=True)
class Stated:
    """Nobody measured it; `by` is who said so."""

    by: str


State = Measured | Failed | Partial | Stated


@dataclass(frozen=True, slots=True)
class Item:
    """One statement."""

    text: str
    state: State

    @property
    def mark(self) -> str:
        """✅, ❌, ⚠️ or the word `stated`."""
        match self.state:
            case Measured():
                return "✅"
            case Failed():
                return "❌"
            case Partial():
                return "⚠️"
            case Stated():
                return "stated"


def judged(text: str, evidence: Evidence, *, tree: str, but: str = "") -> Item:
    """The item that a run carries: this is the only way from evidence to a mark.

    Args:
        text: what was run, in words.
        evidence: the run.
        tree: the tree that the summary is about.
        but: what the run leaves open, if anything.
    """
    if not evidence.ok:
        return Item(text, Failed(evidence))
    if evidence.subject.tree != tree:
        but = "; ".join(
            filter(None, (f"measured on tree {evidence.subject.tree[:10]}, not on the final one", but))
        )
    return Item(text, Partial(evidence, but) if but else Measured(evidence))


def outcome(items: tuple[Item, ...]) -> str:
    """`failed`, `partial`, `done`, or `not measured`; statements nobody measured count for nothing."""
    states = {type(item.state) for item in items}
    if Failed in states:
        return "failed"
    if Partial in states:
        return "partial"
    return "done" if Measured in states else "not measured"
