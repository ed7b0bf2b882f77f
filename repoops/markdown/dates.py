"""Dates as people write them in logs and in file names; a cross-check only, for a log's date comes from git."""

from __future__ import annotations

import re
from datetime import date

_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_MONTH = (
    r"(?P<month>Jan(?:uary)?|Feb(?:ruary)?|Mar(?:ch)?|Apr(?:il)?|May|June?|July?|Aug(?:ust)?|"
    r"Sept?(?:ember)?|Oct(?:ober)?|Nov(?:ember)?|Dec(?:ember)?)"
)
_IN_TEXT = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<!\d)(?P<year>20\d\d)-(?P<m>\d\d)-(?P<day>\d\d)(?!\d)",
        r"(?<!\d)(?P<year>20\d\d)/(?P<m>\d\d?)/(?P<day>\d\d?)(?!\d)",
        r"(?<!\d)(?P<day>\d\d?)\.(?P<m>\d\d?)\.(?P<year>20\d\d)(?!\d)",
        r"(?P<year>20\d\d)\s?年\s?(?P<m>\d\d?)\s?月\s?(?P<day>\d\d?)\s?日",
        rf"\b{_MONTH}\.?\s+(?P<day>\d\d?)(?:st|nd|rd|th)?,?\s+(?P<year>20\d\d)\b",
        rf"(?<!\d)(?P<day>\d\d?)(?:st|nd|rd|th)?\s+{_MONTH}\.?,?\s+(?P<year>20\d\d)\b",
    )
)
_IN_NAME = tuple(
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?<!\d)(?P<year>20\d\d)[-_.]?(?P<m>0[1-9]|1[0-2])[-_.]?(?P<day>\d\d)(?!\d)",
        rf"(?<![a-z]){_MONTH}[-_.]?(?P<day>\d\d?)(?:[-_.]?(?P<year>20\d\d))?(?![\da-z])",
        rf"(?<!\d)(?P<day>\d\d?)[-_.]?{_MONTH}(?:[-_.]?(?P<year>20\d\d))?(?![\da-z])",
    )
)


def dates_in(text: str) -> list[tuple[str, str]]:
    """Every date in a line of prose, in order, as (ISO date, the words it was read from)."""
    found: dict[int, tuple[str, str]] = {}
    for pattern in _IN_TEXT:
        for match in pattern.finditer(text):
            day = _date(match)
            if day is not None:
                found.setdefault(match.start(), (day.isoformat(), match.group()))
    return [found[at] for at in sorted(found)]


def date_in_name(name: str) -> str | None:
    """The date a file name carries: ISO, without a year where the name gives none (`--10-14`), or None."""
    for pattern in _IN_NAME:
        for match in pattern.finditer(name):
            if match["year"] is None:
                leap = _day(2024, match)
                if leap is not None:
                    return f"--{leap:%m-%d}"
                continue
            day = _date(match)
            if day is not None:
                return day.isoformat()
    return None


def _date(match: re.Match[str]) -> date | None:
    return _day(int(match["year"]), match)


def _day(year: int, match: re.Match[str]) -> date | None:
    groups = match.groupdict()
    month = int(groups["m"]) if groups.get("m") else _MONTHS.index(match["month"][:3].lower()) + 1
    try:
        return date(year, month, int(match["day"]))
    except ValueError:
        return None
