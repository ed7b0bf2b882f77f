"""What comes of holding one claim against evidence."""

from __future__ import annotations

from dataclasses import dataclass

WORDS = ("true", "contradicted", "false", "unsupported", "unverifiable")


@dataclass(frozen=True, slots=True)
class Verdict:
    """What came of one claim: `line` in the page (0: the page as a whole), a command that anyone can run."""

    word: str
    claim: str
    why: str
    line: int = 0
    command: str = ""

    def __post_init__(self) -> None:
        """Raises ValueError for a word that is none of `WORDS`."""
        if self.word not in WORDS:
            raise ValueError(f"a verdict is one of {', '.join(WORDS)}, not {self.word!r}")

    @property
    def fine(self) -> bool:
        """Nothing speaks against it; what cannot be known does not either."""
        return self.word in ("true", "unverifiable")
