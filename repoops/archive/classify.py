"""Decides which candidates are logs, with reasons. Knows neither the repository nor who refers to a file."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from repoops.archive.decision import Decision, Reason
from repoops.archive.expected import expected
from repoops.archive.signals import SIGNALS, THRESHOLD, Candidate, Sign, Signal
from repoops.config import Config
from repoops.files import RelPath
from repoops.globs import deciding
from repoops.markdown.facts import Facts

OUR_SCHEMA = "repoops/session-summary/"
"""What the `schema` of our own summaries begins with, in their front matter."""


def classify(candidates: Sequence[Candidate], config: Config) -> list[Decision]:
    """One decision for each candidate, in their order, with at least one reason, the weightiest first."""
    return [_decide(candidate, config) for candidate in candidates]


def _decide(c: Candidate, config: Config) -> Decision:
    kept = deciding(c.path, config.archive.keep)
    if kept is not None:
        return _keep(c.path, "config", f"archive.keep has {kept}")
    if c.hidden:
        return _keep(c.path, "ignored", "git ignores it: no part of the repository")
    ours = is_ours(c.facts)
    if ours and c.path == config.session.summary:
        return _keep(c.path, "newest-summary", "the newest session summary")
    wanted = deciding(c.path, config.archive.archive)
    if wanted is not None:
        return Decision(c.path, "archive", (Reason("config", f"archive.archive has {wanted}"),))
    name = expected(c.path)
    if name is not None:
        return _keep(c.path, "expected", f"people and tools expect {name} here")
    if ours:
        return Decision(c.path, "archive", (Reason("earlier-summary", "an earlier session summary", line=1),))
    return _weigh(c)


def _weigh(c: Candidate) -> Decision:
    found = [(signal, sign) for signal in SIGNALS if (sign := signal.find(c)) is not None]
    for_log = [(signal, sign) for signal, sign in found if signal.weight > 0]
    against = [(signal, sign) for signal, sign in found if signal.weight < 0]
    total = sum(signal.weight for signal, _ in found)
    if total >= THRESHOLD and any(not signal.outside for signal, _ in for_log):
        return Decision(c.path, "archive", _reasons(for_log))
    if against:
        return Decision(c.path, "keep", _reasons(against))
    if not for_log:
        return _keep(c.path, "nothing", "nothing says that it is a log")
    only = "; ".join(sign.detail for _, sign in for_log)
    why = "its text does not say that it is a log" if total >= THRESHOLD else "too little for a log"
    return _keep(c.path, "too-little", f"{why}: {only}")


def _reasons(found: Iterable[tuple[Signal, Sign]]) -> tuple[Reason, ...]:
    ordered = sorted(found, key=lambda pair: -abs(pair[0].weight))
    return tuple(Reason(signal.name, sign.detail, sign.file, sign.line) for signal, sign in ordered)


def _keep(path: RelPath, signal: str, detail: str) -> Decision:
    return Decision(path, "keep", (Reason(signal, detail),))


def is_ours(said: Facts) -> bool:
    """Whether a page's front matter says that it is a summary of ours."""
    matter = said.front_matter or {}
    return str(matter.get("schema", "")).startswith(OUR_SCHEMA)
