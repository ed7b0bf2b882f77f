"""How long a session took, against the gaps between commits; what nobody committed in, git cannot deny."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta

from repoops.claims.claim import Claim, Held, Then
from repoops.claims.said import Said

_LABEL = re.compile(
    r"^\W*(?:session (?:duration|time|length)|duration|total (?:session )?time|time spent|actual time)\W{1,4}~?\s*(?P<n>\d+(?:\.\d+)?)\s*"
    r"(?P<unit>h|hrs?|hours?|min(?:ute)?s?)\b(?P<rest>.*)$",
    re.IGNORECASE,
)
_GAP = timedelta(hours=2)
_NEAR = 0.2


def find(said: Said) -> Iterator[Claim]:
    """A line `Duration: ~4 hours`; no range, and nothing that is compared."""
    match = _LABEL.match(said.text)
    if match and not said.hedged and not said.passage.cells and not re.search(r"\d|vs|per\b", match["rest"]):
        hours = float(match["n"]) / (60 if match["unit"].lower().startswith("m") else 1)
        yield Claim(said.text.strip("* ")[:80], (str(hours),))


def hold(claim: Claim, then: Then) -> Held | None:
    """Borne out where the commits without a gap of two hours, up to the statement, span about so long (within 20 %)."""
    if then.at is None:
        return None
    commits, at, first = then.past.commits, then.at, then.at
    while parents := commits[first].parents:
        if commits[first].committed - commits[parents[0]].committed > _GAP:
            break
        first = parents[0]
    stretch = (commits[at].committed - commits[first].committed).total_seconds() / 3600
    claimed = float(claim.names[0])
    command = f"git log --format='%h %cI %s' {first[:12]}~..{then.rev}"
    why = f"commits without a gap of two hours, up to the statement, span {int(stretch)} h {int(stretch * 60) % 60:02d} min"
    if stretch and abs(stretch - claimed) <= _NEAR * claimed:
        return Held("approximate", f"{why}, within 20 %", command)
    return Held("unverifiable", why, command)
