"""From a repository as it was read to one decision a file: candidates, their signals, and who refers to them. Changes nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from repoops.archive.candidates import gather
from repoops.archive.classify import classify
from repoops.archive.decision import Decision
from repoops.archive.references import Mention, find_mentions, guarded
from repoops.archive.survey import Survey
from repoops.config import Config
from repoops.files import RelPath
from repoops.progress import Progress, silent
from repoops.vcs.history import FileHistory
from repoops.vcs.read import Repository


@dataclass(frozen=True, slots=True)
class Decided:
    """The decisions, and the places in CI, scripts and code that have to be rewritten if they are carried out."""

    decisions: list[Decision]
    references: tuple[Mention, ...]


def decide(
    repo: Repository,
    found: Survey,
    config: Config,
    histories: Mapping[RelPath, FileHistory],
    *,
    include_referenced: bool = False,
    progress: Progress = silent,
) -> Decided:
    """Decides on every candidate; what CI, scripts or code name stays, unless it is to be moved with those places."""
    decisions = classify(gather(repo, found, config, histories), config)
    logs = [decision.path for decision in decisions if decision.action == "archive"]
    mentions = find_mentions(repo, found, logs, config, progress)
    if not include_referenced:
        return Decided(guarded(decisions, mentions), ())
    return Decided(decisions, tuple(mention for mention in mentions if mention.kind.guards))
