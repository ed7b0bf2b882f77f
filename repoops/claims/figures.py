"""The figures in a sentence that only a measurement or a compiler can give; pure text.

A sentence that speaks of an aim, a bound, an estimate or of what was not measured claims nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

_NUMBER = r"(?<![\w.])(?<!\d[-–])(?<![sS]ub[-–])(?P<n>\d[\d,]*(?:\.\d+)?)"
_ZERO = r"(?P<n>\b(?:no|zero)\b|(?<![\w.,])0)"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with what it counts.

    Attributes:
        kind: one of `KINDS`.
        low: the value in the kind's unit: µs, a ratio, percent, registers, bytes, or a count; a rate in the unit that was written.
        high: the upper end where a range is given, else as `low`.
        half: half a unit of the last digit that was written.
        words: as written.
    """

    kind: str
    low: float
    high: float
    half: float
    words: str


SPEEDS = ("time", "ratio", "rate", "share")
"""What only a GPU can say: µs; against another's time; arithmetic or bytes a second; percent of a peak."""
ALLOTTED = ("registers", "shared", "spills", "occupancy", "conflicts")
"""What belongs to a kernel as it is: registers a thread, bytes a block, bytes, percent of the warps that fit, bank conflicts."""
PASSED = ("correct", "passed")
"""Of checks: percent that passed, and so many of so many."""
KINDS = (*SPEEDS, *ALLOTTED, *PASSED)

_PATTERNS = (
    ("time", re.compile(_NUMBER + r"\s*(?P<unit>ns|µs|μs|us|usecs?|microseconds?|ms|milliseconds?)\b")),
    ("time", re.compile(r"\((?P<unit>ns|µs|μs|us|ms)\):\s*~?(?P<n>\d[\d,]*(?:\.\d+)?)\b")),
    ("ratio", re.compile(_NUMBER + r"\s*(?:[x×]|-?fold|times)\s+(?:faster|slower|speed-?up|quicker|improvement)\b")),
    ("ratio", re.compile(r"\bspeed-?up (?:of|by|is|was|:)\s*~?" + _NUMBER + r"\s*[x×]?")),
    ("ratio", re.compile(_NUMBER + r"\s*(?:[x×])\s+(?:\S+\s+){0,3}?(?:than|over|vs\.?|against) (?:PyTorch|torch|SDPA|cuBLAS|xformers|flash)\b")),
    ("rate", re.compile(_NUMBER + r"\s*(?P<unit>[TG]FLOP[Ss]?(?:/s)?|[TG]B/s)\b")),
    ("share", re.compile(_NUMBER + r"\s*% of (?:the )?(?:\w+[ -]){0,3}(?:peak|roofline|bandwidth|speed of light)\b")),
    ("registers", re.compile(_NUMBER + r"(?: to (?P<high>\d+))? registers\b")),
    ("shared", re.compile(_NUMBER + r"\s*(?P<unit>bytes|B|KiB|KB)(?: of)? (?:static |dynamic )?(?:shared memory|smem)\b")),
    ("spills", re.compile(_ZERO + r" (?:register )?spills?\b")),
    ("spills", re.compile(_NUMBER + r" bytes(?: of)? spill(?:s|ed)\b")),
    ("conflicts", re.compile(r"(?P<n>\b(?:no|zero)\b|(?<![\w.])\d[\d,]*) (?:shared[- ]memory )?bank conflicts?\b")),
    ("occupancy", re.compile(_NUMBER + r"\s*% occupancy\b")),
    ("occupancy", re.compile(r"\boccupancy (?:of|is|:)\s*" + _NUMBER + r"\s*%")),
    ("correct", re.compile(_NUMBER + r"\s*% (?:correct\w*|accura\w+|pass\w*)\b", re.IGNORECASE)),
    ("passed", re.compile(r"(?<![\w./])(?P<n>\d+)/(?P<of>\d+) (?:\w+ ){0,2}?(?:pass\w*|correct)\b", re.IGNORECASE)),
)  # fmt: skip

_HEDGED = re.compile(
    r"\b(not measured|unmeasured|goals?|target\w*|should|would|could|might|may|must|aims?|plan(?:s|ned)?|expect\w*|"
    r"estimat\w*|project(?:ed|ion)\w*|plausib\w*|budget\w*|floors?|roofline model|data[- ]sheet|theoretical\w*|"
    r"(?:at|the) (?:most|least)|(?:more|less|fewer|no more) than|(?:up|down) to|under|above|below|limit\w*|insufficient|when available|if|until|unless|too|e\.g\.|for example)\b"
    r"|[≤≥<>?]|\[ \]|\bvalidated\b.{0,20}\bnever\b|[\"“”]",
    re.IGNORECASE,
)  # fmt: skip
_PEAK = re.compile(
    r"\bFLOP[Ss]?(?:/s)? \(?(?:FP|TF|BF|INT)\d|\bT?FLOPS? \(?(?:FP|TF|BF|INT)\d|\b(peaks?|memory BW|bandwidth|TDP|specs?|spec sheet)\b",
    re.IGNORECASE,
)
_AHEAD = re.compile(
    r"\b(roadmap|plan\w*|goals?|target\w*|next|future|to-?do|options?|ideas?|proposals?|hypothes\w+|et al|published|papers?|literature|expect\w*|estimat\w*|path to|optimi[sz]ation opportunities)\b",
    re.IGNORECASE,
)
_QUOTED = re.compile(r"`[^`]*(?:\s+[^`\s]+){4,}`")
"""A code span of five words or more is what some program printed."""
_UNITS = {"ns": 1e-3, "ms": 1e3, "milliseconds": 1e3, "millisecond": 1e3, "KB": 1024.0, "KiB": 1024.0}


def figures(sentence: str, under: str = "") -> Iterator[Figure]:
    """Every figure a sentence states; none where it is hedged. A span is read once, by the first pattern that fits.

    Args:
        sentence: as one line.
        under: the headings that it stands under: below `Roadmap` there are aims only.
    """
    if _HEDGED.search(sentence) or _AHEAD.search(under):
        return
    sentence = _QUOTED.sub("`", sentence)
    taken: list[tuple[int, int]] = []
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(sentence):
            if any(match.start() < end and start < match.end() for start, end in taken):
                continue
            if kind == "rate" and _PEAK.search(sentence):
                continue  # what a card can do, and not what a kernel did
            taken.append(match.span())
            yield _figure(kind, match)


def _figure(kind: str, match: re.Match[str]) -> Figure:
    named = match.groupdict()
    if kind == "passed":
        return Figure(kind, float(named["n"]), float(named["of"]), 0.0, match[0])
    scale = _UNITS.get(named.get("unit") or "", 1.0)
    written = "0" if named["n"] in ("no", "zero") else named["n"].replace(",", "")
    half = 0.5 * 10.0 ** -len(written.partition(".")[2])
    low = float(written) * scale
    high = float(named["high"]) if named.get("high") else low
    return Figure(kind, low, high, half * scale, match[0].strip())
