"""When a page says it was written, against the commit that holds the line: nothing is dated after it was committed."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, datetime, timedelta, timezone

from repoops.claims.claim import Claim, Held, Then
from repoops.claims.said import Said, hedges
from repoops.markdown.dates import dates_in

_LABEL = re.compile(
    r"^\W*(?:date|last updated|updated|created|generated|timestamp|written|completed?|session (?:date|end|ended|complete|completed|closed)|"
    r"deployed|deployment (?:date|time)|validation date|report date|status date|as of)\W{1,4}(?P<value>.*)$",
    re.IGNORECASE,
)
_CLOCK = re.compile(
    r"(?<![\d:T+-])(?P<h>\d{1,2}):(?P<m>\d\d)(?::\d\d)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*\(?(?P<zone>[A-Z]{2,4}\b|Z\b|[+-]\d\d:?\d\d)?"
)
_ISO = re.compile(r"(20\d\d-\d\d-\d\d)T(\d\d:\d\d)")
ZONES = {
    "UTC": 0, "GMT": 0, "Z": 0, "PST": -8, "PDT": -7, "PT": -8, "MST": -7, "MDT": -6, "CST": -6, "CDT": -5, "EST": -5, "EDT": -4,
    "BRT": -3, "CET": 1, "CEST": 2, "JST": 9,
}  # fmt: skip
"""Hours east of Greenwich."""
_SLACK = timedelta(minutes=30)
_WORLD = timedelta(hours=14)
"""A date begins first at UTC+14; a text that gives no zone is held to that."""
_PLAIN_LEAD = re.compile(r"^\W*(?:[A-Z][a-z]+day,?)?\s*$")
_RANGE = re.compile(r"\s*(?:-|–|—|to|through|until)\s*(?:\d{1,2}(?!:|\d)|[A-Z][a-z]{2,8} \d|20\d\d)")


def find(said: Said) -> Iterator[Claim]:
    """A line such as `**Date**: October 3, 2025, 2:35 AM PST`; one date, perhaps with a time and its zone."""
    match = _LABEL.match(said.text)
    if not match or hedges(match["value"]) or said.passage.cells:
        return
    value = _ISO.sub(r"\1 \2", match["value"])
    found = dates_in(value)
    if len(found) != 1:
        return
    day, words = found[0]
    before, _, after = value.partition(words)
    if not _PLAIN_LEAD.match(before) or _RANGE.match(after):
        return
    clock = _CLOCK.search(after)
    yield Claim(said.text.strip("* ")[:80], (day, clock[0].strip(" (") if clock else ""))


def hold(claim: Claim, then: Then) -> Held | None:
    """True near the commit, false where it lies after it (author's and committer's date, the later one); else not to be known."""
    if then.at is None:
        return None
    commit = then.past.commits[then.at]
    latest = max(commit.authored, commit.committed)
    day = date.fromisoformat(claim.names[0])
    command = f"git show -s --format='%h %aI' {then.rev}"
    output = f"{commit.id[:9]} {commit.authored.isoformat()}"
    clock = _CLOCK.match(claim.names[1]) if claim.names[1] else None
    if clock and clock["zone"] and (moment := _moment(day, clock)):
        return _at(moment, latest, min(commit.authored, commit.committed), command, output)
    first = datetime(day.year, day.month, day.day, tzinfo=timezone.utc) - _WORLD
    if first > latest:
        return Held(
            "false", f"that day began after it was committed, {latest:%Y-%m-%d %H:%M %z}", command, output
        )
    if day in (commit.authored.date(), commit.committed.date()):
        return Held("true", "committed that day", command, output)
    off = abs((commit.authored.date() - day).days)
    if off == 1:
        return Held("approximate", "committed within a day of it", command, output)
    return Held("unverifiable", f"committed {off} days later", command, output)


def _moment(day: date, clock: re.Match[str]) -> datetime | None:
    hour, minute, zone = int(clock["h"]), int(clock["m"]), clock["zone"]
    half = (clock["half"] or "").lower().replace(".", "")
    if hour > 23 or minute > 59 or (half and hour > 12):
        return None
    hour = hour % 12 + 12 * (half == "pm") if half else hour
    if zone in ZONES:
        offset = timedelta(hours=ZONES[zone])
    elif signed := re.fullmatch(r"([+-])(\d\d):?(\d\d)", zone):
        offset = timedelta(hours=int(signed[2]), minutes=int(signed[3])) * (-1 if signed[1] == "-" else 1)
    else:
        return None
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=timezone(offset))


def _at(moment: datetime, latest: datetime, earliest: datetime, command: str, output: str) -> Held:
    if moment - latest > _SLACK:
        why = f"{_span(moment - latest)} after it was committed"
        if abs(moment.replace(tzinfo=latest.tzinfo) - latest) <= _SLACK:
            why += f"; the clock fits {latest:%z}, not the zone that is named"
        return Held("false", why, command, output)
    if abs(moment - earliest) <= _SLACK or abs(moment - latest) <= _SLACK:
        return Held("true", "committed within half an hour of it", command, output)
    early = latest - moment
    if early <= timedelta(hours=2):
        return Held("approximate", f"committed {_span(early)} later, within two hours", command, output)
    return Held("unverifiable", f"committed {_span(early)} later", command, output)


def _span(span: timedelta) -> str:
    minutes = int(span.total_seconds()) // 60
    return f"{minutes // 1440} days" if minutes >= 2880 else f"{minutes // 60} h {minutes % 60:02d} min"
