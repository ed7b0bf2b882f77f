"""What comes of holding one claim against evidence."""

from __future__ import annotations

from dataclasses import dataclass

WORDS = ("true", "approximate", "false", "contradicted", "unsupported", "unverifiable")
"""So it is; within a stated bound; git says otherwise; another file says otherwise; nothing bears it out; not to be known here."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one claim.

    Attributes:
        word: one of `WORDS`.
        claim: the words that claim it.
        why: what was found, in a few words.
        line: in the page; 0: the page as a whole.
        command: one that anyone can run to see it.
        kind: of claim, as `claims.kinds.KINDS` names it; empty for those about kernels and summaries.
        output: what the command prints, shortened.
        commit: the commit that last touched the statement, and at which it was checked; empty: the work tree.
        found: where a commit was found: `this branch`, or a ref.
    """

    word: str
    claim: str
    why: str
    line: int = 0
    command: str = ""
    kind: str = ""
    output: str = ""
    commit: str = ""
    found: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for a word that is none of `WORDS`."""
        if self.word not in WORDS:
            raise ValueError(f"a verdict is one of {', '.join(WORDS)}, not {self.word!r}")

    @property
    def fine(self) -> bool:
        """Nothing speaks against it; what cannot be known does not either."""
        return self.word in ("true", "approximate", "unverifiable")
