"""Moves logs in a test: decisions made by hand, everything after them for real."""

from __future__ import annotations

import posixpath
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from repoops.archive.decision import Decision, Reason
from repoops.archive.index import NAME
from repoops.archive.measure import Measured, measure
from repoops.archive.plan import Request, plan_archive
from repoops.archive.survey import survey
from repoops.config import Archive, Config
from repoops.oplog.apply import Receipt, apply
from repoops.oplog.plan import Plan
from repoops.vcs.history import file_histories
from repoops.vcs.read import open_repository
from tests.support.repo import Repo

HOME = "docs/archive/session_logs"


@dataclass(frozen=True)
class Moved:
    """What came of it."""

    plan: Plan
    receipt: Receipt
    measured: Measured

    @property
    def moves(self) -> dict[str, str]:
        return {move["from"]: move["to"] for move in self.plan.facts["moves"]}

    @property
    def refusals(self) -> dict[str, str]:
        return {refusal.path: refusal.why for refusal in self.plan.refusals}


def decided(paths: Collection[str]) -> list[Decision]:
    return [Decision(path, "archive", (Reason("test", "said so by the test"),)) for path in paths]


def planned(repo: Repo, paths: Collection[str], destination: str = HOME, **request: Any) -> Plan:
    at = open_repository(repo.root)
    config = Config(archive=Archive(destination=destination))
    folders = {posixpath.dirname(path) for path in paths}
    asked = Request(**{"histories": file_histories(at, folders), **request})
    return plan_archive(at, survey(at), decided(paths), config, asked)


def moved(repo: Repo, paths: Collection[str], destination: str = HOME, **request: Any) -> Moved:
    at = open_repository(repo.root)
    before = survey(at)
    plan = planned(repo, paths, destination, **request)
    receipt = apply(at, plan)
    moves = {move["from"]: move["to"] for move in plan.facts["moves"]}
    folders = plan.facts.get("folders", {})
    return Moved(plan, receipt, measure(at, before, moves, folders=folders, page=f"{destination}/{NAME}"))
