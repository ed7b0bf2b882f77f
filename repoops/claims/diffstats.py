"""What was changed by how much: `12 files changed, 300 insertions`, `+123/-45`, with a commit's id or without."""

from __future__ import annotations

import re
from collections.abc import Iterator

from repoops.claims.claim import Claim, Held, Then
from repoops.claims.commits import ID
from repoops.claims.quantity import NUMBER, RANK, Quantity
from repoops.claims.said import Said

_FILES = re.compile(rf"{NUMBER} files?(?: changed)?\b", re.IGNORECASE)
_ADDED = re.compile(rf"\+?{NUMBER} (?:insertions?|lines added)\b", re.IGNORECASE)
_REMOVED = re.compile(rf"-?{NUMBER} (?:deletions?|lines (?:removed|deleted))\b", re.IGNORECASE)
_BOTH = re.compile(r"(?<![\w.])\+(?P<added>\d[\d,]*) ?/ ?[-−–](?P<removed>\d[\d,]*)(?![\w.%])")
_RUN = 15
"""How many commits back a session's sum may begin."""


def find(said: Said) -> Iterator[Claim]:
    """Sentences and rows with at least two of the three numbers, or `+A/-R`, or one with a commit's id."""
    if said.hedged:
        return
    text = said.text.replace("`", "")
    ids = tuple(dict.fromkeys(match["id"] for match in ID.finditer(text)))
    both = _BOTH.findall(text)
    if len(ids) > 1 or len(both) > 1:
        return
    numbers: dict[str, Quantity] = {}
    for name, pattern in (("files", _FILES), ("added", _ADDED), ("removed", _REMOVED)):
        found = list(pattern.finditer(text))
        if len(found) == 1 and (name != "files" or "changed" in found[0][0] or ids):
            numbers[name] = Quantity.of(found[0])
    words = text
    if both:
        numbers |= {"added": _exact(both[0][0]), "removed": _exact(both[0][1])}
        words = f"+{both[0][0]}/-{both[0][1]}"
    elif numbers:
        words = ", ".join(f"{q.value}{'+' * (q.bound == 'least')} {name}" for name, q in numbers.items())
    if len(numbers) >= 2 or (ids and numbers and "changed" in text):
        yield Claim(f"{words} ({ids[0]})" if ids else words, ids, tuple(numbers.values()), " ".join(numbers))


def _exact(words: str) -> Quantity:
    return Quantity(int(words.replace(",", "")))


def hold(claim: Claim, then: Then) -> Held | None:
    """Against the commit that it names; else whether the statement's commit, or a run of commits up to it, comes to that."""
    names = claim.how.split()
    if claim.names:
        found = then.past.starting(claim.names[0])
        stat = then.past.numstat(None, found[0]) if found else None
        if not found or stat is None or len(then.past.commits[found[0]].parents) > 1:
            return None
        word = _against(claim, names, stat)
        return Held(
            word, _why(stat) + (", within 10 %" if word == "approximate" else ""), f"git show --shortstat --oneline -M {found[0][:12]}",
            _why(stat), then.past.where(found[0]),
        )  # fmt: skip
    if then.at is None or len(names) < 2:
        return None
    for until in (then.at, *then.past.around(then.at)):
        since, paths = until, set[str]()
        for _ in range(_RUN):
            parents = then.past.commits[since].parents
            if not parents:
                break
            path_of, since = since, parents[0]
            paths |= then.past.commits[path_of].changed.keys()
            if not _may_be(claim, names, len(paths)):
                continue
            stat = then.past.numstat(since, until)
            if stat is None or all(found > 2 * count.value for found, count in _pairs(claim, names, stat)):
                break
            if _against(claim, names, stat) == "true":
                return Held(
                    "true",
                    f"from {since[:12]} to {until[:12]}",
                    f"git diff --shortstat -M {since[:12]} {until[:12]}",
                    _why(stat),
                )
    return None


def _may_be(claim: Claim, names: list[str], files: int) -> bool:
    """Whether so many paths may come to what is claimed; a rename is two paths and one file."""
    if "files" not in names:
        return True
    count = claim.counts[names.index("files")]
    return files // 2 <= count.value + 1 and (not count.exact or count.value <= files)


def _against(claim: Claim, names: list[str], stat: tuple[int, int, int]) -> str:
    return max((count.against(found) for found, count in _pairs(claim, names, stat)), key=RANK.index)


def _pairs(claim: Claim, names: list[str], stat: tuple[int, int, int]) -> list[tuple[int, Quantity]]:
    values = dict(zip(("files", "added", "removed"), stat, strict=True))
    return [(values[name], count) for name, count in zip(names, claim.counts, strict=True)]


def _why(stat: tuple[int, int, int]) -> str:
    return f"{stat[0]} files changed, {stat[1]} insertions(+), {stat[2]} deletions(-)"
