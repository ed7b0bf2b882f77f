"""The sentences of a page with all that decides whether they claim anything; what plans, quotes or denies claims nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from repoops.claims.page import Passage, passages
from repoops.claims.statements import sentences


@dataclass(frozen=True, slots=True)
class Said:
    """A sentence, a heading or a row of a table.

    Attributes:
        line: where it begins, from 1.
        text: as one line, code spans in backticks.
        passage: the block that it stands in.
        hedged: whether it speaks of what is planned, possible, past, denied or elsewhere, and so claims nothing of its
            own time.
    """

    line: int
    text: str
    passage: Passage
    hedged: bool

    @property
    def under(self) -> str:
        """The headings it stands under, and what introduces its list or table."""
        return " > ".join((*self.passage.headings, *self.passage.lead))

    @property
    def near(self) -> str:
        """The heading it stands under, and what introduces its list or table."""
        return " > ".join((*self.passage.headings[-1:], *self.passage.lead))

    @property
    def nearest(self) -> str:
        """What introduces it: the paragraph or item above its list or table, else the heading it stands under."""
        return next(iter((*reversed(self.passage.lead), *reversed(self.passage.headings))), "")


def said(data: bytes) -> Iterator[Said]:
    """All that a page says in which a number or a name may stand: nothing from quotes, nothing that is still to be done."""
    for passage in passages(data):
        if passage.quoted or passage.task == " ":
            continue
        around = " > ".join((*passage.headings, *passage.lead))
        ahead: bool | None = None
        rows = [(passage.line, passage.text)] if passage.kind == "row" else (
            (each.line, each.text) for line, row in passage.rows for each in sentences(row, line)
        )  # fmt: skip
        for line, text in rows:
            if _WORTH.search(text):
                ahead = bool(_AHEAD_UNDER.search(_CODE.sub("`", around))) if ahead is None else ahead
                yield Said(line, text, passage, ahead or hedges(text))


_WORTH = re.compile(r"[\d`]|\b[Bb]ranch\b")


_AHEAD = re.compile(
    r"\b(will|would|shall|should|could|might|may|can|must|needs?|want|wants|to be|going to|plan|plans|planned|planning|propose[ds]?|"
    r"proposal|target|targets|goal|goals|aim|aims|expect|expected|expects|estimate[ds]?|projected|pending|upcoming|todo|tbd|"
    r"future|next|later|soon|eventually|remaining|optional|optionally|recommend\w*|suggest\w*|consider|if|unless|until|when|"
    r"once|before|ideally|ready to|let's|option|alternative\w*|instead|in progress|draft|sketch|hypothe\w+|assum\w+|require[ds]?|"
    r"e\.g\.|example|examples|for instance|such as|template|placeholder|sample)\b"
    r"|[⏳⌛🚧🔜☐]|\[ \]|→ *(?:create|add|write)",
    re.IGNORECASE,
)
_DENIED = re.compile(
    r"\b(not|never|no longer|none|without|missing|lacks?|absent|fail(?:s|ed|ing|ure)?|cannot|wrong|incorrect|was|were|had|used to|"
    r"previous(?:ly)?|originally|formerly|old|deprecated|outdated|claim(?:s|ed)?|said|supposed|should have|would have|rather than|"
    r"false|broken|error|errors|\w+n't|only if|other repo\w*|upstream|another (?:repo\w*|project)|their|external|third[- ]party)\b"
    r"|[❌✗✖]|[\"“”]",
    re.IGNORECASE,
)
_AHEAD_UNDER = re.compile(
    r"\b(next|to-?dos?|plan|plans|planned|planning|roadmap|proposals?|proposed|future|options?|goals?|targets?|objectives?|backlog|upcoming|"
    r"remaining|pending|recommend\w*|suggest\w*|strategy|ideas?|milestones?|checklist|acceptance|criteria|expected|estimate[ds]?|"
    r"how to|quick ?start|usage|instructions?|guide|tutorial|examples?|templates?|before|problems?|issues?|blockers?|blocked|"
    r"commands? to run|steps? to|to run|to do|to create|to add|to write|to modify|to be|will|would|should|if|prompt|hypothes\w+|alternatives?|"
    r"root cause|what went wrong|original|previous|old|deprecated|paths? forward|path to|action items?|actions?|what's needed|needed|required|"
    r"requirements?|missing|gaps?|improvements?|opportunit\w+|phase \d+ preview|schedule|timeline|todo list|not (?:done|started|implemented)|incomplete|in progress)\b|[⏳⌛🚧🔜]",
    re.IGNORECASE,
)


def hedges(text: str) -> bool:
    """Whether a sentence by itself is hedged; what stands in code spans does not count."""
    bare = _CODE.sub("`", text)
    return bool(_AHEAD.search(bare) or _DENIED.search(bare))


_CODE = re.compile(r"`[^`]*`")
PATH = r"(?P<path>(?:[\w.@+-]+/)*[\w@+.-]*\w\.[A-Za-z][\w]{0,9}|(?:[\w.@+-]+/)+[\w.@+-]+/?|Makefile|Dockerfile|LICENSE)"
"""A file's path as a text has it: with an ending, or with a slash."""
CODE_PATH = rf"`(?:\./)?{PATH}`"
"""The same as a code span."""

_ENDINGS = re.compile(
    r"md|txt|rst|pyi?|ipynb|cuh?|[ch]|cc|cpp|[ch]xx|hpp|rs|go|[jt]sx?|mjs|sh|bash|zsh|ya?ml|toml|jsonl?|[ct]sv|xml|html|css|sql|cfg|ini|lock|"
    r"nix|dvc|pkl|pt|onnx|png|svg|pdf|tex|bib|ps1|bat|java|kt|rb|swift|lua|r|jl|proto|tf|hcl|mako|patch|diff|cmake|mdc|ptx|sass|so|o|log|gz|"
    r"zip|parquet|np[yz]|conf|env|example|template|gitignore|dockerfile"
)


def is_path(name: str) -> bool:
    """Whether a name can be a file of this repository, rather than a module, a host, a version or a file elsewhere."""
    last = name.rstrip("/").rpartition("/")[2]
    if name.startswith(("/", "~", "-", "http", "gs:", "s3:", ".git/", "../")) or "//" in name or "*" in name:
        return False
    if last in ("Makefile", "Dockerfile", "LICENSE"):
        return True
    return _ENDINGS.fullmatch(last.rpartition(".")[2].lower()) is not None
