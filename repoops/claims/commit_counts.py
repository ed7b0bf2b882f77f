"""How many commits a session made: `Commits: 8`, `15 commits pushed`, `3 commits (a1b2c3d, …)`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from repoops.claims.claim import Claim, Held, Then
from repoops.claims.commits import ID
from repoops.claims.quantity import NUMBER, Quantity, best
from repoops.claims.said import Said

_LABEL = re.compile(rf"^\W*(?:git |total |session )?commits(?: pushed| made| today)?(?: \(session\))?: {NUMBER}(?=[\s,;.(]|$)", re.IGNORECASE)  # fmt: skip
_MADE = re.compile(rf"{NUMBER} (?:\w+ )?commits? (?:were |have been )?(?:pushed|made|created|today|total|this session|in this session)\b", re.IGNORECASE)  # fmt: skip
_SPAN = timedelta(days=3)
_SESSION = re.compile(r"\b(?:session|today)\b", re.IGNORECASE)
_GAP = timedelta(hours=2)


def find(said: Said) -> Iterator[Claim]:
    """A count of commits that says of what it is one: of a session, pushed, made."""
    if said.hedged:
        return
    text = said.text.replace("`", "")
    if match := _LABEL.search(text) or _MADE.search(text):
        ids = tuple(dict.fromkeys(found["id"] for found in ID.finditer(text)))
        yield Claim(match[0].strip(), ids, (Quantity.of(match),))


def hold(claim: Claim, then: Then) -> Held | None:
    """True of a day or a stretch up to the statement; false only if three days around it, on all refs, hold fewer."""
    (count,) = claim.counts
    if claim.names and (held := _named(claim, then)):
        return held
    if then.at is None:
        return None
    if count.exact and (span := _run(then, count.value)):
        return Held("true", "so many without a gap of two hours, up to the statement", f"git log --oneline {span}", str(count.value))  # fmt: skip
    here = then.past.commits[then.at]
    day = here.committed.date()
    line = (then.past.commits[id_] for id_ in then.past.reach(then.at))
    that_day = sum(commit.committed.date() == day for commit in line)
    command = f"git log --format=%cd --date=short {then.rev} | grep -c {day}"
    if count.against(that_day) == "true":
        return Held("true", f"{that_day} that day, up to the statement", command, str(that_day))
    session = _SESSION.search(then.said.text) is not None  # else it may be the whole project's count
    others = then.past.commits.values()
    near = sum(not session or abs(commit.committed - here.committed) <= _SPAN for commit in others)
    if count.value > near and count.against(near) == "false":
        span = f" --since='{here.committed - _SPAN}' --until='{here.committed + _SPAN}'" if session else ""
        within = " within three days of it" if session else ""
        return Held("false", f"all refs have {near}{within}", f"git log --all --oneline{span}", str(near))
    return Held("unverifiable", "nothing says which commits it counts", command, str(that_day))


def _named(claim: Claim, then: Then) -> Held | None:
    """Against the commits that stand beside it: a list of them, or the first and the last."""
    (count,) = claim.counts
    ids = [found[0] for name in claim.names if (found := then.past.starting(name))]
    if len(ids) < len(claim.names):
        return None
    if count.value == len(ids):
        listed = " ".join(name for name in claim.names)
        return Held("true", "so many are named", f"git log --no-walk --oneline {listed}", str(len(ids)), then.past.where(ids[0]))  # fmt: skip
    if len(ids) != 2 or ids[0] not in then.past.reach(ids[1]) or not _RANGE.search(then.said.text):
        return None
    n = len(then.past.reach(ids[1])) - len(then.past.reach(ids[0]))
    word = best([count.against(n), count.against(n + 1)])
    why = f"{n + 1} from the first to the last, both counted" + (
        ", within 10 %" if word == "approximate" else ""
    )
    if word == "false" and any(count.against(whole) == "true" for whole in _branch(ids[1], then)):
        word, why = "unverifiable", f"{why}; but a branch has so many up to the last"
    return Held(word, why, f"git rev-list --count {claim.names[0]}..{claim.names[1]}", str(n), then.past.where(ids[1]))  # fmt: skip


def _branch(last: str, then: Then) -> Iterator[int]:
    """How many commits a branch may have had whose last is this: those that HEAD lacks, and those since a merge."""
    past = then.past
    yield len(past.reach(last) - past.ancestors)
    at, count = last, 0
    while len(parents := past.commits[at].parents) == 1:
        at, count = parents[0], count + 1
    yield count


_RANGE = re.compile(r"[0-9a-f]`?\s*(?:→|->|\.\.\.?|–|—|-|to)\s*`?[0-9a-f]")


def _run(then: Then, wanted: int) -> str | None:
    """The revisions of the stretch up to the statement, with its own commit or without, if there are so many in it."""
    at, count = str(then.at), 1
    while parents := then.past.commits[at].parents:
        gap = then.past.commits[at].committed - then.past.commits[parents[0]].committed
        if gap > _GAP:
            break
        at, count = parents[0], count + 1
    since = f"{at[:12]}~.." if then.past.commits[at].parents else ""
    if wanted == count:
        return f"--first-parent {since}{then.rev}"
    return f"--first-parent {since}{then.rev}~" if wanted == count - 1 else None
