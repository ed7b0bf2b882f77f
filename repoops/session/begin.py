"""Where a session begins: what session-start records, and what can be said where nobody ran it."""

from __future__ import annotations

from datetime import datetime, timedelta

from repoops import machine
from repoops.report.evidence import Subject
from repoops.session.record import Start
from repoops.vcs.commits import last_stretch
from repoops.vcs.read import Head, Repository, resolve

GAP = timedelta(hours=2)
"""A pause between commits after which a session that nobody started is taken to begin."""


def begin(now: datetime, at: Head, subject: Subject, why: str = "") -> Start:
    """A start that is recorded now."""
    return Start(_id(now), now, at.commit, at.branch, subject.tree, facts(), why=why)


def inferred(repo: Repository, now: datetime, at: Head, ended: datetime | None = None) -> Start:
    """A start read from git: the first of the last commits that lie at most `GAP` apart, if they reach to now.

    Nothing before `ended`, the end of the session before, belongs to this one.
    """
    stretch = last_stretch(repo, at.commit, GAP) if at.commit else []
    if ended is not None and now - ended <= GAP:
        since = [commit for commit in stretch if commit.when > ended]
        why = "session-start was not run; taken from the end of the session before"
        before = resolve(repo, since[0].id + "^") if since else at.commit
        return Start(_id(now), ended, before, at.branch, None, facts(), False, why)
    if not stretch or now - stretch[-1].when > GAP or stretch[0].when > now:
        return Start(
            _id(now), now, at.commit, at.branch, None, facts(), False, "no commit of the last two hours"
        )
    first = stretch[0]
    why = "session-start was not run; taken from the first of the last commits at most 2 h apart"
    return Start(_id(now), first.when, resolve(repo, first.id + "^"), at.branch, None, facts(), False, why)


def facts() -> dict[str, str]:
    """The machine and its GPUs, in words."""
    cards = machine.gpus()
    gpu = (
        cards
        if isinstance(cards, str)
        else "; ".join(f"{c.name}, {c.used_mib} of {c.memory_mib} MiB used" for c in cards)
    )
    return {**machine.summary(), "gpu": f"none known ({gpu})" if isinstance(cards, str) else gpu}


def _id(now: datetime) -> str:
    return f"{now:%Y%m%d-%H%M%S}"
